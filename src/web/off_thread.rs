//! The one bridge from async to the provider.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use actix_web::web;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    provider::{self, Provider},
    web::error::Error,
};

/// How long a step may take before its client is told that nobody knows what became of it.
const LONGEST: Duration = Duration::from_secs(8);

const WORKING: u8 = 0;
const DONE: u8 = 1;
const GIVEN_UP: u8 = 2;

/// How many steps run at once. A permit is moved into the work: a client that goes away drops the future,
/// while the work goes on.
#[derive(Clone, Debug)]
pub struct Permits {
    steps: Arc<Semaphore>,
    hashes: Arc<Semaphore>,
}

impl Permits {
    /// `steps` bounds work with the database, `hashes` the memory that passwords take.
    pub fn new(steps: usize, hashes: usize) -> Self {
        Self {
            steps: Arc::new(Semaphore::new(steps)),
            hashes: Arc::new(Semaphore::new(hashes)),
        }
    }
}

/// Runs `work` where it may block.
pub(super) async fn off_thread<T: Send + 'static>(
    provider: &Provider,
    permits: &Permits,
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    run(provider, Arc::clone(&permits.steps), work).await
}

/// The same for work that hashes a password.
pub(super) async fn hashing<T: Send + 'static>(
    provider: &Provider,
    permits: &Permits,
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    run(provider, Arc::clone(&permits.hashes), work).await
}

async fn run<T: Send + 'static>(
    provider: &Provider,
    permits: Arc<Semaphore>,
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    let permit = Arc::clone(&permits)
        .acquire_owned()
        .await
        .map_err(|_closed| Error::Stopping)?;
    let provider = provider.clone();
    let span = tracing::Span::current();
    let stage = Arc::new(AtomicU8::new(WORKING));
    let ours = Arc::clone(&stage);
    #[expect(clippy::disallowed_methods, reason = "this is the bridge")]
    let working = web::block(move || {
        let done = span.in_scope(|| work(&provider));
        if ours.swap(DONE, Ordering::AcqRel) == GIVEN_UP {
            // Somebody else has its place since then.
            permit.forget();
        }
        done
    });
    if let Ok(done) = timeout(LONGEST, working).await {
        return Ok(done.map_err(Error::Blocking)??);
    }
    // Nothing can wake the thread while its database is silent. It goes on by itself; what it writes may hold or
    // not, so that it is never done again here.
    if stage
        .compare_exchange(WORKING, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
    {
        permits.add_permits(1);
    }
    Err(Error::Silent)
}
