//! Who causes a change.

/// Who causes a change, for the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A command, run by this user of the operating system.
    CommandLine(String),
    /// Hallpass itself: housekeeping, the start, a metadata source, or a browser whose visitor the event names.
    Itself,
}

impl Actor {
    /// As the audit log keeps it; `None` for Hallpass itself.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::CommandLine(user) => Some(user),
            Self::Itself => None,
        }
    }
}
