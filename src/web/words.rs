//! Times in words.

use chrono::{DateTime, Utc};

/// How long a person has to wait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Wait {
    /// `2 minutes`.
    pub(super) words: String,
    /// For `Retry-After`; at least one.
    pub(super) seconds: u64,
}

pub(super) fn wait(now: DateTime<Utc>, until: DateTime<Utc>) -> Wait {
    let seconds = u64::try_from((until - now).num_milliseconds())
        .unwrap_or_default()
        .div_ceil(1000)
        .max(1);
    let words = match (seconds, seconds.div_ceil(60)) {
        (1, _) => "1 second".to_owned(),
        (2..=59, _) => format!("{seconds} seconds"),
        (_, 1) => "1 minute".to_owned(),
        (_, minutes) => format!("{minutes} minutes"),
    };
    Wait { words, seconds }
}

pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_wait_is_never_said_too_short() {
        let now: DateTime<Utc> = "2026-11-21T14:30:01Z".parse().unwrap();
        let said = wait(now, now + TimeDelta::seconds(119));
        assert_eq!((said.words.as_str(), said.seconds), ("2 minutes", 119));
        assert_eq!(
            wait(now, now + TimeDelta::milliseconds(29_001)).words,
            "30 seconds"
        );
        assert_eq!(wait(now, now - TimeDelta::seconds(5)).seconds, 1);
    }
}
