//! Verifies and reads aggregates, stores their entities as imported entities, and updates the applications of those.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, Seek},
};

use chrono::{DateTime, Utc};

use crate::{
    crypto::pem,
    fetch::{self, Document},
    model::{
        application::SpUrl,
        audit_action::AuditAction,
        hash::sha256_hex,
        key::Certificate,
        metadata_source::{
            AcceptedAggregate, ApplicationMetadataSource, EnableRule, ImportedEntity, MetadataSource,
        },
        remedy::Remediable,
        text::{hex, single_line},
    },
    provider::{
        applications::bad_application::BadApplication,
        error::Error,
        handle::MetadataSources,
        metadata_sources::{
            change::{self, ChangeDecision, MetadataTrust},
            progress::{ImportProgress, OnProgress},
            refresh::{SourceClaim, SourceUpdate},
            report::UpdateReport,
            source_error::SourceError,
        },
        saml::import::from_entity,
        snapshot::Snapshot,
    },
    saml::metadata::{
        aggregate::{self, FileVerification, ParsedEntity},
        normalized,
        sp::Entity,
    },
};

/// Entities per transaction: few enough that no sign-in waits long for one.
const ENTITIES_PER_WRITE: usize = 200;
/// Delisting fewer entities than this at once is always permitted.
const MIN_MASS_DELISTING: usize = 20;

impl MetadataSources<'_> {
    /// Imports a copy of an aggregate: verifies the whole of it, then reads its entities.
    pub(super) fn update_from_aggregate(
        &self,
        source: &MetadataSource,
        job: &SourceClaim,
        document: Document,
        on_progress: OnProgress<'_>,
    ) -> Result<Result<SourceUpdate, SourceError>, Error> {
        let (checked, mut file) = match verify(source, document, self.now(), on_progress) {
            Ok(verified) => verified,
            Err(source_error) => return Ok(Err(source_error)),
        };
        if let Err(error) = file.rewind() {
            return Ok(Err(fetch::Error::Unreadable(error).into()));
        }
        let mut entities = match aggregate::entities(BufReader::new(file), &checked, self.now()) {
            Ok(entities) => entities,
            Err(why) => return Ok(Err(why.into())),
        };
        let about = entities.root_attributes().clone();
        if let Some(longest) = source.max_validity
            && let Err(why) = about.check_valid_until(longest, self.now())
        {
            return Ok(Err(why.into()));
        }
        let mut update = AggregateUpdate::new(*self, source, job, about.valid_until)?;
        let mut count = 0;
        let mut found = entities.next();
        // The attributes of its publication precede the first entity.
        let copy = AcceptedAggregate {
            digest: checked.digest().map(hex).unwrap_or_default(),
            published_at: entities.published_at(),
            valid_until: about.valid_until,
            accepted_at: self.now(),
            round: source.state.round + 1,
        };
        if let Some(source_error) = self.refuse_older_copy(source, &copy, job.force)? {
            return Ok(Err(source_error));
        }
        while let Some(next) = found {
            found = entities.next();
            match next {
                Ok(ParsedEntity::ServiceProvider(entity)) => {
                    if let Err(source_error) = update.add_entity(*entity)? {
                        return Ok(Err(source_error));
                    }
                }
                Ok(ParsedEntity::Unusable { entity_id, why }) => update.skip(&entity_id, &why.to_string()),
                Ok(ParsedEntity::Other) => {}
                Err(why) => return Ok(Err(why.into())),
            }
            count += 1;
            if count % ENTITIES_PER_WRITE == 0 {
                on_progress(ImportProgress::ReadEntities(count));
            }
        }
        on_progress(ImportProgress::ReadEntities(count));
        match update.finish()? {
            Err(source_error) => Ok(Err(source_error)),
            Ok(report) => Ok(Ok(SourceUpdate {
                copy: Some(copy),
                valid_until: about.valid_until,
                cache_duration: about.cache_duration,
                report,
            })),
        }
    }
}

impl MetadataSources<'_> {
    /// Refuses a copy that is older than the accepted one.
    fn refuse_older_copy(
        &self,
        source: &MetadataSource,
        copy: &AcceptedAggregate,
        force: bool,
    ) -> Result<Option<SourceError>, Error> {
        if force {
            return Ok(None);
        }
        let taken = self.store().read(|tx| tx.accepted_aggregates(source.id))?;
        Ok(copy.is_older_than(&taken).map(|why| SourceError::OlderCopy {
            why,
            name: source.label().to_owned(),
            is_fetched: source.url.is_some(),
        }))
    }
}

