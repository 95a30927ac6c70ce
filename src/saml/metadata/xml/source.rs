//! The bytes of a file, from front to back: counted, bounded, and the same both times.

use std::{
    fmt,
    io::{self, BufRead, Read},
    sync::Arc,
};

use openssl::sha::sha256;

use crate::saml::metadata::bad::{BadMetadata, Error};

/// Bytes that are read, and digested, at once.
const CHUNK: usize = 64 * 1024;
/// The longest tag or text, in bytes.
pub(in crate::saml::metadata) const MAX_TOKEN: usize = 2 * 1024 * 1024;

/// The SHA-256 of every chunk of a file, in their order.
pub(in crate::saml::metadata) type Chunks = Arc<[[u8; 32]]>;

/// Hands out the bytes of `inner`.
pub(in crate::saml::metadata) struct Source<R> {
    inner: R,
    size: usize,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
    read: u64,
    most: u64,
    since_token: usize,
    check: Check,
    fault: Option<Error>,
}

/// What becomes of a chunk's digest.
enum Check {
    Nothing,
    Note(Vec<[u8; 32]>),
    /// Every chunk must be the one that was noted, before a byte of it is looked at.
    Compare(Chunks, usize),
}

impl<R: Read> Source<R> {
    /// Reads `inner` as it comes, `most` bytes at most.
    pub(in crate::saml::metadata) fn new(inner: R, most: u64) -> Self {
        Self::of(inner, most, Check::Nothing)
    }

    /// Reads `inner`, and notes what was read.
    pub(in crate::saml::metadata) fn noting(inner: R, most: u64) -> Self {
        Self::of(inner, most, Check::Note(Vec::new()))
    }

    /// Reads `inner`, which must be what was noted.
    pub(in crate::saml::metadata) fn comparing(inner: R, most: u64, chunks: Chunks) -> Self {
        Self::of(inner, most, Check::Compare(chunks, 0))
    }

    fn of(inner: R, most: u64, check: Check) -> Self {
        Self {
            inner,
            size: CHUNK,
            chunk: Vec::new(),
            at: 0,
            ended: false,
            read: 0,
            most,
            since_token: 0,
            check,
            fault: None,
        }
    }

    /// Reads `size` bytes at once.
    #[cfg(test)]
    pub(in crate::saml::metadata) fn in_chunks_of(mut self, size: usize) -> Self {
        self.size = size;
        self
    }

    /// A token ended; the next may be as long again.
    pub(in crate::saml::metadata) fn token_ended(&mut self) {
        self.since_token = 0;
    }

    /// Bytes read so far.
    pub(in crate::saml::metadata) fn bytes(&self) -> u64 {
        self.read
    }

    /// Why reading ended early, if it was for a reason of the source's own.
    pub(in crate::saml::metadata) fn take_fault(&mut self) -> Option<Error> {
        self.fault.take()
    }

    /// What was noted.
    pub(in crate::saml::metadata) fn into_chunks(self) -> Chunks {
        match self.check {
            Check::Note(chunks) => chunks.into(),
            Check::Compare(chunks, _) => chunks,
            Check::Nothing => Arc::default(),
        }
    }

    fn refill(&mut self) -> Result<(), Error> {
        self.at = 0;
        self.chunk.clear();
        let size = u64::try_from(self.size).unwrap_or(u64::MAX);
        (&mut self.inner)
            .take(size)
            .read_to_end(&mut self.chunk)
            .map_err(Error::Io)?;
        self.read += u64::try_from(self.chunk.len()).unwrap_or(u64::MAX);
        self.ended = self.chunk.is_empty();
        if self.read > self.most {
            return Err(Error::Bad(BadMetadata::TooLarge(self.most >> 20)));
        }
        match &mut self.check {
            Check::Nothing => Ok(()),
            Check::Note(chunks) => {
                if !self.ended {
                    chunks.push(sha256(&self.chunk));
                }
                Ok(())
            }
            Check::Compare(chunks, next) => {
                let known = chunks.get(*next);
                *next += 1;
                let same = match known {
                    Some(known) => !self.ended && *known == sha256(&self.chunk),
                    None => self.ended,
                };
                if same {
                    Ok(())
                } else {
                    Err(Error::Bad(BadMetadata::Changed))
                }
            }
        }
    }

    fn fails(&mut self, fault: Error) -> io::Error {
        self.chunk.clear();
        self.at = 0;
        self.ended = true;
        self.fault = Some(fault);
        io::Error::other("reading ended early")
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_token > MAX_TOKEN {
            let long = BadMetadata::malformed("one tag or text alone is longer than 2 MB");
            return Err(self.fails(Error::Bad(long)));
        }
        if self.at >= self.chunk.len()
            && !self.ended
            && let Err(fault) = self.refill()
        {
            return Err(self.fails(fault));
        }
        Ok(self.chunk.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.since_token += count;
    }
}

impl<R> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} bytes read)", self.read)
    }
}
