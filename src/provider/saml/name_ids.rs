//! The NameID by which a service provider knows a user: building it and recognizing it.

use crate::{
    model::{
        actor::Actor,
        application::{Application, SamlApplication},
        audit_action::AuditAction,
        id::{ApplicationId, UserId},
        name_id::{NameId, NameIdFormat},
        sign_in::Subject,
        text::hex,
        use_case::UseCase,
        user::User,
    },
    provider::{error::Error, handle::People, handle::Saml, session::ActiveSession, snapshot::Snapshot},
};

impl Saml<'_> {
    /// The NameID of the signed-in user, in the requested format. A persistent one is created at its first use, before
    /// anything is signed.
    pub(in crate::provider) fn name_id(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        active_session: &ActiveSession,
        format: NameIdFormat,
    ) -> Result<NameId, Error> {
        build_name_id(snapshot, application, active_session, format, || {
            self.persistent_name_id_or_new(application.application.id, active_session.user.id)
        })
    }

    /// Like [`Self::name_id`], but writes nothing: `placeholder` stands for a persistent NameID that does not exist
    /// yet.
    pub(in crate::provider) fn existing_name_id(
        &self,
        snapshot: &Snapshot,
        application: SamlApplication<'_>,
        active_session: &ActiveSession,
        format: NameIdFormat,
        placeholder: &str,
    ) -> Result<NameId, Error> {
        build_name_id(snapshot, application, active_session, format, || {
            let known = self
                .people(&Actor::Itself)
                .persistent_name_id(application.application, &active_session.user)?;
            Ok(known.unwrap_or_else(|| placeholder.to_owned()))
        })
    }

    /// 160 random bits in hex, which differ even where case is ignored (saml-core, 8.3.7; E78).
    pub(in crate::provider) fn persistent_name_id_or_new(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<String, Error> {
        let known = || self.store().read(|tx| tx.persistent_name_id(application, user));
        if let Some(known) = known()? {
            return Ok(known);
        }
        let generated = hex(&self.random::<20>());
        let now = self.now();
        self.store()
            .write(|tx| tx.add_persistent_name_id(application, user, &generated, now))?;
        // Of two concurrent sign-ins, the one that wrote first determines the NameID.
        Ok(known()?.unwrap_or(generated))
    }

    /// Whether the signed-in user is the subject of the request.
    pub(in crate::provider) fn is_subject(
        &self,
        application: &Application,
        active_session: &ActiveSession,
        subject: Option<&Subject>,
    ) -> Result<bool, Error> {
        let Some(subject) = subject else {
            return Ok(true);
        };
        let value = &subject.value;
        Ok(match subject.format {
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => {
                value == active_session.asserted_email().as_str()
            }
            NameIdFormat::Transient => *value == active_session.session.transient_name_id_for(application.id),
            NameIdFormat::Persistent => {
                let known = self
                    .store()
                    .read(|tx| tx.persistent_name_id(application.id, active_session.user.id))?;
                known.as_ref() == Some(value)
            }
        })
    }
}

impl People<'_> {
    /// The persistent NameID by which `application` knows `user`, if there is one.
    pub fn persistent_name_id(
        &self,
        application: &Application,
        user: &User,
    ) -> Result<Option<String>, Error> {
        self.may(UseCase::ReadPeople)?;
        let (application, user) = (application.id, user.id);
        Ok(self.store().read(|tx| tx.persistent_name_id(application, user))?)
    }

    /// Makes `application` know `user` by the persistent NameID that another identity provider issued. Does nothing and
    /// returns `false` if it knows or knew another user by it.
    pub fn set_persistent_name_id(
        &self,
        application: &Application,
        user: &User,
        value: &str,
    ) -> Result<bool, Error> {
        let change = UseCase::Change(AuditAction::UserNameId);
        self.may(change)?;
        self.may_change(change, user.role)?;
        let now = self.now();
        let mut event = self.event(AuditAction::UserNameId, "ok", None);
        event.user = Some(user.id);
        event.application = Some(application.id);
        Ok(self.store().write(|tx| {
            let done = tx.set_persistent_name_id(application.id, user.id, value, now)?;
            if done {
                tx.add_audit_event(&event)?;
            }
            Ok(done)
        })?)
    }
}

fn build_name_id(
    snapshot: &Snapshot,
    application: SamlApplication<'_>,
    active_session: &ActiveSession,
    format: NameIdFormat,
    persistent: impl FnOnce() -> Result<String, Error>,
) -> Result<NameId, Error> {
    let value = match format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => {
            return Ok(NameId::plain(
                format.urn(),
                active_session.asserted_email().as_str(),
            ));
        }
        NameIdFormat::Persistent => persistent()?,
        NameIdFormat::Transient => active_session
            .session
            .transient_name_id_for(application.application.id),
    };
    Ok(NameId {
        name_qualifier: Some(snapshot.installation.entity_id.as_str().to_owned()),
        sp_name_qualifier: Some(application.sp.entity_id.as_str().to_owned()),
        ..NameId::plain(format.urn(), value)
    })
}
