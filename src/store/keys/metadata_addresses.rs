//! `metadata_addresses` and `metadata_fetches`: each application's own metadata address, and who
//! fetched from it.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::{prelude::*, sql_types::Text};

use crate::{
    model::{application::Slug, id::KeyId, rollover::MetadataFetch},
    store::{
        connection::{AnyConnection, Tx, with_backend},
        error::{Error, RowContext},
        schema::{application_key_follow, metadata_addresses, metadata_fetches},
    },
};

impl Tx {
    /// Gives a slug the unguessable part of its metadata address, unless it has one.
    pub(in crate::store) fn add_metadata_address(&mut self, slug: &Slug) -> Result<(), Error> {
        let random = match &self.0 {
            AnyConnection::Postgres(_) => "replace(gen_random_uuid()::text, '-', '')",
            AnyConnection::Sqlite(_) => "lower(hex(randomblob(16)))",
        };
        diesel::sql_query(format!(
            "INSERT INTO metadata_addresses (slug, token) SELECT $1, {random} WHERE 1 = 1 ON CONFLICT DO NOTHING"
        ))
        .bind::<Text, _>(slug.as_str())
        .execute(&mut self.0)?;
        Ok(())
    }

    /// The unguessable part of the metadata address of an application or a draft.
    pub fn metadata_token(&mut self, slug: &Slug) -> Result<Option<String>, Error> {
        let token = metadata_addresses::table
            .find(slug.as_str())
            .select(metadata_addresses::token);
        Ok(token.first(&mut self.0).optional()?)
    }

    /// The same for all slugs.
    pub fn metadata_tokens(&mut self) -> Result<BTreeMap<Slug, String>, Error> {
        metadata_addresses::table
            .select(AddressRow::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(|AddressRow { slug, token }| {
                let name = RowContext::new("metadata_addresses", &slug);
                Ok((name.valid(Slug::parse(&slug))?, token))
            })
            .collect()
    }

    /// Removes the metadata address of a slug, its fetches and its key adoptions, so that the next
    /// application with this slug starts without them.
    pub fn remove_metadata_address(&mut self, slug: &str) -> Result<(), Error> {
        diesel::delete(metadata_addresses::table.find(slug)).execute(&mut self.0)?;
        diesel::delete(metadata_fetches::table.filter(metadata_fetches::slug.eq(slug)))
            .execute(&mut self.0)?;
        diesel::delete(application_key_follow::table.filter(application_key_follow::slug.eq(slug)))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Whether this fetch is to be recorded. At the guessable address a fetcher is identified by
    /// its network address alone, because it can send any user agent.
    pub fn is_new_metadata_fetch(&mut self, fetch: &MetadataFetch) -> Result<bool, Error> {
        let row = Row::from(fetch);
        let from_there = metadata_fetches::table
            .filter(metadata_fetches::key_id.eq(&row.key_id))
            .filter(metadata_fetches::slug.eq(&row.slug))
            .filter(metadata_fetches::own.eq(row.own))
            .filter(metadata_fetches::address.eq(&row.address))
            .select(metadata_fetches::agent)
            .load::<String>(&mut self.0)?;
        Ok(!from_there.iter().any(|agent| !row.own || *agent == row.agent))
    }

    /// Records a fetch; returns `false` if it was recorded before. At `limit` records of its kind,
    /// the oldest is removed.
    pub fn add_metadata_fetch(&mut self, fetch: &MetadataFetch, limit: i64) -> Result<bool, Error> {
        let row = Row::from(fetch);
        let oldest = metadata_fetches::table
            .filter(metadata_fetches::key_id.eq(&row.key_id))
            .filter(metadata_fetches::slug.eq(&row.slug))
            .filter(metadata_fetches::own.eq(row.own))
            .order(metadata_fetches::at.desc())
            .offset(limit - 1)
            .select(FetcherRow::as_select())
            .load(&mut self.0)?;
        for FetcherRow { address, agent } in oldest {
            let key = (&row.key_id, &row.slug, row.own, &address, &agent);
            diesel::delete(metadata_fetches::table.find(key)).execute(&mut self.0)?;
        }
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(metadata_fetches::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(rows == 1)
    }

    /// Every fetch of metadata that contains `key`: by slug, those at the application's own address
    /// first, then the oldest first.
    pub fn metadata_fetches(&mut self, key: KeyId) -> Result<Vec<MetadataFetch>, Error> {
        metadata_fetches::table
            .filter(metadata_fetches::key_id.eq(key.to_string()))
            .order((
                metadata_fetches::slug,
                metadata_fetches::own.desc(),
                metadata_fetches::at,
            ))
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(MetadataFetch::try_from)
            .collect()
    }
}

/// An empty `address` or `agent` stands for none.
#[derive(Queryable, Selectable)]
#[diesel(table_name = metadata_addresses)]
struct AddressRow {
    slug: String,
    token: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = metadata_fetches)]
struct FetcherRow {
    address: String,
    agent: String,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = metadata_fetches)]
struct Row {
    key_id: String,
    slug: String,
    own: bool,
    address: String,
    agent: String,
    at: NaiveDateTime,
}

impl From<&MetadataFetch> for Row {
    fn from(fetch: &MetadataFetch) -> Self {
        Self {
            key_id: fetch.key.to_string(),
            slug: fetch.slug.to_string(),
            own: fetch.is_own,
            address: fetch
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            agent: fetch.user_agent.clone().unwrap_or_default(),
            at: fetch.first_fetched_at.naive_utc(),
        }
    }
}

impl TryFrom<Row> for MetadataFetch {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("metadata_fetches", &row.slug);
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            key: name.valid(row.key_id.parse())?,
            slug: name.valid(Slug::parse(&row.slug))?,
            is_own: row.own,
            address: name.optional(some(row.address), |text| text.parse())?,
            user_agent: some(row.agent),
            first_fetched_at: row.at.and_utc(),
        })
    }
}
