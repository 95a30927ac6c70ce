//! `installation`: one row, shared by all replicas.

use diesel::prelude::*;

use crate::{
    model::{application::EntityId, installation::Installation, passkey::RpId},
    store::{
        configuration_changes::ConfigTx,
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::installation,
    },
};

const ROW_ID: i64 = 1;

impl Tx {
    /// Whether an issuer was fixed: an installation that is older than OpenID Connect has none.
    pub fn has_issuer(&mut self) -> Result<bool, Error> {
        let found = installation::table
            .find(ROW_ID)
            .select(installation::issuer)
            .first::<Option<String>>(&mut self.0)
            .optional()?;
        Ok(found.flatten().is_some())
    }

    /// The installation; `None` before its first start.
    pub fn installation(&mut self) -> Result<Option<Installation>, Error> {
        installation::table
            .find(ROW_ID)
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?
            .map(Installation::try_from)
            .transpose()
    }

    /// Stores `proposed` unless the installation exists already; returns the stored one.
    pub fn initialize_installation(&mut self, proposed: &Installation) -> Result<Installation, Error> {
        let row = (
            installation::id.eq(ROW_ID),
            installation::entity_id.eq(proposed.entity_id.as_str()),
            installation::issuer.eq(&proposed.issuer),
            installation::base_url.eq(&proposed.base_url),
            installation::generation.eq(proposed.generation),
        );
        with_backend!(&mut self.0, |c| diesel::insert_into(installation::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        let stored = self.installation()?;
        RowContext::new("installation", "1").required(stored)
    }

    /// The current generation; 0 before the first start.
    pub fn generation(&mut self) -> Result<i64, Error> {
        let found = installation::table
            .find(ROW_ID)
            .select(installation::generation)
            .first(&mut self.0)
            .optional()?;
        Ok(found.unwrap_or(0))
    }
}

impl ConfigTx<'_> {
    /// Changes our entity ID, which every service provider must then adopt.
    pub fn set_entity_id(&mut self, entity_id: &EntityId) -> Result<(), Error> {
        self.changed_identity();
        diesel::update(installation::table.find(ROW_ID))
            .set(installation::entity_id.eq(entity_id.as_str()))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Fixes the issuer, which every client compares.
    pub fn set_issuer(&mut self, issuer: &str) -> Result<(), Error> {
        self.changed_identity();
        diesel::update(installation::table.find(ROW_ID))
            .set(installation::issuer.eq(issuer))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Records the base URL in use.
    pub fn set_base_url(&mut self, base_url: &str) -> Result<(), Error> {
        self.changed_identity();
        diesel::update(installation::table.find(ROW_ID))
            .set(installation::base_url.eq(base_url))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Stores the domain of passkeys, or that there is none yet.
    pub fn set_passkey_rp_id(&mut self, rp_id: Option<&RpId>) -> Result<(), Error> {
        self.changed_identity();
        diesel::update(installation::table.find(ROW_ID))
            .set(installation::passkey_rp_id.eq(rp_id.map(RpId::as_str)))
            .execute(&mut self.0)?;
        Ok(())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = installation)]
struct Row {
    entity_id: String,
    base_url: String,
    generation: i64,
    passkey_rp_id: Option<String>,
    issuer: Option<String>,
}

impl TryFrom<Row> for Installation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("installation", "1");
        Ok(Self {
            entity_id: name.column("entity_id").valid(EntityId::parse(&row.entity_id))?,
            issuer: row.issuer.unwrap_or_else(|| row.base_url.clone()),
            base_url: row.base_url,
            generation: row.generation,
            // One that is no domain is good for no passkey.
            passkey_rp_id: row.passkey_rp_id.as_deref().and_then(RpId::from_stored),
        })
    }
}
