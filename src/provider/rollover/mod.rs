//! One signing key takes over from another, and nothing that is signed meanwhile goes unverified.
//!
//! `prepare` publishes the next key beside the one that signs; `activate` lets it sign and goes on publishing
//! the one before; `back` undoes that; `retire` ends it. Each step is decided by one statement.

mod reseal;
mod status;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    keys::{generate, pem, ring},
    model::{
        application::Slug,
        audit::AuditEvent,
        id::KeyId,
        key::{Certificate, KeyState, SealedKey, SigningKey},
        rollover::{Follow, How},
        secret::Secret,
    },
    provider::{Provider, error::Error},
    store::{Step, Tx},
};

pub use crate::provider::rollover::status::{Follower, Known, RingKey, Rollover};

/// Every replica takes a new key up within a second or two and must publish it before any of them signs
/// with it, by clocks that agree within seconds.
pub const PUBLISHED_FIRST: TimeDelta = TimeDelta::seconds(10);

/// What was signed just before a step may be on its way for as long as an assertion counts, and longer in a
/// browser that waits.
pub const KEPT_AFTER: TimeDelta = TimeDelta::minutes(10);

/// A key of the administrator's own, as files hold it.
#[derive(Debug)]
pub struct OwnKey {
    /// The private key, PEM.
    pub key: Secret<Vec<u8>>,
    /// Its certificate.
    pub certificate: Vec<u8>,
}

/// What became of a step.
#[derive(Debug)]
pub enum Stepped {
    /// It is taken; the certificate of the key that it was about.
    Done(Certificate),
    /// It is not taken.
    Stopped(Stop),
}

/// Why a step is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Stop {
    /// The files cannot be used.
    #[error("{0}")]
    BadKey(String),
    /// The files hold a certificate that is published already.
    #[error("this certificate is published already: a rollover needs another key, or another certificate")]
    SameCertificate,
    /// A key is prepared already.
    #[error(
        "a key is prepared already: let it sign with `hallpass key roll activate`, or take it back with `hallpass key roll cancel`"
    )]
    AlreadyPrepared,
    /// The key before the present one is still published.
    #[error(
        "the rollover before this one is not finished: end it with `hallpass key roll retire`, or undo it with `hallpass key roll back`"
    )]
    Unfinished,
    /// There is no next key.
    #[error("no key is prepared: `hallpass key roll prepare` makes one and publishes it")]
    NothingPrepared,
    /// There is no previous key.
    #[error("no rollover is under way: there is no previous key that could sign again or be retired")]
    NoPrevious,
    /// Not every replica may have heard of the step before.
    #[error(
        "it is too soon: {why}. Try again at {at}, or give --force",
        at = .at.format("%H:%M:%S UTC")
    )]
    TooSoon {
        /// What has to pass.
        why: &'static str,
        /// From when on it may be done.
        at: DateTime<Utc>,
    },
    /// Applications that are not known to follow.
    #[error("not every application is known to trust the key yet; missing: {0}")]
    NotFollowed(usize),
    /// Somebody else took a step at the same moment.
    #[error("somebody else changed the keys at the same moment; look again with `hallpass key roll status`")]
    Changed,
}

/// What became of a confirmation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Confirmed {
    /// All of them are.
    Done {
        /// How many that were not known to trust it before.
        new: usize,
        /// How many that were.
        known: usize,
    },
    /// No application and no draft has these names; nothing was confirmed.
    Unknown(Vec<Slug>),
    /// There is no source of metadata with this name.
    UnknownSource,
    /// There is nothing to confirm: no rollover is under way.
    NoRollover,
}

/// The keys that are published, as their rows say.
struct Places {
    active: SealedKey,
    next: Option<SealedKey>,
    previous: Option<SealedKey>,
}

impl Provider {
    /// Publishes a key that will sign: `own`, or one made here.
    pub fn prepare_key(&self, own: Option<&OwnKey>) -> Result<Stepped, Error> {
        let places = self.places()?;
        if let Some(stop) = not_ready(&places) {
            return Ok(Stepped::Stopped(stop));
        }
        let now = self.now();
        let id = KeyId::new(now, self.chance());
        let key = match own {
            None => generate::generate(id, self.endpoints().base.host(), now)?,
            Some(own) => match pem::import(id, own.key.expose(), &own.certificate, now) {
                Ok(key) => key,
                Err(why) => return Ok(Stepped::Stopped(Stop::BadKey(why.to_string()))),
            },
        };
        if key.certificate.der == places.active.certificate {
            return Ok(Stepped::Stopped(Stop::SameCertificate));
        }
        let sealed = self.seal_key(&key, KeyState::Next)?;
        let event = self.about_key("key.prepare", &key.certificate, None);
        let added = self.store().write(|tx| {
            let added = tx.add_next_key(&sealed, &places.active)?;
            if added {
                tx.add_audit(&event)?;
            }
            Ok(added)
        })?;
        if added {
            return Ok(Stepped::Done(key.certificate));
        }
        Ok(Stepped::Stopped(
            not_ready(&self.places()?).unwrap_or(Stop::Changed),
        ))
    }

