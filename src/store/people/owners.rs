//! The owners: there is always one who can sign in, once there was one.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};

use crate::{
    model::{id::UserId, role::Role, user::User},
    store::{
        connection::{AnyConnection, Tx},
        error::Error,
        people::users::Row,
        schema::users,
    },
};

/// Owners with a password; those of them who can give a second factor, if they have one; and those of these who need no
/// passkey for it. A passkey of another domain than ours cannot be given. Whoever has no second factor sets one up where a
/// policy demands it.
const OWNERS: &str = "SELECT count(*) AS accounts, \
       coalesce(sum(CASE WHEN other OR passkey THEN 1 ELSE 0 END), 0) AS ready, \
       coalesce(sum(CASE WHEN other THEN 1 ELSE 0 END), 0) AS without_passkey \
     FROM (SELECT \
         NOT EXISTS (SELECT 1 FROM second_factors WHERE second_factors.user_id = users.id) \
           OR EXISTS (SELECT 1 FROM recovery_codes WHERE recovery_codes.user_id = users.id) \
           OR EXISTS (SELECT 1 FROM second_factors WHERE second_factors.user_id = users.id \
             AND second_factors.kind <> 'passkey') AS other, \
         EXISTS (SELECT 1 FROM second_factors WHERE second_factors.user_id = users.id \
           AND second_factors.rp_id = (SELECT passkey_rp_id FROM installation)) AS passkey \
       FROM users JOIN user_passwords ON user_passwords.user_id = users.id \
       WHERE users.role = $1 AND users.enabled AND users.deleted_at IS NULL) AS owners";

/// How many owners there are who can sign in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, QueryableByName)]
pub struct Owners {
    /// They have a password.
    #[diesel(sql_type = BigInt)]
    pub accounts: i64,
    /// They can give a second factor too, or have none.
    #[diesel(sql_type = BigInt)]
    pub ready: i64,
    /// They need no passkey for it.
    #[diesel(sql_type = BigInt)]
    pub without_passkey: i64,
}

impl Tx {
    /// Makes a change that may take the last owner away: disabling, deleting, another role, another domain of passkeys, or
    /// whatever else keeps somebody from signing in.
    ///
    /// # Errors
    ///
    /// [`Error::NoOwnerLeft`], which rolls all of it back, if an owner could sign in before and none can after. An
    /// installation that never had an owner is not held to it.
    pub fn keeps_an_owner<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = self.locked_owners()?;
        let done = change(self)?;
        self.keep_an_owner(before)?;
        Ok(done)
    }

    /// For a change that [`Self::keeps_an_owner`] cannot take: the owners before it.
    pub fn locked_owners(&mut self) -> Result<Owners, Error> {
        // On a server two changes, each of which leaves the other's owner, would pass together.
        if let AnyConnection::Postgres(c) = &mut self.0 {
            users::table
                .filter(users::role.eq(Role::Owner.as_str()))
                .order(users::id)
                .select(users::id)
                .for_update()
                .load::<String>(c)?;
        }
        self.owners()
    }

    /// After the change.
    pub fn keep_an_owner(&mut self, before: Owners) -> Result<(), Error> {
        let after = self.owners()?;
        let is_last_gone = |before: i64, after: i64| before > 0 && after == 0;
        // Where nobody is asked for a second factor, whoever cannot give one signs in all the same.
        if is_last_gone(before.accounts, after.accounts) || is_last_gone(before.ready, after.ready) {
            return Err(Error::NoOwnerLeft);
        }
        Ok(())
    }

    /// Makes somebody an owner who may sign in, whatever they were.
    pub fn make_owner(&mut self, user: UserId, now: DateTime<Utc>) -> Result<(), Error> {
        diesel::update(users::table.find(user.to_string()))
            .set((
                users::role.eq(Role::Owner.as_str()),
                users::enabled.eq(true),
                users::deleted_at.eq(None::<NaiveDateTime>),
                users::updated_at.eq(now.naive_utc()),
                users::version.eq(users::version + 1),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Everybody with a role, whether or not they may sign in.
    pub fn users_with_role(&mut self, role: Role) -> Result<Vec<User>, Error> {
        users::table
            .filter(users::role.eq(role.as_str()))
            .order(users::email)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(User::try_from)
            .collect()
    }

    pub fn owners(&mut self) -> Result<Owners, Error> {
        Ok(diesel::sql_query(OWNERS)
            .bind::<Text, _>(Role::Owner.as_str())
            .get_result(&mut self.0)?)
    }

    /// Whether there is an owner who can sign in.
    pub fn has_owner(&mut self) -> Result<bool, Error> {
        Ok(self.owners()?.accounts > 0)
    }
}
