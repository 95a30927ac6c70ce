//! The owners: there is always one who can sign in, once there was one.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{prelude::*, sql_types::Text};

use crate::{
    model::{id::UserId, role::Role, user::User},
    store::{
        connection::{AnyConnection, Tx},
        error::Error,
        people::users::Row,
        schema::users,
    },
};

/// Owners who can sign in. What a sign-in needs besides, such as a factor that a policy demands, is added here.
const OWNERS: &str = "SELECT users.id FROM users \
     JOIN user_passwords ON user_passwords.user_id = users.id \
     WHERE users.role = $1 AND users.enabled AND users.deleted_at IS NULL LIMIT 1";

impl Tx {
    /// Makes a change that may take the last owner away: disabling, deleting, another role, or whatever else keeps
    /// somebody from signing in.
    ///
    /// # Errors
    ///
    /// [`Error::NoOwnerLeft`], which rolls all of it back, if an owner could sign in before and none can after. An
    /// installation that never had an owner is not held to it.
    pub fn keeps_an_owner<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // On a server two changes, each of which leaves the other's owner, would pass together.
        if let AnyConnection::Postgres(c) = &mut self.0 {
            users::table
                .filter(users::role.eq(Role::Owner.as_str()))
                .order(users::id)
                .select(users::id)
                .for_update()
                .load::<String>(c)?;
        }
        let had_owner = self.has_owner()?;
        let done = change(self)?;
        if had_owner && !self.has_owner()? {
            return Err(Error::NoOwnerLeft);
        }
        Ok(done)
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

    /// Whether there is an owner who can sign in.
    pub fn has_owner(&mut self) -> Result<bool, Error> {
        let found = diesel::sql_query(OWNERS)
            .bind::<Text, _>(Role::Owner.as_str())
            .load::<Found>(&mut self.0)?;
        Ok(!found.is_empty())
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "only whether there is one counts")]
    id: String,
}
