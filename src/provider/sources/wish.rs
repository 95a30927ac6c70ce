//! Aggregates that an administrator imports.

use chrono::TimeDelta;

use crate::{
    model::{
        application::Slug,
        id::SourceId,
        key::Certificate,
        metadata_source::{EnableRule, MetadataSource, SourceKind, SourceState, SourceUrl},
    },
    provider::{
        Provider,
        error::Error,
        sources::{
            MOST_OF_AGGREGATE, Place, Told, Trouble,
            refresh::{Job, Refreshed},
            report::Taken,
        },
    },
};

/// What an administrator says of an aggregate.
#[derive(Debug)]
pub struct ImportWish<'w> {
    /// Its name; made of its address if absent.
    pub name: Option<Slug>,
    /// Where it is.
    pub place: Place<'w>,
    /// The certificates whose keys may have signed it.
    pub signed_by: Vec<Certificate>,
    /// What becomes of its entities.
    pub rule: EnableRule,
    /// How far off its `validUntil` may lie; absent: anywhere, and it may have none.
    pub longest_validity: Option<TimeDelta>,
    /// Takes a copy although it is older than the one in force, or most of the entities are missing in it.
    pub force: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum Imports {
    /// Its entities are known.
    Done {
        /// The source, as it is called.
        source: Box<MetadataSource>,
        /// What was in it.
        report: Box<Taken>,
    },
    /// Nothing was taken; an aggregate of this name that was known before goes on.
    Failed(Trouble),
}

impl Provider {
    /// Imports an aggregate, or imports it anew: one of the same name or address takes the place of the
    /// one before.
    pub fn import_aggregate(&self, wish: ImportWish<'_>, told: Told<'_>) -> Result<Imports, Error> {
        let (url, reader) = match wish.place {
            Place::Url(url) => (Some(url), None),
            Place::Reader(reader) => (None, Some(reader)),
        };
        let known = self.aggregate_like(wish.name.as_ref(), url.as_ref())?;
        let is_new = known.is_none();
        let now = self.now();
        let mut source = MetadataSource {
            id: known
                .as_ref()
                .map_or_else(|| SourceId::new(now, self.chance()), |known| known.id),
            kind: SourceKind::Aggregate,
            name: known.as_ref().and_then(|known| known.name.clone()),
            url,
            signed_by: wish.signed_by.into_iter().map(|one| one.der).collect(),
            rule: wish.rule,
            longest_validity: wish.longest_validity,
            // What is known is compared with what comes, whatever the server says of it.
            state: SourceState {
                etag: None,
                last_modified: None,
                ..known.map(|known| known.state).unwrap_or_default()
            },
            created_at: now,
        };
        if is_new {
            self.add_aggregate(&mut source, wish.name)?;
        } else {
            self.store().write(|tx| tx.edit_source(&source))?;
        }
        let outcome = match self.claim(source.id, wish.force)? {
            None => Refreshed::Failed(Trouble::Busy),
            Some(job) => match reader {
                None => self.refresh_claimed(&source, &job, told)?,
                Some(reader) => self.take_file(&source, &job, reader, told)?,
            },
        };
        match outcome {
            Refreshed::Taken(report) => Ok(Imports::Done {
                source: Box::new(source),
                report,
            }),
            Refreshed::Unchanged | Refreshed::NoUrl => Ok(Imports::Done {
                source: Box::new(source),
                report: Box::default(),
            }),
            Refreshed::Failed(trouble) => {
                if is_new {
                    self.store().write(|tx| tx.remove_source(source.id))?;
                }
                Ok(Imports::Failed(trouble))
            }
        }
    }

    fn take_file(
        &self,
        source: &MetadataSource,
        job: &Job,
        reader: &mut dyn std::io::Read,
        told: Told<'_>,
    ) -> Result<Refreshed, Error> {
        let document = match self.parts().fetcher.take(reader, MOST_OF_AGGREGATE) {
            Ok(document) => document,
            Err(why) => return self.failed(source, job, why.into()),
        };
        match self.take_aggregate(source, job, document, told) {
            Ok(Err(trouble)) => self.failed(source, job, trouble),
            Err(error) => self.failed(source, job, Trouble::Ours(Box::new(error))),
            Ok(Ok(took)) => {
                let state = self.fresh(source, &took);
                self.taken(source, job, &state, took)
            }
        }
    }

    fn aggregate_like(
        &self,
        name: Option<&Slug>,
        url: Option<&SourceUrl>,
    ) -> Result<Option<MetadataSource>, Error> {
        let sources = self.store().read(crate::store::Tx::sources)?;
        Ok(sources.into_iter().find(|source| {
            source.kind == SourceKind::Aggregate
                && match name {
                    Some(name) => source.name.as_deref() == Some(name.as_str()),
                    None => url.is_some() && source.url.as_ref() == url,
                }
        }))
    }

    fn add_aggregate(&self, source: &mut MetadataSource, name: Option<Slug>) -> Result<(), Error> {
        let host = source.url.as_ref().map(SourceUrl::host).unwrap_or_default();
        let wanted = name.unwrap_or_else(|| Slug::from_name(if host.is_empty() { "import" } else { &host }));
        let words = "it is imported from now on";
        for number in 1..100 {
            let name = if number == 1 {
                wanted.clone()
            } else {
                wanted.numbered(number)
            };
            source.name = Some(name.as_str().to_owned());
            let event = self.about_source(source, "ok", words);
            let is_added = self.store().write(|tx| {
                let is_added = tx.add_source(source)?;
                if is_added {
                    tx.add_audit(&event)?;
                }
                Ok(is_added)
            })?;
            if is_added {
                return Ok(());
            }
        }
        Err(Error::NotFounded("free name for an import"))
    }
}
