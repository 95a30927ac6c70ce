//! Deleted users: what is erased, and what is kept so that no other user can ever be mistaken for
//! them.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Nullable, Text},
};

use crate::{
    model::{
        hash::sha256_hex,
        id::UserId,
        user::{Email, StableId},
    },
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::{Error, RowContext},
        saml::persistent_name_ids::erased_name_id,
        schema::{persistent_name_ids, spent_stable_ids, users},
    },
};

impl Tx {
    /// At most `limit` users who were deleted by `due`, in order of deletion.
    pub fn users_due_for_erasure(
        &mut self,
        due: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<(UserId, Email)>, Error> {
        let found = users::table
            .filter(users::deleted_at.le(due.naive_utc()))
            .filter(users::enabled.eq(false))
            .order(users::deleted_at)
            .limit(limit)
            .select(DeletedUser::as_select())
            .load(&mut self.0)?;
        found
            .into_iter()
            .map(|row| {
                let context = RowContext::new("users", &row.id);
                Ok((
                    context.valid(row.id.parse())?,
                    context.valid(Email::parse(&row.email))?,
                ))
            })
            .collect()
    }

    /// Ids of audit events whose `detail` or `changes` may identify `user`: events about changes to
    /// the user, and all that contain the e-mail address. Scans the whole table.
    pub fn audit_events_mentioning(&mut self, user: UserId, email: &Email) -> Result<Vec<String>, Error> {
        let position_function = match &self.0 {
            AnyConnection::Sqlite(_) => "instr",
            AnyConnection::Postgres(_) => "strpos",
        };
        let found = diesel::sql_query(format!(
            "SELECT id, user_id, action, coalesce(detail, '') AS detail, coalesce(changes, '') AS changes \
             FROM audit_events WHERE (detail IS NOT NULL OR changes IS NOT NULL) \
             AND ((user_id = $1 AND action LIKE 'user.%') \
             OR {position_function}(lower(coalesce(detail, '') || coalesce(changes, '')), $2) > 0)"
        ))
        .bind::<Text, _>(user.to_string())
        .bind::<Text, _>(email.as_str())
        .load::<AuditText>(&mut self.0)?;
        let (id, email) = (user.to_string(), email.as_str());
        Ok(found
            .into_iter()
            .filter(|row| {
                let is_theirs = row.user_id.as_deref() == Some(&id) && row.action.starts_with("user.");
                is_theirs || mentions_email(&row.detail, email) || mentions_email(&row.changes, email)
            })
            .map(|row| row.id)
            .collect())
    }

    /// Erases `user` and their dependent rows, if they were deleted by `due` and the deletion was
    /// not undone. The stable id and the persistent `NameIDs` are kept as hashes, so that neither is
    /// ever given to another user.
    pub fn erase_user(&mut self, user: UserId, due: DateTime<Utc>) -> Result<bool, Error> {
        let deleted_user = users::table
            .find(user.to_string())
            .filter(users::deleted_at.le(due.naive_utc()))
            .filter(users::enabled.eq(false));
        let stable_id = with_backend!(&mut self.0, |c| diesel::delete(deleted_user)
            .returning(users::stable_id)
            .get_result::<String>(c)
            .optional())?;
        let Some(stable_id) = stable_id else {
            return Ok(false);
        };
        let sha256 = stable_id_hash(&stable_id);
        with_backend!(&mut self.0, |c| diesel::insert_into(spent_stable_ids::table)
            .values(spent_stable_ids::sha256.eq(sha256))
            .on_conflict_do_nothing()
            .execute(c))?;
        let names = persistent_name_ids::table
            .filter(persistent_name_ids::user_id.eq(user.to_string()))
            .select(NameIdOfUser::as_select())
            .load(&mut self.0)?;
        for NameIdOfUser {
            application_id,
            value,
        } in names
        {
            diesel::update(persistent_name_ids::table.find((application_id, &value)))
                .set(persistent_name_ids::value.eq(erased_name_id(&value)))
                .execute(&mut self.0)?;
        }
        Ok(true)
    }

    /// Whether this stable id belonged to a user who was erased.
    pub(in crate::store) fn is_spent_stable_id(&mut self, stable_id: &StableId) -> Result<bool, Error> {
        let sha256 = stable_id_hash(stable_id.as_str());
        let found = spent_stable_ids::table
            .find(sha256)
            .select(spent_stable_ids::sha256);
        Ok(found.first::<String>(&mut self.0).optional()?.is_some())
    }
}

/// The hash kept of a stable id. Lower case, because some applications ignore case when they
/// compare.
pub(super) fn stable_id_hash(stable_id: &str) -> String {
    sha256_hex(stable_id.to_lowercase())
}

/// Whether `text` contains this address, and not only a longer one that contains it.
fn mentions_email(text: &str, email: &str) -> bool {
    let text = text.to_lowercase();
    // What an address may hold besides letters and digits (rfc5322, 3.2.3); it does not end in a
    // full stop.
    let is_part = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    text.match_indices(email).any(|(at, found)| {
        let (before, after) = (&text.get(..at), &text.get(at + found.len()..));
        let before = before.and_then(|text| text.chars().next_back());
        let mut after = after.map(str::chars).into_iter().flatten();
        let longer = match after.next() {
            Some('.') => after.next().is_some_and(is_part),
            Some('-') => true,
            next => next.is_some_and(char::is_alphanumeric),
        };
        !(before.is_some_and(|c| is_part(c) || c == '.') || longer)
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct DeletedUser {
    id: String,
    email: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = persistent_name_ids)]
struct NameIdOfUser {
    application_id: String,
    value: String,
}

#[derive(QueryableByName)]
struct AuditText {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Text)]
    changes: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_found_within_a_longer_one() {
        let anna = "anna@fernweh.example";
        for text in [
            anna,
            "Anna@Fernweh.example was it",
            "{\"new\":\"anna@fernweh.example\"}",
            "johanna@fernweh.example, anna@fernweh.example.",
            "<anna@fernweh.example>",
        ] {
            assert!(mentions_email(text, anna), "{text}");
        }
        for text in [
            "johanna@fernweh.example",
            "jo.anna@fernweh.example",
            "jo-anna@fernweh.example",
            "anna@fernweh.example.org",
            "anna@fernweh.examples",
            "anna@fernweh.example-inc.org",
        ] {
            assert!(!mentions_email(text, anna), "{text}");
        }
    }
}
