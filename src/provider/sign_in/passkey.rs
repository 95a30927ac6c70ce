//! Passkeys in a browser: what it is asked, what it carries until it answers, and whether the answer is good.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    credential::passkey::{Ceremony, PasskeyAnswer, PublicKey, Refused, RelyingParty},
    model::{
        audit::AuditEvent,
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationMethod},
        endpoint::BaseUrl,
        hash::sha256_hex,
        id::UserId,
        passkey::RpId,
        second_factor::{SecondFactorKind, SecondFactorRule},
        secret::Token,
    },
    provider::{core::Provider, error::Error, handle::SignIn, snapshot::Snapshot, visitor::Visitor},
    store::{PasskeyUse, StoredFactor},
};

/// How long a question to an authenticator may take.
const CEREMONY_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// What a page asks the browser.
#[derive(Clone, Debug)]
pub struct PasskeyRequest {
    /// The JSON of the options.
    pub options: String,
    /// What the answer is held against, sealed.
    pub state: String,
}

/// What a browser sends back.
#[derive(Clone, Debug)]
pub struct PasskeyProof {
    /// As the page had it.
    pub state: String,
    /// The JSON of a `PublicKeyCredential`.
    pub answer: String,
}

/// What a question is for: its answer is good for nothing else.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) enum CeremonyPurpose<'a> {
    /// Whoever answers is signed in.
    SignIn,
    SecondFactor(UserId),
    /// A new passkey, in this session.
    Enrolment(UserId, Option<&'a Token>),
}

impl CeremonyPurpose<'_> {
    /// The purpose and the browser that the seal is bound to.
    fn bound_to(self, browser: Option<&Token>) -> Vec<u8> {
        let browser = browser.map(Token::hash);
        let browser = browser.as_ref().map_or(&[][..], |hash| hash.as_bytes());
        let (label, user, session) = match self {
            Self::SignIn => ("passkey sign-in ", None, None),
            Self::SecondFactor(user) => ("passkey second factor ", Some(user), None),
            // The token of the session is another one after the enrolment.
            Self::Enrolment(user, session) => ("passkey enrolment ", Some(user), session.map(Token::hash)),
        };
        let user = user.map(|user| user.to_string()).unwrap_or_default();
        let session = session.as_ref().map_or(&[][..], |hash| hash.as_bytes());
        [label.as_bytes(), user.as_bytes(), browser, session].concat()
    }
}

/// A question that is still open.
pub(in crate::provider) struct OpenCeremony {
    pub(in crate::provider) state: Vec<u8>,
    asked_at: DateTime<Utc>,
}

/// Why a passkey is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(in crate::provider) enum PasskeyRefusal {
    #[error("it took too long, or was asked of another browser")]
    Expired,
    #[error("no such passkey is registered for this person")]
    Unknown,
    #[error("the passkey was made for another address")]
    OtherDomain,
    #[error("the stored passkey cannot be read")]
    Unreadable,
    #[error("the question was answered before")]
    Replayed,
    #[error("the passkey was removed meanwhile")]
    Removed,
    #[error("no second factors are used for this person")]
    NeverAsked,
    #[error(transparent)]
    Answer(#[from] Refused),
}

impl Provider {
    /// The addresses where passkeys are used: ours, and those that are configured besides.
    pub(in crate::provider) fn passkey_addresses(&self) -> impl Iterator<Item = &BaseUrl> {
        let parts = self.dependencies();
        [&parts.endpoints.base].into_iter().chain(&parts.passkey_origins)
    }

    /// The domain of the passkeys that there are, if they can be used here.
    pub(in crate::provider) fn passkey_rp_id(&self) -> Result<Option<RpId>, Error> {
        Ok(self.passkey_rp_id_of(&*self.fresh_snapshot()?))
    }

    fn passkey_rp_id_of(&self, snapshot: &Snapshot) -> Option<RpId> {
        let stored = snapshot.installation.passkey_rp_id.clone();
        stored.filter(|rp_id| self.passkey_addresses().any(|base| rp_id.is_valid_for(base)))
    }

    /// What browsers are asked at that domain.
    pub(in crate::provider) fn relying_party(&self, rp_id: &RpId, name: &str) -> Result<RelyingParty, Error> {
        let mut addresses: Vec<&BaseUrl> = self.passkey_addresses().collect();
        // The first one has to fit; the others may be related origins.
        addresses.sort_by_key(|base| !rp_id.is_valid_for(base));
        let origins: Vec<&str> = addresses.into_iter().map(BaseUrl::origin).collect();
        Ok(RelyingParty::new(rp_id.as_str(), &origins, name)?)
    }

