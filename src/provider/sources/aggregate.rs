//! Aggregates: verified, read, and kept as known entities; applications of theirs follow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, Seek},
};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::{
    fetch::{self, Document},
    keys::pem,
    model::{
        application::AcsUrl,
        key::Certificate,
        metadata_source::{ApplicationSource, EnableRule, KnownEntity, MetadataSource, TakenCopy},
        text::{hex, line},
    },
    provider::{
        Provider,
        applications::BadApplication,
        error::Error,
        saml::import::of_entity,
        snapshot::Snapshot,
        sources::{
            Progress, Told, Trouble,
            change::{self, Decision, Vouching},
            refresh::{Job, Took},
            report::Taken,
        },
    },
    saml::metadata::{
        aggregate::{self, Checked, Found},
        kept,
        sp::Entity,
    },
};

/// Entities in one transaction: a sign-on does not wait longer than for this many.
const BATCH: usize = 200;
/// Fewer entities than this may all go at once.
const FEW: usize = 20;

impl Provider {
    /// Takes up a copy of an aggregate: verifies the whole of it, then reads its entities.
    pub(super) fn take_aggregate(
        &self,
        source: &MetadataSource,
        job: &Job,
        document: Document,
        told: Told<'_>,
    ) -> Result<Result<Took, Trouble>, Error> {
        let (checked, mut file) = match verified(source, document, self.now(), told) {
            Ok(verified) => verified,
            Err(trouble) => return Ok(Err(trouble)),
        };
        if let Err(error) = file.rewind() {
            return Ok(Err(fetch::Error::Unreadable(error).into()));
        }
        let mut entities = match aggregate::entities(BufReader::new(file), &checked, self.now()) {
            Ok(entities) => entities,
            Err(why) => return Ok(Err(why.into())),
        };
        let about = entities.about().clone();
        if let Some(longest) = source.longest_validity
            && let Err(why) = about.ends_within(longest, self.now())
        {
            return Ok(Err(why.into()));
        }
        let mut work = Work::begin(self, source, job, about.valid_until)?;
        let mut count = 0;
        let mut found = entities.next();
        // What it says of its publication stands before the first entity.
        let copy = TakenCopy {
            digest: checked.digest().map(hex).unwrap_or_default(),
            published_at: entities.published_at(),
            valid_until: about.valid_until,
            taken_at: self.now(),
            round: source.state.round + 1,
        };
        if let Some(trouble) = self.older(source, &copy, job.force)? {
            return Ok(Err(trouble));
        }
        while let Some(next) = found {
            found = entities.next();
            match next {
                Ok(Found::ServiceProvider(entity)) => {
                    if let Err(trouble) = work.take(*entity)? {
                        return Ok(Err(trouble));
                    }
                }
                Ok(Found::Unusable { entity_id, why }) => work.skip(&entity_id, &why.to_string()),
                Ok(Found::Other) => {}
                Err(why) => return Ok(Err(why.into())),
            }
            count += 1;
            if count % BATCH == 0 {
                told(Progress::Read(count));
            }
        }
        told(Progress::Read(count));
        match work.finish()? {
            Err(trouble) => Ok(Err(trouble)),
            Ok(report) => Ok(Ok(Took {
                copy: Some(copy),
                valid_until: about.valid_until,
                cache_duration: about.cache_for,
                report,
            })),
        }
    }
}

impl Provider {
    /// Why a copy is not taken that is older than the one in force.
    fn older(
        &self,
        source: &MetadataSource,
        copy: &TakenCopy,
        force: bool,
    ) -> Result<Option<Trouble>, Error> {
        if force {
            return Ok(None);
        }
        let taken = self.store().read(|tx| tx.taken_copies(source.id))?;
        Ok(copy.is_older_than(&taken).map(|why| Trouble::Older {
            why,
            command: match &source.url {
                Some(_) => format!("hallpass app source {} --refresh --force", source.called()),
                None => format!("hallpass app import … --name {} --force", source.called()),
            },
        }))
    }
}

