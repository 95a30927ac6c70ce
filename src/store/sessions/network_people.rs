//! `network_people`: which users recently signed in from which network.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::id::UserId,
    store::{
        connection::{Tx, with_backend},
        error::Error,
        schema::network_people,
    },
};

/// The count stops here: a higher number makes no difference.
const MAX_COUNT: i64 = 100;

impl Tx {
    /// Records until `until` that a user signed in from a network.
    pub fn add_network_user(
        &mut self,
        network: &str,
        user: UserId,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        let row = (
            network_people::network.eq(network),
            network_people::user_id.eq(user.to_string()),
            network_people::expires_at.eq(until.naive_utc()),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(network_people::table)
            .values(row)
            .on_conflict((network_people::network, network_people::user_id))
            .do_update()
            .set(network_people::expires_at.eq(until.naive_utc()))
            .execute(c))?;
        Ok(())
    }

    /// How many users recently signed in from a network; at most 100.
    pub fn count_network_users(&mut self, network: &str, now: DateTime<Utc>) -> Result<u32, Error> {
        let recent = network_people::table
            .filter(network_people::network.eq(network))
            .filter(network_people::expires_at.gt(now.naive_utc()))
            .select(network_people::user_id)
            .limit(MAX_COUNT)
            .load::<String>(&mut self.0)?;
        Ok(u32::try_from(recent.len()).unwrap_or(u32::MAX))
    }
}
