//! When a deleted user is erased.

use crate::{model::user::User, provider::people::deletion};

/// The day on which a deleted user is erased; `None` for a user who is not deleted.
pub(super) fn erasure_date(user: &User) -> Option<String> {
    deletion::erasure_time(user).map(|at| at.format("%Y-%m-%d").to_string())
}
