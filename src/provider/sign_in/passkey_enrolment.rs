//! Setting up a passkey, by the user who is signed in.

use crate::{
    credential::passkey::{NewPasskey, PasskeyUser, RegistrationAnswer},
    model::{
        authentication::AuthenticationMethod,
        id::SecondFactorId,
        passkey::RpId,
        second_factor::{FactorName, SecondFactor, SecondFactorKind},
        user::{User, UserSummary},
    },
    provider::{
        error::Error,
        handle::SignIn,
        session::ActiveSession,
        sign_in::{
            enrolment::{FRESH, FactorChange, STILL_FRESH},
            new_factor::{FactorEnrolment, free_name},
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

/// Why a new passkey is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedPasskey {
    /// The browser sent something else, or the authenticator did not verify its user.
    Unproven,
    /// The authenticator holds a passkey of this account, or the passkey is registered.
    Known,
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
    ) -> Result<FactorChange<FactorEnrolment<RefusedPasskey>>, Error> {
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
    ) -> Result<FactorEnrolment<RefusedPasskey>, Error> {
        let user = &active.user;
        let purpose = CeremonyPurpose::Enrolment(user.id, visitor.session.as_ref());
        let (Some(ceremony), Some(rp_id)) = (
            self.open_ceremony(purpose, &proof.state, visitor)?,
            self.passkey_rp_id_for_new()?,
        ) else {
            return Ok(FactorEnrolment::Expired);
        };
        let attempt = match self.begin_factor_attempt(user, visitor)? {
            Ok(attempt) => attempt,
            Err(hindrance) => return Ok(hindrance.into()),
        };
        let Some(answer) = RegistrationAnswer::parse(&proof.answer) else {
            return Ok(FactorEnrolment::Refused(RefusedPasskey::Unproven));
        };
        if self.is_registered(answer.credential_id())? {
            return Ok(FactorEnrolment::Refused(RefusedPasskey::Known));
        }
        let party = self.relying_party(&rp_id, rp_id.as_str())?;
        let new = match party.finish_registration(&ceremony.state, &answer) {
            Ok(new) => new,
            Err(refused) => {
                tracing::info!(%refused, "a new passkey was not accepted");
                return Ok(FactorEnrolment::Refused(RefusedPasskey::Unproven));
            }
        };
        // What is stored is what was verified, whatever was said beside it.
        if self.is_registered(&new.credential_id)? {
            return Ok(FactorEnrolment::Refused(RefusedPasskey::Known));
        }
        if !self.claim_passkey_rp_id(&rp_id)? {
            return Ok(FactorEnrolment::Expired);
        }
        let name = name.unwrap_or_else(|| free_name(SecondFactorKind::Passkey, &attempt.known));
        let stored = self.passkey_factor(user, new, rp_id, name)?;
        let proved = (&stored, AuthenticationMethod::HardwareKey);
        self.add_own_factor(active, &attempt, proved, visitor)
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
