//! The one bridge from async to the provider.

use std::sync::Arc;

use actix_web::web;
use tokio::sync::Semaphore;

use crate::{
    provider::{self, Provider},
    web::error::Error,
};

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
    let permit = permits.acquire_owned().await.map_err(|_closed| Error::Stopping)?;
    let provider = provider.clone();
    let span = tracing::Span::current();
    #[expect(clippy::disallowed_methods, reason = "this is the bridge")]
    let done = web::block(move || {
        let _permit = permit;
        span.in_scope(|| work(&provider))
    })
    .await;
    Ok(done.map_err(Error::Blocking)??)
}
