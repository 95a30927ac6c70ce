//! An application that follows the metadata at one address.

use chrono::{DateTime, Utc};

use crate::{
    fetch::{Document, Fetched, Known, Wanted},
    model::{
        application::{Application, EntityId},
        audit::AuditEvent,
        id::{ApplicationId, SourceId},
        metadata_source::{
            ApplicationSource, EnableRule, MetadataSource, SourceKind, SourceState, SourceUrl,
        },
        text::hex,
    },
    provider::{
        Provider,
        applications::BadApplication,
        error::Error,
        saml::import::{Imported, import},
        sources::{
            Place, Trouble, WITHIN,
            change::{self, Delivery, Vouching},
            most_of_entity,
            refresh::Took,
            report::Taken,
            schedule, text_of,
        },
    },
    saml::metadata::sp::BadMetadata,
    store::Tx,
};

/// The longest detail in the audit trail, in characters.
const LONGEST_DETAIL: usize = 2000;

/// Metadata that was read for an administrator.
#[derive(Debug)]
pub struct Obtained {
    /// What it brings.
    pub imported: Imported,
    followed: Option<(SourceUrl, Option<String>, Option<String>)>,
}

impl Obtained {
    /// The address that it was fetched from.
    pub fn url(&self) -> Option<&SourceUrl> {
        self.followed.as_ref().map(|(url, ..)| url)
    }
}

impl Provider {
    /// Reads the metadata of one service provider; `wanted` picks one out of several.
    pub fn obtain(&self, place: Place<'_>, wanted: Option<&EntityId>) -> Result<Obtained, Trouble> {
        let fetcher = &self.parts().fetcher;
        let (document, followed) = match place {
            Place::Reader(from) => (fetcher.take(from, most_of_entity())?, None),
            Place::Url(url) => {
                let wanted = Wanted {
                    url: &url,
                    most: most_of_entity(),
                    within: WITHIN,
                    known: Known::default(),
                };
                match fetcher.fetch(&wanted, &mut |_bytes| {})? {
                    Fetched::Unchanged => return Err(crate::fetch::Error::Status(304).into()),
                    Fetched::Document {
                        document,
                        etag,
                        last_modified,
                    } => (document, Some((url, etag, last_modified))),
                }
            }
        };
        let text = text_of(document)?;
        let imported = match import(&text, wanted, self.now()) {
            // One alone may be called otherwise by whoever types it in; of several, one has to be named.
            Err(why) if why.is_absent() && wanted.is_some() => import(&text, None, self.now()),
            imported => imported,
        };
        match imported {
            Ok(imported) => Ok(Obtained { imported, followed }),
            Err(BadApplication::Metadata(why)) => Err(self.plainer(why, &text).into()),
            Err(why) => Err(why.into()),
        }
    }

    /// What was given in place of an application's metadata, where that can be told.
    fn plainer(&self, why: BadMetadata, text: &str) -> BadMetadata {
        let start = text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .to_ascii_lowercase();
        let is_page = start.starts_with("<!doctype html") || start.starts_with("<html");
        if matches!(why, BadMetadata::NoServiceProvider(_)) && text.contains("IDPSSODescriptor") {
            let is_own = self.entity_id().is_ok_and(|own| text.contains(own.as_str()));
            BadMetadata::IdentityProvider(if is_own { " (it is ours)" } else { "" }.to_owned())
        } else if matches!(why, BadMetadata::Malformed(_)) && is_page {
            BadMetadata::WebPage
        } else {
            why
        }
    }

