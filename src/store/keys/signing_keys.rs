//! `signing_keys`: the key ring and the steps of a rollover.
//!
//! Every step is a [`ConfigTx`], which locks a row for which all steps wait, so each sees the result of the one before.
//! One statement decides whether the step is taken.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Binary, Bool, Nullable, Text, Timestamp},
};

use crate::{
    model::{
        id::KeyId,
        key::{KeyState, SealedKey},
        unreadable::{UnreadableKind, UnreadableRow},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::Tx,
        error::{Error, RowContext},
        schema::signing_keys,
    },
};

/// What must hold for a step of a rollover to be taken.
#[derive(Clone, Copy, Debug)]
pub struct RolloverStep {
    pub active: KeyId,
    /// The other key of the step: the next one, or the previous one.
    pub other: KeyId,
    /// The step before this one must have been taken at this time or earlier.
    pub previous_step_by: DateTime<Utc>,
    /// Whether the step is refused while an enabled application is not known to have adopted the key.
    pub require_all_adopted: bool,
    pub now: DateTime<Utc>,
}

impl Tx {
    /// Every key that can be read, newest first, and the rows that cannot. An unreadable active key is an error.
    pub fn readable_keys(&mut self) -> Result<(Vec<SealedKey>, Vec<UnreadableRow>), Error> {
        let ids = signing_keys::table
            .order(signing_keys::id.desc())
            .select(StateRow::as_select())
            .load(&mut self.0)?;
        let (mut keys, mut unreadable) = (Vec::with_capacity(ids.len()), Vec::new());
        for StateRow { id, state } in ids {
            let found = signing_keys::table
                .find(&id)
                .select(Row::as_select())
                .first(&mut self.0)
                .optional()
                .map_err(Error::from);
            match found.and_then(|row| row.map(SealedKey::try_from).transpose()) {
                Ok(key) => keys.extend(key),
                Err(error) if error.is_unreadable() && state != state_name(KeyState::Active) => {
                    unreadable.push(UnreadableRow {
                        kind: UnreadableKind::SigningKey,
                        id,
                        slug: None,
                        name: None,
                        cause: error.to_string(),
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Ok((keys, unreadable))
    }

    /// Every key, newest first.
    pub fn signing_keys(&mut self) -> Result<Vec<SealedKey>, Error> {
        signing_keys::table
            .order(signing_keys::id.desc())
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(SealedKey::try_from)
            .collect()
    }
}

impl ConfigTx<'_> {
    /// Adds the first key of an installation, active; returns `false` if the installation ever had one. If two replicas
    /// start at the same time, the unique index on the active key decides.
    pub fn add_first_key(&mut self, key: &SealedKey) -> Result<bool, Error> {
        let rows = diesel::sql_query(
            "INSERT INTO signing_keys (id, state, sealed, certificate, created_at, since) \
             SELECT $1, 'active', $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM signing_keys) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(key.id.to_string())
        .bind::<Nullable<Binary>, _>(&key.sealed)
        .bind::<Binary, _>(&key.certificate)
        .bind::<Timestamp, _>(key.created_at.naive_utc())
        .bind::<Timestamp, _>(key.since.naive_utc())
        .execute(&mut self.0)?;
        if rows == 1 {
            self.changed_identity();
        }
        Ok(rows == 1)
    }

    /// Replaces the sealed form `before` of a key with `after`. Fails if the stored form is no longer `before`, so that
    /// the whole transaction is rolled back.
    pub fn reseal_key(&mut self, id: KeyId, before: &[u8], after: &[u8]) -> Result<(), Error> {
        let row = signing_keys::table
            .find(id.to_string())
            .filter(signing_keys::sealed.eq(before));
        let rows = diesel::update(row)
            .set(signing_keys::sealed.eq(after))
            .execute(&mut self.0)?;
        if rows == 1 {
            Ok(())
        } else {
            Err(diesel::result::Error::NotFound.into())
        }
    }

    /// Removes the row of a key, readable or not, unless it is the active one; returns `false` if there is none.
    pub fn remove_key_row(&mut self, id: &str) -> Result<bool, Error> {
        let row = signing_keys::table
            .find(id)
            .filter(signing_keys::state.ne(state_name(KeyState::Active)));
        self.changed_identity();
        Ok(diesel::delete(row).execute(&mut self.0)? == 1)
    }

    /// Makes `key` the active one in one step. Returns `false` and changes nothing if `expected` is no longer active.
    /// `expected` stays published if `keep` is set, and is retired otherwise.
    pub fn replace_active_key(
        &mut self,
        key: &SealedKey,
        expected: &SealedKey,
        keep: bool,
    ) -> Result<bool, Error> {
        self.changed_identity();
        if expected.state != KeyState::Active || !self.is_unchanged_key(expected)? {
            return Ok(false);
        }
        let expected = expected.id;
        if keep {
            self.retire_key_in_state(KeyState::Previous, None, key.since)?;
            self.change_key_state(expected, KeyState::Active, KeyState::Previous, key.since)?;
        } else {
            self.retire_key_in_state(KeyState::Active, Some(expected), key.since)?;
        }
        diesel::insert_into(signing_keys::table)
            .values(Row::from(&SealedKey {
                state: KeyState::Active,
                ..key.clone()
            }))
            .execute(&mut self.0)?;
        Ok(true)
    }

    /// Adds `key` as the one that signs next. Returns `false` if a rollover is in progress, or if `active` is not as it
    /// was read: the sealing key may have changed since `key` was sealed.
    pub fn add_next_key(&mut self, key: &SealedKey, active: &SealedKey) -> Result<bool, Error> {
        self.changed_identity();
        if !self.is_unchanged_key(active)? {
            return Ok(false);
        }
        let rows = diesel::sql_query(
            "INSERT INTO signing_keys (id, state, sealed, certificate, created_at, since) \
             SELECT $1, 'next', $2, $3, $4, $5 \
             WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE state IN ('next', 'previous')) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(key.id.to_string())
        .bind::<Nullable<Binary>, _>(&key.sealed)
        .bind::<Binary, _>(&key.certificate)
        .bind::<Timestamp, _>(key.created_at.naive_utc())
        .bind::<Timestamp, _>(key.since.naive_utc())
        .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Makes the next key the active one and keeps the current one published. Returns `false` if a condition of `step`
    /// does not hold.
    pub fn activate_key(&mut self, step: &RolloverStep) -> Result<bool, Error> {
        self.changed_identity();
        let rows = diesel::sql_query( "UPDATE signing_keys SET state = 'previous', since = $1 \
             WHERE id = $2 AND state = 'active' \
             AND EXISTS (SELECT 1 FROM signing_keys n WHERE n.id = $3 AND n.state = 'next' AND n.created_at <= $4) \
             AND NOT EXISTS (SELECT 1 FROM signing_keys p WHERE p.state = 'previous') \
             AND NOT ($5 AND EXISTS (SELECT 1 FROM applications a WHERE a.enabled AND NOT EXISTS \
                 (SELECT 1 FROM application_key_follow f WHERE f.slug = a.slug AND f.key_id = $3)))",
            )
            .bind::<Timestamp, _>(step.now.naive_utc())
            .bind::<Text, _>(step.active.to_string())
            .bind::<Text, _>(step.other.to_string())
            .bind::<Timestamp, _>(step.previous_step_by.naive_utc())
            .bind::<Bool, _>(step.require_all_adopted)
            .execute(&mut self.0)?;
        self.activate_other_key(rows, KeyState::Next, step)
    }

    /// Makes the previous key active again; the one that replaced it becomes the next key again. Returns `false` if the
    /// keys of `step` have changed state.
    pub fn reactivate_previous_key(&mut self, step: &RolloverStep) -> Result<bool, Error> {
        self.changed_identity();
        let rows = diesel::sql_query(
            "UPDATE signing_keys SET state = 'next', since = $1 \
             WHERE id = $2 AND state = 'active' \
             AND EXISTS (SELECT 1 FROM signing_keys p WHERE p.id = $3 AND p.state = 'previous') \
             AND NOT EXISTS (SELECT 1 FROM signing_keys n WHERE n.state = 'next')",
        )
        .bind::<Timestamp, _>(step.now.naive_utc())
        .bind::<Text, _>(step.active.to_string())
        .bind::<Text, _>(step.other.to_string())
        .execute(&mut self.0)?;
        self.activate_other_key(rows, KeyState::Previous, step)
    }

    /// Stops publishing the previous key and destroys its private key. Returns `false` if a condition of `step` does
    /// not hold. Applications registered after the active key began to sign are not checked: they received that key at
    /// once.
    pub fn retire_previous_key(&mut self, step: &RolloverStep) -> Result<bool, Error> {
        self.changed_identity();
        let rows = diesel::sql_query( "UPDATE signing_keys SET state = 'retired', sealed = NULL, since = $1 \
             WHERE id = $2 AND state = 'previous' \
             AND EXISTS (SELECT 1 FROM signing_keys n WHERE n.id = $3 AND n.state = 'active' AND n.since <= $4 \
                 AND NOT ($5 AND EXISTS (SELECT 1 FROM applications a WHERE a.enabled AND a.created_at <= n.since \
                     AND NOT EXISTS (SELECT 1 FROM application_key_follow f WHERE f.slug = a.slug AND f.key_id = n.id))))",
            )
            .bind::<Timestamp, _>(step.now.naive_utc())
            .bind::<Text, _>(step.other.to_string())
            .bind::<Text, _>(step.active.to_string())
            .bind::<Timestamp, _>(step.previous_step_by.naive_utc())
            .bind::<Bool, _>(step.require_all_adopted)
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Withdraws the next key and destroys its private key; returns `false` if it is no longer the next key.
    pub fn withdraw_next_key(&mut self, key: KeyId, now: DateTime<Utc>) -> Result<bool, Error> {
        self.changed_identity();
        Ok(self.retire_key_in_state(KeyState::Next, Some(key), now)? == 1)
    }

    /// Whether a key still has the state and the sealed form that were read.
    fn is_unchanged_key(&mut self, key: &SealedKey) -> Result<bool, Error> {
        let row = signing_keys::table
            .find(key.id.to_string())
            .filter(signing_keys::state.eq(state_name(key.state)))
            .filter(signing_keys::sealed.eq(key.sealed.clone()));
        Ok(diesel::select(diesel::dsl::exists(row)).get_result(&mut self.0)?)
    }

    /// The second half of a step whose first half changed `rows`. A ring must always have a key that signs, so a
    /// failure here is an error that rolls back the whole step.
    fn activate_other_key(
        &mut self,
        rows: usize,
        from: KeyState,
        step: &RolloverStep,
    ) -> Result<bool, Error> {
        if rows == 0 {
            return Ok(false);
        }
        let moved = self.change_key_state(step.other, from, KeyState::Active, step.now)?;
        RowContext::new("signing_keys", &step.other.to_string()).required(moved.then_some(true))
    }

    fn change_key_state(
        &mut self,
        key: KeyId,
        from: KeyState,
        to: KeyState,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let in_state = signing_keys::table
            .find(key.to_string())
            .filter(signing_keys::state.eq(state_name(from)));
        let rows = diesel::update(in_state)
            .set((
                signing_keys::state.eq(state_name(to)),
                signing_keys::since.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Retires the key in this state, or if `only` is given, only that key; returns how many were retired.
    fn retire_key_in_state(
        &mut self,
        state: KeyState,
        only: Option<KeyId>,
        now: DateTime<Utc>,
    ) -> Result<usize, Error> {
        let in_state = signing_keys::table.filter(signing_keys::state.eq(state_name(state)));
        let retired = (
            signing_keys::state.eq(state_name(KeyState::Retired)),
            signing_keys::sealed.eq(None::<Vec<u8>>),
            signing_keys::since.eq(now.naive_utc()),
        );
        Ok(match only {
            Some(only) => diesel::update(in_state.filter(signing_keys::id.eq(only.to_string())))
                .set(retired)
                .execute(&mut self.0)?,
            None => diesel::update(in_state).set(retired).execute(&mut self.0)?,
        })
    }
}

const fn state_name(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Active => "active",
        KeyState::Previous => "previous",
        KeyState::Retired => "retired",
    }
}

fn state_from_name(text: &str) -> Option<KeyState> {
    [
        KeyState::Next,
        KeyState::Active,
        KeyState::Previous,
        KeyState::Retired,
    ]
    .into_iter()
    .find(|state| state_name(*state) == text)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = signing_keys)]
struct StateRow {
    id: String,
    state: String,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = signing_keys)]
struct Row {
    id: String,
    state: String,
    sealed: Option<Vec<u8>>,
    certificate: Vec<u8>,
    created_at: NaiveDateTime,
    since: NaiveDateTime,
}

impl From<&SealedKey> for Row {
    fn from(key: &SealedKey) -> Self {
        Self {
            id: key.id.to_string(),
            state: state_name(key.state).to_owned(),
            sealed: key.sealed.clone(),
            certificate: key.certificate.clone(),
            created_at: key.created_at.naive_utc(),
            since: key.since.naive_utc(),
        }
    }
}

impl TryFrom<Row> for SealedKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("signing_keys", &row.id);
        Ok(Self {
            id: name.column("id").valid(row.id.parse())?,
            state: name.column("state").required(state_from_name(&row.state))?,
            sealed: row.sealed,
            certificate: row.certificate,
            created_at: row.created_at.and_utc(),
            since: row.since.and_utc(),
        })
    }
}