fn verified(
    source: &MetadataSource,
    document: Document,
    now: DateTime<Utc>,
    told: Told<'_>,
) -> Result<(Checked, File), Trouble> {
    let keys: Vec<Certificate> = source
        .signed_by
        .iter()
        .map(|der| pem::certificate(der))
        .collect::<Result<_, _>>()
        .map_err(|why| BadApplication::Certificate(why.to_string()))?;
    let mut file = document.file;
    let mut heard = 0;
    let checked = aggregate::verify(BufReader::new(&mut file), &keys, now, |progress| {
        // A line a megabyte is enough.
        if progress.bytes >= heard {
            heard = progress.bytes + 1024 * 1024;
            told(Progress::Verified(progress.bytes));
        }
    })?;
    Ok((checked, file))
}

/// What is under way while an aggregate is read.
struct Work<'w> {
    provider: &'w Provider,
    source: &'w MetadataSource,
    job: &'w Job,
    /// The end of the aggregate itself: only an earlier one is an entity's own.
    end: Option<DateTime<Utc>>,
    registered: std::sync::Arc<Snapshot>,
    /// What was known before, by entity ID: its hash.
    before: BTreeMap<String, String>,
    /// The applications of this source, by entity ID.
    linked: BTreeMap<String, ApplicationSource>,
    /// Entities that an administrator removed: no rule brings them back.
    declined: BTreeSet<String>,
    seen: BTreeSet<String>,
    /// Written next.
    known: Vec<KnownEntity>,
    decisions: Vec<Decision>,
    enabling: Vec<crate::provider::saml::import::Imported>,
    report: Taken,
}

impl<'w> Work<'w> {
    fn begin(
        provider: &'w Provider,
        source: &'w MetadataSource,
        job: &'w Job,
        end: Option<DateTime<Utc>>,
    ) -> Result<Self, Error> {
        let (before, linked, declined) = provider.store().read(|tx| {
            let linked = tx.applications_of_source(source.id)?;
            Ok((tx.known_hashes(source.id)?, linked, tx.declined_entities()?))
        })?;
        Ok(Self {
            provider,
            source,
            job,
            end,
            registered: provider.current()?,
            before,
            linked: linked
                .into_iter()
                .map(|from| (from.entity_id.as_str().to_owned(), from))
                .collect(),
            declined,
            seen: BTreeSet::new(),
            known: Vec::new(),
            decisions: Vec::new(),
            enabling: Vec::new(),
            report: Taken::default(),
        })
    }

    fn skip(&mut self, entity_id: &str, why: &str) {
        // Listed all the same: an application of it does not lose its registration over a slip.
        self.seen.insert(entity_id.to_owned());
        self.report.skip(entity_id, why);
    }

    fn take(&mut self, entity: Entity) -> Result<Result<(), Trouble>, Error> {
        let id = entity.entity_id.as_str().to_owned();
        if entity.consumers.is_empty() {
            self.skip(&id, "it names no address for responses that can be used");
            return Ok(Ok(()));
        }
        let own_end = entity
            .valid_until
            .filter(|end| self.end.is_none_or(|all| *end < all));
        let Ok(metadata) = kept::write(&entity, own_end) else {
            self.skip(&id, "it holds a character that no message can carry");
            return Ok(Ok(()));
        };
        if !self.seen.insert(id.clone()) {
            self.report.skip(&id, "it stands there twice; the first counts");
            return Ok(Ok(()));
        }
        self.report.listed += 1;
        let sha256 = hex(&Sha256::digest(metadata.as_bytes()));
        let before = self.before.get(&id);
        let is_news = before != Some(&sha256);
        if is_news {
            let count = if before.is_some() {
                &mut self.report.updated
            } else {
                &mut self.report.new
            };
            *count += 1;
        }
        self.follow(&id, &entity, &sha256, own_end)?;
        if is_news {
            self.known.push(KnownEntity {
                source: self.source.id,
                display_name: display_name(&entity),
                authority: entity.registration_authority,
                entity_id: entity.entity_id,
                metadata,
                sha256,
            });
        }
        if self
            .known
            .len()
            .max(self.enabling.len())
            .max(self.decisions.len())
            >= BATCH
        {
            return self.write();
        }
        Ok(Ok(()))
    }

