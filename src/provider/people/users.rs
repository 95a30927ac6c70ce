//! Adding and finding users, and setting passwords.

use crate::{
    credential::password::Password,
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        group::GroupName,
        id::UserId,
        language::Language,
        role::Role,
        text::BadText,
        use_case::UseCase,
        user::{Email, ExternalId, NameComponents, OwnAttributes, Preferences, StableId, User, UserName},
    },
    provider::{error::Error, handle::People, sign_in::throttle::clear_throttle},
    store::{StoredPassword, Tx},
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
            tx.end_grants_of_user(user.id, None, now)?;
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
