//! The provider itself: what all of its operations need.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::Guard;
use chrono::{DateTime, Utc};
use ipnet::IpNet;

use crate::{
    crypto::{
        browser_state::BrowserStateKey, factor_key::FactorKey, job_key::JobKey, refresh_key::RefreshKey,
    },
    model::{
        actor::Actor, audit::AuditEvent, audit_action::AuditAction, endpoint::Endpoints, id::AuditId,
        mail::MailSettings, policy::Policy, secret::Token, text::hex,
    },
    provider::{
        audit::refusal_counter::RefusalCounter,
        dependencies::Dependencies,
        error::Error,
        key_rows,
        keys::{certificate_expiry::WarnedToday, ring::KeyRing},
        last_health_check::HealthCheck,
        saml::fetch_log::FetchLog,
        single_flight::SingleFlight,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    store::Store,
};

/// The identity provider: a handle to everything that its operations need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Provider(pub(super) Arc<Inner>, Caller);

/// For whom the provider works.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// Nobody waits: an operation may take long.
    Background,
    /// A user waits, and a quick error is better than a long wait.
    Request,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) dependencies: Dependencies,
    pub(super) store_for_requests: Store,
    pub(super) health_check: Mutex<HealthCheck>,
    pub(super) state_key: BrowserStateKey,
    pub(super) job_key: JobKey,
    pub(super) factor_key: FactorKey,
    pub(super) refresh_key: RefreshKey,
    pub(super) snapshot: RwLock<Option<Arc<Snapshot>>>,
    pub(super) loading: SingleFlight,
    pub(super) loads: AtomicU64,
    pub(super) refusal_counter: Mutex<RefusalCounter>,
    pub(super) fetch_log: Mutex<FetchLog>,
    pub(super) warned_today: Mutex<WarnedToday>,
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
        let job_key = JobKey::from_sealing_key(&dependencies.sealing_key)?;
        let factor_key = FactorKey::from_sealing_key(&dependencies.sealing_key)?;
        let refresh_key = RefreshKey::from_sealing_key(&dependencies.sealing_key)?;
        let inner = Inner {
            store_for_requests: dependencies.store.for_requests(),
            dependencies,
            state_key,
            job_key,
            factor_key,
            refresh_key,
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

    /// The policy of this moment.
    pub fn policy(&self) -> Guard<Arc<Policy>> {
        self.dependencies().policy.load()
    }

    /// Keeps to `policy`, fetches metadata from `private_networks` too and sends mail as `mail` says, from now on. Fails
    /// if the published metadata, which depends on the policy, cannot be made anew.
    pub fn replace_settings(
        &self,
        policy: Policy,
        private_networks: Vec<IpNet>,
        mail: Option<Arc<MailSettings>>,
    ) -> Result<(), Error> {
        let parts = self.dependencies();
        parts.mailer.replace_settings(mail);
        parts.fetcher.replace_private_networks(private_networks);
        let previous = parts.policy.swap(Arc::new(policy));
        if previous.sign_metadata != self.policy().sign_metadata {
            self.fresh_snapshot()?;
        }
        Ok(())
    }

    /// The number of passwords hashed so far, so that tests can count work instead of measuring time.
    pub fn hash_count(&self) -> u64 {
        self.dependencies().hasher.hash_count()
    }

    /// How many times a snapshot was read from the database, so that tests can count.
    pub fn snapshots_read(&self) -> u64 {
        self.0.loads.load(Ordering::Relaxed)
    }

    pub(super) fn dependencies(&self) -> &Dependencies {
        &self.0.dependencies
    }

    pub(super) fn state_key(&self) -> &BrowserStateKey {
        &self.0.state_key
    }

    pub(super) fn factor_key(&self) -> &FactorKey {
        &self.0.factor_key
    }

    pub(super) fn refresh_key(&self) -> &RefreshKey {
        &self.0.refresh_key
    }

    pub(super) fn job_key(&self) -> &JobKey {
        &self.0.job_key
    }

    pub(super) fn store(&self) -> &Store {
        match self.1 {
            Caller::Background => &self.0.dependencies.store,
            Caller::Request => &self.0.store_for_requests,
        }
    }

    /// The time of the clock that the provider was built with.
    pub fn now(&self) -> DateTime<Utc> {
        self.dependencies().clock.now()
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
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
    pub(super) fn message_id(&self) -> String {
        format!("_{}", hex(&self.random::<20>()))
    }

    /// An audit event of Hallpass itself or of a browser, to be filled in.
    pub(super) fn event(&self, action: AuditAction, outcome: &str, visitor: Option<&Visitor>) -> AuditEvent {
        self.event_by(&Actor::Itself, action, outcome, visitor)
    }

    /// An audit event, to be filled in.
    pub(super) fn event_by(
        &self,
        actor: &Actor,
        action: AuditAction,
        outcome: &str,
        visitor: Option<&Visitor>,
    ) -> AuditEvent {
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
            actor: actor.name().map(Cow::into_owned),
            changes: Vec::new(),
        }
    }
}
