//! Streams metadata: an `EntitiesDescriptor` of up to 200 MB, or one entity, with the publisher's signature.
//!
//! A signed file is read twice. [`verify`] computes the digest of its canonical form while it streams, and records the
//! SHA-256 of every chunk; [`entities`] reads the same file again, and parses no chunk that is not, byte for byte, the
//! one that was verified. Both use the same tokenizer, so that what is parsed is what was signed. Processing
//! instructions and DTDs are refused.

mod entities;
mod progress;
mod root;
mod signed;

use std::io::Read;

use chrono::{DateTime, Utc};

pub use self::{entities::Entities, progress::ReadProgress, root::RootAttributes};
pub use crate::saml::metadata::{
    error::{BadMetadata, Error},
    sp::ParsedEntity,
};
use crate::{
    model::key::Certificate,
    xml::reader::chunked_reader::{ChunkDigests, ChunkedReader},
};

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 200 * 1024 * 1024;

/// The result of verifying a file: pass it to [`entities`].
#[derive(Clone, Debug)]
pub struct FileVerification {
    /// The chunks that were verified; `None` if no signature is required.
    chunk_digests: Option<ChunkDigests>,
    digest: Option<Vec<u8>>,
}

impl FileVerification {
    /// Accepts a file without a signature: whoever can modify it in transit determines its content.
    pub const fn without_signature() -> Self {
        Self {
            chunk_digests: None,
            digest: None,
        }
    }

    /// The digest that was verified: two files with the same digest have the same content.
    pub fn digest(&self) -> Option<&[u8]> {
        self.digest.as_deref()
    }

    /// Whether a signature was verified.
    pub const fn is_signed(&self) -> bool {
        self.chunk_digests.is_some()
    }
}

/// Reads `file` to its end, and verifies that it is signed as a whole by a key of `signed_by`: one signature, the first
/// child of the root element, over the whole root. Signatures further down are content like any other.
pub fn verify<R: Read>(
    file: R,
    signed_by: &[Certificate],
    now: DateTime<Utc>,
    progress: impl FnMut(ReadProgress),
) -> Result<FileVerification, Error> {
    let (chunks, digest) =
        signed::verify(ChunkedReader::recording(file, MAX_FILE), signed_by, now, progress)?;
    Ok(FileVerification {
        chunk_digests: Some(chunks),
        digest: Some(digest),
    })
}

/// Reads the entities of `file`, one after the other. If `verification` was returned by [`verify`], `file` must contain
/// exactly the same bytes, from the first.
///
/// Only at its end is it known whether the whole file is well-formed: without a signature, do not act on an entity
/// before the last one was returned.
pub fn entities<R: Read>(
    file: R,
    verification: &FileVerification,
    now: DateTime<Utc>,
) -> Result<Entities<R>, Error> {
    let source = match &verification.chunk_digests {
        Some(chunks) => ChunkedReader::comparing(file, MAX_FILE, ChunkDigests::clone(chunks)),
        None => ChunkedReader::new(file, MAX_FILE),
    };
    Entities::new(source, now)
}
