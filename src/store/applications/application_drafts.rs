//! `application_drafts`.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_types::{Text, Timestamp},
};

use crate::{
    model::{application::Slug, rollover::ApplicationDraft},
    store::{
        connection::Tx,
        error::{Error, RowContext},
        schema::application_drafts,
    },
};

impl Tx {
    /// Reserves the slug and name of a future application. Returns `false` if an application or
    /// another draft has the slug.
    pub fn add_application_draft(&mut self, draft: &ApplicationDraft) -> Result<bool, Error> {
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
            self.add_metadata_address(&draft.slug)?;
        }
        Ok(rows == 1)
    }

    pub fn application_drafts(&mut self) -> Result<Vec<ApplicationDraft>, Error> {
        application_drafts::table
            .order((application_drafts::name, application_drafts::slug))
            .load::<Row>(&mut self.0)?
            .into_iter()
            .map(ApplicationDraft::try_from)
            .collect()
    }

    /// Removes a draft because its application was registered or is no longer planned. Returns
    /// `false` if there is no such draft.
    pub fn remove_application_draft(&mut self, slug: &Slug) -> Result<bool, Error> {
        Ok(diesel::delete(application_drafts::table.find(slug.as_str())).execute(&mut self.0)? == 1)
    }
}

#[derive(Queryable)]
struct Row {
    slug: String,
    name: String,
    created_at: NaiveDateTime,
}

impl TryFrom<Row> for ApplicationDraft {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("application_drafts", &row.slug);
        Ok(Self {
            slug: name.valid(Slug::parse(&row.slug))?,
            name: row.name,
            created_at: row.created_at.and_utc(),
        })
    }
}