fn verify(
    source: &MetadataSource,
    document: Document,
    now: DateTime<Utc>,
    on_progress: OnProgress<'_>,
) -> Result<(FileVerification, File), SourceError> {
    let keys: Vec<Certificate> = source
        .signing_certificates
        .iter()
        .map(|der| pem::parse_certificate(der))
        .collect::<Result<_, _>>()
        .map_err(|why| BadApplication::Certificate(why.to_string()))?;
    let mut file = document.file;
    let mut next_report_at = 0;
    let checked = aggregate::verify(BufReader::new(&mut file), &keys, now, |progress| {
        // Reports progress once per megabyte.
        if progress.bytes >= next_report_at {
            next_report_at = progress.bytes + 1024 * 1024;
            on_progress(ImportProgress::Verified(progress.bytes));
        }
    })?;
    Ok((checked, file))
}

/// The state of the import while an aggregate is read.
struct AggregateUpdate<'w> {
    provider: MetadataSources<'w>,
    source: &'w MetadataSource,
    job: &'w SourceClaim,
    /// The `validUntil` of the aggregate itself: an entity's own one is recorded only if it is earlier.
    aggregate_valid_until: Option<DateTime<Utc>>,
    snapshot: std::sync::Arc<Snapshot>,
    /// The SHA-256 of the metadata of each entity before this import, by entity ID.
    hashes_before: BTreeMap<String, String>,
    /// The applications of this source, by entity ID.
    linked: BTreeMap<String, ApplicationMetadataSource>,
    /// Entities whose applications an administrator removed: no rule enables them again.
    declined: BTreeSet<String>,
    seen: BTreeSet<String>,
    /// Written with the next batch.
    imported: Vec<ImportedEntity>,
    decisions: Vec<ChangeDecision>,
    enabling: Vec<crate::provider::saml::import::ImportedMetadata>,
    report: UpdateReport,
}

impl<'w> AggregateUpdate<'w> {
    fn new(
        provider: MetadataSources<'w>,
        source: &'w MetadataSource,
        job: &'w SourceClaim,
        end: Option<DateTime<Utc>>,
    ) -> Result<Self, Error> {
        let (before, linked, declined) = provider.store().read(|tx| {
            let linked = tx.applications_of_metadata_source(source.id)?;
            Ok((
                tx.imported_entity_hashes(source.id)?,
                linked,
                tx.declined_entities()?,
            ))
        })?;
        Ok(Self {
            provider,
            source,
            job,
            aggregate_valid_until: end,
            snapshot: provider.fresh_snapshot()?,
            hashes_before: before,
            linked: linked
                .into_iter()
                .map(|from| (from.entity_id.as_str().to_owned(), from))
                .collect(),
            declined,
            seen: BTreeSet::new(),
            imported: Vec::new(),
            decisions: Vec::new(),
            enabling: Vec::new(),
            report: UpdateReport::default(),
        })
    }

    fn skip_unusable(&mut self, id: &str, why: &BadApplication) {
        let words = self.provider.dependencies().remedy_words;
        self.report.skip(id, &why.with_words(words));
    }

    fn skip(&mut self, entity_id: &str, why: &str) {
        // It still counts as listed: a mistake in its metadata must not disable its application.
        self.seen.insert(entity_id.to_owned());
        self.report.skip(entity_id, why);
    }

    fn add_entity(&mut self, entity: Entity) -> Result<Result<(), SourceError>, Error> {
        let id = entity.entity_id.as_str().to_owned();
        if entity.acs_endpoints.is_empty() {
            self.skip(&id, "it names no address for responses that can be used");
            return Ok(Ok(()));
        }
        let own_end = entity
            .valid_until
            .filter(|end| self.aggregate_valid_until.is_none_or(|all| *end < all));
        let Ok(metadata) = normalized::write(&entity, own_end) else {
            self.skip(&id, "it holds a character that no message can carry");
            return Ok(Ok(()));
        };
        if !self.seen.insert(id.clone()) {
            self.report.skip(&id, "it stands there twice; the first counts");
            return Ok(Ok(()));
        }
        self.report.listed += 1;
        let sha256 = sha256_hex(metadata.as_bytes());
        let before = self.hashes_before.get(&id);
        let is_changed = before != Some(&sha256);
        if is_changed {
            let count = if before.is_some() {
                &mut self.report.updated
            } else {
                &mut self.report.new
            };
            *count += 1;
        }
        self.update_application(&id, &entity, &sha256, own_end)?;
        if is_changed {
            self.imported.push(ImportedEntity {
                source: self.source.id,
                display_name: display_name(&entity),
                authority: entity.registration_authority,
                entity_id: entity.entity_id,
                metadata,
                sha256,
            });
        }
        if self
            .imported
            .len()
            .max(self.enabling.len())
            .max(self.decisions.len())
            >= ENTITIES_PER_WRITE
        {
            return self.write_batch();
        }
        Ok(Ok(()))
    }

