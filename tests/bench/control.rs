//! The unit of measurement: one RSA-2048 signature over prepared bytes, made by the same OpenSSL.

use openssl::{hash::MessageDigest, pkey::PKey, pkey::Private, rsa::Rsa, sign::Signer};
use rustix::time::{ClockId, clock_gettime};

/// Makes the signatures for comparison.
pub(crate) struct ControlSignature(PKey<Private>);

impl ControlSignature {
    pub(crate) fn new() -> Self {
        Self(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap())
    }

    /// Makes `count` signatures; returns this thread's CPU time in nanoseconds.
    pub(crate) fn sign(&self, count: usize) -> u64 {
        let before = thread_cpu();
        self.sign_repeatedly(count);
        thread_cpu() - before
    }

    /// Makes `count` signatures without reading a clock: valgrind does not support this one.
    pub(crate) fn sign_repeatedly(&self, count: usize) {
        for _one in 0..count {
            let mut signer = Signer::new(MessageDigest::sha256(), &self.0).unwrap();
            std::hint::black_box(signer.sign_oneshot_to_vec(&[7; 600]).unwrap());
        }
    }
}

/// This thread's CPU time in nanoseconds. (`schedstat` is not used: for a running thread it is as old as the last
/// tick.)
pub(crate) fn thread_cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap()
}
