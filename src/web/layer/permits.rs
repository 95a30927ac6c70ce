//! How many steps of blocking work run at once.

use std::time::Duration;

use crate::web::layer::queue::PermitQueue;

/// Limits how many steps run at once. A permit is moved into the work: if the client disconnects,
/// the future is dropped while the work continues.
#[derive(Clone, Debug)]
pub struct Permits {
    pub(super) steps: PermitQueue,
    pub(super) hashes: PermitQueue,
}

impl Permits {
    /// `steps` bounds work with the database, `hashes` the memory for password hashing. One of the
    /// latter is reserved for devices on which a user has signed in before; there are always at
    /// least two. A request that would wait longer than `longest` gets 503.
    pub fn new(steps: usize, hashes: usize, longest: Duration) -> Self {
        Self {
            steps: PermitQueue::new("requests", steps, 0, longest),
            hashes: PermitQueue::new("passwords", hashes.max(2), 1, longest),
        }
    }
}