    /// The public key of a passkey; none if it cannot be opened with the sealing key, or cannot be read.
    pub(in crate::provider) fn open_passkey(
        &self,
        stored: &StoredFactor,
    ) -> Result<Option<PublicKey>, Error> {
        let factor = &stored.factor;
        let opened = self.factor_key().open(factor.id, factor.user, &stored.sealed)?;
        Ok(opened.and_then(|bytes| PublicKey::from_bytes(bytes.expose())))
    }
}

impl SignIn<'_> {
    /// Asks for any passkey, of whoever is there; `None` if nobody can sign in with one.
    pub fn passkey_sign_in_request(&self, browser: &Token) -> Result<Option<PasskeyRequest>, Error> {
        // The form is shown to everybody: no query for it.
        let snapshot = self.cached_snapshot()?;
        let Some(rp_id) = self.passkey_rp_id_of(&snapshot) else {
            return Ok(None);
        };
        if self.weakest_rule(&snapshot) == SecondFactorRule::Never {
            return Ok(None);
        }
        let ceremony = self
            .relying_party(&rp_id, rp_id.as_str())?
            .begin_authentication(&[])?;
        self.seal_ceremony(CeremonyPurpose::SignIn, ceremony, Some(browser))
            .map(Some)
    }

    /// Asks for one of the passkeys among `factors`; `None` if none of them can be used here.
    pub(in crate::provider) fn second_passkey_request(
        &self,
        user: UserId,
        factors: &[StoredFactor],
        visitor: &Visitor,
    ) -> Result<Option<PasskeyRequest>, Error> {
        let Some(rp_id) = self.passkey_rp_id()? else {
            return Ok(None);
        };
        let theirs = factors.iter().filter_map(|stored| stored.passkey.as_ref());
        let allowed: Vec<&[u8]> = theirs
            .filter(|passkey| passkey.rp_id == rp_id)
            .map(|passkey| passkey.credential_id.as_slice())
            .collect();
        if allowed.is_empty() {
            return Ok(None);
        }
        let ceremony = self
            .relying_party(&rp_id, rp_id.as_str())?
            .begin_authentication(&allowed)?;
        let purpose = CeremonyPurpose::SecondFactor(user);
        self.seal_ceremony(purpose, ceremony, visitor.browser.as_ref())
            .map(Some)
    }

    pub(in crate::provider) fn seal_ceremony(
        &self,
        purpose: CeremonyPurpose<'_>,
        ceremony: Ceremony,
        browser: Option<&Token>,
    ) -> Result<PasskeyRequest, Error> {
        let asked_at = self.now().timestamp_micros().to_be_bytes();
        let plain = [&asked_at[..], &ceremony.state].concat();
        let sealed = self
            .state_key()
            .seal(&purpose.bound_to(browser), &plain, self.random())?;
        Ok(PasskeyRequest {
            options: ceremony.options,
            state: URL_SAFE_NO_PAD.encode(sealed),
        })
    }

    /// What was sealed for this purpose and this browser, if it has not expired.
    pub(in crate::provider) fn open_ceremony(
        &self,
        purpose: CeremonyPurpose<'_>,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<OpenCeremony>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(sealed) else {
            return Ok(None);
        };
        let bound_to = purpose.bound_to(visitor.browser.as_ref());
        let opened = self.state_key().open(&bound_to, &bytes)?;
        let ceremony = opened.as_ref().and_then(|plain| {
            let (asked_at, state) = plain.expose().split_first_chunk::<8>()?;
            Some(OpenCeremony {
                state: state.to_vec(),
                asked_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*asked_at))?,
            })
        });
        Ok(ceremony.filter(|ceremony| self.is_recent(ceremony.asked_at, CEREMONY_LIFETIME)))
    }

    /// The proof, if the answer is one of this user's passkeys.
    pub(in crate::provider) fn check_second_passkey(
        &self,
        user: UserId,
        proof: &PasskeyProof,
        visitor: &Visitor,
    ) -> Result<Result<AuthenticationEvent, PasskeyRefusal>, Error> {
        let purpose = CeremonyPurpose::SecondFactor(user);
        let Some(ceremony) = self.open_ceremony(purpose, &proof.state, visitor)? else {
            return Ok(Err(PasskeyRefusal::Expired));
        };
        let Some(answer) = PasskeyAnswer::parse(&proof.answer) else {
            return Ok(Err(Refused::Malformed.into()));
        };
        let found = self
            .store()
            .read(|tx| tx.passkey_by_credential(answer.credential_id()))?;
        let Some(stored) = found.filter(|stored| stored.factor.user == user) else {
            return Ok(Err(PasskeyRefusal::Unknown));
        };
        self.check_passkey(&stored, &ceremony, &answer, visitor)
    }

    /// The proof, if the answer is that of the passkey `stored` to this question, and the first one. A sign counter that
    /// does not rise is told: it may be a copy of the passkey, or an authenticator that was restored.
    pub(in crate::provider) fn check_passkey(
        &self,
        stored: &StoredFactor,
        ceremony: &OpenCeremony,
        answer: &PasskeyAnswer,
        visitor: &Visitor,
    ) -> Result<Result<AuthenticationEvent, PasskeyRefusal>, Error> {
        let (factor, now) = (&stored.factor, self.now());
        let of_user = |handle: &[u8]| handle == factor.user.to_bytes().as_slice();
        if factor.kind != SecondFactorKind::Passkey || !answer.user_handle().is_none_or(of_user) {
            return Ok(Err(PasskeyRefusal::Unknown));
        }
        let rp_id = self.passkey_rp_id()?;
        let theirs = stored.passkey.as_ref().map(|passkey| &passkey.rp_id);
        let Some(rp_id) = rp_id.filter(|rp_id| Some(rp_id) == theirs) else {
            return Ok(Err(PasskeyRefusal::OtherDomain));
        };
        let Some(key) = self.open_passkey(stored)? else {
            tracing::error!(id = %factor.id, "a passkey cannot be opened with the sealing key, or cannot be read");
            return Ok(Err(PasskeyRefusal::Unreadable));
        };
        let party = self.relying_party(&rp_id, rp_id.as_str())?;
        let counter = match party.finish_authentication(&ceremony.state, answer, &key) {
            Ok(counter) => i64::from(counter),
            Err(refused) => return Ok(Err(refused.into())),
        };
        let challenge = sha256_hex(&ceremony.state);
        // Beyond the skew of clocks within which another replica takes it.
        let until = ceremony.asked_at + CEREMONY_LIFETIME * 2;
        let mut event = self.event(AuditAction::PasskeyCounter, "ok", Some(visitor));
        let used = self.store().write(|tx| {
            let used = tx.accept_passkey(factor.id, (&challenge, until), counter, now)?;
            if let PasskeyUse::Accepted { counter_before } = used
                && is_counter_stuck(counter_before, counter)
            {
                event.detail = Some(format!("{}: {counter} after {counter_before}", factor.name));
                event.user = Some(factor.user);
                tx.add_audit_event(&event)?;
            }
            Ok(used)
        })?;
        match used {
            PasskeyUse::Accepted { counter_before } => {
                if is_counter_stuck(counter_before, counter) {
                    tracing::warn!(
                        id = %factor.id, counter, counter_before,
                        "the sign counter of a passkey did not rise: it was copied, or its authenticator was restored"
                    );
                }
                Ok(Ok(AuthenticationEvent {
                    method: AuthenticationMethod::HardwareKey,
                    at: now,
                    credential: Some(factor.id.to_string()),
                }))
            }
            PasskeyUse::Replayed => Ok(Err(PasskeyRefusal::Replayed)),
            PasskeyUse::Gone => Ok(Err(PasskeyRefusal::Removed)),
        }
    }

    /// An audit event about an answer that was not accepted.
    pub(in crate::provider) fn refused_passkey_event(
        &self,
        action: AuditAction,
        code: &str,
        (user, refusal): (UserId, PasskeyRefusal),
        visitor: &Visitor,
    ) -> AuditEvent {
        AuditEvent {
            user: Some(user),
            detail: Some(refusal.to_string()),
            ..self.event(action, code, Some(visitor))
        }
    }
}

/// Authenticators that do not count always say 0 (webauthn-3, 7.2).
const fn is_counter_stuck(before: i64, now: i64) -> bool {
    (before > 0 || now > 0) && now <= before
}

#[cfg(test)]
mod tests {
    use super::is_counter_stuck;

    #[test]
    fn a_counter_is_stuck_if_it_counts_and_does_not_rise() {
        for (before, now, expected) in [
            (0, 0, false),
            (0, 1, false),
            (7, 8, false),
            (7, 7, true),
            (7, 3, true),
            (7, 0, true),
        ] {
            assert_eq!(is_counter_stuck(before, now), expected, "{before} {now}");
        }
    }
}
