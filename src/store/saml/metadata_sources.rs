//! `metadata_sources` and `metadata_source_certificates`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{Binary, Text, Timestamp},
};

use crate::{
    model::{
        id::MetadataSourceId,
        metadata_source::{EnableRule, MetadataSource, MetadataSourceKind, MetadataSourceState, MetadataUrl},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::{application_sources, metadata_source_certificates, metadata_sources},
    },
};

/// Random token of the process that holds the lease on a source.
pub type Lease = [u8; 16];

impl Tx {
    /// Adds a source; `false` if its name is taken.
    pub fn add_metadata_source(&mut self, source: &MetadataSource) -> Result<bool, Error> {
        let row = Row::from(source);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(metadata_sources::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 1 {
            self.add_metadata_source_certificates(source)?;
        }
        Ok(rows == 1)
    }

    /// Writes the settings of a source: URL, rule and certificates. Clears the cache validators, so that metadata from
    /// the old URL, or verified with the old key, is fetched again. Returns `false` if the source was removed.
    pub fn edit_metadata_source(&mut self, source: &MetadataSource) -> Result<bool, Error> {
        let row = Row::from(source);
        let id = row.id.clone();
        let rows = diesel::update(metadata_sources::table.find(&id))
            .set((
                metadata_sources::url.eq(row.url),
                metadata_sources::rule.eq(row.rule),
                metadata_sources::rule_value.eq(row.rule_value),
                metadata_sources::longest_validity_seconds.eq(row.longest_validity_seconds),
                metadata_sources::etag.eq(None::<String>),
                metadata_sources::last_modified.eq(None::<String>),
            ))
            .execute(&mut self.0)?;
        if rows == 1 {
            diesel::delete(
                metadata_source_certificates::table.filter(metadata_source_certificates::source_id.eq(&id)),
            )
            .execute(&mut self.0)?;
            self.add_metadata_source_certificates(source)?;
        }
        Ok(rows == 1)
    }

    pub fn metadata_source(&mut self, id: MetadataSourceId) -> Result<Option<MetadataSource>, Error> {
        let rows = metadata_sources::table.find(id.to_string()).load(&mut self.0)?;
        Ok(self.metadata_sources_from_rows(rows)?.pop())
    }

    pub fn metadata_source_by_name(&mut self, name: &str) -> Result<Option<MetadataSource>, Error> {
        let rows = metadata_sources::table
            .filter(metadata_sources::name.eq(name))
            .load(&mut self.0)?;
        Ok(self.metadata_sources_from_rows(rows)?.pop())
    }

    /// The sources with a name: aggregates, of which there are few.
    pub fn named_metadata_sources(&mut self) -> Result<Vec<MetadataSource>, Error> {
        let rows = metadata_sources::table
            .filter(metadata_sources::name.is_not_null())
            .order(metadata_sources::id)
            .load(&mut self.0)?;
        self.metadata_sources_from_rows(rows)
    }

    /// At most `limit` sources after the one with the id `after`, oldest first.
    pub fn metadata_sources(
        &mut self,
        after: Option<MetadataSourceId>,
        limit: i64,
    ) -> Result<Vec<MetadataSource>, Error> {
        let mut query = metadata_sources::table.into_boxed();
        if let Some(after) = after {
            query = query.filter(metadata_sources::id.gt(after.to_string()));
        }
        let rows = query.order(metadata_sources::id).limit(limit).load(&mut self.0)?;
        self.metadata_sources_from_rows(rows)
    }

    /// Removes sources of single entities whose application was removed.
    pub fn remove_unused_metadata_sources(&mut self) -> Result<usize, Error> {
        Ok(diesel::sql_query(
            "DELETE FROM metadata_sources WHERE kind = 'entity' AND NOT EXISTS \
             (SELECT 1 FROM application_sources WHERE source_id = metadata_sources.id)",
        )
        .execute(&mut self.0)?)
    }

    /// Claims a source that is due for a fetch, so that no other replica fetches it before `until`.
    pub fn claim_due_metadata_source(
        &mut self,
        now: DateTime<Utc>,
        lease: &Lease,
        until: DateTime<Utc>,
    ) -> Result<Option<MetadataSourceId>, Error> {
        let skip = self.skip_locked();
        let claimed: Vec<ClaimedSource> = diesel::sql_query(format!(
            "UPDATE metadata_sources SET lease = $1, leased_until = $2 WHERE id = \
             (SELECT id FROM metadata_sources \
              WHERE next_at <= $3 AND (leased_until IS NULL OR leased_until <= $3) \
              ORDER BY next_at LIMIT 1{skip}) RETURNING id"
        ))
        .bind::<Binary, _>(lease.as_slice())
        .bind::<Timestamp, _>(until.naive_utc())
        .bind::<Timestamp, _>(now.naive_utc())
        .get_results(&mut self.0)?;
        claimed
            .first()
            .map(|row| RowContext::new("metadata_sources", &row.id).valid(row.id.parse()))
            .transpose()
    }

    /// Claims the source `id`, due or not; returns `false` while another process holds its lease.
    pub fn claim_metadata_source(
        &mut self,
        id: MetadataSourceId,
        now: DateTime<Utc>,
        lease: &Lease,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let free = metadata_sources::leased_until
            .is_null()
            .or(metadata_sources::leased_until.le(now.naive_utc()));
        let rows = diesel::update(metadata_sources::table.find(id.to_string()).filter(free))
            .set((
                metadata_sources::lease.eq(lease.as_slice()),
                metadata_sources::leased_until.eq(until.naive_utc()),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    pub fn metadata_source_lease(&mut self, id: MetadataSourceId) -> Result<Option<Lease>, Error> {
        let lease = metadata_sources::table
            .find(id.to_string())
            .select(metadata_sources::lease)
            .first::<Option<Vec<u8>>>(&mut self.0)
            .optional()?
            .flatten();
        Ok(lease.and_then(|bytes| bytes.try_into().ok()))
    }

    /// Releases a source held under `lease`; returns `false` if that lease was lost.
    pub fn release_metadata_source(&mut self, id: MetadataSourceId, lease: &Lease) -> Result<bool, Error> {
        let taken = metadata_sources::table
            .find(id.to_string())
            .filter(metadata_sources::lease.eq(lease.as_slice()));
        let rows = diesel::update(taken)
            .set((
                metadata_sources::lease.eq(None::<Vec<u8>>),
                metadata_sources::leased_until.eq(None::<NaiveDateTime>),
            ))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    /// Extends the lease on a source; returns `false` if another process holds it now, or the source was removed.
    pub fn renew_metadata_source_lease(
        &mut self,
        id: MetadataSourceId,
        lease: &Lease,
        until: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let leased = metadata_sources::table
            .find(id.to_string())
            .filter(metadata_sources::lease.eq(lease.as_slice()));
        let rows = diesel::update(leased)
            .set(metadata_sources::leased_until.eq(until.naive_utc()))
            .execute(&mut self.0)?;
        Ok(rows == 1)
    }

    fn add_metadata_source_certificates(&mut self, source: &MetadataSource) -> Result<(), Error> {
        for (position, der) in (0..).zip(&source.signing_certificates) {
            diesel::insert_into(metadata_source_certificates::table)
                .values(CertificateRow {
                    source_id: source.id.to_string(),
                    position,
                    der: der.clone(),
                })
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    fn metadata_sources_from_rows(&mut self, rows: Vec<Row>) -> Result<Vec<MetadataSource>, Error> {
        let mut certificates: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        // Few sources have any: an installation imports from a handful of federations.
        for row in metadata_source_certificates::table
            .order((
                metadata_source_certificates::source_id,
                metadata_source_certificates::position,
            ))
            .select(CertificateRow::as_select())
            .load(&mut self.0)?
        {
            certificates.entry(row.source_id).or_default().push(row.der);
        }
        rows.into_iter()
            .map(|row| {
                let signed_by = certificates.remove(&row.id).unwrap_or_default();
                row.into_metadata_source(signed_by)
            })
            .collect()
    }
}

impl ConfigTx<'_> {
    /// Removes a source and its imported entities; applications stay. Returns `false` if there is none.
    pub fn remove_metadata_source(&mut self, id: MetadataSourceId) -> Result<bool, Error> {
        self.changed_applications_of(id)?;
        Ok(diesel::delete(metadata_sources::table.find(id.to_string())).execute(&mut self.0)? == 1)
    }

    /// Saves the result of a fetch and releases the source; returns `false` if the lease was lost.
    pub fn save_metadata_source_state(
        &mut self,
        id: MetadataSourceId,
        lease: &Lease,
        state: &MetadataSourceState,
    ) -> Result<bool, Error> {
        let leased = metadata_sources::table
            .find(id.to_string())
            .filter(metadata_sources::lease.eq(lease.as_slice()));
        let valid_until = metadata_sources::table
            .find(id.to_string())
            .select(metadata_sources::valid_until)
            .first::<Option<NaiveDateTime>>(&mut self.0)
            .optional()?;
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.naive_utc());
        let rows = diesel::update(leased)
            .set((
                metadata_sources::etag.eq(&state.etag),
                metadata_sources::last_modified.eq(&state.last_modified),
                metadata_sources::valid_until.eq(time(state.valid_until)),
                metadata_sources::cache_seconds.eq(state.cache_duration.map(|cache| cache.num_seconds())),
                metadata_sources::fetched_at.eq(time(state.fetched_at)),
                metadata_sources::next_at.eq(time(state.next_fetch_at)),
                metadata_sources::failing_since.eq(time(state.failing_since)),
                metadata_sources::failures.eq(i64::from(state.failures)),
                metadata_sources::last_error.eq(&state.last_error),
                metadata_sources::round.eq(state.round),
                metadata_sources::lease.eq(None::<Vec<u8>>),
                metadata_sources::leased_until.eq(None::<NaiveDateTime>),
            ))
            .execute(&mut self.0)?;
        if rows == 1 && valid_until != Some(time(state.valid_until)) {
            self.changed_applications_of(id)?;
        }
        Ok(rows == 1)
    }

    /// Every replica caches the expiry of an application's metadata.
    fn changed_applications_of(&mut self, source: MetadataSourceId) -> Result<(), Error> {
        let ids = application_sources::table
            .filter(application_sources::source_id.eq(source.to_string()))
            .select(application_sources::application_id)
            .load::<String>(&mut self.0)?;
        self.changed_applications(ids);
        Ok(())
    }
}

const fn kind_name(kind: MetadataSourceKind) -> &'static str {
    match kind {
        MetadataSourceKind::Entity => "entity",
        MetadataSourceKind::Aggregate => "aggregate",
    }
}

fn rule_to_columns(rule: &EnableRule) -> (&'static str, Option<String>) {
    match rule {
        EnableRule::Nothing => ("nothing", None),
        EnableRule::All => ("all", None),
        EnableRule::Host(host) => ("host", Some(host.clone())),
        EnableRule::Authority(authority) => ("authority", Some(authority.clone())),
    }
}

fn rule_from_columns(rule: &str, value: Option<String>) -> Option<EnableRule> {
    match (rule, value) {
        ("nothing", None) => Some(EnableRule::Nothing),
        ("all", None) => Some(EnableRule::All),
        ("host", Some(host)) => Some(EnableRule::Host(host)),
        ("authority", Some(authority)) => Some(EnableRule::Authority(authority)),
        (_, _) => None,
    }
}

#[derive(QueryableByName)]
struct ClaimedSource {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = metadata_source_certificates)]
struct CertificateRow {
    source_id: String,
    position: i64,
    der: Vec<u8>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = metadata_sources)]
struct Row {
    id: String,
    kind: String,
    name: Option<String>,
    url: Option<String>,
    rule: String,
    rule_value: Option<String>,
    longest_validity_seconds: Option<i64>,
    etag: Option<String>,
    last_modified: Option<String>,
    valid_until: Option<NaiveDateTime>,
    cache_seconds: Option<i64>,
    fetched_at: Option<NaiveDateTime>,
    next_at: Option<NaiveDateTime>,
    failing_since: Option<NaiveDateTime>,
    failures: i64,
    last_error: Option<String>,
    round: i64,
    lease: Option<Vec<u8>>,
    leased_until: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
}

impl From<&MetadataSource> for Row {
    fn from(source: &MetadataSource) -> Self {
        let (rule, rule_value) = rule_to_columns(&source.rule);
        let state = source.state.clone();
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.naive_utc());
        Self {
            id: source.id.to_string(),
            kind: kind_name(source.kind).to_owned(),
            name: source.name.clone(),
            url: source.url.as_ref().map(|url| url.as_str().to_owned()),
            rule: rule.to_owned(),
            rule_value,
            longest_validity_seconds: source.max_validity.map(|longest| longest.num_seconds()),
            etag: state.etag,
            last_modified: state.last_modified,
            valid_until: time(state.valid_until),
            cache_seconds: state.cache_duration.map(|cache| cache.num_seconds()),
            fetched_at: time(state.fetched_at),
            next_at: time(state.next_fetch_at),
            failing_since: time(state.failing_since),
            failures: i64::from(state.failures),
            last_error: state.last_error,
            round: state.round,
            lease: None,
            leased_until: None,
            created_at: source.created_at.naive_utc(),
        }
    }
}

impl Row {
    fn into_metadata_source(self, signed_by: Vec<Vec<u8>>) -> Result<MetadataSource, Error> {
        let name = RowContext::new("metadata_sources", &self.id);
        let kind = [MetadataSourceKind::Entity, MetadataSourceKind::Aggregate]
            .into_iter()
            .find(|kind| kind_name(*kind) == self.kind);
        let time = |time: Option<NaiveDateTime>| time.map(|time| time.and_utc());
        Ok(MetadataSource {
            id: name.valid(self.id.parse())?,
            kind: name.required(kind)?,
            name: self.name,
            url: name.optional(self.url, |url| MetadataUrl::parse(&url))?,
            signing_certificates: signed_by,
            rule: name.required(rule_from_columns(&self.rule, self.rule_value))?,
            max_validity: self.longest_validity_seconds.and_then(TimeDelta::try_seconds),
            state: MetadataSourceState {
                etag: self.etag,
                last_modified: self.last_modified,
                valid_until: time(self.valid_until),
                cache_duration: self.cache_seconds.and_then(TimeDelta::try_seconds),
                fetched_at: time(self.fetched_at),
                next_fetch_at: time(self.next_at),
                failing_since: time(self.failing_since),
                failures: name.valid(self.failures.try_into())?,
                last_error: self.last_error,
                round: self.round,
            },
            created_at: self.created_at.and_utc(),
        })
    }
}
