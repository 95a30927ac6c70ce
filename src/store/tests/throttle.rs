//! Sign-in attempts are counted.

use super::*;
use crate::model::throttle::{RateLimit, ThrottlePolicy};

const LIMIT: ThrottlePolicy = ThrottlePolicy {
    free: 5,
    first_pause: TimeDelta::seconds(30),
    longest_pause: TimeDelta::minutes(3),
    forget_after: TimeDelta::hours(1),
};

fn attempt(store: &Store, limit: &ThrottlePolicy, at: DateTime<Utc>) -> RateLimit {
    write(store, |tx| tx.count_attempt("pair", limit, at))
}

#[test]
fn of_forty_concurrent_attempts_the_free_ones_pass() {
    on_each_database(|store| {
        let tries = at_once(40, |_| attempt(store, &LIMIT, now()));
        assert_eq!(
            tries
                .iter()
                .filter(|outcome| **outcome == RateLimit::Allowed)
                .count(),
            5,
            "{tries:?}"
        );
        let pause = RateLimit::RetryAfter(now() + TimeDelta::seconds(30));
        assert_eq!(
            tries.iter().filter(|outcome| **outcome == pause).count(),
            35,
            "{tries:?}"
        );
        assert_eq!(read(store, |tx| tx.attempts("pair")), 5);
    });
}

#[test]
fn each_further_attempt_doubles_the_pause_up_to_the_longest() {
    on_each_database(|store| {
        for free in [0, 1, 5] {
            let limit = ThrottlePolicy { free, ..LIMIT };
            write(store, |tx| tx.clear_attempts("pair"));
            let mut at = now();
            for count in 1..=free + 8 {
                assert_eq!(attempt(store, &limit, at), RateLimit::Allowed, "{free} {count}");
                let pause = limit.pause(count);
                if !pause.is_zero() {
                    let early = at + pause - TimeDelta::microseconds(1);
                    assert_eq!(
                        attempt(store, &limit, early),
                        RateLimit::RetryAfter(at + pause),
                        "{free} {count}"
                    );
                }
                at += pause;
            }
        }
    });
}

#[test]
fn a_bucket_without_attempts_for_a_while_starts_at_zero() {
    on_each_database(|store| {
        for _ in 0..5 {
            attempt(store, &LIMIT, now());
        }
        let later = now() + LIMIT.forget_after;
        for _ in 0..5 {
            assert_eq!(attempt(store, &LIMIT, later), RateLimit::Allowed);
        }
        let limited = attempt(store, &LIMIT, later);
        assert!(matches!(limited, RateLimit::RetryAfter(_)), "{limited:?}");
    });
}

#[test]
fn a_clock_that_is_a_little_behind_finds_no_pause_where_there_is_none() {
    on_each_database(|store| {
        attempt(store, &LIMIT, now());
        assert_eq!(
            attempt(store, &LIMIT, now() - TimeDelta::seconds(2)),
            RateLimit::Allowed
        );
    });
}

#[test]
fn a_successful_attempt_is_refunded_with_its_own_pause_only() {
    on_each_database(|store| {
        let at = |number: i64| now() + TimeDelta::milliseconds(number);
        for number in 1..=5 {
            attempt(store, &LIMIT, at(number));
        }
        write(store, |tx| tx.refund_attempt("pair", &LIMIT, at(4)));
        assert_eq!(read(store, |tx| tx.attempts("pair")), 4);
        let limited = attempt(store, &LIMIT, at(6));
        assert!(matches!(limited, RateLimit::RetryAfter(_)), "{limited:?}");
        write(store, |tx| tx.refund_attempt("pair", &LIMIT, at(5)));
        assert_eq!(read(store, |tx| tx.attempts("pair")), 3);
        assert_eq!(attempt(store, &LIMIT, at(7)), RateLimit::Allowed);
        for _ in 0..9 {
            write(store, |tx| tx.refund_attempt("pair", &LIMIT, at(7)));
        }
        assert_eq!(read(store, |tx| tx.attempts("pair")), 0);
        write(store, |tx| tx.clear_attempts("pair"));
        write(store, |tx| tx.refund_attempt("pair", &LIMIT, at(7)));
    });
}
