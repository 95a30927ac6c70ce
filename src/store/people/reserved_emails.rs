//! Addresses that nobody else can have, though they are nobody's own: an application keeps receiving one for somebody, or
//! somebody changed it not long ago and can have it back.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, select},
    prelude::*,
};

use crate::{
    model::{id::UserId, user::Email},
    store::{
        connection::{AnyConnection, Tx},
        error::Error,
        schema::{app_identities, email_changes, users},
    },
};

impl Tx {
    /// Whether somebody has an address that is reserved for somebody else.
    pub fn has_reserved_email_conflict(&mut self, now: DateTime<Utc>) -> Result<bool, Error> {
        let pinned = app_identities::table
            .inner_join(users::table.on(app_identities::pinned_email.eq(users::email.nullable())))
            .filter(app_identities::pinned_email.is_not_null())
            .filter(users::id.ne(app_identities::user_id));
        if select(exists(pinned)).get_result(&mut self.0)? {
            return Ok(true);
        }
        let undoable = email_changes::table
            .inner_join(users::table.on(email_changes::old_email.eq(users::email)))
            .filter(email_changes::confirmed_at.is_not_null())
            .filter(email_changes::expires_at.gt(now.naive_utc()))
            .filter(users::id.ne(email_changes::user_id));
        Ok(select(exists(undoable)).get_result(&mut self.0)?)
    }
}

/// Whether `email` is reserved for somebody else than `user`.
pub(super) fn is_reserved_email(
    connection: &mut AnyConnection,
    email: &Email,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    if is_pinned_for_another(connection, email, user)? {
        return Ok(true);
    }
    let undoable = email_changes::table
        .filter(email_changes::old_email.eq(email.as_str()))
        .filter(email_changes::confirmed_at.is_not_null())
        .filter(email_changes::expires_at.gt(now.naive_utc()))
        .filter(email_changes::user_id.ne(user.to_string()));
    select(exists(undoable)).get_result(connection)
}

/// Whether an application keeps receiving `email` for somebody else than `user`: it would take the two for one person.
pub(super) fn is_pinned_for_another(
    connection: &mut AnyConnection,
    email: &Email,
    user: UserId,
) -> QueryResult<bool> {
    let pinned = app_identities::table
        .filter(app_identities::pinned_email.eq(email.as_str()))
        .filter(app_identities::user_id.ne(user.to_string()));
    select(exists(pinned)).get_result(connection)
}
