//! Signing key rollover: one key replaces another, and every signature can be verified throughout.
//!
//! `prepare` publishes the next key in addition to the active one; `activate` makes it the active key and keeps the
//! previous one published; `back` undoes that; `retire` ends the rollover. One SQL statement decides each step.

pub mod certificate_expiry;
mod expiry_warnings;
mod reseal;
pub mod ring;
mod status;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    crypto::{generate, pem},
    model::{
        application::Slug,
        audit::AuditEvent,
        audit_action::AuditAction,
        id::KeyId,
        key::{Certificate, KeyState, SealedKey, SigningKey},
        remedy::{Remediable, Remedy},
        rollover::{AdoptionSource, KeyAdoption},
        secret::Secret,
        use_case::UseCase,
    },
    provider::{error::Error, handle::Keys, key_rows},
    store::{ConfigTx, RolloverStep},
};

pub use crate::provider::keys::status::{AdoptionEvidence, AdoptionStatus, PublishedKey, Rollover};

/// Every replica loads a new key within a second or two, and all of them must publish it before any signs with it;
/// their clocks agree to within seconds.
pub const MIN_PUBLISHED_BEFORE_SIGNING: TimeDelta = TimeDelta::seconds(10);

/// What was signed just before a step may still be in transit for as long as an Assertion is valid, and longer in a
/// browser that waits.
pub const MIN_PUBLISHED_AFTER_SIGNING: TimeDelta = TimeDelta::minutes(10);

/// A key of the administrator's own, as read from files.
#[derive(Debug)]
pub struct OwnKey {
    /// PEM.
    pub key: Secret<Vec<u8>>,
    /// PEM.
    pub certificate: Vec<u8>,
}

#[derive(Debug)]
pub enum RolloverStepOutcome {
    /// The step was taken; the certificate of its key.
    Done(Certificate),
    Refused(StepRefused),
}

/// Why a step was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StepRefused {
    /// The key or certificate file cannot be used.
    #[error("{0}")]
    UnusableKey(String),
    /// The certificate is published already.
    #[error("this certificate is published already: a rollover needs another key, or another certificate")]
    SameCertificate,
    #[error("a key is prepared already")]
    AlreadyPrepared,
    /// The previous key is still published.
    #[error("the rollover before this one is not finished")]
    PreviousNotRetired,
    #[error("no key is prepared")]
    NothingPrepared,
    #[error("no rollover is under way: there is no previous key that could sign again or be retired")]
    NoPrevious,
    /// The change before this step is so recent that not every replica may have it, or that signatures may still be in
    /// transit.
    #[error( "it is too soon: {why}. Try again at {at}", at = .at.format("%H:%M:%S UTC") )]
    TooSoon {
        /// What has to take effect first.
        why: &'static str,
        /// The earliest time for the step.
        at: DateTime<Utc>,
    },
    /// The number of enabled applications that are not known to trust the key.
    #[error("not every application is known to trust the key yet; missing: {0}")]
    NotAdopted(usize),
    /// Another administrator changed the keys at the same time.
    #[error("somebody else changed the keys at the same moment")]
    Changed,
}

impl Remediable for StepRefused {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::AlreadyPrepared => Some(Remedy::ActivateOrCancelKey),
            Self::PreviousNotRetired => Some(Remedy::RetireOrReactivateKey),
            Self::NothingPrepared => Some(Remedy::PrepareKey),
            Self::TooSoon { .. } => Some(Remedy::ForceStep),
            Self::Changed => Some(Remedy::ShowKeys),
            Self::UnusableKey(_) | Self::SameCertificate | Self::NoPrevious | Self::NotAdopted(_) => None,
        }
    }
}

/// The outcome of a confirmation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyAdoptionOutcome {
    /// All of them are confirmed.
    Done {
        /// How many were not known to trust the key before.
        new: usize,
        /// How many were.
        already_known: usize,
    },
    /// No application and no draft has these slugs; nothing was confirmed.
    Unknown(Vec<Slug>),
    /// There is no metadata source with this name.
    UnknownSource,
    /// No rollover is in progress.
    NoRollover,
}

/// The published keys, as stored.
struct SealedKeys {
    active: SealedKey,
    next: Option<SealedKey>,
    previous: Option<SealedKey>,
}

