//! `known_devices`: browsers on which a user has signed in before.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{id::UserId, secret::TokenHash},
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::known_devices,
    },
};

impl Tx {
    /// Records a known device, or extends its expiry.
    pub fn add_known_device(
        &mut self,
        token: TokenHash,
        user: UserId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        let values = (
            known_devices::user_id.eq(user.to_string()),
            known_devices::last_used_at.eq(now.naive_utc()),
            known_devices::expires_at.eq(until.naive_utc()),
        );
        let row = (
            known_devices::token_hash.eq(token.as_bytes().as_slice()),
            known_devices::created_at.eq(now.naive_utc()),
            values.clone(),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(known_devices::table)
            .values(row)
            .on_conflict(known_devices::token_hash)
            .do_update()
            .set(values)
            .execute(c))?;
        Ok(())
    }

    /// Removes every known device of a user; returns how many there were.
    pub fn remove_known_devices(&mut self, user: UserId) -> Result<usize, Error> {
        let theirs = known_devices::table.filter(known_devices::user_id.eq(user.to_string()));
        Ok(diesel::delete(theirs).execute(&mut self.0)?)
    }

    /// Records that `user` has given a second factor on a known device.
    pub fn trust_device(&mut self, token: TokenHash, user: UserId) -> Result<(), Error> {
        let device = known_devices::table
            .find(token.as_bytes().as_slice())
            .filter(known_devices::user_id.eq(user.to_string()));
        diesel::update(device)
            .set(known_devices::second_factor_given.eq(true))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Whether `user` has given a second factor on this device.
    pub fn is_trusted_device(
        &mut self,
        token: TokenHash,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let device = known_devices::table
            .find(token.as_bytes().as_slice())
            .filter(known_devices::user_id.eq(user.to_string()))
            .filter(known_devices::second_factor_given)
            .filter(known_devices::expires_at.gt(now.naive_utc()))
            .select(known_devices::user_id);
        Ok(device.first::<String>(&mut self.0).optional()?.is_some())
    }

    /// For how long a second factor is not asked for on a known device of `user`.
    pub fn remember_second_factor(
        &mut self,
        token: TokenHash,
        user: UserId,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        let device = known_devices::table
            .find(token.as_bytes().as_slice())
            .filter(known_devices::user_id.eq(user.to_string()));
        diesel::update(device)
            .set(known_devices::second_factor_until.eq(until.naive_utc()))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Until when no second factor is asked of `user` on this device, if that was remembered.
    pub fn second_factor_remembered_until(
        &mut self,
        token: TokenHash,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let until = known_devices::table
            .find(token.as_bytes().as_slice())
            .filter(known_devices::user_id.eq(user.to_string()))
            .filter(known_devices::expires_at.gt(now.naive_utc()))
            .filter(known_devices::second_factor_until.gt(now.naive_utc()))
            .select(known_devices::second_factor_until)
            .first::<Option<NaiveDateTime>>(&mut self.0)
            .optional()?;
        Ok(until.flatten().map(|until| until.and_utc()))
    }

    /// Asks for the second factor again on all devices of `user`; returns on how many.
    pub fn forget_second_factor_devices(&mut self, user: UserId) -> Result<usize, Error> {
        let theirs = known_devices::table
            .filter(known_devices::user_id.eq(user.to_string()))
            .filter(
                known_devices::second_factor_until
                    .is_not_null()
                    .or(known_devices::second_factor_given),
            );
        Ok(diesel::update(theirs)
            .set((
                known_devices::second_factor_until.eq(None::<NaiveDateTime>),
                known_devices::second_factor_given.eq(false),
            ))
            .execute(&mut self.0)?)
    }

    pub fn known_device_owner(
        &mut self,
        token: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, Error> {
        let owner = known_devices::table
            .find(token.as_bytes().as_slice())
            .filter(known_devices::expires_at.gt(now.naive_utc()))
            .select(known_devices::user_id)
            .first::<String>(&mut self.0)
            .optional()?;
        RowContext::new("known_devices", "of a person").optional(owner, |id| id.parse())
    }
}