    /// Lets the next key sign, once all enabled applications are known to trust it; `force` does not ask.
    pub fn activate_key(&self, force: bool) -> Result<Stepped, Error> {
        let places = self.places()?;
        let Some(next) = &places.next else {
            return Ok(Stepped::Stopped(Stop::NothingPrepared));
        };
        let now = self.now();
        let step = Step {
            active: places.active.id,
            other: next.id,
            not_since: if force {
                now.max(next.created_at)
            } else {
                now - PUBLISHED_FIRST
            },
            all_follow: !force,
            now,
        };
        self.step(
            "key.activate",
            next,
            force,
            |tx| tx.activate_key(&step),
            || {
                if places.previous.is_some() {
                    return Ok(Some(Stop::Unfinished));
                }
                if next.created_at > step.not_since {
                    return Ok(Some(Stop::TooSoon {
                        why: "not every replica may publish the key yet",
                        at: next.created_at + PUBLISHED_FIRST,
                    }));
                }
                self.not_followed(force)
            },
        )
    }

    /// Lets the previous key sign again. The one that signs now is the next one then, published as before.
    pub fn go_back_to_key(&self) -> Result<Stepped, Error> {
        let places = self.places()?;
        let Some(previous) = &places.previous else {
            return Ok(Stepped::Stopped(Stop::NoPrevious));
        };
        let now = self.now();
        let step = Step {
            active: places.active.id,
            other: previous.id,
            not_since: now,
            all_follow: false,
            now,
        };
        self.step(
            "key.back",
            previous,
            false,
            |tx| tx.go_back_to_key(&step),
            || Ok(places.next.is_some().then_some(Stop::AlreadyPrepared)),
        )
    }

    /// Stops publishing the previous key and destroys its private half.
    pub fn retire_key(&self, force: bool) -> Result<Stepped, Error> {
        let places = self.places()?;
        let Some(previous) = &places.previous else {
            return Ok(Stepped::Stopped(Stop::NoPrevious));
        };
        let now = self.now();
        let step = Step {
            active: places.active.id,
            other: previous.id,
            not_since: if force {
                now.max(places.active.since)
            } else {
                now - KEPT_AFTER
            },
            all_follow: !force,
            now,
        };
        self.step(
            "key.retire",
            previous,
            force,
            |tx| tx.retire_previous_key(&step),
            || {
                if places.active.since > step.not_since {
                    return Ok(Some(Stop::TooSoon {
                        why: "what the previous key signed may still be on its way",
                        at: places.active.since + KEPT_AFTER,
                    }));
                }
                self.not_followed(force)
            },
        )
    }

    /// Takes the next key back before it has signed, and destroys its private half.
    pub fn cancel_key(&self) -> Result<Stepped, Error> {
        let places = self.places()?;
        let Some(next) = &places.next else {
            return Ok(Stepped::Stopped(Stop::NothingPrepared));
        };
        let now = self.now();
        self.step(
            "key.cancel",
            next,
            false,
            |tx| tx.withdraw_next_key(next.id, now),
            || Ok(None),
        )
    }

