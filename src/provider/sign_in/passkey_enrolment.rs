//! Setting up a passkey, by the user who is signed in.

use chrono::{DateTime, Utc};

use crate::{
    credential::passkey::{NewPasskey, PasskeyUser, RegistrationAnswer},
    model::{
        authentication::AuthenticationMethod,
        id::SecondFactorId,
        passkey::RpId,
        second_factor::{FactorName, SecondFactor, SecondFactorKind},
        throttle::RateLimit,
        user::{User, UserSummary},
    },
    provider::{
        error::Error,
        handle::SignIn,
        session::ActiveSession,
        sign_in::{
            enrolment::{FRESH, FactorChange, STILL_FRESH},
            new_factor::{Enrolled, MAX_FACTORS, NewFactor, free_name},
            passkey::{CeremonyPurpose, PasskeyProof, PasskeyRequest},
        },
        visitor::Visitor,
    },
    store::{PasskeyColumns, StoredFactor},
};

/// A passkey to be set up.
#[derive(Debug)]
pub struct PasskeyEnrolment {
    pub user: UserSummary,
    pub request: PasskeyRequest,
}

/// The outcome of setting up a passkey.
#[derive(Debug)]
pub enum PasskeyEnrolmentOutcome {
    Enrolled(Enrolled),
    /// The browser sent something else, or the authenticator did not verify its user.
    Refused,
    /// The authenticator holds a passkey of this account, or the passkey is registered.
    Known,
    /// Too many attempts, or too many second factors: the user has to wait until then, or to remove one.
    Throttled {
        until: DateTime<Utc>,
    },
    TooMany,
    /// The question is not one of this user in this browser, or too old.
    Expired,
}