    /// Lets an application follow the address that its metadata was fetched from; where it came from a
    /// file, lets it follow nothing any more. Says whether it followed something before.
    pub fn follow(&self, application: &Application, obtained: &Obtained) -> Result<bool, Error> {
        let before = self.store().read(|tx| tx.application_source(application.id))?;
        let now = self.now();
        let imported = &obtained.imported;
        let source = obtained
            .followed
            .as_ref()
            .map(|(url, etag, last_modified)| MetadataSource {
                id: SourceId::new(now, self.chance()),
                kind: SourceKind::Entity,
                name: None,
                url: Some(url.clone()),
                signed_by: Vec::new(),
                rule: EnableRule::Nothing,
                longest_validity: None,
                state: SourceState {
                    etag: etag.clone(),
                    last_modified: last_modified.clone(),
                    valid_until: imported.valid_until,
                    cache_duration: imported.cache_duration,
                    fetched_at: Some(now),
                    next_at: Some(schedule::next(now, imported.cache_duration, imported.valid_until)),
                    round: 1,
                    ..SourceState::default()
                },
                created_at: now,
            });
        if source.is_none() && before.is_none() {
            return Ok(false);
        }
        let words = source.as_ref().map_or_else(
            || "it no longer follows a source".to_owned(),
            |source| format!("it follows {}", source.called()),
        );
        let event = self.about_metadata("app.source", "ok", application.id, &words);
        self.store().write(|tx| {
            tx.remove_application_source(application.id)?;
            if let Some(source) = &source {
                tx.add_source(source)?;
                tx.link_source(&ApplicationSource {
                    application: application.id,
                    source: source.id,
                    entity_id: imported.entity_id.clone(),
                    applied: imported.sha256.clone(),
                    signs_requests: imported.signs_requests,
                    valid_until: None,
                    gone_at: None,
                    waiting: None,
                    rejected: None,
                })?;
            }
            tx.remove_idle_sources()?;
            tx.raise_generation()?;
            tx.add_audit(&event)
        })?;
        Ok(before.is_some())
    }

    /// Takes up a new copy of one application's metadata.
    pub(super) fn take_entity(
        &self,
        source: &MetadataSource,
        document: Document,
    ) -> Result<Result<Took, Trouble>, Error> {
        let mut report = Taken::default();
        let linked = self
            .store()
            .read(|tx| tx.applications_of_source(source.id))?
            .pop();
        let application = match &linked {
            Some(from) => self.current()?.by_id(from.application).cloned(),
            None => None,
        };
        let (Some(from), Some(application)) = (linked, application) else {
            // The application was removed while its metadata was on the way.
            self.store().write(Tx::remove_idle_sources)?;
            return Ok(Ok(Took {
                copy: None,
                valid_until: None,
                cache_duration: None,
                report,
            }));
        };
        let new = match self.read_again(document, &from.entity_id) {
            Ok(new) => new,
            Err(trouble) => return Ok(Err(trouble)),
        };
        report.listed = 1;
        let decision = change::decide(&application, &from, &new, self.delivery(None, Vouching::Tls));
        self.carry_out(vec![decision], &mut report)?;
        Ok(Ok(Took {
            copy: None,
            valid_until: new.valid_until,
            cache_duration: new.cache_duration,
            report,
        }))
    }

    /// The entity that is followed; the only one, where it is called otherwise by now.
    fn read_again(&self, document: Document, entity_id: &EntityId) -> Result<Imported, Trouble> {
        let text = text_of(document)?;
        let new = match import(&text, Some(entity_id), self.now()) {
            Ok(same) => same,
            Err(why) if why.is_absent() => import(&text, None, self.now())?,
            Err(why) => return Err(why.into()),
        };
        if new.consumers.is_empty() {
            return Err(Trouble::NoConsumer);
        }
        Ok(new)
    }

    pub(super) fn delivery(&self, own_end: Option<DateTime<Utc>>, vouching: Vouching) -> Delivery {
        Delivery {
            own_end,
            vouching,
            change_id: hex(&self.chance::<8>()),
            now: self.now(),
        }
    }

    /// A row of the audit trail about an application's metadata.
    pub(super) fn about_metadata(
        &self,
        action: &'static str,
        outcome: &str,
        application: ApplicationId,
        words: &str,
    ) -> AuditEvent {
        let detail: String = words.chars().take(LONGEST_DETAIL).collect();
        AuditEvent {
            application: Some(application),
            detail: Some(detail).filter(|detail| !detail.is_empty()),
            ..self.event(action, outcome, None)
        }
    }

    /// A row of the audit trail about a source as a whole.
    pub(super) fn about_source(&self, source: &MetadataSource, outcome: &str, words: &str) -> AuditEvent {
        let detail: String = words.chars().take(LONGEST_DETAIL).collect();
        AuditEvent {
            detail: Some(format!("{}: {detail}", source.called())),
            ..self.event("metadata.source", outcome, None)
        }
    }
}
