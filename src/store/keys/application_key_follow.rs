//! `application_key_follow`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    model::{
        application::Slug,
        id::KeyId,
        rollover::{AdoptionSource, KeyAdoption},
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::application_key_follow,
    },
};

impl Tx {
    /// Records that an application has adopted a key. Returns `false` if that was recorded before;
    /// that record stays as it is.
    pub fn add_key_adoption(&mut self, adoption: &KeyAdoption) -> Result<bool, Error> {
        let row = Row::from(adoption);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(
            application_key_follow::table
        )
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
        Ok(rows == 1)
    }

    /// Every adoption of `key`, ordered by slug.
    pub fn key_adoptions(&mut self, key: KeyId) -> Result<Vec<KeyAdoption>, Error> {
        application_key_follow::table
            .filter(application_key_follow::key_id.eq(key.to_string()))
            .order(application_key_follow::slug)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(KeyAdoption::try_from)
            .collect()
    }
}

const fn adoption_source_name(how: AdoptionSource) -> &'static str {
    match how {
        AdoptionSource::Fetched => "fetched",
        AdoptionSource::Confirmed => "confirmed",
    }
}

fn adoption_source_from_name(text: &str) -> Option<AdoptionSource> {
    [AdoptionSource::Fetched, AdoptionSource::Confirmed]
        .into_iter()
        .find(|how| adoption_source_name(*how) == text)
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = application_key_follow)]
struct Row {
    slug: String,
    key_id: String,
    how: String,
    at: NaiveDateTime,
    address: Option<String>,
    agent: Option<String>,
}

impl From<&KeyAdoption> for Row {
    fn from(adoption: &KeyAdoption) -> Self {
        Self {
            slug: adoption.slug.as_str().to_owned(),
            key_id: adoption.key.to_string(),
            how: adoption_source_name(adoption.source).to_owned(),
            at: adoption.adopted_at.naive_utc(),
            address: adoption.address.map(|address| address.to_string()),
            agent: adoption.user_agent.clone(),
        }
    }
}

impl TryFrom<Row> for KeyAdoption {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("application_key_follow", &row.slug);
        Ok(Self {
            slug: name.valid(Slug::parse(&row.slug))?,
            key: name.valid(row.key_id.parse())?,
            source: name.required(adoption_source_from_name(&row.how))?,
            adopted_at: row.at.and_utc(),
            address: name.optional(row.address, |text| text.parse())?,
            user_agent: row.agent,
        })
    }
}
