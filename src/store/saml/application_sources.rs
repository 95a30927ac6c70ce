//! `application_sources`: which applications get their metadata from a source.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        application::EntityId,
        id::{ApplicationId, MetadataSourceId},
        metadata_source::{ApplicationMetadataSource, PendingChange},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::{application_sources, metadata_sources},
    },
};

impl Tx {
    /// Stores a change that waits for an administrator; returns `false` if this change was rejected before.
    pub fn record_pending_change(
        &mut self,
        application: ApplicationId,
        change: &PendingChange,
    ) -> Result<bool, Error> {
        let not_rejected = application_sources::rejected
            .is_null()
            .or(application_sources::rejected.ne(&change.sha256));
        let rows = diesel::update(
            application_sources::table
                .find(application.to_string())
                .filter(not_rejected),
        )
        .set((
            application_sources::waiting.eq(&change.metadata),
            application_sources::waiting_id.eq(&change.id),
            application_sources::waiting_sha256.eq(&change.sha256),
            application_sources::waiting_why.eq(&change.reason),
            application_sources::waiting_since.eq(change.pending_since.naive_utc()),
        ))
        .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Records that the source stopped listing the application, or lists it again; `false` if nothing changed.
    pub fn set_delisted_at(
        &mut self,
        application: ApplicationId,
        gone_at: Option<DateTime<Utc>>,
    ) -> Result<bool, Error> {
        let row = application_sources::table.find(application.to_string());
        let at = gone_at.map(|at| at.naive_utc());
        let set = application_sources::gone_at.eq(at);
        let rows = match at {
            Some(_) => diesel::update(row.filter(application_sources::gone_at.is_null()))
                .set(set)
                .execute(&mut self.0)?,
            None => diesel::update(row.filter(application_sources::gone_at.is_not_null()))
                .set(set)
                .execute(&mut self.0)?,
        };
        Ok(rows == 1)
    }

    /// The source of an application's metadata, if it has one.
    pub fn application_metadata_source(
        &mut self,
        application: ApplicationId,
    ) -> Result<Option<ApplicationMetadataSource>, Error> {
        application_sources::table
            .find(application.to_string())
            .select(Row::as_select())
            .first(&mut self.0)
            .optional()?
            .map(ApplicationMetadataSource::try_from)
            .transpose()
    }

    /// When the metadata of the applications from the ID `first` to the ID `last` expires: the earlier of the source's
    /// expiry and the entity's own.
    pub(in crate::store) fn metadata_expiries(
        &mut self,
        first: &str,
        last: &str,
    ) -> Result<BTreeMap<String, DateTime<Utc>>, Error> {
        let query = application_sources::table
            .inner_join(metadata_sources::table)
            .filter(application_sources::application_id.between(first, last))
            .select((
                application_sources::application_id,
                application_sources::valid_until,
                metadata_sources::valid_until,
            ));
        let rows = query.load::<(String, Option<NaiveDateTime>, Option<NaiveDateTime>)>(&mut self.0)?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, own, all)| Some((id, own.into_iter().chain(all).min()?.and_utc())))
            .collect())
    }

    pub fn applications_of_metadata_source(
        &mut self,
        source: MetadataSourceId,
    ) -> Result<Vec<ApplicationMetadataSource>, Error> {
        application_sources::table
            .filter(application_sources::source_id.eq(source.to_string()))
            .order(application_sources::application_id)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(ApplicationMetadataSource::try_from)
            .collect()
    }

    /// Every change that waits for an administrator.
    pub fn pending_changes(&mut self) -> Result<Vec<ApplicationMetadataSource>, Error> {
        application_sources::table
            .filter(application_sources::waiting.is_not_null())
            .order(application_sources::application_id)
            .select(Row::as_select())
            .load(&mut self.0)?
            .into_iter()
            .map(ApplicationMetadataSource::try_from)
            .collect()
    }

    /// Removes the pending change if it is still `sha256`; returns `false` if it is another one by now. A rejected
    /// change is not offered again.
    pub fn resolve_pending_change(
        &mut self,
        application: ApplicationId,
        sha256: &str,
        is_rejected: bool,
    ) -> Result<bool, Error> {
        let same = application_sources::table
            .find(application.to_string())
            .filter(application_sources::waiting_sha256.eq(sha256));
        let rows = diesel::update(same)
            .set((
                application_sources::waiting.eq(None::<String>),
                application_sources::waiting_sha256.eq(None::<String>),
                application_sources::waiting_id.eq(None::<String>),
                application_sources::waiting_why.eq(None::<String>),
                application_sources::waiting_since.eq(None::<NaiveDateTime>),
                application_sources::rejected.eq(is_rejected.then_some(sha256)),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }
}

impl ConfigTx<'_> {
    /// Records that an application gets its metadata from a source, and replaces any earlier record.
    pub fn set_application_metadata_source(&mut self, from: &ApplicationMetadataSource) -> Result<(), Error> {
        self.changed_application(from.application);
        let row = Row::from(from);
        with_backend!(&mut self.0, |c| diesel::insert_into(application_sources::table)
            .values(&row)
            .on_conflict(application_sources::application_id)
            .do_update()
            .set(&row)
            .execute(c))?;
        Ok(())
    }

    /// Records the metadata now in use, and clears any pending change.
    pub fn record_applied_metadata(&mut self, from: &ApplicationMetadataSource) -> Result<(), Error> {
        self.changed_application(from.application);
        let row = Row::from(from);
        diesel::update(application_sources::table.find(&row.application_id))
            .set((
                application_sources::entity_id.eq(&row.entity_id),
                application_sources::applied.eq(&row.applied),
                application_sources::signs_requests.eq(row.signs_requests),
                application_sources::valid_until.eq(row.valid_until),
                application_sources::waiting.eq(None::<String>),
                application_sources::waiting_sha256.eq(None::<String>),
                application_sources::waiting_id.eq(None::<String>),
                application_sources::waiting_why.eq(None::<String>),
                application_sources::waiting_since.eq(None::<NaiveDateTime>),
                application_sources::rejected.eq(None::<String>),
            ))
            .execute(&mut self.0)?;
        Ok(())
    }

    /// Removes the record of where an application's metadata came from; the application is unchanged.
    pub fn remove_application_metadata_source(&mut self, application: ApplicationId) -> Result<bool, Error> {
        let rows =
            diesel::delete(application_sources::table.find(application.to_string())).execute(&mut self.0)?;
        if rows == 1 {
            self.changed_application(application);
        }
        Ok(rows == 1)
    }
}

