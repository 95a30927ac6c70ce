//! `application_drafts`.

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    sql_types::{Text, Timestamp},
};

use crate::{
    model::{
        application::Slug,
        rollover::ApplicationDraft,
        unreadable::{UnreadableKind, UnreadableRow},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::Tx,
        error::{Error, RowContext},
        schema::application_drafts,
    },
};

impl Tx {
    /// Every draft that can be read, ordered by name.
    pub fn application_drafts(&mut self) -> Result<Vec<ApplicationDraft>, Error> {
        Ok(self.drafts_and_unreadable()?.0)
    }

    /// Every draft that can be read, ordered by name, and the rows that cannot.
    pub(in crate::store) fn drafts_and_unreadable(
        &mut self,
    ) -> Result<(Vec<ApplicationDraft>, Vec<UnreadableRow>), Error> {
        let slugs = application_drafts::table
            .order((application_drafts::name, application_drafts::slug))
            .select(application_drafts::slug)
            .load::<String>(&mut self.0)?;
        let (mut application_drafts, mut unreadable) = (Vec::with_capacity(slugs.len()), Vec::new());
        for slug in slugs {
            let found = application_drafts::table
                .find(&slug)
                .select(Row::as_select())
                .first(&mut self.0)
                .optional()
                .map_err(Error::from);
            match found.and_then(|row| row.map(ApplicationDraft::try_from).transpose()) {
                Ok(draft) => application_drafts.extend(draft),
                Err(error) if error.is_unreadable() => unreadable.push(UnreadableRow {
                    kind: UnreadableKind::Draft,
                    id: slug,
                    slug: None,
                    name: None,
                    cause: error.to_string(),
                }),
                Err(error) => return Err(error),
            }
        }
        Ok((application_drafts, unreadable))
    }
}

impl ConfigTx<'_> {
    /// Reserves the slug and name of a future application. Returns `false` if an application or another draft has the
    /// slug.
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
            self.changed_drafts();
            self.add_metadata_address(&draft.slug)?;
        }
        Ok(rows == 1)
    }

    /// Removes a draft because its application was registered or is no longer planned. Returns `false` if there is no
    /// such draft.
    pub fn remove_application_draft(&mut self, slug: &Slug) -> Result<bool, Error> {
        self.remove_draft_row(slug.as_str())
    }

    /// Like [`remove_application_draft`](Self::remove_application_draft), for a draft that cannot be read.
    pub fn remove_draft_row(&mut self, slug: &str) -> Result<bool, Error> {
        let rows = diesel::delete(application_drafts::table.find(slug)).execute(&mut self.0)?;
        if rows == 1 {
            self.changed_drafts();
        }
        Ok(rows == 1)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = application_drafts)]
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
            slug: name.column("slug").valid(Slug::parse(&row.slug))?,
            name: row.name,
            created_at: row.created_at.and_utc(),
        })
    }
}
