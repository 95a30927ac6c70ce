//! Adding, editing and disabling users, and setting passwords.

use crate::{
    credential::password::Password,
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        group::GroupName,
        id::UserId,
        language::Language,
        remedy::{Remediable, Remedy},
        role::Role,
        text::BadText,
        use_case::UseCase,
        user::{
            Email, ExternalId, NameComponent, NameComponents, OwnAttributes, Preferences, StableId, User,
            UserName,
        },
    },
    provider::{
        applications::required_attributes::{UnmetRequirement, unmet_requirements_of},
        audit::changes,
        error::Error,
        handle::People,
        people::email_guard::{ApplicationEffect, EmailDecisions, KeptEmail, kept_emails, write_kept_emails},
        sign_in::throttle::clear_throttle,
    },
    store::{EditOutcome, StoredPassword, Tx},
};

pub use crate::store::UserFilter;

/// In the audit log.
const MUST_CHANGE: &str = "another password has to be chosen at the next sign-in";

/// The values of a new user, as an administrator gives them.
#[derive(Debug)]
pub struct NewUser {
    /// The address that they sign in with.
    pub email: Email,
    pub names: NameComponents,
    /// The stable ID that service providers receive; our user ID if absent.
    pub stable_id: Option<StableId>,
    /// The user name, for applications that require one.
    pub user_name: Option<UserName>,
    /// What another directory calls them.
    pub external_id: Option<ExternalId>,
    pub language: Option<Language>,
    /// Further attributes, for applications that require them.
    pub attributes: OwnAttributes,
    /// Without a password the user cannot sign in.
    pub password: Option<Password>,
    /// They have to choose another password at the first sign-in.
    pub must_change_password: bool,
    pub role: Option<Role>,
}

/// A user, and what other tables have about them.
#[derive(Clone, Debug)]
pub struct UserDetails {
    pub user: User,
    pub own_attributes: OwnAttributes,
    /// The names of the user's groups, sorted.
    pub groups: Vec<GroupName>,
}

/// Changes to a user; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct UserEdit {
    /// The address that they sign in with, and that service providers receive.
    pub email: Option<Email>,
    /// What applications are to receive once the address has changed.
    pub email_decisions: EmailDecisions,
    /// `Some(None)` removes it.
    pub given_name: Option<Option<NameComponent>>,
    /// `Some(None)` removes it.
    pub family_name: Option<Option<NameComponent>>,
    /// `Some(None)` removes it.
    pub user_name: Option<Option<UserName>>,
    /// `Some(None)` removes it.
    pub external_id: Option<Option<ExternalId>>,
    /// `Some(None)` leaves it to the browser and the settings.
    pub language: Option<Option<Language>>,
    /// Own attributes, each with all of its values; no values remove the attribute. Other attributes stay.
    pub attributes: OwnAttributes,
    pub enabled: Option<bool>,
}

impl UserEdit {
    /// The names after the edit.
    fn names(&self, before: &NameComponents) -> Result<NameComponents, BadText> {
        let after = |edit: &Option<Option<NameComponent>>, before: Option<&NameComponent>| {
            edit.clone().unwrap_or_else(|| before.cloned())
        };
        NameComponents::new(
            after(&self.given_name, before.given()),
            after(&self.family_name, before.family()),
        )
    }
}

/// Why a user cannot be edited as requested.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadUserEdit {
    /// The user could no longer sign in to an application.
    #[error(
        "{} requires {}: give them another value, or let the application do without it first",
        .0.application, .0.attribute
    )]
    StillRequired(UnmetRequirement),
    /// Somebody has to say what applications are to receive once the address has changed.
    #[error("nothing was changed: {} would receive another address for this person", undecided_names(.0))]
    UndecidedEmail(Vec<ApplicationEffect>),
    /// The address that an application should keep receiving is somebody else's by now.
    #[error("{application} cannot keep receiving {email}: the address is somebody else's by now")]
    KeptEmailOfAnother {
        /// The display name.
        application: String,
        email: Email,
    },
    /// No name would remain.
    #[error(transparent)]
    Names(#[from] BadText),
}

impl Remediable for BadUserEdit {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::StillRequired(_) => Some(Remedy::DropRequirement),
            Self::UndecidedEmail(_) => Some(Remedy::DecideEmail),
            Self::KeptEmailOfAnother { .. } | Self::Names(_) => None,
        }
    }
}

