//! Formats waiting times and dates.

use chrono::{DateTime, Utc};

/// How long a user has to wait, in seconds, for `Retry-After` too; at least 1.
pub(super) fn wait_seconds(now: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
    u64::try_from((until - now).num_milliseconds())
        .unwrap_or_default()
        .div_ceil(1000)
        .max(1)
}

/// For administrators.
pub(super) fn format_time(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_wait_is_never_shown_too_short() {
        let now: DateTime<Utc> = "2026-11-21T14:30:01Z".parse().unwrap();
        assert_eq!(wait_seconds(now, now + TimeDelta::milliseconds(29_001)), 30);
        assert_eq!(wait_seconds(now, now - TimeDelta::seconds(5)), 1);
    }
}
