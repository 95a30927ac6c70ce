//! When a job that failed is tried again.

use chrono::{DateTime, TimeDelta, Utc};

/// How long to wait after each attempt; the last is repeated.
const DELAYS: [TimeDelta; 5] = [
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
    TimeDelta::hours(4),
];
/// A job that would come too late is tried once more, this long before it is of no use.
const LAST_CHANCE: TimeDelta = TimeDelta::minutes(1);

/// When a job is tried again that has failed `failures` times; nothing if it is of no use by then. `random` spreads the
/// jobs that fail together, such as all mail while the server is away: up to a fifth of the delay is added.
pub(super) fn next_attempt(
    now: DateTime<Utc>,
    failures: u32,
    expires_at: DateTime<Utc>,
    random: u8,
) -> Option<DateTime<Utc>> {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let [.., longest] = DELAYS;
    let delay = DELAYS.get(index).copied().unwrap_or(longest);
    let next = now + delay + delay * i32::from(random) / (255 * 5);
    if next < expires_at {
        return Some(next);
    }
    let last = expires_at - LAST_CHANCE;
    (now + LAST_CHANCE < last).then_some(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn the_pauses_grow_and_end_with_the_use_of_the_job() {
        let in_a_day = NOW + TimeDelta::days(1);
        let seconds = |failures, random| {
            let next = next_attempt(NOW, failures, in_a_day, random).unwrap();
            (next - NOW).num_seconds()
        };
        for (failures, shortest) in [
            (1, 30),
            (2, 120),
            (3, 600),
            (4, 3600),
            (5, 14_400),
            (6, 14_400),
            (u32::MAX, 14_400),
        ] {
            assert_eq!(
                (seconds(failures, 0), seconds(failures, 255)),
                (shortest, shortest / 5 * 6)
            );
        }
        let late = in_a_day - TimeDelta::minutes(30);
        assert_eq!(
            next_attempt(late, 4, in_a_day, 0),
            Some(in_a_day - TimeDelta::minutes(1)),
            "one last attempt"
        );
        assert_eq!(
            next_attempt(in_a_day - TimeDelta::seconds(90), 4, in_a_day, 0),
            None
        );
        assert_eq!(next_attempt(in_a_day, 1, in_a_day, 0), None);
    }

    proptest! {
        #[test]
        fn attempts_come_to_an_end(minutes in 0_i64..2_000, random: u8) {
            let expires_at = NOW + TimeDelta::minutes(minutes);
            let (mut now, mut failures) = (NOW, 1);
            while let Some(next) = next_attempt(now, failures, expires_at, random) {
                prop_assert!(next > now && next < expires_at);
                (now, failures) = (next, failures + 1);
                prop_assert!(failures < 20);
            }
        }
    }
}
