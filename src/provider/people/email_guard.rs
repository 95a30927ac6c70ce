//! What a change of e-mail address does at the applications that a person has signed in to, and what each of them is to
//! receive from then on.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{Application, Slug},
        attribute::AttributeSource,
        audit::ValueChange,
        id::ApplicationId,
        keys_on::KeysOn,
        name_id::NameIdFormat,
        participant::{ApplicationIdentity, EnteredApplication},
        use_case::UseCase,
        user::{Email, User},
    },
    provider::{
        error::Error,
        handle::People,
        people::email_decisions::{EmailDecision, EmailDecisions, EmailEffect},
        snapshot::Snapshot,
    },
    store::{Error as StoreError, Tx},
};

/// What a change of address does at one application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplicationEffect {
    pub application: ApplicationId,
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    /// When the person last signed in to it, as far as the audit log goes back.
    pub last_entered: Option<DateTime<Utc>>,
    pub last_name_id: String,
    pub last_email: Email,
    /// The NameID that it would receive; `None` if its format does not depend on the address.
    pub next_name_id: Option<Email>,
    /// The e-mail attribute that it would receive; `None` if it receives none.
    pub next_email: Option<Email>,
    pub keys_on: Option<KeysOn>,
    pub effect: EmailEffect,
}

impl ApplicationEffect {
    pub(in crate::provider) fn new(entered: &EnteredApplication, snapshot: &Snapshot, new: &Email) -> Self {
        let identity = &entered.identity;
        let application = snapshot.applications.by_id(identity.application);
        let sent = application.map(|application| SentEmail::new(application, identity));
        let next = identity.pinned_email.as_ref().unwrap_or(new);
        let next_if = |is_sent: fn(&SentEmail) -> bool| {
            sent.as_ref().filter(|sent| is_sent(sent)).map(|_| next.clone())
        };
        Self {
            application: identity.application,
            slug: entered.slug.clone(),
            name: entered.name.clone(),
            last_entered: None,
            last_name_id: identity.last_name_id.clone(),
            last_email: identity.last_email.clone(),
            next_name_id: next_if(|sent| sent.as_name_id),
            next_email: next_if(|sent| sent.as_attribute),
            keys_on: application.and_then(|application| application.keys_on()),
            effect: effect(identity, application.map(AsRef::as_ref), new),
        }
    }

    pub fn sentence(&self) -> String {
        self.effect.sentence(&self.name)
    }
}

/// Where an application receives a user's address.
struct SentEmail {
    as_name_id: bool,
    as_attribute: bool,
}

impl SentEmail {
    fn new(application: &Application, identity: &ApplicationIdentity) -> Self {
        let is_email_format = application.saml().is_some_and(|sp| match sp.name_id_format {
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
            NameIdFormat::Persistent | NameIdFormat::Transient => false,
        });
        Self {
            // A request may ask for another format than the registered one.
            as_name_id: is_email_format || identity.last_name_id == identity.last_email.as_str(),
            as_attribute: application
                .attributes()
                .iter()
                .any(|rule| rule.source == AttributeSource::Email),
        }
    }
}

fn effect(identity: &ApplicationIdentity, application: Option<&Application>, new: &Email) -> EmailEffect {
    if identity.pinned_email.is_some() {
        return EmailEffect::Pinned;
    }
    let Some(application) = application else {
        return EmailEffect::Unreadable;
    };
    let sent = SentEmail::new(application, identity);
    if !sent.as_name_id && !sent.as_attribute {
        return EmailEffect::NothingSent;
    }
    if identity.last_email == *new {
        return EmailEffect::Unchanged;
    }
    let sends_id = application
        .attributes()
        .iter()
        .any(|rule| rule.source == AttributeSource::UserId);
    match application.keys_on() {
        Some(KeysOn::NameId) if sent.as_name_id => EmailEffect::NameIdChanges,
        Some(KeysOn::NameId) => EmailEffect::NameIdStays,
        Some(KeysOn::Email) => EmailEffect::EmailChanges,
        Some(KeysOn::Id) if sends_id => EmailEffect::IdStays,
        Some(KeysOn::Id) | None => EmailEffect::Unknown,
    }
}

/// An application that keeps receiving an address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::provider) struct KeptEmail {
    pub(in crate::provider) application: ApplicationId,
    pub(in crate::provider) slug: Slug,
    pub(in crate::provider) email: Email,
}