#[derive(AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = application_sources, primary_key(application_id), treat_none_as_null = true)]
struct Row {
    application_id: String,
    source_id: String,
    entity_id: String,
    applied: String,
    signs_requests: bool,
    valid_until: Option<NaiveDateTime>,
    gone_at: Option<NaiveDateTime>,
    waiting: Option<String>,
    waiting_sha256: Option<String>,
    waiting_why: Option<String>,
    waiting_since: Option<NaiveDateTime>,
    rejected: Option<String>,
    waiting_id: Option<String>,
}

impl From<&ApplicationMetadataSource> for Row {
    fn from(from: &ApplicationMetadataSource) -> Self {
        let waiting = from.pending_change.as_ref();
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.naive_utc());
        Self {
            application_id: from.application.to_string(),
            source_id: from.source.to_string(),
            entity_id: from.entity_id.as_str().to_owned(),
            applied: from.applied_sha256.clone(),
            signs_requests: from.signs_requests,
            valid_until: time(from.valid_until),
            gone_at: time(from.delisted_at),
            waiting: waiting.map(|change| change.metadata.clone()),
            waiting_sha256: waiting.map(|change| change.sha256.clone()),
            waiting_why: waiting.map(|change| change.reason.clone()),
            waiting_since: waiting.map(|change| change.pending_since.naive_utc()),
            rejected: from.rejected_sha256.clone(),
            waiting_id: waiting.map(|change| change.id.clone()),
        }
    }
}

impl TryFrom<Row> for ApplicationMetadataSource {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("application_sources", &row.application_id);
        let time = |time: Option<NaiveDateTime>| time.map(|time| time.and_utc());
        let waiting = match (
            row.waiting,
            row.waiting_sha256,
            row.waiting_why,
            row.waiting_since,
        ) {
            (Some(metadata), Some(sha256), Some(why), Some(since)) => Some(PendingChange {
                // Rows written before changes had ids are identified by their whole hash.
                id: row.waiting_id.unwrap_or_else(|| sha256.clone()),
                metadata,
                sha256,
                reason: why,
                pending_since: since.and_utc(),
            }),
            (None, None, None, None) => None,
            (_, _, _, _) => return name.required(None),
        };
        Ok(Self {
            application: name.valid(row.application_id.parse())?,
            source: name.valid(row.source_id.parse())?,
            entity_id: name.valid(EntityId::parse(&row.entity_id))?,
            applied_sha256: row.applied,
            signs_requests: row.signs_requests,
            valid_until: time(row.valid_until),
            delisted_at: time(row.gone_at),
            pending_change: waiting,
            rejected_sha256: row.rejected,
        })
    }
}
