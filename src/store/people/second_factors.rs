//! `second_factors` and `recovery_codes`.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::count_star, prelude::*};

use crate::{
    model::{
        id::{SecondFactorId, UserId},
        passkey::RpId,
        second_factor::{FactorName, SecondFactor, SecondFactorKind},
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::{recovery_codes, second_factors},
    },
};

/// A second factor with its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredFactor {
    pub factor: SecondFactor,
    pub sealed: Vec<u8>,
    /// The last time step whose code was accepted, or the highest sign counter.
    pub last_step: i64,
    /// By which a passkey is found.
    pub passkey: Option<PasskeyColumns>,
}

/// What is stored of a passkey besides its public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyColumns {
    pub credential_id: Vec<u8>,
    /// The domain that it is for.
    pub rp_id: RpId,
}

impl Tx {
    pub fn add_second_factor(&mut self, stored: &StoredFactor) -> Result<(), Error> {
        diesel::insert_into(second_factors::table)
            .values(Row::from(stored))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// The second factors of a user, the oldest first. Those of a kind that only a newer version knows are left out.
    pub fn second_factors(&mut self, user: UserId) -> Result<Vec<StoredFactor>, Error> {
        let rows = second_factors::table
            .filter(second_factors::user_id.eq(user.to_string()))
            .order(second_factors::id)
            .select(Row::as_select())
            .load(&mut self.0)?;
        readable(rows)
    }

    /// Whether a user has one, of whatever kind: one that only a newer version knows is not overlooked.
    pub fn has_second_factor(&mut self, user: UserId) -> Result<bool, Error> {
        Ok(self.count_second_factors(user)? > 0)
    }

    /// Whether a user has this one.
    pub fn has_this_second_factor(&mut self, user: UserId, id: SecondFactorId) -> Result<bool, Error> {
        let found = second_factors::table
            .find(id.to_string())
            .filter(second_factors::user_id.eq(user.to_string()))
            .select(second_factors::id)
            .first::<String>(&mut self.0)
            .optional()?;
        Ok(found.is_some())
    }

    /// Removes the second factors and recovery codes that a user was given since; returns how many second factors.
    pub fn remove_second_factors_since(
        &mut self,
        user: UserId,
        since: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let newer = second_factors::table
            .filter(second_factors::user_id.eq(user.to_string()))
            .filter(second_factors::created_at.gt(since.naive_utc()));
        let removed = diesel::delete(newer).execute(&mut self.0)?;
        let codes = recovery_codes::table
            .filter(recovery_codes::user_id.eq(user.to_string()))
            .filter(recovery_codes::created_at.gt(since.naive_utc()));
        diesel::delete(codes).execute(&mut self.0)?;
        Ok(removed)
    }

    /// How many second factors of any kind a user has.
    pub fn count_second_factors(&mut self, user: UserId) -> Result<usize, Error> {
        let count = second_factors::table
            .filter(second_factors::user_id.eq(user.to_string()))
            .select(count_star())
            .first::<i64>(&mut self.0)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Accepts the code of `step`; `false` if that of the same step or of a later one was accepted before, or the factor
    /// is gone.
    pub fn accept_step(&mut self, id: SecondFactorId, step: i64, now: DateTime<Utc>) -> Result<bool, Error> {
        let earlier = second_factors::table
            .find(id.to_string())
            .filter(second_factors::last_step.lt(step));
        let rows = diesel::update(earlier)
            .set((
                second_factors::last_step.eq(step),
                second_factors::last_used_at.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Removes a second factor of `user`; `false` if there is none.
    pub fn remove_second_factor(&mut self, user: UserId, id: SecondFactorId) -> Result<bool, Error> {
        let theirs = second_factors::table
            .find(id.to_string())
            .filter(second_factors::user_id.eq(user.to_string()));
        Ok(diesel::delete(theirs).execute(&mut self.0)? == 1)
    }

    /// Removes all second factors of a user, the recovery codes, and where none was asked for; returns how many second
    /// factors there were.
    pub fn remove_all_second_factors(&mut self, user: UserId, now: DateTime<Utc>) -> Result<usize, Error> {
        let theirs = second_factors::table.filter(second_factors::user_id.eq(user.to_string()));
        let removed = diesel::delete(theirs).execute(&mut self.0)?;
        self.replace_recovery_codes(user, &[], now)?;
        self.forget_second_factor_devices(user)?;
        Ok(removed)
    }

    /// Every second factor, for another sealing key.
    pub fn sealed_factors(&mut self) -> Result<Vec<StoredFactor>, Error> {
        let rows = second_factors::table
            .order(second_factors::id)
            .select(Row::as_select())
            .load(&mut self.0)?;
        readable(rows)
    }

    /// Writes the secret again, sealed with another key.
    pub fn reseal_factor(&mut self, id: SecondFactorId, sealed: &[u8]) -> Result<(), Error> {
        diesel::update(second_factors::table.find(id.to_string()))
            .set(second_factors::sealed.eq(sealed))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// A new set of recovery codes, by their hashes; the one before no longer works.
    pub fn replace_recovery_codes(
        &mut self,
        user: UserId,
        codes: &[[u8; 32]],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let theirs = recovery_codes::table.filter(recovery_codes::user_id.eq(user.to_string()));
        diesel::delete(theirs).execute(&mut self.0)?;
        for code in codes {
            diesel::insert_into(recovery_codes::table)
                .values((
                    recovery_codes::user_id.eq(user.to_string()),
                    recovery_codes::sha256.eq(code.as_slice()),
                    recovery_codes::created_at.eq(now.naive_utc()),
                ))
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    /// How many recovery codes a user has not used yet.
    pub fn count_recovery_codes(&mut self, user: UserId) -> Result<usize, Error> {
        let count = recovery_codes::table
            .filter(recovery_codes::user_id.eq(user.to_string()))
            .select(count_star())
            .first::<i64>(&mut self.0)?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Uses up a recovery code; `false` if it is none of the user's.
    pub fn use_recovery_code(&mut self, user: UserId, code: &[u8; 32]) -> Result<bool, Error> {
        let code = recovery_codes::table.find((user.to_string(), code.as_slice()));
        Ok(diesel::delete(code).execute(&mut self.0)? == 1)
    }
}

pub(super) fn readable(rows: Vec<Row>) -> Result<Vec<StoredFactor>, Error> {
    let known = rows
        .into_iter()
        .filter_map(|row| SecondFactorKind::from_name(&row.kind).map(|kind| (kind, row)));
    known.map(|(kind, row)| row.into_factor(kind)).collect()
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = second_factors)]
pub(super) struct Row {
    id: String,
    user_id: String,
    kind: String,
    name: String,
    sealed: Vec<u8>,
    last_step: i64,
    created_at: NaiveDateTime,
    last_used_at: Option<NaiveDateTime>,
    credential_id: Option<Vec<u8>>,
    rp_id: Option<String>,
}

impl Row {
    fn into_factor(self, kind: SecondFactorKind) -> Result<StoredFactor, Error> {
        let row = RowContext::new("second_factors", &self.id);
        let passkey = self.credential_id.and_then(|credential_id| {
            let rp_id = self.rp_id.as_deref().and_then(RpId::from_stored)?;
            Some(PasskeyColumns { credential_id, rp_id })
        });
        Ok(StoredFactor {
            factor: SecondFactor {
                id: row.valid(self.id.parse())?,
                user: row.column("user_id").valid(self.user_id.parse())?,
                kind,
                // A name that cannot be read keeps nobody out.
                name: FactorName::parse(&self.name).unwrap_or_else(|_| FactorName::default_of(kind, 1)),
                created_at: self.created_at.and_utc(),
                last_used_at: self.last_used_at.map(|at| at.and_utc()),
            },
            sealed: self.sealed,
            last_step: self.last_step,
            passkey,
        })
    }
}

impl From<&StoredFactor> for Row {
    fn from(stored: &StoredFactor) -> Self {
        let factor = &stored.factor;
        Self {
            id: factor.id.to_string(),
            user_id: factor.user.to_string(),
            kind: factor.kind.name().to_owned(),
            name: factor.name.as_str().to_owned(),
            sealed: stored.sealed.clone(),
            last_step: stored.last_step,
            created_at: factor.created_at.naive_utc(),
            last_used_at: factor.last_used_at.map(|at| at.naive_utc()),
            credential_id: stored.passkey.as_ref().map(|key| key.credential_id.clone()),
            rp_id: stored.passkey.as_ref().map(|key| key.rp_id.to_string()),
        }
    }
}
