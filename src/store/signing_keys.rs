//! `signing_keys`.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_types::{Binary, Text, Timestamp},
};

use crate::{
    model::{
        id::KeyId,
        key::{KeyState, SealedKey},
    },
    store::{
        connection::Tx,
        error::{Error, RowName},
        schema::signing_keys,
    },
};

impl Tx {
    /// Adds the first key of an installation, active; `false` if it ever had one. Of two replicas that
    /// start at once, the index that allows one active key decides.
    pub fn add_first_key(&mut self, key: &SealedKey) -> Result<bool, Error> {
        let rows = diesel::sql_query(
            "INSERT INTO signing_keys (id, state, sealed, certificate, created_at) \
             SELECT $1, 'active', $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(key.id.to_string())
        .bind::<Binary, _>(&key.sealed)
        .bind::<Binary, _>(&key.certificate)
        .bind::<Timestamp, _>(key.created_at.naive_utc())
        .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Every key, the newest first.
    pub fn signing_keys(&mut self) -> Result<Vec<SealedKey>, Error> {
        signing_keys::table
            .order(signing_keys::id.desc())
            .load::<Row>(&mut self.0)?
            .into_iter()
            .map(SealedKey::try_from)
            .collect()
    }

    /// Retires `expected` and makes `key` the active one; `false`, and nothing is done, if `expected`
    /// was not active any more.
    pub fn replace_active_key(&mut self, key: &SealedKey, expected: KeyId) -> Result<bool, Error> {
        let active = signing_keys::table
            .find(expected.to_string())
            .filter(signing_keys::state.eq(state_text(KeyState::Active)));
        let retired = diesel::update(active)
            .set(signing_keys::state.eq(state_text(KeyState::Retired)))
            .execute(&mut self.0)?;
        if retired == 0 {
            return Ok(false);
        }
        let row = Row {
            id: key.id.to_string(),
            state: state_text(KeyState::Active).to_owned(),
            sealed: key.sealed.clone(),
            certificate: key.certificate.clone(),
            created_at: key.created_at.naive_utc(),
        };
        diesel::insert_into(signing_keys::table)
            .values(row)
            .execute(&mut self.0)?;
        Ok(true)
    }
}

const fn state_text(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Retired => "retired",
    }
}

fn state_of(text: &str) -> Option<KeyState> {
    [KeyState::Active, KeyState::Retired]
        .into_iter()
        .find(|state| state_text(*state) == text)
}

/// The row as it lies in the table.
#[derive(Insertable, Queryable)]
#[diesel(table_name = signing_keys)]
struct Row {
    id: String,
    state: String,
    sealed: Vec<u8>,
    certificate: Vec<u8>,
    created_at: NaiveDateTime,
}

impl TryFrom<Row> for SealedKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowName::new("signing_keys", &row.id);
        Ok(Self {
            id: name.parsed(row.id.parse())?,
            state: name.known(state_of(&row.state))?,
            sealed: row.sealed,
            certificate: row.certificate,
            created_at: row.created_at.and_utc(),
        })
    }
}
