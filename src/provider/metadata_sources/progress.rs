//! Progress reports.

/// A progress report during an import.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportProgress {
    /// Bytes fetched so far.
    Fetched(u64),
    /// Bytes of the document verified so far.
    Verified(u64),
    /// Entities read so far.
    ReadEntities(usize),
}

/// Receives progress reports.
pub type OnProgress<'t> = &'t mut dyn FnMut(ImportProgress);
