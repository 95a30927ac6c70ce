//! `application_key_follow`.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    model::{
        application::Slug,
        id::KeyId,
        rollover::{Follow, How},
    },
    store::{
        connection::{Tx, each_database},
        error::{Error, RowName},
        schema::application_key_follow,
    },
};

impl Tx {
    /// Notes who knows a key; `false` if that was known before, which stays as it was.
    pub fn add_follow(&mut self, follow: &Follow) -> Result<bool, Error> {
        let row = Row::from(follow);
        let rows = each_database!(&mut self.0, |c| diesel::insert_into(
            application_key_follow::table
        )
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
        Ok(rows == 1)
    }

    /// Everybody who knows `key`, by slug.
    pub fn follows(&mut self, key: KeyId) -> Result<Vec<Follow>, Error> {
        application_key_follow::table
            .filter(application_key_follow::key_id.eq(key.to_string()))
            .order(application_key_follow::slug)
            .load::<Row>(&mut self.0)?
            .into_iter()
            .map(Follow::try_from)
            .collect()
    }
}

const fn how_text(how: How) -> &'static str {
    match how {
        How::Fetched => "fetched",
        How::Confirmed => "confirmed",
    }
}

fn how_of(text: &str) -> Option<How> {
    [How::Fetched, How::Confirmed]
        .into_iter()
        .find(|how| how_text(*how) == text)
}

/// The row as it lies in the table.
#[derive(Insertable, Queryable)]
#[diesel(table_name = application_key_follow)]
struct Row {
    slug: String,
    key_id: String,
    how: String,
    at: NaiveDateTime,
    address: Option<String>,
    agent: Option<String>,
}

impl From<&Follow> for Row {
    fn from(follow: &Follow) -> Self {
        Self {
            slug: follow.slug.as_str().to_owned(),
            key_id: follow.key.to_string(),
            how: how_text(follow.how).to_owned(),
            at: follow.at.naive_utc(),
            address: follow.address.map(|address| address.to_string()),
            agent: follow.agent.clone(),
        }
    }
}

impl TryFrom<Row> for Follow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowName::new("application_key_follow", &row.slug);
        Ok(Self {
            slug: name.parsed(Slug::parse(&row.slug))?,
            key: name.parsed(row.key_id.parse())?,
            how: name.known(how_of(&row.how))?,
            at: row.at.and_utc(),
            address: name.optional(row.address, |text| text.parse())?,
            agent: row.agent,
        })
    }
}