fn undecided_names(effects: &[ApplicationEffect]) -> String {
    let affected = effects.iter().filter(|effect| effect.effect.needs_decision());
    affected
        .map(|effect| effect.name.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The outcome of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ChangeOutcome<T> {
    /// Done; the new value.
    Done(T),
    /// Nothing would change: nothing was written, and nothing was recorded.
    Unchanged(T),
    /// The name or e-mail address belongs to another.
    Taken,
    /// There is no such object.
    Unknown,
    /// Another edit took place at the same time.
    Stale,
}

impl People<'_> {
    pub fn add_user(&self, new: &NewUser) -> Result<ChangeOutcome<User>, Error> {
        self.may(UseCase::Change(AuditAction::UserAdd))?;
        if new.role.is_some() {
            self.may(UseCase::Change(AuditAction::UserRole))?;
        }
        let now = self.now();
        let id = UserId::new(now, self.random());
        let own_id = || StableId::parse(&id.to_string());
        let stable_id = new.stable_id.clone().map_or_else(own_id, Ok::<_, BadText>);
        let Ok(stable_id) = stable_id else {
            return Ok(ChangeOutcome::Unknown);
        };
        let user = User {
            id,
            stable_id,
            email: new.email.clone(),
            names: new.names.clone(),
            user_name: new.user_name.clone(),
            enabled: true,
            version: 1,
            created_at: now,
            updated_at: now,
            external_id: new.external_id.clone(),
            deleted_at: None,
            role: new.role,
            preferences: Preferences {
                language: new.language,
                ..Preferences::default()
            },
        };
        let stored = match &new.password {
            Some(password) => Some(self.hashed(password, new.must_change_password)?),
            None => None,
        };
        let role = new.role.map(|role| format!("role {}", role.as_str()));
        let must_change = new.must_change_password.then(|| MUST_CHANGE.to_owned());
        let details: Vec<String> = [role, must_change].into_iter().flatten().collect();
        let event = AuditEvent {
            detail: (!details.is_empty()).then(|| details.join("; ")),
            ..self.user_event(AuditAction::UserAdd, id)
        };
        let added = self.store().write(|tx| {
            if !tx.add_user(&user)? {
                return Ok(false);
            }
            if let Some(stored) = &stored {
                tx.set_password_hash(id, stored, now)?;
            }
            for (name, values) in &new.attributes {
                tx.set_user_attribute(id, name, values)?;
            }
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(if added {
            ChangeOutcome::Done(user)
        } else {
            ChangeOutcome::Taken
        })
    }

    /// At most `limit` users that match `filter`, by e-mail address.
    pub fn users(&self, filter: &UserFilter, limit: u32) -> Result<Vec<User>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.users(filter, limit.into()))?)
    }

    /// Like [`users`](Self::users), with what other tables have about them.
    pub fn users_with_details(&self, filter: &UserFilter, limit: u32) -> Result<Vec<UserDetails>, Error> {
        self.may(UseCase::ReadPeople)?;
        let users = self.users(filter, limit)?;
        let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
        let (mut own, mut groups) = self
            .store()
            .read(|tx| Ok((tx.attributes_of_users(&ids)?, tx.group_names_of_users(&ids)?)))?;
        Ok(users
            .into_iter()
            .map(|user| UserDetails {
                own_attributes: own.remove(&user.id).unwrap_or_default(),
                groups: groups.remove(&user.id).unwrap_or_default(),
                user,
            })
            .collect())
    }

    pub fn has_users(&self) -> Result<bool, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(Tx::has_users)?)
    }

    pub fn user_by_user_name(&self, user_name: &UserName) -> Result<Option<User>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.user_by_user_name(user_name))?)
    }

    pub fn user_by_external_id(&self, external_id: &ExternalId) -> Result<Option<User>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.user_by_external_id(external_id))?)
    }

    pub fn user_by_stable_id(&self, stable_id: &StableId) -> Result<Option<User>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.user_by_stable_id(stable_id))?)
    }

    pub fn user_by_email(&self, email: &Email) -> Result<Option<User>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.user_by_email(email))?)
    }

    /// The attributes of a user that are not columns of the users table.
    pub fn own_attributes(&self, user: UserId) -> Result<OwnAttributes, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(|tx| tx.user_attributes(user))?)
    }

    /// Edits a user. Enabling a user undoes a deletion. Disabling a user ends their sessions and forgets their devices.
    /// An attribute that an application requires cannot be removed from an enabled user.
    pub fn edit_user(
        &self,
        email: &Email,
        edit: &UserEdit,
    ) -> Result<Result<ChangeOutcome<User>, BadUserEdit>, Error> {
        let action = match edit.enabled {
            Some(true) => AuditAction::UserEnable,
            Some(false) => AuditAction::UserDisable,
            None => AuditAction::UserEdit,
        };
        let change = UseCase::Change(action);
        self.may(change)?;
        if edit.email.is_some() {
            self.may(UseCase::ChangeEmail)?;
        }
        let Some(mut user) = self.user_by_email(email)? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        self.may_change(change, user.role)?;
        let before = user.clone();
        let now = self.now();
        user.updated_at = now;
        if let Some(email) = &edit.email {
            user.email = email.clone();
        }
        user.names = match edit.names(&before.names) {
            Ok(names) => names,
            Err(nameless) => return Ok(Err(nameless.into())),
        };
        if let Some(name) = &edit.user_name {
            user.user_name.clone_from(name);
        }
        if let Some(id) = &edit.external_id {
            user.external_id.clone_from(id);
        }
        user.preferences.language = edit.language.unwrap_or(user.preferences.language);
        user.enabled = edit.enabled.unwrap_or(user.enabled);
        if user.enabled {
            user.deleted_at = None;
        }
        let same_row = User {
            updated_at: before.updated_at,
            ..user.clone()
        } == before;
        if same_row && self.has_attributes(&before, edit)? {
            return Ok(Ok(if edit.email.is_some() && self.end_email_links(&before)? {
                ChangeOutcome::Done(before)
            } else {
                ChangeOutcome::Unchanged(before)
            }));
        }
        if user.enabled
            && let Some(lost) = self.newly_unmet_requirement(&before, &user, edit)?
        {
            return Ok(Err(BadUserEdit::StillRequired(lost)));
        }
        let kept = match self.kept_emails(&before, &user, &edit.email_decisions)? {
            Ok(kept) => kept,
            Err(undecided) => return Ok(Err(undecided)),
        };
        let attributes_before = self.own_attributes(user.id)?;
        let attributes_before = attributes_before
            .into_iter()
            .filter(|(name, _)| edit.attributes.contains_key(name))
            .collect();
        let mut changes = changes::user_changes(&before, &attributes_before, &user, &edit.attributes);
        changes.extend(kept.iter().map(KeptEmail::change));
        let event = AuditEvent {
            changes,
            ..self.user_event(action, user.id)
        };
        let edited = self.store().write(|tx| {
            tx.keeps_an_owner(|tx| {
                let edited = tx.edit_user(&user)?;
                if edited == EditOutcome::Done {
                    for (name, values) in &edit.attributes {
                        tx.set_user_attribute(user.id, name, values)?;
                    }
                    // A link was sent to the address of before.
                    if !user.enabled || user.email != before.email {
                        tx.remove_one_time_links(user.id)?;
                    }
                    if edit.email.is_some() {
                        // Nobody's link brings another address than the one that was decided.
                        tx.remove_email_changes(user.id)?;
                        write_kept_emails(tx, &user, &kept)?;
                    }
                    if !user.enabled {
                        tx.remove_email_changes(user.id)?;
                        tx.end_sessions_of(user.id, now, "the person was disabled")?;
                        tx.remove_known_devices(user.id)?;
                    }
                    tx.add_audit_event(&event)?;
                }
                Ok(edited)
            })
        })?;
        user.version += 1;
        Ok(Ok(match edited {
            EditOutcome::Done => ChangeOutcome::Done(user),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        }))
    }

    /// The address of a user was decided, and is the one that they have: links that would change it, or bring another one
    /// back, no longer do. Whether there were any.
    fn end_email_links(&self, user: &User) -> Result<bool, Error> {
        let event = AuditEvent {
            detail: Some("the address stays: links that would change it were ended".to_owned()),
            ..self.user_event(AuditAction::UserEdit, user.id)
        };
        Ok(self.store().write(|tx| {
            let is_ended = tx.remove_email_changes(user.id)? > 0;
            if is_ended {
                tx.add_audit_event(&event)?;
            }
            Ok(is_ended)
        })?)
    }

    /// What applications keep receiving if the address changes.
    fn kept_emails(
        &self,
        before: &User,
        after: &User,
        decisions: &EmailDecisions,
    ) -> Result<Result<Vec<KeptEmail>, BadUserEdit>, Error> {
        if before.email == after.email {
            return Ok(Ok(Vec::new()));
        }
        let effects = self.email_change_effects(before, &after.email)?;
        let Some(kept) = kept_emails(&effects, decisions) else {
            return Ok(Err(BadUserEdit::UndecidedEmail(effects)));
        };
        for kept in &kept {
            let owner = self.user_by_email(&kept.email)?;
            if owner.is_some_and(|owner| owner.id != before.id) {
                return Ok(Err(BadUserEdit::KeptEmailOfAnother {
                    application: kept.slug.to_string(),
                    email: kept.email.clone(),
                }));
            }
        }
        Ok(Ok(kept))
    }

    /// Whether the user already has every attribute as `edit` sets it.
    fn has_attributes(&self, user: &User, edit: &UserEdit) -> Result<bool, Error> {
        if edit.attributes.is_empty() {
            return Ok(true);
        }
        let attributes_before = self.own_attributes(user.id)?;
        let held = |name: &String| attributes_before.get(name).map(Vec::as_slice).unwrap_or_default();
        Ok(edit
            .attributes
            .iter()
            .all(|(name, values)| held(name) == values.as_slice()))
    }

    /// An attribute that an application requires and that the user had before the edit and lacks after it; for the
    /// first such application.
    fn newly_unmet_requirement(
        &self,
        before: &User,
        after: &User,
        edit: &UserEdit,
    ) -> Result<Option<UnmetRequirement>, Error> {
        let takes_a_name = [&edit.given_name, &edit.family_name]
            .into_iter()
            .any(|name| *name == Some(None));
        if edit.attributes.is_empty() && edit.user_name.is_none() && !takes_a_name {
            return Ok(None);
        }
        let (snapshot, attributes_before) = (self.fresh_snapshot()?, self.own_attributes(before.id)?);
        let mut attributes_after = attributes_before.clone();
        attributes_after.extend(edit.attributes.clone());
        let unmet_before = unmet_requirements_of(&snapshot, before, &attributes_before);
        Ok(unmet_requirements_of(&snapshot, after, &attributes_after)
            .into_iter()
            .find(|unmet| !unmet_before.contains(unmet)))
    }

    /// Sets a password, ends the user's sessions and forgets their devices, so that whoever knew the old one is signed
    /// out. Lifts the throttling of failed attempts. With `must_change` the user has to choose another one at the next
    /// sign-in. Returns how many sessions ended.
    pub fn set_password(
        &self,
        email: &Email,
        password: &Password,
        must_change: bool,
    ) -> Result<ChangeOutcome<usize>, Error> {
        let change = UseCase::Change(AuditAction::UserSetPassword);
        self.may(change)?;
        let Some(user) = self.user_by_email(email)? else {
            return Ok(ChangeOutcome::Unknown);
        };
        self.may_change(change, user.role)?;
        let stored = self.hashed(password, must_change)?;
        let now = self.now();
        let event = AuditEvent {
            detail: must_change.then(|| MUST_CHANGE.to_owned()),
            ..self.user_event(AuditAction::UserSetPassword, user.id)
        };
        let mail = self.password_changed_mail(&user)?;
        let ended = self.store().write(|tx| {
            tx.set_password_hash(user.id, &stored, now)?;
            let ended = tx.end_sessions_of(user.id, now, "the password was changed")?;
            // Somebody who knew the old password may use one of these devices; and the new password must be usable at
            // once.
            tx.remove_known_devices(user.id)?;
            tx.remove_one_time_links(user.id)?;
            if let Some(mail) = &mail {
                tx.add_job(mail)?;
            }
            clear_throttle(tx, user.id, &user.email)?;
            tx.add_audit_event(&event)?;
            Ok(ended)
        })?;
        Ok(ChangeOutcome::Done(ended))
    }

    fn hashed(&self, password: &Password, must_change: bool) -> Result<StoredPassword, Error> {
        Ok(StoredPassword {
            phc: self.dependencies().hasher.hash(password, self.random())?,
            must_change,
        })
    }

    pub(in crate::provider) fn user_event(&self, action: AuditAction, user: UserId) -> AuditEvent {
        AuditEvent {
            user: Some(user),
            ..self.event(action, "ok", None)
        }
    }
}
