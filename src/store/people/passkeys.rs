//! `second_factors` of the kind `passkey`.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count, count_star},
    prelude::*,
};

use crate::{
    model::{id::SecondFactorId, passkey::RpId, second_factor::SecondFactorKind},
    store::{
        connection::Tx,
        error::Error,
        people::second_factors::{Row, StoredFactor, readable},
        schema::second_factors,
    },
};

/// What became of a passkey that somebody has used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PasskeyUse {
    Accepted {
        /// The highest sign counter before.
        counter_before: i64,
    },
    /// Its challenge was answered before.
    Replayed,
    /// The passkey was removed meanwhile.
    Gone,
}

impl Tx {
    /// The passkey with this credential ID, whoever has it.
    pub fn passkey_by_credential(&mut self, credential_id: &[u8]) -> Result<Option<StoredFactor>, Error> {
        let rows = second_factors::table
            .filter(second_factors::credential_id.eq(credential_id))
            .select(Row::as_select())
            .load(&mut self.0)?;
        Ok(readable(rows)?.pop())
    }

    /// Accepts the answer to a challenge, each once: `challenge` identifies it until `until`, when it has expired.
    pub fn accept_passkey(
        &mut self,
        id: SecondFactorId,
        (challenge, until): (&str, DateTime<Utc>),
        counter: i64,
        now: DateTime<Utc>,
    ) -> Result<PasskeyUse, Error> {
        if !self.mark_message_seen("passkey", "", challenge, until)? {
            return Ok(PasskeyUse::Replayed);
        }
        let before = second_factors::table
            .find(id.to_string())
            .select(second_factors::last_step)
            .first::<i64>(&mut self.0)
            .optional()?;
        let Some(counter_before) = before else {
            return Ok(PasskeyUse::Gone);
        };
        diesel::update(second_factors::table.find(id.to_string()))
            .set((
                second_factors::last_step.eq(counter.max(counter_before)),
                second_factors::last_used_at.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(PasskeyUse::Accepted { counter_before })
    }

    /// How many people have passkeys for this domain.
    pub fn count_passkey_users(&mut self, rp_id: &RpId) -> Result<usize, Error> {
        let count = second_factors::table
            .filter(second_factors::rp_id.eq(rp_id.as_str()))
            .select(count(second_factors::user_id).aggregate_distinct())
            .first::<i64>(&mut self.0)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// The domains that there are passkeys for, those with the most first.
    pub fn passkey_domains(&mut self) -> Result<Vec<(RpId, usize)>, Error> {
        let counted = second_factors::table
            .filter(second_factors::rp_id.is_not_null())
            .group_by(second_factors::rp_id)
            .order((count_star().desc(), second_factors::rp_id))
            .select((second_factors::rp_id, count_star()))
            .load::<(Option<String>, i64)>(&mut self.0)?;
        let domain = |(rp_id, count): (Option<String>, i64)| {
            let rp_id = RpId::from_stored(&rp_id?)?;
            Some((rp_id, usize::try_from(count).unwrap_or_default()))
        };
        Ok(counted.into_iter().filter_map(domain).collect())
    }

    /// At most `limit` passkeys, those after `after`.
    pub fn passkeys_after(
        &mut self,
        after: Option<SecondFactorId>,
        limit: i64,
    ) -> Result<Vec<StoredFactor>, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = second_factors::table
            .filter(second_factors::kind.eq(SecondFactorKind::Passkey.name()))
            .filter(second_factors::id.gt(after))
            .order(second_factors::id)
            .limit(limit)
            .select(Row::as_select())
            .load(&mut self.0)?;
        readable(rows)
    }
}
