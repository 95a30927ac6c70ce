//! When a source is fetched next.

use chrono::{DateTime, TimeDelta, Utc};

/// A publisher that asks for a shorter interval is fetched only this often.
const MIN_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// No change goes unnoticed for longer than this.
const MAX_INTERVAL: TimeDelta = TimeDelta::hours(24);
/// Metadata that expires soon is fetched more often: sign-ins stop when it expires.
const MIN_INTERVAL_BEFORE_EXPIRY: TimeDelta = TimeDelta::minutes(5);
const FIRST_RETRY: TimeDelta = TimeDelta::minutes(5);
const MAX_RETRY: TimeDelta = TimeDelta::hours(6);

/// When metadata that was fetched at `now` is fetched again: within its `cacheDuration`, and after half of the time
/// until its `validUntil` at the latest (saml-metadata, 2.3.1).
pub(super) fn next_fetch(
    now: DateTime<Utc>,
    cache_duration: Option<TimeDelta>,
    valid_until: Option<DateTime<Utc>>,
) -> DateTime<Utc> {
    let by_cache = cache_duration.map_or(MAX_INTERVAL, |cache| cache.clamp(MIN_INTERVAL, MAX_INTERVAL));
    let by_end = valid_until.map_or(MAX_INTERVAL, |end| {
        ((end - now) / 2).clamp(MIN_INTERVAL_BEFORE_EXPIRY, MAX_INTERVAL)
    });
    now + by_cache.min(by_end)
}

/// When to retry a source after `failures` failed fetches in a row.
pub(super) fn next_retry(now: DateTime<Utc>, failures: u32) -> DateTime<Utc> {
    let doubled = FIRST_RETRY
        .checked_mul(1 << failures.saturating_sub(1).min(10))
        .unwrap_or(MAX_RETRY);
    now + doubled.min(MAX_RETRY)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn the_next_fetch_is_the_earlier_of_cache_and_validity_within_bounds() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let after = |minutes| Some(now + TimeDelta::minutes(minutes));
        let cache = |minutes| Some(TimeDelta::minutes(minutes));
        for (cache, until, minutes) in [
            (None, None, 24 * 60),
            (cache(6 * 60), None, 6 * 60),
            (cache(1), None, 60),
            (cache(-5), None, 60),
            (cache(100 * 24 * 60), None, 24 * 60),
            (None, after(8 * 60), 4 * 60),
            (cache(2 * 60), after(8 * 60), 2 * 60),
            (cache(6 * 60), after(8 * 60), 4 * 60),
            (None, after(30), 15),
            (None, after(2), 5),
            (None, after(-60), 5),
            (None, after(1_000_000), 24 * 60),
        ] {
            assert_eq!(
                next_fetch(now, cache, until),
                now + TimeDelta::minutes(minutes),
                "{cache:?} {until:?}"
            );
        }
    }

    #[test]
    fn a_failing_source_is_retried_less_and_less_often() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let waits: Vec<_> = [1, 2, 3, 4, 5, 6, 7, 8, 100, u32::MAX]
            .into_iter()
            .map(|failures| (next_retry(now, failures) - now).num_minutes())
            .collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360, 360]);
    }
}
