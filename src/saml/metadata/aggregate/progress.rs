//! How far a file was read.

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ReadProgress {
    /// Bytes read.
    pub bytes: u64,
    /// Entities seen, of whatever kind.
    pub entities: u64,
}
