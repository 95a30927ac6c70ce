//! `oidc_keys`: the keys that sign tokens. Each step is a [`ConfigTx`], which runs alone, and one statement decides
//! whether it is taken.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        id::KeyId,
        oidc_key::{JwsAlgorithm, OidcKeyState, SealedOidcKey},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::oidc_keys,
    },
};

impl Tx {
    /// Every key of an algorithm and a state that this version knows, newest first: what a newer one has added, it
    /// publishes itself.
    pub fn oidc_keys(&mut self) -> Result<Vec<SealedOidcKey>, Error> {
        oidc_keys::table
            .filter(oidc_keys::algorithm.eq_any(JwsAlgorithm::ALL.map(JwsAlgorithm::name)))
            .filter(oidc_keys::state.eq_any(OidcKeyState::ALL.map(OidcKeyState::name)))
            .order(oidc_keys::id.desc())
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(SealedOidcKey::try_from)
            .collect()
    }
}

impl ConfigTx<'_> {
    /// Adds a key, unless its algorithm has one in this state: of several replicas one generates it.
    pub fn add_oidc_key(&mut self, key: &SealedOidcKey) -> Result<bool, Error> {
        let row = Row::from(key);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(oidc_keys::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 1 {
            self.changed_identity();
        }
        Ok(rows == 1)
    }

    /// Lets `next` sign, and destroys the private half of `active`; `false` if another replica did so.
    pub fn activate_oidc_key(
        &mut self,
        next: KeyId,
        active: KeyId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let in_state = |id: KeyId, state: OidcKeyState| {
            oidc_keys::table
                .find(id.to_string())
                .filter(oidc_keys::state.eq(state.name()))
        };
        let retired = diesel::update(in_state(active, OidcKeyState::Active))
            .set((
                oidc_keys::state.eq(OidcKeyState::Retired.name()),
                oidc_keys::sealed.eq(None::<Vec<u8>>),
                oidc_keys::since.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        if retired == 0 {
            return Ok(false);
        }
        let activated = diesel::update(in_state(next, OidcKeyState::Next))
            .set((
                oidc_keys::state.eq(OidcKeyState::Active.name()),
                oidc_keys::since.eq(now.naive_utc()),
            ))
            .execute(&mut self.0)?;
        self.changed_identity();
        // There is always one that signs: a failure here undoes the first half.
        RowContext::new("oidc_keys", &next.to_string()).required((activated == 1).then_some(true))
    }

    /// Removes a key that is no longer published; `false` if there is none.
    pub fn remove_oidc_key(&mut self, id: KeyId) -> Result<bool, Error> {
        let retired = oidc_keys::table
            .find(id.to_string())
            .filter(oidc_keys::state.eq(OidcKeyState::Retired.name()));
        let rows = diesel::delete(retired).execute(&mut self.0)?;
        if rows == 1 {
            self.changed_identity();
        }
        Ok(rows == 1)
    }

    /// Replaces the sealed form `before` of a key; fails if that is no longer the stored one.
    pub fn reseal_oidc_key(&mut self, id: KeyId, before: &[u8], after: &[u8]) -> Result<(), Error> {
        let row = oidc_keys::table
            .find(id.to_string())
            .filter(oidc_keys::sealed.eq(before));
        let rows = diesel::update(row)
            .set(oidc_keys::sealed.eq(after))
            .execute(&mut self.0)?;
        if rows == 1 {
            Ok(())
        } else {
            Err(diesel::result::Error::NotFound.into())
        }
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = oidc_keys)]
struct Row {
    id: String,
    algorithm: String,
    state: String,
    sealed: Option<Vec<u8>>,
    public: Vec<u8>,
    created_at: NaiveDateTime,
    since: NaiveDateTime,
}

impl From<&SealedOidcKey> for Row {
    fn from(key: &SealedOidcKey) -> Self {
        Self {
            id: key.id.to_string(),
            algorithm: key.algorithm.name().to_owned(),
            state: key.state.name().to_owned(),
            sealed: key.sealed.clone(),
            public: key.public.clone(),
            created_at: key.created_at.naive_utc(),
            since: key.since.naive_utc(),
        }
    }
}

impl TryFrom<Row> for SealedOidcKey {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("oidc_keys", &row.id);
        Ok(Self {
            id: name.column("id").valid(row.id.parse())?,
            algorithm: name
                .column("algorithm")
                .required(JwsAlgorithm::from_name(&row.algorithm))?,
            state: name
                .column("state")
                .required(OidcKeyState::from_name(&row.state))?,
            sealed: row.sealed,
            public: row.public,
            created_at: row.created_at.and_utc(),
            since: row.since.and_utc(),
        })
    }
}
