//! What the identity provider does, step by step, without HTTP.

pub mod applications;
pub mod audit;
mod changes;
pub mod codes;
pub mod deletion;
pub mod device_link;
pub mod drafts;
mod end_sessions;
pub mod endings;
pub mod error;
pub mod explain;
pub mod health;
pub mod housekeeping;
pub mod installation;
pub mod login;
pub mod pending;
pub mod portal;
pub mod required;
pub mod rollover;
pub mod saml;
pub mod session;
pub mod sign_off;
pub mod sign_on;
pub mod snapshot;
pub mod sources;
mod tries;
pub mod users;
pub mod visitor;

use std::sync::{Arc, Mutex, RwLock};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    credential::password::Hasher,
    entropy::Entropy,
    fetch::Fetcher,
    keys::{seal::SealingKey, state::StateKey},
    model::{audit::AuditEvent, endpoint::Endpoints, id::AuditId, policy::Policy, secret::Token, text::hex},
    provider::{
        audit::Refusals, endings::Said, error::Error, health::Looked, saml::publish::Noted,
        snapshot::Snapshot, visitor::Visitor,
    },
    store::Store,
};

/// The identity provider: one handle on everything that a step needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Provider(Arc<Inner>, For);

/// Whom a provider works for.
#[derive(Clone, Copy, Debug)]
enum For {
    /// Nobody waits: what takes long may take long.
    Itself,
    /// A person waits, and would rather be told.
    Requests,
}

/// What a provider is made of.
#[derive(Debug)]
pub struct Parts {
    /// Time.
    pub clock: Box<dyn Clock>,
    /// Chance.
    pub entropy: Box<dyn Entropy>,
    /// Our public addresses.
    pub endpoints: Endpoints,
    /// Lifetimes and limits.
    pub policy: Policy,
    /// Opens the signing keys.
    pub sealing_key: SealingKey,
    /// Passwords.
    pub hasher: Hasher,
    /// Memory.
    pub store: Store,
    /// Metadata by URL.
    pub fetcher: Fetcher,
    /// Which user of the operating system gives the command; none for the daemon.
    pub actor: Option<String>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    store_for_requests: Store,
    looked: Mutex<Looked>,
    state_key: StateKey,
    snapshot: RwLock<Arc<Snapshot>>,
    refusals: Mutex<Refusals>,
    noted: Mutex<Noted>,
    said: Mutex<Said>,
}

impl Provider {
    /// Opens a provider on a database that `Provider::found` (or another replica) has prepared.
    pub fn open(parts: Parts) -> Result<Self, Error> {
        let snapshot = Snapshot::load(&parts, &parts.store)?;
        let state_key = StateKey::of(&parts.sealing_key)?;
        let inner = Inner {
            store_for_requests: parts.store.for_requests(),
            parts,
            state_key,
            looked: Mutex::new(Looked::default()),
            snapshot: RwLock::new(Arc::new(snapshot)),
            refusals: Mutex::new(Refusals::default()),
            noted: Mutex::new(Noted::default()),
            said: Mutex::new(Said::default()),
        };
        Ok(Self(Arc::new(inner), For::Itself))
    }

    /// The same provider, for what a person waits for: it does not wait for a database without an end.
    #[must_use]
    pub fn for_requests(&self) -> Self {
        Self(Arc::clone(&self.0), For::Requests)
    }

    /// Our public addresses.
    pub fn endpoints(&self) -> &Endpoints {
        &self.parts().endpoints
    }

    /// Whether the database is a server, and no file of ours.
    pub fn is_on_server(&self) -> bool {
        !self.store().is_sqlite()
    }

    /// Lifetimes and limits.
    pub fn policy(&self) -> &Policy {
        &self.parts().policy
    }

    /// How many passwords were hashed so far: tests count work, not seconds.
    pub fn hashes(&self) -> u64 {
        self.parts().hasher.hashes()
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn state_key(&self) -> &StateKey {
        &self.0.state_key
    }

    fn store(&self) -> &Store {
        match self.1 {
            For::Itself => &self.0.parts.store,
            For::Requests => &self.0.store_for_requests,
        }
    }

    /// The time, as every step sees it.
    pub fn now(&self) -> DateTime<Utc> {
        self.parts().clock.now()
    }

    fn chance<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.parts().entropy.fill(&mut bytes);
        bytes
    }

    /// A name for a request, 16 hex digits.
    pub fn request_id(&self) -> String {
        hex(&self.chance::<8>())
    }

    /// A fresh bearer token.
    pub fn token(&self) -> Token {
        Token::new(self.chance())
    }

    /// A message's `ID`: `_` and 160 random bits in hex (saml-core, 1.3.4).
    fn message_id(&self) -> String {
        format!("_{}", hex(&self.chance::<20>()))
    }

    /// A row for the audit trail, to be filled in.
    fn event(&self, action: &'static str, outcome: &str, visitor: Option<&Visitor>) -> AuditEvent {
        let now = self.now();
        AuditEvent {
            id: AuditId::new(now, self.chance()),
            at: now,
            action,
            outcome: outcome.to_owned(),
            detail: None,
            user: None,
            application: None,
            session: None,
            address: visitor.map(|visitor| visitor.address),
            request_id: visitor.map(|visitor| visitor.request_id.clone()),
            occurrences: 1,
            unproven: false,
            actor: match visitor {
                Some(_browser) => None,
                None => self.parts().actor.clone(),
            },
            changes: Vec::new(),
        }
    }
}
