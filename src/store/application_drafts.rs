//! `application_drafts`.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_types::{Text, Timestamp},
};

use crate::{
    model::{application::Slug, rollover::Draft},
    store::{
        connection::Tx,
        error::{Error, RowName},
        schema::application_drafts,
    },
};

impl Tx {
    /// Keeps a name for an application to come; `false` if an application or another draft has it.
    pub fn add_draft(&mut self, draft: &Draft) -> Result<bool, Error> {
        let rows = diesel::sql_query(
            "INSERT INTO application_drafts (slug, name, created_at) \
             SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM applications WHERE slug = $1) \
             ON CONFLICT DO NOTHING",
        )
        .bind::<Text, _>(draft.slug.as_str())
        .bind::<Text, _>(&draft.name)
        .bind::<Timestamp, _>(draft.created_at.naive_utc())
        .execute(&mut self.0)?;
        if rows == 1 {
            self.give_metadata_address(&draft.slug)?;
        }
        Ok(rows == 1)
    }

    /// Every draft, by name.
    pub fn drafts(&mut self) -> Result<Vec<Draft>, Error> {
        application_drafts::table
            .order((application_drafts::name, application_drafts::slug))
            .load::<Row>(&mut self.0)?
            .into_iter()
            .map(Draft::try_from)
            .collect()
    }

    /// Ends a draft: its application is registered, or will never be. `false` if there is none.
    pub fn remove_draft(&mut self, slug: &Slug) -> Result<bool, Error> {
        Ok(diesel::delete(application_drafts::table.find(slug.as_str())).execute(&mut self.0)? == 1)
    }
}

/// The row as it lies in the table.
#[derive(Queryable)]
struct Row {
    slug: String,
    name: String,
    created_at: NaiveDateTime,
}

impl TryFrom<Row> for Draft {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowName::new("application_drafts", &row.slug);
        Ok(Self {
            slug: name.parsed(Slug::parse(&row.slug))?,
            name: row.name,
            created_at: row.created_at.and_utc(),
        })
    }
}
