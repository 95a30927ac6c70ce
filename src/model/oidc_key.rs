//! The keys that sign tokens: of their own, apart from those of SAML.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::id::KeyId;

/// How a token is signed (rfc7518, 3.1).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum JwsAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: every client accepts it (OpenID Connect Core, 15.1).
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl JwsAlgorithm {
    pub const ALL: [Self; 2] = [Self::Rs256, Self::Es256];

    /// Its `alg`, in the database and on the command line too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == word)
    }
}

/// What a key of tokens is used for now. It moves down this list by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OidcKeyState {
    /// Published, so that clients fetch it before it is used.
    Next,
    /// Published, and signs.
    Active,
    /// Published, because tokens that it signed are still in use.
    Retired,
}

impl OidcKeyState {
    pub const ALL: [Self; 3] = [Self::Next, Self::Active, Self::Retired];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }
}

/// A key of tokens as it is stored in the database: the private half sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedOidcKey {
    pub id: KeyId,
    pub algorithm: JwsAlgorithm,
    pub state: OidcKeyState,
    /// As [`SealedKey::sealed`](crate::model::key::SealedKey::sealed); none once it is retired.
    pub sealed: Option<Vec<u8>>,
    /// `SubjectPublicKeyInfo`, DER.
    pub public: Vec<u8>,
    /// When it was generated; it is published from then on.
    pub created_at: DateTime<Utc>,
    /// When it entered this state.
    pub since: DateTime<Utc>,
}

/// How long a key signs before the next one does.
pub const ACTIVE_FOR: TimeDelta = TimeDelta::days(90);
/// How long the next key is published before it signs: clients keep what they fetched for a day at most.
pub const PUBLISHED_AHEAD: TimeDelta = TimeDelta::days(1);
/// How much earlier than needed the next key is published: a daemon that stands still for a few days signs with it in
/// time all the same.
const PREPARED_AHEAD: TimeDelta = TimeDelta::days(7);
/// How long a retired key stays published: an ID token comes back as `id_token_hint` long after it expired.
pub const RETIRED_FOR: TimeDelta = TimeDelta::days(30);

/// What is due for the keys of one algorithm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OidcKeyStep {
    /// Generate the key that signs next, or the first one.
    Generate,
    /// Let the next key sign, and the active one no more.
    Activate { next: KeyId, active: KeyId },
    /// Publish a retired key no more.
    Remove(KeyId),
}

/// What is due at `now` for the keys of `algorithm` among `keys`.
pub fn step_due(keys: &[SealedOidcKey], algorithm: JwsAlgorithm, now: DateTime<Utc>) -> Option<OidcKeyStep> {
    let in_state = |state| {
        keys.iter()
            .filter(move |key| key.algorithm == algorithm && key.state == state)
    };
    if let Some(old) = in_state(OidcKeyState::Retired).find(|key| now - key.since >= RETIRED_FOR) {
        return Some(OidcKeyStep::Remove(old.id));
    }
    let Some(active) = in_state(OidcKeyState::Active).next() else {
        return Some(OidcKeyStep::Generate);
    };
    match in_state(OidcKeyState::Next).next() {
        Some(next) if now - active.since >= ACTIVE_FOR && now - next.created_at >= PUBLISHED_AHEAD => {
            Some(OidcKeyStep::Activate {
                next: next.id,
                active: active.id,
            })
        }
        None if now - active.since >= ACTIVE_FOR - PREPARED_AHEAD => Some(OidcKeyStep::Generate),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + number)
    }

    fn key(random: u8, state: OidcKeyState, created: i64, since: i64) -> SealedOidcKey {
        SealedOidcKey {
            id: KeyId::new(day(created), [random; 10]),
            algorithm: JwsAlgorithm::Rs256,
            state,
            sealed: None,
            public: Vec::new(),
            created_at: day(created),
            since: day(since),
        }
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after_it_did() {
        let due = |keys: &[SealedOidcKey], at| step_due(keys, JwsAlgorithm::Rs256, day(at));
        assert_eq!(due(&[], 0), Some(OidcKeyStep::Generate));
        let active = key(1, OidcKeyState::Active, 0, 0);
        assert_eq!(due(std::slice::from_ref(&active), 82), None);
        assert_eq!(
            due(std::slice::from_ref(&active), 83),
            Some(OidcKeyStep::Generate)
        );
        assert_eq!(
            step_due(std::slice::from_ref(&active), JwsAlgorithm::Es256, day(1)),
            Some(OidcKeyStep::Generate)
        );
        let next = key(2, OidcKeyState::Next, 83, 83);
        let both = [active.clone(), next.clone()];
        assert_eq!(due(&both, 89), None);
        let turn = OidcKeyStep::Activate {
            next: next.id,
            active: active.id,
        };
        assert_eq!(due(&both, 90), Some(turn));
        // A daemon that slept publishes the next key for a day before it signs with it.
        let late = [active, key(2, OidcKeyState::Next, 200, 200)];
        assert_eq!(due(&late, 200), None);
        assert!(matches!(due(&late, 201), Some(OidcKeyStep::Activate { .. })));
        let retired = key(3, OidcKeyState::Retired, 0, 90);
        let after = [retired.clone(), key(2, OidcKeyState::Active, 83, 90)];
        assert_eq!(due(&after, 119), None);
        assert_eq!(due(&after, 120), Some(OidcKeyStep::Remove(retired.id)));
    }
}
