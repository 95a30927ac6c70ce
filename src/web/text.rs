//! Formats waiting times and dates.

use chrono::{DateTime, Utc};

/// How long a user has to wait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct WaitTime {
    /// Such as `2 minutes`.
    pub(super) text: String,
    /// For `Retry-After`; at least 1.
    pub(super) seconds: u64,
}

pub(super) fn wait_time(now: DateTime<Utc>, until: DateTime<Utc>) -> WaitTime {
    let seconds = u64::try_from((until - now).num_milliseconds())
        .unwrap_or_default()
        .div_ceil(1000)
        .max(1);
    let text = match (seconds, seconds.div_ceil(60)) {
        (1, _) => "1 second".to_owned(),
        (2..=59, _) => format!("{seconds} seconds"),
        (_, 1) => "1 minute".to_owned(),
        (_, minutes) => format!("{minutes} minutes"),
    };
    WaitTime { text, seconds }
}

pub(super) fn format_time(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// Such as `21 November 2026`, in UTC.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_wait_is_never_shown_too_short() {
        let now: DateTime<Utc> = "2026-11-21T14:30:01Z".parse().unwrap();
        let shown = wait_time(now, now + TimeDelta::seconds(119));
        assert_eq!((shown.text.as_str(), shown.seconds), ("2 minutes", 119));
        assert_eq!(
            wait_time(now, now + TimeDelta::milliseconds(29_001)).text,
            "30 seconds"
        );
        assert_eq!(wait_time(now, now - TimeDelta::seconds(5)).seconds, 1);
    }
}