impl Keys<'_> {
    /// Publishes the key that signs next: `own`, or a generated one.
    pub fn prepare_key(&self, own: Option<&OwnKey>) -> Result<RolloverStepOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyPrepare))?;
        let places = self.sealed_keys()?;
        if let Some(refused) = why_not_preparable(&places) {
            return Ok(RolloverStepOutcome::Refused(refused));
        }
        let now = self.now();
        let id = KeyId::new(now, self.random());
        let key = match own {
            None => generate::generate(id, self.endpoints().base.host(), now)?,
            Some(own) => match pem::import_key(id, own.key.expose(), &own.certificate, now) {
                Ok(key) => key,
                Err(why) => {
                    return Ok(RolloverStepOutcome::Refused(StepRefused::UnusableKey(
                        why.to_string(),
                    )));
                }
            },
        };
        if key.certificate.der == places.active.certificate {
            return Ok(RolloverStepOutcome::Refused(StepRefused::SameCertificate));
        }
        let sealed = self.seal_key(&key, KeyState::Next)?;
        let event = self.key_event(AuditAction::KeyPrepare, &key.certificate, None);
        let added = self.store().write_config(|tx| {
            let added = tx.add_next_key(&sealed, &places.active)?;
            if added {
                tx.add_audit_event(&event)?;
            }
            Ok(added)
        })?;
        if added {
            return Ok(RolloverStepOutcome::Done(key.certificate));
        }
        Ok(RolloverStepOutcome::Refused(
            why_not_preparable(&self.sealed_keys()?).unwrap_or(StepRefused::Changed),
        ))
    }

    /// Makes the next key the active one, if all enabled applications are known to trust it; `force` skips that check.
    pub fn activate_key(&self, force: bool) -> Result<RolloverStepOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyActivate))?;
        let places = self.sealed_keys()?;
        let Some(next) = &places.next else {
            return Ok(RolloverStepOutcome::Refused(StepRefused::NothingPrepared));
        };
        let now = self.now();
        let step = RolloverStep {
            active: places.active.id,
            other: next.id,
            previous_step_by: if force {
                now.max(next.created_at)
            } else {
                now - MIN_PUBLISHED_BEFORE_SIGNING
            },
            require_all_adopted: !force,
            now,
        };
        self.take_rollover_step(
            AuditAction::KeyActivate,
            next,
            force,
            |tx| tx.activate_key(&step),
            || {
                if places.previous.is_some() {
                    return Ok(Some(StepRefused::PreviousNotRetired));
                }
                if next.created_at > step.previous_step_by {
                    return Ok(Some(StepRefused::TooSoon {
                        why: "not every replica may publish the key yet",
                        at: next.created_at + MIN_PUBLISHED_BEFORE_SIGNING,
                    }));
                }
                self.refuse_unless_adopted(force)
            },
        )
    }

    /// Makes the previous key active again. The key that was active becomes the next one, and stays published.
    pub fn reactivate_previous_key(&self) -> Result<RolloverStepOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyBack))?;
        let places = self.sealed_keys()?;
        let Some(previous) = &places.previous else {
            return Ok(RolloverStepOutcome::Refused(StepRefused::NoPrevious));
        };
        let now = self.now();
        let step = RolloverStep {
            active: places.active.id,
            other: previous.id,
            previous_step_by: now,
            require_all_adopted: false,
            now,
        };
        self.take_rollover_step(
            AuditAction::KeyBack,
            previous,
            false,
            |tx| tx.reactivate_previous_key(&step),
            || Ok(places.next.is_some().then_some(StepRefused::AlreadyPrepared)),
        )
    }

    /// Stops publishing the previous key and destroys its private key.
    pub fn retire_key(&self, force: bool) -> Result<RolloverStepOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyRetire))?;
        let places = self.sealed_keys()?;
        let Some(previous) = &places.previous else {
            return Ok(RolloverStepOutcome::Refused(StepRefused::NoPrevious));
        };
        let now = self.now();
        let step = RolloverStep {
            active: places.active.id,
            other: previous.id,
            previous_step_by: if force {
                now.max(places.active.since)
            } else {
                now - MIN_PUBLISHED_AFTER_SIGNING
            },
            require_all_adopted: !force,
            now,
        };
        self.take_rollover_step(
            AuditAction::KeyRetire,
            previous,
            force,
            |tx| tx.retire_previous_key(&step),
            || {
                if places.active.since > step.previous_step_by {
                    return Ok(Some(StepRefused::TooSoon {
                        why: "what the previous key signed may still be on its way",
                        at: places.active.since + MIN_PUBLISHED_AFTER_SIGNING,
                    }));
                }
                self.refuse_unless_adopted(force)
            },
        )
    }

    /// Withdraws the next key before it has signed, and destroys its private key.
    pub fn cancel_key(&self) -> Result<RolloverStepOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyCancel))?;
        let places = self.sealed_keys()?;
        let Some(next) = &places.next else {
            return Ok(RolloverStepOutcome::Refused(StepRefused::NothingPrepared));
        };
        let now = self.now();
        self.take_rollover_step(
            AuditAction::KeyCancel,
            next,
            false,
            |tx| tx.withdraw_next_key(next.id, now),
            || Ok(None),
        )
    }

    /// Records the administrator's statement that these trust the key of the rollover in progress.
    pub fn confirm_key_adoption(&self, slugs: &[Slug]) -> Result<KeyAdoptionOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyConfirm))?;
        let snapshot = self.fresh_snapshot()?;
        let Some(key) = snapshot.publication.key_to_adopt else {
            return Ok(KeyAdoptionOutcome::NoRollover);
        };
        let is_known = |slug: &Slug| {
            snapshot.by_slug(slug).is_some() || snapshot.drafts.iter().any(|draft| draft.slug == *slug)
        };
        let unknown: Vec<Slug> = slugs.iter().filter(|slug| !is_known(slug)).cloned().collect();
        if !unknown.is_empty() {
            return Ok(KeyAdoptionOutcome::Unknown(unknown));
        }
        let now = self.now();
        let adoptions: Vec<(KeyAdoption, AuditEvent)> = slugs
            .iter()
            .map(|slug| {
                let adoption = KeyAdoption {
                    slug: slug.clone(),
                    key,
                    source: AdoptionSource::Confirmed,
                    adopted_at: now,
                    address: None,
                    user_agent: None,
                };
                let event = AuditEvent {
                    application: snapshot.by_slug(slug).map(|application| application.id),
                    detail: Some(format!("{slug} trusts key {key}")),
                    ..self.event(AuditAction::KeyConfirm, "ok", None)
                };
                (adoption, event)
            })
            .collect();
        let confirmed = self.store().write(|tx| {
            let mut confirmed = 0;
            for (adoption, event) in &adoptions {
                if tx.add_key_adoption(adoption)? {
                    tx.add_audit_event(event)?;
                    confirmed += 1;
                }
            }
            Ok(confirmed)
        })?;
        Ok(KeyAdoptionOutcome::Done {
            new: confirmed,
            already_known: adoptions.len() - confirmed,
        })
    }

    /// Like [`Self::confirm_key_adoption`], for all applications whose metadata comes from one source: a federation
    /// operator publishes our certificates to all members at once.
    pub fn confirm_key_adoption_by_source(&self, name: &str) -> Result<KeyAdoptionOutcome, Error> {
        self.may(UseCase::Change(AuditAction::KeyConfirm))?;
        let members = self.store().read(|tx| match tx.metadata_source_by_name(name)? {
            Some(source) => Ok(Some(tx.applications_of_metadata_source(source.id)?)),
            None => Ok(None),
        })?;
        let Some(members) = members else {
            return Ok(KeyAdoptionOutcome::UnknownSource);
        };
        let snapshot = self.fresh_snapshot()?;
        let slugs: Vec<Slug> = members
            .iter()
            .filter_map(|member| snapshot.by_id(member.application))
            .map(|application| application.slug.clone())
            .collect();
        self.confirm_key_adoption(&slugs)
    }

    /// Takes a step with `key`; if the database refuses it, `why` finds the reason.
    fn take_rollover_step(
        &self,
        action: AuditAction,
        key: &SealedKey,
        force: bool,
        step: impl FnOnce(&mut ConfigTx<'_>) -> Result<bool, crate::store::Error>,
        why: impl FnOnce() -> Result<Option<StepRefused>, Error>,
    ) -> Result<RolloverStepOutcome, Error> {
        let certificate = pem::parse_certificate(&key.certificate)?;
        let event = self.key_event(action, &certificate, force.then_some("forced"));
        let taken = self.store().write_config(|tx| {
            let taken = step(tx)?;
            if taken {
                tx.add_audit_event(&event)?;
            }
            Ok(taken)
        })?;
        if taken {
            // A private key that was deleted from its row must also disappear from the database files.
            self.purge_destroyed_key()?;
            return Ok(RolloverStepOutcome::Done(certificate));
        }
        Ok(RolloverStepOutcome::Refused(
            why()?.unwrap_or(StepRefused::Changed),
        ))
    }

    fn refuse_unless_adopted(&self, force: bool) -> Result<Option<StepRefused>, Error> {
        let missing = self.rollover()?.not_adopted().count();
        Ok((missing > 0 && !force).then_some(StepRefused::NotAdopted(missing)))
    }

    /// The published keys as stored now. Opens all of them: a key that cannot be opened must not become the active one.
    fn sealed_keys(&self) -> Result<SealedKeys, Error> {
        let rows = key_rows::readable(self.store())?;
        ring::KeyRing::open(&rows, &self.dependencies().sealing_key)?;
        let in_state = |state: KeyState| rows.iter().find(|key| key.state == state).cloned();
        Ok(SealedKeys {
            active: in_state(KeyState::Active).ok_or(Error::NotInitialized("signing key"))?,
            next: in_state(KeyState::Next),
            previous: in_state(KeyState::Previous),
        })
    }

    fn seal_key(&self, key: &SigningKey, state: KeyState) -> Result<SealedKey, Error> {
        Ok(ring::seal_new(
            key,
            state,
            &self.dependencies().sealing_key,
            self.random(),
            self.now(),
        )?)
    }

    fn key_event(&self, action: AuditAction, certificate: &Certificate, more: Option<&str>) -> AuditEvent {
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

/// Why no next key can be prepared.
fn why_not_preparable(places: &SealedKeys) -> Option<StepRefused> {
    if places.next.is_some() {
        Some(StepRefused::AlreadyPrepared)
    } else {
        places
            .previous
            .is_some()
            .then_some(StepRefused::PreviousNotRetired)
    }
}
