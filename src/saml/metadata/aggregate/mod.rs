//! Metadata of many, streamed: an `EntitiesDescriptor` of up to 200 MB, or one entity, with the signature of
//! whoever publishes it.
//!
//! A signed file is read twice. [`verify`] digests its canonical form while it streams by, and notes the
//! SHA-256 of every piece of it; [`entities`] reads the same file again, and looks at no piece that is not,
//! byte for byte, the one that was verified. Both read by the same tokens, so that what is believed is what
//! was signed. Processing instructions and DTDs are refused.

mod entities;
mod root;
mod signed;

use std::io::Read;

use chrono::{DateTime, Utc};

pub use self::{entities::Entities, root::RootAttributes};
pub use crate::saml::metadata::{
    error::{BadMetadata, Error},
    sp::ParsedEntity,
};
use crate::{
    model::key::Certificate,
    saml::metadata::xml::source::{ChunkDigests, ChunkedReader},
};

/// The longest file that is read, in bytes.
pub const MAX_FILE: u64 = 200 * 1024 * 1024;

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReadProgress {
    /// Bytes read.
    pub bytes: u64,
    /// Entities seen, of whatever kind.
    pub entities: u64,
}

/// A file of which it is known whether it may be believed.
#[derive(Clone, Debug)]
pub struct FileVerification {
    /// What was verified; absent where nobody asked for a signature.
    chunk_digests: Option<ChunkDigests>,
    digest: Option<Vec<u8>>,
}

impl FileVerification {
    /// Takes a file as it comes: whoever can change it on its way decides what it says.
    pub const fn without_signature() -> Self {
        Self {
            chunk_digests: None,
            digest: None,
        }
    }

    /// The digest that was verified: two files that have it say the same.
    pub fn digest(&self) -> Option<&[u8]> {
        self.digest.as_deref()
    }

    /// Whether a signature was verified.
    pub const fn is_signed(&self) -> bool {
        self.chunk_digests.is_some()
    }
}

/// Reads `file` to its end, and verifies that it is signed as a whole by a key of `signed_by`: one signature,
/// first in the root element, over all of that. Signatures further down are content like any other.
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

/// Reads the entities of `file`, one after the other. Where `checked` comes of [`verify`], `file` must hold
/// the very same bytes, from the first.
///
/// That the whole file is well-formed is known at its end only: without a signature nothing should be done
/// about an entity before the last was handed out.
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
