//! Times in JSON.

use chrono::{DateTime, SecondsFormat, Utc};

/// RFC 3339, in UTC, with a `Z`.
pub fn format_rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