    /// What the entity means for its application; or whether it becomes one.
    fn follow(
        &mut self,
        id: &str,
        entity: &Entity,
        sha256: &str,
        own_end: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let Some(from) = self.linked.get(id) else {
            if self.is_to_be_enabled(entity) {
                let imported = of_entity(entity.clone(), own_end);
                match imported.and_then(|imported| imported.check_keys().map(|()| imported)) {
                    Ok(imported) => self.enabling.push(imported),
                    Err(why) => self.report.skip(id, &why.to_string()),
                }
            }
            return Ok(());
        };
        if from.gone_at.is_some() {
            let from = from.clone();
            if let Some(slug) = self.provider.come_back(&from)? {
                self.report.returned.push(slug);
            }
        }
        let is_decided = |from: &ApplicationSource| {
            from.rejected.as_deref() == Some(sha256)
                || from
                    .waiting
                    .as_ref()
                    .is_some_and(|change| change.sha256 == sha256)
                || (from.applied == sha256 && from.waiting.is_none())
        };
        let Some(from) = self.linked.get(id).filter(|from| !is_decided(from)) else {
            return Ok(());
        };
        let application = self
            .provider
            .store()
            .read(|tx| tx.application(from.application))?;
        let Some(application) = application else {
            return Ok(());
        };
        match of_entity(entity.clone(), own_end) {
            Ok(new) => self.decisions.push(change::decide(
                &application,
                from,
                &new,
                self.provider.delivery(own_end, Vouching::PinnedKey),
            )),
            Err(why) => self.report.skip(id, &why.to_string()),
        }
        Ok(())
    }

    fn is_to_be_enabled(&self, entity: &Entity) -> bool {
        if self.source.rule == EnableRule::Nothing
            || self.declined.contains(entity.entity_id.as_str())
            || !self.registered.by_entity_id(&entity.entity_id).is_empty()
        {
            return false;
        }
        let logout = entity.logout_endpoint().into_iter();
        let hosts: Vec<String> = entity
            .consumers
            .iter()
            .map(|consumer| &consumer.location)
            .chain(logout.flat_map(|endpoint| [&endpoint.location, endpoint.for_responses()]))
            .map(AcsUrl::host)
            .collect();
        self.source
            .rule
            .enables(&hosts, entity.registration_authority.as_deref())
    }

    /// Writes what has gathered.
    fn write(&mut self) -> Result<Result<(), Trouble>, Error> {
        let known = std::mem::take(&mut self.known);
        if !self.provider.keep(self.source.id, self.job, &known)? {
            return Ok(Err(Trouble::Busy));
        }
        let enabling = std::mem::take(&mut self.enabling);
        if !enabling.is_empty() {
            let made = self
                .provider
                .enable(self.source.id, &enabling, None, "app.enable.rule")?;
            let slugs = made.into_iter().map(|one| one.slug.as_str().to_owned());
            self.report.enabled.extend(slugs);
        }
        let decisions = std::mem::take(&mut self.decisions);
        self.provider.carry_out(decisions, &mut self.report)?;
        Ok(Ok(()))
    }

    /// Writes the rest, and what is missing now.
    fn finish(mut self) -> Result<Result<Taken, Trouble>, Error> {
        if let Err(trouble) = self.write()? {
            return Ok(Err(trouble));
        }
        let gone: Vec<String> = self
            .before
            .keys()
            .filter(|id| !self.seen.contains(*id))
            .cloned()
            .collect();
        if gone.len() >= FEW && gone.len() * 2 > self.before.len() && !self.job.force {
            return Ok(Err(Trouble::TooManyGone {
                gone: gone.len(),
                listed: self.before.len(),
                name: self.source.called().to_owned(),
            }));
        }
        let now = self.provider.now();
        self.report.gone = gone.len();
        for names in gone.chunks(BATCH) {
            self.provider
                .store()
                .write(|tx| tx.mark_gone(self.source.id, names, now))?;
        }
        for from in self.linked.values() {
            if !self.seen.contains(from.entity_id.as_str())
                && from.gone_at.is_none()
                && let Some(slug) = self.provider.go_away(from)?
            {
                self.report.disabled.push(slug);
            }
        }
        if let Some(words) = self.report.words() {
            let event = self.provider.about_source(self.source, "ok", &words);
            self.provider.store().write(|tx| tx.add_audit(&event))?;
        }
        Ok(Ok(self.report))
    }
}

fn display_name(entity: &Entity) -> String {
    let own = entity
        .display_name
        .as_deref()
        .and_then(|name| line("the name", name, 200).ok());
    let host = || entity.consumers.first().map(|first| first.location.host());
    own.or_else(host).unwrap_or_default()
}