impl KeptEmail {
    /// For the audit log.
    pub(in crate::provider) fn change(&self) -> ValueChange {
        ValueChange {
            name: pin_name(&self.slug),
            old: None,
            new: Some(self.email.to_string()),
        }
    }
}

/// How the audit log calls a pinned address.
pub(in crate::provider) fn pin_name(application: &Slug) -> String {
    format!("pinned e-mail for {application}")
}

/// What the applications that `effects` are about keep receiving; `None` if somebody has to decide first.
pub(in crate::provider) fn kept_emails(
    effects: &[ApplicationEffect],
    decisions: &EmailDecisions,
) -> Option<Vec<KeptEmail>> {
    let mut kept = Vec::new();
    for effect in effects.iter().filter(|effect| effect.effect.needs_decision()) {
        match decisions.of(&effect.slug)? {
            EmailDecision::KeepOld => kept.push(KeptEmail {
                application: effect.application,
                slug: effect.slug.clone(),
                email: effect.last_email.clone(),
            }),
            EmailDecision::SendNew => {}
        }
    }
    Some(kept)
}

/// Pins what is kept, after the new address of `user` was written.
///
/// # Errors
///
/// [`StoreError::PeopleChanged`] if an address that is kept belongs to somebody else by now.
pub(in crate::provider) fn write_kept_emails(
    tx: &mut Tx,
    user: &User,
    kept: &[KeptEmail],
) -> Result<(), StoreError> {
    for kept in kept {
        if !tx.pin_email(kept.application, user.id, &kept.email)? {
            return Err(StoreError::PeopleChanged);
        }
    }
    tx.unpin_own_email(user)
}

