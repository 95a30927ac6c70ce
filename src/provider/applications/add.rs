//! Adding applications.

use crate::{
    model::{
        application::{
            Application, ApplicationAccess, ApplicationKind, Protocol, ServiceProvider, Slug, SpUrl,
        },
        audit_action::AuditAction,
        client_secret::ClientSecret,
        id::{ApplicationId, ClientSecretId, GroupId},
        opaque_token::OpaqueToken,
        use_case::UseCase,
    },
    provider::{
        applications::{access::assign_to_own_group, bad_application::BadApplication},
        error::Error,
        handle::Applications,
        metadata_sources::ObtainedMetadata,
        people::users::ChangeOutcome,
    },
};

/// A new application that speaks SAML, as an administrator describes it.
#[derive(Clone, Debug)]
pub struct NewApplication {
    pub name: String,
    /// The name in URLs; derived from `name` if absent.
    pub slug: Option<Slug>,
    pub kind: ApplicationKind,
    /// If it is assigned: to a group that is named after it.
    pub access: ApplicationAccess,
    /// The URL that its tile opens.
    pub tile_url: Option<SpUrl>,
    pub saml: ServiceProvider,
}

impl From<NewApplication> for DescribedApplication {
    fn from(new: NewApplication) -> Self {
        Self {
            name: new.name,
            slug: new.slug,
            kind: new.kind,
            access: new.access,
            tile_url: new.tile_url,
            protocol: new.saml.into(),
        }
    }
}

/// The values of a new application, whatever it speaks.
#[derive(Clone, Debug)]
pub(super) struct DescribedApplication {
    pub(super) name: String,
    /// The name in URLs; derived from `name` if absent.
    pub(super) slug: Option<Slug>,
    pub(super) kind: ApplicationKind,
    /// If it is assigned: to a group that is named after it.
    pub(super) access: ApplicationAccess,
    /// The URL that its tile opens.
    pub(super) tile_url: Option<SpUrl>,
    pub(super) protocol: Protocol,
}

impl Applications<'_> {
    /// Adds an application that follows no metadata.
    pub fn add_application(
        &self,
        new: &NewApplication,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAdd))?;
        self.add_following(&new.clone().into(), None, None)
    }

    /// Adds an application, lets it follow the URL that `metadata` was fetched from, and gives it a first secret: in one
    /// transaction.
    pub(super) fn add_following(
        &self,
        new: &DescribedApplication,
        metadata: Option<&ObtainedMetadata>,
        secret: Option<&OpaqueToken>,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let now = self.now();
        let id = ApplicationId::new(now, self.random());
        let wanted = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
        let mut application = Application {
            id,
            slug: wanted.clone(),
            name: new.name.clone(),
            kind: new.kind,
            enabled: true,
            access: new.access,
            second_factor: None,
            tile_url: new.tile_url.clone(),
            protocol: new.protocol.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        if let Some(bad) = self.check_application(&application, true)? {
            return Ok(Err(bad));
        }
        let event = self.application_event(AuditAction::ApplicationAdd, id);
        let group_events = (
            &self.event(AuditAction::GroupAdd, "ok", None),
            &self.application_event(AuditAction::ApplicationAccess, id),
        );
        let group = GroupId::new(now, self.random());
        let follow = match metadata {
            Some(obtained) => self.metadata_sources(self.actor).prepare_follow(id, obtained)?,
            None => None,
        };
        let secret = secret.map(|secret| ClientSecret {
            id: ClientSecretId::new(now, self.random()),
            application: id,
            hash: secret.hash(),
            created_at: now,
            expires_at: None,
        });
        for number in 2..100 {
            let added = self.store().write_config(|tx| {
                let added = tx.add_application(&application)?;
                if added {
                    tx.add_audit_event(&event)?;
                    if application.access == ApplicationAccess::Assigned {
                        assign_to_own_group(tx, &application, group, group_events)?;
                    }
                    follow.iter().try_for_each(|follow| follow.write(tx))?;
                    if let Some(secret) = &secret {
                        tx.add_client_secret(secret)?;
                    }
                }
                Ok(added)
            })?;
            if added {
                return Ok(Ok(ChangeOutcome::Done(application)));
            }
            if new.slug.is_some() {
                break;
            }
            application.slug = wanted.with_number(number);
        }
        Ok(Ok(ChangeOutcome::Taken))
    }
}
