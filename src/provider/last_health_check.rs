//! What the last periodic check found.

/// The result of the last periodic check.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HealthCheck {
    /// The database does not respond, or a key in it cannot be opened.
    pub(super) failed: bool,
    pub(super) has_users: bool,
    /// Passkeys that could not be read when the daemon started.
    pub(super) unreadable_passkeys: usize,
}
