//! What the identity provider does, without HTTP.

pub mod application_set;
pub mod applications;
pub mod audit;
pub mod bootstrap;
pub mod error;
pub mod health;
pub mod housekeeping;
pub mod key_rows;
pub mod keys;
pub mod logout;
pub mod metadata_sources;
pub mod people;
pub mod portal;
pub mod repair;
pub mod saml;
pub mod session;
pub mod sign_in;
mod single_flight;
pub mod snapshot;
pub mod sso;
pub mod visitor;

use std::sync::{
    Arc, Mutex, RwLock,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use crate::{
    clock::Clock,
    credential::password::Hasher,
    crypto::{browser_state::BrowserStateKey, seal::SealingKey},
    entropy::Entropy,
    fetch::Fetcher,
    model::{
        audit::AuditEvent, endpoint::Endpoints, id::AuditId, policy::Policy, remedy::RemedyWords,
        secret::Token, text::hex,
    },
    provider::{
        audit::RefusalCounter,
        error::Error,
        health::HealthCheck,
        keys::{certificate_expiry::WarnedToday, ring::KeyRing},
        saml::publish::FetchLog,
        single_flight::SingleFlight,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    store::Store,
};

/// The identity provider: a handle to everything that its operations need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Provider(Arc<Inner>, Caller);

/// For whom the provider works.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Nobody waits: an operation may take long.
    Background,
    /// A user waits, and a quick error is better than a long wait.
    Request,
}

/// What a provider is built from.
#[derive(Debug)]
pub struct Dependencies {
    pub clock: Box<dyn Clock>,
    pub entropy: Box<dyn Entropy>,
    /// Our public URLs.
    pub endpoints: Endpoints,
    pub policy: Policy,
    /// Opens the signing keys.
    pub sealing_key: SealingKey,
    pub hasher: Hasher,
    pub store: Store,
    pub fetcher: Fetcher,
    /// The words of remedies in the log, and in errors that are stored.
    pub remedy_words: RemedyWords,
    /// The user of the operating system who runs the command; `None` for the daemon.
    pub actor: Option<String>,
}

#[derive(Debug)]
struct Inner {
    dependencies: Dependencies,
    store_for_requests: Store,
    health_check: Mutex<HealthCheck>,
    state_key: BrowserStateKey,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    loading: SingleFlight,
    loads: AtomicU64,
    refusal_counter: Mutex<RefusalCounter>,
    fetch_log: Mutex<FetchLog>,
    warned_today: Mutex<WarnedToday>,
}

impl Provider {
    /// Opens a provider on a database that `Bootstrap::initialize` has prepared, here or in another replica.
    pub fn open(dependencies: Dependencies) -> Result<Self, Error> {
        let provider = Self::prepared(dependencies)?;
        provider.fresh_snapshot()?;
        Ok(provider)
    }

    /// Like [`Self::open`], for one command: the snapshot is loaded when it is first needed.
    pub fn open_for_command(dependencies: Dependencies) -> Result<Self, Error> {
        // Proves that this sealing key is the right one: it also seals links.
        KeyRing::open(
            &key_rows::readable(&dependencies.store)?,
            &dependencies.sealing_key,
        )?;
        Self::prepared(dependencies)
    }

    fn prepared(dependencies: Dependencies) -> Result<Self, Error> {
        let state_key = BrowserStateKey::from_sealing_key(&dependencies.sealing_key)?;
        let inner = Inner {
            store_for_requests: dependencies.store.for_requests(),
            dependencies,
            state_key,
            health_check: Mutex::new(HealthCheck::default()),
            snapshot: RwLock::new(None),
            loading: SingleFlight::default(),
            loads: AtomicU64::new(0),
            refusal_counter: Mutex::new(RefusalCounter::default()),
            fetch_log: Mutex::new(FetchLog::default()),
            warned_today: Mutex::new(WarnedToday::default()),
        };
        Ok(Self(Arc::new(inner), Caller::Background))
    }

    /// The same provider for requests that a user waits for: it limits how long it waits for the database.
    #[must_use]
    pub fn for_requests(&self) -> Self {
        Self(Arc::clone(&self.0), Caller::Request)
    }

    /// Our public URLs.
    pub fn endpoints(&self) -> &Endpoints {
        &self.dependencies().endpoints
    }

    /// Whether the database is a server, not a file of ours.
    pub fn uses_database_server(&self) -> bool {
        !self.store().is_sqlite()
    }

    pub fn policy(&self) -> &Policy {
        &self.dependencies().policy
    }

    /// The number of passwords hashed so far, so that tests can count work instead of measuring time.
    pub fn hash_count(&self) -> u64 {
        self.dependencies().hasher.hash_count()
    }

    /// How many times a snapshot was read from the database, so that tests can count.
    pub fn snapshots_read(&self) -> u64 {
        self.0.loads.load(Ordering::Relaxed)
    }

    fn dependencies(&self) -> &Dependencies {
        &self.0.dependencies
    }

    fn state_key(&self) -> &BrowserStateKey {
        &self.0.state_key
    }

    fn store(&self) -> &Store {
        match self.1 {
            Caller::Background => &self.0.dependencies.store,
            Caller::Request => &self.0.store_for_requests,
        }
    }

    /// The time of the clock that the provider was built with.
    pub fn now(&self) -> DateTime<Utc> {
        self.dependencies().clock.now()
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.dependencies().entropy.fill(&mut bytes);
        bytes
    }

    /// A request ID: 16 hex digits.
    pub fn request_id(&self) -> String {
        hex(&self.random::<8>())
    }

    /// A new random bearer token.
    pub fn token(&self) -> Token {
        Token::new(self.random())
    }

    /// The `ID` of a message: `_` and 160 random bits in hex (saml-core, 1.3.4).
    fn message_id(&self) -> String {
        format!("_{}", hex(&self.random::<20>()))
    }

    /// An audit event, to be filled in.
    fn event(&self, action: &'static str, outcome: &str, visitor: Option<&Visitor>) -> AuditEvent {
        let now = self.now();
        AuditEvent {
            id: AuditId::new(now, self.random()),
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
            unauthenticated: false,
            actor: match visitor {
                Some(_browser) => None,
                None => self.dependencies().actor.clone(),
            },
            changes: Vec::new(),
        }
    }
}