    /// Takes an administrator's word that these trust the key of the rollover under way.
    pub fn confirm_followers(&self, slugs: &[Slug]) -> Result<Confirmed, Error> {
        let snapshot = self.current()?;
        let Some(key) = snapshot.publication.learning else {
            return Ok(Confirmed::NoRollover);
        };
        let is_known = |slug: &Slug| {
            snapshot.by_slug(slug).is_some()
                || snapshot
                    .publication
                    .drafts
                    .iter()
                    .any(|draft| draft.slug == *slug)
        };
        let unknown: Vec<Slug> = slugs.iter().filter(|slug| !is_known(slug)).cloned().collect();
        if !unknown.is_empty() {
            return Ok(Confirmed::Unknown(unknown));
        }
        let now = self.now();
        let follows: Vec<(Follow, AuditEvent)> = slugs
            .iter()
            .map(|slug| {
                let follow = Follow {
                    slug: slug.clone(),
                    key,
                    how: How::Confirmed,
                    at: now,
                    address: None,
                    agent: None,
                };
                let event = AuditEvent {
                    application: snapshot.by_slug(slug).map(|application| application.id),
                    detail: Some(format!("{slug} trusts key {key}")),
                    ..self.event("key.confirm", "ok", None)
                };
                (follow, event)
            })
            .collect();
        let confirmed = self.store().write(|tx| {
            let mut confirmed = 0;
            for (follow, event) in &follows {
                if tx.add_follow(follow)? {
                    tx.add_audit(event)?;
                    confirmed += 1;
                }
            }
            Ok(confirmed)
        })?;
        Ok(Confirmed::Done {
            new: confirmed,
            known: follows.len() - confirmed,
        })
    }

    /// The same for all applications whose metadata comes from one source: who runs a federation publishes
    /// our certificates to all its members at once.
    pub fn confirm_source(&self, name: &str) -> Result<Confirmed, Error> {
        let members = self.store().read(|tx| match tx.source_by_name(name)? {
            Some(source) => Ok(Some(tx.applications_of_source(source.id)?)),
            None => Ok(None),
        })?;
        let Some(members) = members else {
            return Ok(Confirmed::UnknownSource);
        };
        let snapshot = self.current()?;
        let slugs: Vec<Slug> = members
            .iter()
            .filter_map(|member| snapshot.by_id(member.application))
            .map(|application| application.slug.clone())
            .collect();
        self.confirm_followers(&slugs)
    }

    /// Takes a step about `key`; where the database would not, `why` says what stood in the way.
    fn step(
        &self,
        action: &'static str,
        key: &SealedKey,
        force: bool,
        step: impl FnOnce(&mut Tx) -> Result<bool, crate::store::Error>,
        why: impl FnOnce() -> Result<Option<Stop>, Error>,
    ) -> Result<Stepped, Error> {
        let certificate = pem::certificate(&key.certificate)?;
        let event = self.about_key(action, &certificate, force.then_some("forced"));
        let taken = self.store().write(|tx| {
            let taken = step(tx)?;
            if taken {
                tx.add_audit(&event)?;
            }
            Ok(taken)
        })?;
        if taken {
            // A private half that is gone from its row is to be gone from the files.
            if !self.store().purge_deleted()? {
                tracing::warn!(
                    "the write-ahead log could not be emptied: what was destroyed remains in it for a while"
                );
            }
            return Ok(Stepped::Done(certificate));
        }
        Ok(Stepped::Stopped(why()?.unwrap_or(Stop::Changed)))
    }

    fn not_followed(&self, force: bool) -> Result<Option<Stop>, Error> {
        let missing = self.rollover()?.missing().count();
        Ok((missing > 0 && !force).then_some(Stop::NotFollowed(missing)))
    }

    /// The keys in use, as the database has them now. All of them open here: what cannot be opened is not to
    /// sign tomorrow.
    fn places(&self) -> Result<Places, Error> {
        let rows = self.store().read(Tx::signing_keys)?;
        ring::Ring::open(&rows, &self.parts().sealing_key)?;
        let in_state = |state: KeyState| rows.iter().find(|key| key.state == state).cloned();
        Ok(Places {
            active: in_state(KeyState::Active).ok_or(Error::NotFounded("signing key"))?,
            next: in_state(KeyState::Next),
            previous: in_state(KeyState::Previous),
        })
    }

    fn seal_key(&self, key: &SigningKey, state: KeyState) -> Result<SealedKey, Error> {
        Ok(ring::seal_new(
            key,
            state,
            &self.parts().sealing_key,
            self.chance(),
            self.now(),
        )?)
    }

    fn about_key(&self, action: &'static str, certificate: &Certificate, more: Option<&str>) -> AuditEvent {
        let joint = if more.is_some() { ", " } else { "" };
        AuditEvent {
            detail: Some(format!(
                "certificate {}{joint}{}",
                certificate.sha256,
                more.unwrap_or_default()
            )),
            ..self.event(action, "ok", None)
        }
    }
}

/// What stands in the way of a next key.
fn not_ready(places: &Places) -> Option<Stop> {
    if places.next.is_some() {
        Some(Stop::AlreadyPrepared)
    } else {
        places.previous.is_some().then_some(Stop::Unfinished)
    }
}
