//! `persistent_name_ids`: a permanent NameID of a user at one service provider, never given to
//! another user.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        hash::sha256_hex,
        id::{ApplicationId, UserId},
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::persistent_name_ids,
    },
};

impl Tx {
    /// The current persistent NameID of `user` at `application`, if one was assigned.
    pub fn persistent_name_id(
        &mut self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<String>, Error> {
        Ok(persistent_name_ids::table
            .filter(persistent_name_ids::application_id.eq(application.to_string()))
            .filter(persistent_name_ids::user_id.eq(user.to_string()))
            .filter(persistent_name_ids::is_current)
            .select(persistent_name_ids::value)
            .first(&mut self.0)
            .optional()?)
    }

    /// The user by whom this NameID is, or was, used at `application`.
    pub fn owner_of_name_id(
        &mut self,
        application: ApplicationId,
        value: &str,
    ) -> Result<Option<UserId>, Error> {
        let owner = persistent_name_ids::table
            .find((application.to_string(), value))
            .select(persistent_name_ids::user_id)
            .first::<String>(&mut self.0)
            .optional()?;
        let name = RowContext::new("persistent_name_ids", value);
        owner.map(|id| name.valid(id.parse())).transpose()
    }

    /// Assigns a NameID to `user` at `application` unless there is one; of two concurrent calls,
    /// the first wins.
    pub fn add_persistent_name_id(
        &mut self,
        application: ApplicationId,
        user: UserId,
        value: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let row = Row::new(application, user, value, true, now);
        with_backend!(&mut self.0, |c| diesel::insert_into(persistent_name_ids::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    /// Changes the NameID of `user` at `application`. Returns `false` and changes nothing if
    /// another user has or had this NameID there.
    pub fn set_persistent_name_id(
        &mut self,
        application: ApplicationId,
        user: UserId,
        value: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let row = Row::new(application, user, value, false, now);
        let added = with_backend!(&mut self.0, |c| diesel::insert_into(persistent_name_ids::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        // Checked after the insert: the user who had it may have been erased while the insert
        // waited for their row.
        if added == 1
            && self
                .owner_of_name_id(application, &erased_name_id(value))?
                .is_some()
        {
            diesel::delete(persistent_name_ids::table.find((application.to_string(), value)))
                .execute(&mut self.0)?;
            return Ok(false);
        }
        // Rows are never deleted, so the owner of a NameID does not change after this.
        if self.owner_of_name_id(application, value)? != Some(user) {
            return Ok(false);
        }
        let own = persistent_name_ids::table
            .filter(persistent_name_ids::application_id.eq(application.to_string()))
            .filter(persistent_name_ids::user_id.eq(user.to_string()));
        diesel::update(own)
            .set(persistent_name_ids::is_current.eq(false))
            .execute(&mut self.0)?;
        diesel::update(persistent_name_ids::table.find((application.to_string(), value)))
            .set(persistent_name_ids::is_current.eq(true))
            .execute(&mut self.0)?;
        Ok(true)
    }
}

/// The form in which an erased user's NameID is kept. It is hashed because an imported NameID may
/// identify the user.
pub(in crate::store) fn erased_name_id(value: &str) -> String {
    // Some applications compare without regard to case.
    format!("sha256:{}", sha256_hex(value.to_lowercase()))
}

#[derive(Insertable)]
#[diesel(table_name = persistent_name_ids)]
struct Row<'a> {
    application_id: String,
    value: &'a str,
    user_id: String,
    is_current: bool,
    created_at: NaiveDateTime,
}

impl<'a> Row<'a> {
    fn new(
        application: ApplicationId,
        user: UserId,
        value: &'a str,
        is_current: bool,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            application_id: application.to_string(),
            value,
            user_id: user.to_string(),
            is_current,
            created_at: now.naive_utc(),
        }
    }
}