impl People<'_> {
    /// What another address does at each application that `user` has signed in to.
    pub fn email_change_effects(&self, user: &User, email: &Email) -> Result<Vec<ApplicationEffect>, Error> {
        self.may(UseCase::ReadPeople)?;
        let snapshot = self.fresh_snapshot()?;
        let (entered, last) = self
            .store()
            .read(|tx| Ok((tx.entered_applications(&[user.id])?, tx.last_sign_ons(user.id)?)))?;
        Ok(entered
            .iter()
            .map(|entered| ApplicationEffect {
                last_entered: last.get(&entered.identity.application).copied(),
                ..ApplicationEffect::new(entered, &snapshot, email)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        application::{ApplicationAccess, ApplicationKind, EntityId, Protocol, ServiceProvider},
        attribute::{AttributeRule, generic_rules},
        id::UserId,
    };

    const OLD: &str = "ada@fernweh.example";
    const NEW: &str = "ada.king@fernweh.example";

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    /// An application that receives these attributes.
    fn application(
        keys_on: Option<KeysOn>,
        name_id_format: NameIdFormat,
        attributes: Vec<AttributeRule>,
    ) -> Application {
        let entity_id = EntityId::parse("urn:wiki").unwrap();
        Application {
            id: ApplicationId::new(DateTime::UNIX_EPOCH, [2; 10]),
            slug: Slug::parse("wiki").unwrap(),
            name: "Wiki".to_owned(),
            kind: ApplicationKind::Other,
            enabled: true,
            access: ApplicationAccess::Everyone,
            second_factor: None,
            tile_url: None,
            protocol: Protocol::from(ServiceProvider {
                keys_on,
                name_id_format,
                attributes: attributes.into(),
                ..ServiceProvider::with_defaults(entity_id, Vec::new())
            }),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    /// What the application received as NameID, and the address that is pinned for it.
    fn identity(name_id: &str, pinned: Option<&str>) -> ApplicationIdentity {
        ApplicationIdentity {
            application: ApplicationId::new(DateTime::UNIX_EPOCH, [2; 10]),
            user: UserId::new(DateTime::UNIX_EPOCH, [1; 10]),
            first_name_id: name_id.to_owned(),
            first_email: email(OLD),
            last_name_id: name_id.to_owned(),
            last_email: email(OLD),
            first_at: DateTime::UNIX_EPOCH,
            changed_at: DateTime::UNIX_EPOCH,
            pinned_email: pinned.map(email),
        }
    }

    #[test]
    fn what_a_new_address_does_depends_on_what_is_sent_and_what_the_application_keys_on() {
        use EmailEffect::{EmailChanges, IdStays, NameIdChanges, NameIdStays, NothingSent, Unknown};
        use NameIdFormat::{EmailAddress, Persistent, Unspecified};
        let (name_id, by_email, id) = (Some(KeysOn::NameId), Some(KeysOn::Email), Some(KeysOn::Id));
        let all = generic_rules;
        let no_id = || vec![AttributeRule::required("mail", AttributeSource::Email)];
        for (keys_on, format, attributes, expected) in [
            (name_id, EmailAddress, all(), NameIdChanges),
            (name_id, Unspecified, Vec::new(), NameIdChanges),
            (name_id, Persistent, all(), NameIdStays),
            (name_id, Persistent, Vec::new(), NothingSent),
            (by_email, Persistent, all(), EmailChanges),
            (by_email, EmailAddress, Vec::new(), EmailChanges),
            (by_email, Persistent, Vec::new(), NothingSent),
            (id, EmailAddress, all(), IdStays),
            // It cannot find them by an id that it does not receive.
            (id, EmailAddress, no_id(), Unknown),
            (None, EmailAddress, all(), Unknown),
            (None, Persistent, all(), Unknown),
            (None, Persistent, Vec::new(), NothingSent),
        ] {
            let sent = if format == Persistent { "8f3a" } else { OLD };
            let application = application(keys_on, format, attributes);
            let found = effect(&identity(sent, None), Some(&application), &email(NEW));
            assert_eq!(found, expected, "{keys_on:?} {format:?}");
            assert_eq!(
                found.needs_decision(),
                matches!(expected, NameIdChanges | EmailChanges | Unknown)
            );
        }
    }

    #[test]
    fn what_is_pinned_or_was_sent_already_breaks_nothing_and_what_cannot_be_read_may() {
        let application = application(Some(KeysOn::NameId), NameIdFormat::EmailAddress, generic_rules());
        let of =
            |identity: &ApplicationIdentity, application, new| effect(identity, application, &email(new));
        let known = identity(OLD, None);
        assert_eq!(
            of(&identity(OLD, Some(OLD)), Some(&application), NEW),
            EmailEffect::Pinned
        );
        assert_eq!(of(&known, Some(&application), OLD), EmailEffect::Unchanged);
        assert_eq!(of(&known, None, NEW), EmailEffect::Unreadable);
        assert!(EmailEffect::Unreadable.needs_decision());
        // Its requests ask for the address, whatever is registered.
        let mut persistent = application.clone();
        if let Some(sp) = persistent.saml_mut() {
            sp.name_id_format = NameIdFormat::Persistent;
        }
        assert_eq!(of(&known, Some(&persistent), NEW), EmailEffect::NameIdChanges);
    }

    #[test]
    fn chatgpt_is_known_by_its_type_of_connection() {
        for (kind, expected) in [
            (ApplicationKind::ChatGptLegacy, EmailEffect::NameIdChanges),
            (ApplicationKind::ChatGptCurrent, EmailEffect::IdStays),
        ] {
            let chatgpt = Application {
                kind,
                ..application(None, NameIdFormat::EmailAddress, generic_rules())
            };
            assert_eq!(
                effect(&identity(OLD, None), Some(&chatgpt), &email(NEW)),
                expected
            );
        }
    }

    #[test]
    fn what_is_said_of_one_application_wins_over_what_is_said_of_all() {
        let slug = |text: &str| Slug::parse(text).unwrap();
        let mut decisions = EmailDecisions::all(EmailDecision::SendNew);
        decisions
            .by_application
            .insert(slug("wiki"), EmailDecision::KeepOld);
        assert_eq!(decisions.of(&slug("wiki")), Some(EmailDecision::KeepOld));
        assert_eq!(decisions.of(&slug("files")), Some(EmailDecision::SendNew));
        assert_eq!(EmailDecisions::default().of(&slug("wiki")), None);
        let undecided = ApplicationEffect {
            application: ApplicationId::new(DateTime::UNIX_EPOCH, [2; 10]),
            slug: slug("wiki"),
            name: "Wiki".to_owned(),
            last_entered: None,
            last_name_id: OLD.to_owned(),
            last_email: email(OLD),
            next_name_id: Some(email(NEW)),
            next_email: None,
            keys_on: None,
            effect: EmailEffect::Unknown,
        };
        let harmless = ApplicationEffect {
            slug: slug("files"),
            effect: EmailEffect::IdStays,
            ..undecided.clone()
        };
        let effects = [undecided, harmless];
        assert_eq!(kept_emails(&effects, &EmailDecisions::default()), None);
        assert_eq!(
            kept_emails(&effects[1..], &EmailDecisions::default()),
            Some(Vec::new())
        );
        let kept = kept_emails(&effects, &EmailDecisions::all(EmailDecision::KeepOld)).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].email.as_str(), OLD);
    }
}