    /// Compares the entity with its application, or makes it one if a rule permits.
    fn update_application(
        &mut self,
        id: &str,
        entity: &Entity,
        sha256: &str,
        own_end: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let Some(from) = self.linked.get(id) else {
            if self.rule_enables(entity) {
                let imported = from_entity(entity.clone(), own_end);
                match imported.and_then(|imported| imported.check_keys().map(|()| imported)) {
                    Ok(imported) => self.enabling.push(imported),
                    Err(why) => self.skip_unusable(id, &why),
                }
            }
            return Ok(());
        };
        if from.delisted_at.is_some() {
            let from = from.clone();
            if let Some(slug) = self.provider.re_enable(&from)? {
                self.report.re_enabled.push(slug);
            }
        }
        let is_decided = |from: &ApplicationMetadataSource| {
            from.rejected_sha256.as_deref() == Some(sha256)
                || from
                    .pending_change
                    .as_ref()
                    .is_some_and(|change| change.sha256 == sha256)
                || (from.applied_sha256 == sha256 && from.pending_change.is_none())
        };
        let Some(from) = self.linked.get(id).filter(|from| !is_decided(from)) else {
            return Ok(());
        };
        let application = self
            .provider
            .store()
            .read(|tx| tx.readable_application(from.application))?;
        let Some(application) = application else {
            return Ok(());
        };
        match from_entity(entity.clone(), own_end) {
            Ok(new) => self.decisions.push(change::decide(
                &application,
                from,
                &new,
                self.provider.received_metadata(own_end, MetadataTrust::PinnedKey),
            )),
            Err(why) => self.skip_unusable(id, &why),
        }
        Ok(())
    }

    fn rule_enables(&self, entity: &Entity) -> bool {
        if self.source.rule == EnableRule::Nothing
            || self.declined.contains(entity.entity_id.as_str())
            || !self.snapshot.by_entity_id(&entity.entity_id).is_empty()
        {
            return false;
        }
        let logout = entity.logout_endpoint().into_iter();
        let hosts: Vec<String> = entity
            .acs_endpoints
            .iter()
            .map(|acs_endpoint| &acs_endpoint.location)
            .chain(logout.flat_map(|endpoint| [&endpoint.location, endpoint.response_url()]))
            .map(SpUrl::host)
            .collect();
        self.source
            .rule
            .enables(&hosts, entity.registration_authority.as_deref())
    }

    /// Writes what has accumulated.
    fn write_batch(&mut self) -> Result<Result<(), SourceError>, Error> {
        let known = std::mem::take(&mut self.imported);
        if !self.provider.write_entities(self.source.id, self.job, &known)? {
            return Ok(Err(SourceError::Busy));
        }
        let enabling = std::mem::take(&mut self.enabling);
        if !enabling.is_empty() {
            let added = self.provider.add_from_entities(
                self.source.id,
                &enabling,
                None,
                AuditAction::ApplicationEnableRule,
            )?;
            let slugs = added
                .into_iter()
                .map(|application| application.slug.as_str().to_owned());
            self.report.enabled.extend(slugs);
        }
        let decisions = std::mem::take(&mut self.decisions);
        self.provider.apply_decisions(decisions, &mut self.report)?;
        Ok(Ok(()))
    }

    /// Writes the rest, and marks the entities that are no longer listed.
    fn finish(mut self) -> Result<Result<UpdateReport, SourceError>, Error> {
        if let Err(source_error) = self.write_batch()? {
            return Ok(Err(source_error));
        }
        let gone: Vec<String> = self
            .hashes_before
            .keys()
            .filter(|id| !self.seen.contains(*id))
            .cloned()
            .collect();
        if gone.len() >= MIN_MASS_DELISTING && gone.len() * 2 > self.hashes_before.len() && !self.job.force {
            return Ok(Err(SourceError::TooManyDelisted {
                delisted: gone.len(),
                listed: self.hashes_before.len(),
                name: self.source.label().to_owned(),
            }));
        }
        let now = self.provider.now();
        self.report.delisted = gone.len();
        for names in gone.chunks(ENTITIES_PER_WRITE) {
            self.provider
                .store()
                .write(|tx| tx.mark_entities_delisted(self.source.id, names, now))?;
        }
        for from in self.linked.values() {
            if !self.seen.contains(from.entity_id.as_str())
                && from.delisted_at.is_none()
                && let Some(slug) = self.provider.disable_delisted(from)?
            {
                self.report.disabled.push(slug);
            }
        }
        if let Some(detail) = self.report.summary() {
            let event = self.provider.source_event(self.source, "ok", &detail);
            self.provider.store().write(|tx| tx.add_audit_event(&event))?;
        }
        Ok(Ok(self.report))
    }
}

fn display_name(entity: &Entity) -> String {
    let own = entity
        .display_name
        .as_deref()
        .and_then(|name| single_line("the name", name, 200).ok());
    let host = || entity.acs_endpoints.first().map(|first| first.location.host());
    own.or_else(host).unwrap_or_default()
}