impl SignIn<'_> {
    /// Whether passkeys can be set up at our address.
    pub(in crate::provider) fn can_add_passkey(&self) -> Result<bool, Error> {
        Ok(self.passkey_rp_id_for_new()?.is_some())
    }

    /// The stored domain, or before the first enrolment that of our address.
    fn passkey_rp_id_for_new(&self) -> Result<Option<RpId>, Error> {
        if self.fresh_snapshot()?.installation.passkey_rp_id.is_some() {
            return self.passkey_rp_id();
        }
        Ok(RpId::of(&self.endpoints().base))
    }

    /// `None` if browsers have no passkeys at our address.
    pub fn begin_passkey_enrolment(
        &self,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<FactorChange<Option<PasskeyEnrolment>>, Error> {
        self.with_fresh_session(FRESH, visitor, |active| {
            self.new_passkey_enrolment(&active.user, organisation, visitor)
        })
    }

    /// Stores the passkey if the answer is good.
    pub fn confirm_passkey_enrolment(
        &self,
        proof: &PasskeyProof,
        name: Option<FactorName>,
        visitor: &Visitor,
    ) -> Result<FactorChange<PasskeyEnrolmentOutcome>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            self.confirm_passkey(active, proof, name, visitor)
        })
    }

    fn new_passkey_enrolment(
        &self,
        user: &User,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<Option<PasskeyEnrolment>, Error> {
        let Some(rp_id) = self.passkey_rp_id_for_new()? else {
            return Ok(None);
        };
        let known = self.store().read(|tx| tx.second_factors(user.id))?;
        let known: Vec<&[u8]> = known
            .iter()
            .filter_map(|stored| stored.passkey.as_ref())
            .map(|passkey| passkey.credential_id.as_slice())
            .collect();
        let summary = UserSummary::from(user);
        let whom = PasskeyUser {
            id: user.id.to_bytes(),
            email: user.email.as_str(),
            full_name: &summary.full_name,
        };
        let ceremony = self
            .relying_party(&rp_id, organisation)?
            .begin_registration(whom, &known)?;
        let purpose = CeremonyPurpose::Enrolment(user.id, visitor.session.as_ref());
        let request = self.seal_ceremony(purpose, ceremony, visitor.browser.as_ref())?;
        Ok(Some(PasskeyEnrolment {
            user: summary,
            request,
        }))
    }

    fn confirm_passkey(
        &self,
        active: &ActiveSession,
        proof: &PasskeyProof,
        name: Option<FactorName>,
        visitor: &Visitor,
    ) -> Result<PasskeyEnrolmentOutcome, Error> {
        let (user, now) = (&active.user, self.now());
        let purpose = CeremonyPurpose::Enrolment(user.id, visitor.session.as_ref());
        let (Some(ceremony), Some(rp_id)) = (
            self.open_ceremony(purpose, &proof.state, visitor)?,
            self.passkey_rp_id_for_new()?,
        ) else {
            return Ok(PasskeyEnrolmentOutcome::Expired);
        };
        let (known, codes_left) = self
            .store()
            .read(|tx| Ok((tx.second_factors(user.id)?, tx.count_recovery_codes(user.id)?)))?;
        if known.len() >= MAX_FACTORS {
            return Ok(PasskeyEnrolmentOutcome::TooMany);
        }
        let bucket = self.second_factor_bucket(user, visitor)?;
        let limit = self.policy().throttle_pair;
        if let RateLimit::RetryAfter(until) =
            self.store().write(|tx| tx.count_attempt(&bucket, &limit, now))?
        {
            return Ok(PasskeyEnrolmentOutcome::Throttled { until });
        }
        let Some(answer) = RegistrationAnswer::parse(&proof.answer) else {
            return Ok(PasskeyEnrolmentOutcome::Refused);
        };
        if self.is_registered(answer.credential_id())? {
            return Ok(PasskeyEnrolmentOutcome::Known);
        }
        let party = self.relying_party(&rp_id, rp_id.as_str())?;
        let new = match party.finish_registration(&ceremony.state, &answer) {
            Ok(new) => new,
            Err(refused) => {
                tracing::info!(%refused, "a new passkey was not accepted");
                return Ok(PasskeyEnrolmentOutcome::Refused);
            }
        };
        // What is stored is what was verified, whatever was said beside it.
        if self.is_registered(&new.credential_id)? {
            return Ok(PasskeyEnrolmentOutcome::Known);
        }
        if !self.claim_passkey_rp_id(&rp_id)? {
            return Ok(PasskeyEnrolmentOutcome::Expired);
        }
        let name = name.unwrap_or_else(|| free_name(SecondFactorKind::Passkey, &known));
        let stored = self.passkey_factor(user, new, rp_id, name)?;
        let new = NewFactor {
            stored: &stored,
            method: AuthenticationMethod::HardwareKey,
            bucket: &bucket,
            needs_codes: known.is_empty() || codes_left == 0,
        };
        Ok(match self.add_own_factor(active, &new, visitor)? {
            Some(enrolled) => PasskeyEnrolmentOutcome::Enrolled(enrolled),
            None => PasskeyEnrolmentOutcome::Expired,
        })
    }

    fn is_registered(&self, credential_id: &[u8]) -> Result<bool, Error> {
        let found = self.store().read(|tx| tx.passkey_by_credential(credential_id))?;
        Ok(found.is_some())
    }

    /// Whether this is the domain of passkeys from now on: the first enrolment stores it.
    fn claim_passkey_rp_id(&self, rp_id: &RpId) -> Result<bool, Error> {
        let stored = |tx: &mut crate::store::Tx| {
            let installation = tx.installation()?;
            Ok(installation.and_then(|installation| installation.passkey_rp_id))
        };
        if let Some(stored) = self.store().read(stored)? {
            return Ok(stored == *rp_id);
        }
        let is_claimed = self.store().write_config(|tx| {
            let before = tx.installation()?.and_then(|known| known.passkey_rp_id);
            if before.is_none() {
                tx.set_passkey_rp_id(Some(rp_id))?;
            }
            Ok(before.is_none_or(|before| before == *rp_id))
        })?;
        // The page that follows offers it.
        self.fresh_snapshot()?;
        Ok(is_claimed)
    }

    fn passkey_factor(
        &self,
        user: &User,
        new: NewPasskey,
        rp_id: RpId,
        name: FactorName,
    ) -> Result<StoredFactor, Error> {
        let now = self.now();
        let id = SecondFactorId::new(now, self.random());
        // Public, and sealed all the same: nobody but Hallpass can add one.
        let sealed = self
            .factor_key()
            .seal(id, user.id, &new.public_key.to_bytes()?, self.random())?;
        Ok(StoredFactor {
            factor: SecondFactor {
                id,
                user: user.id,
                kind: SecondFactorKind::Passkey,
                name,
                created_at: now,
                last_used_at: Some(now),
            },
            sealed,
            last_step: i64::from(new.counter),
            passkey: Some(PasskeyColumns {
                credential_id: new.credential_id,
                rp_id,
            }),
        })
    }
}
