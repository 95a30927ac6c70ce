//! The bytes of a file, from front to back: counted, bounded, and the same both times.

use std::{
    fmt,
    io::{self, BufRead, Read},
    sync::Arc,
};

use crate::{
    model::hash::sha256,
    xml::error::{Error, StreamError},
};

/// Bytes that are read, and digested, at once.
const CHUNK_SIZE: usize = 64 * 1024;
/// The longest tag or text, in bytes.
pub(crate) const MAX_TOKEN: usize = 2 * 1024 * 1024;

/// The SHA-256 of every chunk of a file, in their order.
pub(crate) type ChunkDigests = Arc<[[u8; 32]]>;

/// Hands out the bytes of `inner`.
pub(crate) struct ChunkedReader<R> {
    inner: R,
    chunk_size: usize,
    chunk: Vec<u8>,
    position: usize,
    ended: bool,
    bytes_read: u64,
    max_bytes: u64,
    token_bytes: usize,
    check: ChunkCheck,
    error: Option<StreamError>,
}

/// What is done with the digest of a chunk.
enum ChunkCheck {
    Off,
    Record(Vec<[u8; 32]>),
    /// Every chunk must have the recorded digest before any of its bytes is used.
    Compare(ChunkDigests, usize),
}

impl<R: Read> ChunkedReader<R> {
    /// Reads at most `max_bytes` of `inner`, without digests.
    pub(crate) fn new(inner: R, max_bytes: u64) -> Self {
        Self::with_check(inner, max_bytes, ChunkCheck::Off)
    }

    /// Reads `inner` and records the digests of its chunks.
    pub(crate) fn recording(inner: R, max_bytes: u64) -> Self {
        Self::with_check(inner, max_bytes, ChunkCheck::Record(Vec::new()))
    }

    /// Reads `inner`, whose chunks must have the recorded digests.
    pub(crate) fn comparing(inner: R, max_bytes: u64, chunks: ChunkDigests) -> Self {
        Self::with_check(inner, max_bytes, ChunkCheck::Compare(chunks, 0))
    }

    fn with_check(inner: R, max_bytes: u64, check: ChunkCheck) -> Self {
        Self {
            inner,
            chunk_size: CHUNK_SIZE,
            chunk: Vec::new(),
            position: 0,
            ended: false,
            bytes_read: 0,
            max_bytes,
            token_bytes: 0,
            check,
            error: None,
        }
    }

    /// Reads `size` bytes at once.
    #[cfg(test)]
    pub(crate) fn with_chunk_size(mut self, size: usize) -> Self {
        self.chunk_size = size;
        self
    }

    /// A token ended; the next may be as long again.
    pub(crate) fn token_ended(&mut self) {
        self.token_bytes = 0;
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Why reading ended early, if it was for a reason of the source's own.
    pub(crate) fn take_error(&mut self) -> Option<StreamError> {
        self.error.take()
    }

    /// The recorded digests.
    pub(crate) fn into_chunk_digests(self) -> ChunkDigests {
        match self.check {
            ChunkCheck::Record(chunks) => chunks.into(),
            ChunkCheck::Compare(chunks, _) => chunks,
            ChunkCheck::Off => Arc::default(),
        }
    }

    fn refill(&mut self) -> Result<(), StreamError> {
        self.position = 0;
        self.chunk.clear();
        let size = u64::try_from(self.chunk_size).unwrap_or(u64::MAX);
        (&mut self.inner)
            .take(size)
            .read_to_end(&mut self.chunk)
            .map_err(StreamError::Io)?;
        self.bytes_read += u64::try_from(self.chunk.len()).unwrap_or(u64::MAX);
        self.ended = self.chunk.is_empty();
        if self.bytes_read > self.max_bytes {
            return Err(StreamError::TooLong(self.max_bytes));
        }
        match &mut self.check {
            ChunkCheck::Off => Ok(()),
            ChunkCheck::Record(chunks) => {
                if !self.ended {
                    chunks.push(sha256(&self.chunk));
                }
                Ok(())
            }
            ChunkCheck::Compare(chunks, next) => {
                let recorded = chunks.get(*next);
                *next += 1;
                let same = match recorded {
                    Some(recorded) => !self.ended && *recorded == sha256(&self.chunk),
                    None => self.ended,
                };
                if same { Ok(()) } else { Err(StreamError::Changed) }
            }
        }
    }

    fn fail(&mut self, error: StreamError) -> io::Error {
        self.chunk.clear();
        self.position = 0;
        self.ended = true;
        self.error = Some(error);
        io::Error::other("reading ended early")
    }
}

impl<R: Read> Read for ChunkedReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for ChunkedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.token_bytes > MAX_TOKEN {
            let long = Error::Malformed("one tag or text alone is longer than 2 MB");
            return Err(self.fail(StreamError::Xml(long)));
        }
        if self.position >= self.chunk.len()
            && !self.ended
            && let Err(error) = self.refill()
        {
            return Err(self.fail(error));
        }
        Ok(self.chunk.get(self.position..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.position += count;
        self.token_bytes += count;
    }
}

impl<R> fmt::Debug for ChunkedReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({} bytes read)", self.bytes_read)
    }
}
