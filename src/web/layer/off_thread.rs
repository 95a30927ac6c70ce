//! The only bridge from async code to the blocking provider.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use actix_web::{HttpRequest, web};
use tokio::time::timeout;

use crate::{
    provider::{self, Provider},
    web::{
        error::Error,
        layer::connection,
        layer::queue::{PermitDenied, PermitQueue, PermitRequest},
        state::Site,
    },
};

/// How long a step may take before its client gets an error that leaves the outcome open.
const STEP_TIMEOUT: Duration = Duration::from_secs(8);

const RUNNING: u8 = 0;
const DONE: u8 = 1;
const ABANDONED: u8 = 2;

/// Runs `work` on a thread that may block.
pub(in crate::web) async fn off_thread<T: Send + 'static>(
    site: &Site,
    request: &HttpRequest,
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    run(site, request, (&site.permits.steps, false), work).await
}

/// The same for work that hashes a password; `is_known` says whether the device is a known one of
/// the account.
pub(in crate::web) async fn hashing<T: Send + 'static>(
    site: &Site,
    request: &HttpRequest,
    is_known: bool,
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    run(site, request, (&site.permits.hashes, is_known), work).await
}

async fn run<T: Send + 'static>(
    site: &Site,
    request: &HttpRequest,
    (queue, is_known): (&PermitQueue, bool),
    work: impl FnOnce(&Provider) -> Result<T, provider::error::Error> + Send + 'static,
) -> Result<T, Error> {
    let asking = PermitRequest {
        address: site.client_address(request),
        is_known_device: is_known,
    };
    let permit = match queue
        .acquire(asking, connection::client_disconnected(request))
        .await
    {
        Ok(permit) => permit,
        Err(PermitDenied::Busy { seconds }) => return Err(Error::Busy { seconds }),
        Err(PermitDenied::ClientDisconnected) => return Err(Error::ClientDisconnected),
    };
    let provider = site.provider.clone();
    let span = tracing::Span::current();
    let stage = Arc::new(AtomicU8::new(RUNNING));
    let work_stage = Arc::clone(&stage);
    #[expect(clippy::disallowed_methods, reason = "this is the bridge")]
    let working = web::block(move || {
        let done = span.in_scope(|| work(&provider));
        if work_stage.swap(DONE, Ordering::AcqRel) == ABANDONED {
            // The permit was released already, and may belong to another request by now.
            permit.forget();
        }
        done
    });
    if let Ok(done) = timeout(STEP_TIMEOUT, working).await {
        return Ok(done.map_err(Error::Blocking)??);
    }
    // A thread that waits for a silent database cannot be interrupted. It continues by itself; its
    // write may or may not be committed, so it is never repeated here.
    if stage
        .compare_exchange(RUNNING, ABANDONED, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
    {
        queue.release(is_known, STEP_TIMEOUT);
    }
    Err(Error::StepTimeout)
}
