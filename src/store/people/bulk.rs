//! Many users at once, for an import: found by their keys, and added by a few statements, so that nobody waits long for
//! the one who writes.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
};
use serde_json::{Value, json};

use crate::{
    model::{
        audit::AuditEvent,
        id::{GroupId, UserId},
        language::Language,
        role::Role,
        secret::Secret,
        user::{ExternalId, NameComponent, User, UserName},
    },
    store::{
        audit::audit_events::event_json,
        connection::Tx,
        error::{Error, RowContext},
        people::{deleted_users::stable_id_hash, users::Row},
        schema::{spent_stable_ids, user_attributes, user_passwords, users},
        transfer::copy::insert_json,
    },
};

/// Rows of one statement.
const ROWS_PER_INSERT: usize = 500;

/// Values that only one user can have.
#[derive(Clone, Debug, Default)]
pub struct UserKeys {
    pub emails: Vec<String>,
    pub stable_ids: Vec<String>,
    pub external_ids: Vec<String>,
    pub user_names: Vec<String>,
}

impl Tx {
    /// The users who have one of `keys`, each once.
    pub fn users_by_keys(&mut self, keys: &UserKeys) -> Result<Vec<User>, Error> {
        let mut rows: Vec<Row> = Vec::new();
        macro_rules! find {
            ($column:ident, $values:expr) => {
                rows.append(
                    &mut users::table
                        .filter(users::$column.eq_any($values))
                        .select(Row::as_select())
                        .load(&mut self.0)?,
                )
            };
        }
        find!(email, &keys.emails);
        find!(stable_id, &keys.stable_ids);
        find!(external_id, &keys.external_ids);
        find!(user_name, &keys.user_names);
        let mut seen = BTreeSet::new();
        rows.into_iter()
            .map(User::try_from)
            .filter(|user| user.as_ref().map_or(true, |user| seen.insert(user.id)))
            .collect()
    }

    /// Those of `ids` who have a password.
    pub fn users_with_password(&mut self, ids: &[UserId]) -> Result<BTreeSet<UserId>, Error> {
        let found: Vec<String> = user_passwords::table
            .filter(user_passwords::user_id.eq_any(ids.iter().map(ToString::to_string)))
            .select(user_passwords::user_id)
            .load(&mut self.0)?;
        found
            .into_iter()
            .map(|id| RowContext::new("user_passwords", &id).valid(id.parse()))
            .collect()
    }

    /// Those of these stable ids that belonged to a user who was erased.
    pub fn spent_stable_ids(&mut self, stable_ids: &[String]) -> Result<BTreeSet<String>, Error> {
        let hashes = stable_ids.iter().map(|id| stable_id_hash(id));
        let spent: BTreeSet<String> = spent_stable_ids::table
            .filter(spent_stable_ids::sha256.eq_any(hashes))
            .select(spent_stable_ids::sha256)
            .load(&mut self.0)?
            .into_iter()
            .collect();
        Ok(stable_ids
            .iter()
            .filter(|id| spent.contains(&stable_id_hash(id)))
            .cloned()
            .collect())
    }

    /// The names of all own attributes that any user has, sorted.
    pub fn user_attribute_names(&mut self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = Vec::new();
        // From one name to the next by the index: reading them all would read every user's.
        loop {
            let mut next = user_attributes::table
                .filter(user_attributes::position.eq(0))
                .select(user_attributes::name)
                .order(user_attributes::name)
                .into_boxed();
            if let Some(last) = names.last() {
                next = next.filter(user_attributes::name.gt(last));
            }
            match next.first(&mut self.0).optional()? {
                Some(name) => names.push(name),
                None => return Ok(names),
            }
        }
    }

    /// Adds users.
    ///
    /// # Errors
    ///
    /// [`Error::PeopleChanged`] if one of their values belongs to another user by now. The transaction is over then.
    pub fn add_users<'u>(&mut self, users: impl IntoIterator<Item = &'u User>) -> Result<(), Error> {
        self.add_rows("users", users.into_iter().map(user_json))
    }

    /// Adds the password hashes of users who have no password.
    pub fn add_passwords<'p>(
        &mut self,
        passwords: impl IntoIterator<Item = (UserId, &'p Secret<String>)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let rows = passwords.into_iter().map(|(user, phc)| {
            json!({
                "user_id": user.to_string(), "phc": phc.expose(), "changed_at": time(now), "must_change": false,
            })
        });
        self.add_rows("user_passwords", rows)
    }

    /// Adds the own attributes of users who have none.
    pub fn add_user_attributes<'a>(
        &mut self,
        attributes: impl IntoIterator<Item = (UserId, &'a [(String, Vec<String>)])>,
    ) -> Result<(), Error> {
        let rows = attributes.into_iter().flat_map(|(user, attributes)| {
            attributes.iter().flat_map(move |(name, values)| {
                (0_i64..).zip(values).map(move |(position, value)| {
                    json!({
                        "user_id": user.to_string(), "name": name, "position": position, "value": value,
                    })
                })
            })
        });
        self.add_rows("user_attributes", rows)
    }

    /// Adds users to groups that they are not in.
    pub fn add_group_members(
        &mut self,
        members: impl IntoIterator<Item = (GroupId, UserId)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let rows = members.into_iter().map(|(group, user)| {
            json!({
                "group_id": group.to_string(), "user_id": user.to_string(), "added_at": time(now),
            })
        });
        self.add_rows("group_members", rows)
    }

    /// Writes many audit events.
    pub fn add_audit_events(&mut self, events: impl IntoIterator<Item = AuditEvent>) -> Result<(), Error> {
        let rows = events.into_iter().map(|event| event_json(&event));
        self.add_rows("audit_events", rows)
    }

    fn add_rows(&mut self, table: &str, rows: impl Iterator<Item = Value>) -> Result<(), Error> {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let batch: Vec<Value> = rows.by_ref().take(ROWS_PER_INSERT).collect();
            insert_json(&mut self.0, table, &batch).map_err(|error| {
                let is_taken = matches!(
                    error,
                    Error::Database(DieselError::DatabaseError(
                        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
                        _,
                    ))
                );
                if is_taken { Error::PeopleChanged } else { error }
            })?;
        }
        Ok(())
    }
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "stable_id": user.stable_id.as_str(),
        "email": user.email.as_str(),
        "given_name": user.names.given().map(NameComponent::as_str),
        "family_name": user.names.family().map(NameComponent::as_str),
        "user_name": user.user_name.as_ref().map(UserName::as_str),
        "external_id": user.external_id.as_ref().map(ExternalId::as_str),
        "enabled": user.enabled,
        "version": user.version,
        "created_at": time(user.created_at),
        "updated_at": time(user.updated_at),
        "deleted_at": user.deleted_at.map(time),
        "role": user.role.map(Role::as_str),
        "language": user.preferences.language.map(Language::tag),
        "new_device_mail": user.preferences.new_device_mail,
    })
}

/// As both databases read it.
fn time(at: DateTime<Utc>) -> String {
    NaiveDateTime::format(&at.naive_utc(), "%F %T%.f").to_string()
}
