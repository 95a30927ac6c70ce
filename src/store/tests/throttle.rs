//! Tries, counted.

use super::*;
use crate::model::throttle::{Admission, Limit};

const LIMIT: Limit = Limit {
    free: 5,
    first_pause: TimeDelta::seconds(30),
    longest_pause: TimeDelta::minutes(3),
    forget_after: TimeDelta::hours(1),
};

fn attempt(store: &Store, limit: &Limit, at: DateTime<Utc>) -> Admission {
    write(store, |tx| tx.count_attempt("pair", limit, at))
}

#[test]
fn of_forty_tries_at_once_the_free_ones_pass() {
    on_each_database(|store| {
        let tries = at_once(40, |_| attempt(store, &LIMIT, now()));
        assert_eq!(
            tries.iter().filter(|one| **one == Admission::Pass).count(),
            5,
            "{tries:?}"
        );
        let pause = Admission::Wait(now() + TimeDelta::seconds(30));
        assert_eq!(tries.iter().filter(|one| **one == pause).count(), 35, "{tries:?}");
        assert_eq!(read(store, |tx| tx.attempts("pair")), 5);
    });
}

#[test]
fn each_further_try_doubles_the_pause_up_to_the_longest_as_the_model_says() {
    on_each_database(|store| {
        for free in [0, 1, 5] {
            let limit = Limit { free, ..LIMIT };
            write(store, |tx| tx.clear_attempts("pair"));
            let mut at = now();
            for count in 1..=free + 8 {
                assert_eq!(attempt(store, &limit, at), Admission::Pass, "{free} {count}");
                let pause = limit.pause(count);
                if !pause.is_zero() {
                    let early = at + pause - TimeDelta::microseconds(1);
                    assert_eq!(
                        attempt(store, &limit, early),
                        Admission::Wait(at + pause),
                        "{free} {count}"
                    );
                }
                at += pause;
            }
        }
    });
}

#[test]
fn a_bucket_that_was_left_alone_starts_anew() {
    on_each_database(|store| {
        for _ in 0..5 {
            attempt(store, &LIMIT, now());
        }
        let later = now() + LIMIT.forget_after;
        for _ in 0..5 {
            assert_eq!(attempt(store, &LIMIT, later), Admission::Pass);
        }
        assert!(matches!(attempt(store, &LIMIT, later), Admission::Wait(_)));
    });
}

#[test]
fn a_clock_that_is_a_little_behind_finds_no_pause_where_there_is_none() {
    on_each_database(|store| {
        attempt(store, &LIMIT, now());
        assert_eq!(
            attempt(store, &LIMIT, now() - TimeDelta::seconds(2)),
            Admission::Pass
        );
    });
}

#[test]
fn a_try_that_was_right_is_taken_back_with_its_own_pause_only() {
    on_each_database(|store| {
        let at = |number: i64| now() + TimeDelta::milliseconds(number);
        for number in 1..=5 {
            attempt(store, &LIMIT, at(number));
        }
        write(store, |tx| tx.forgive_attempt("pair", &LIMIT, at(4)));
        assert_eq!(read(store, |tx| tx.attempts("pair")), 4);
        assert!(matches!(attempt(store, &LIMIT, at(6)), Admission::Wait(_)));
        write(store, |tx| tx.forgive_attempt("pair", &LIMIT, at(5)));
        assert_eq!(read(store, |tx| tx.attempts("pair")), 3);
        assert_eq!(attempt(store, &LIMIT, at(7)), Admission::Pass);
        for _ in 0..9 {
            write(store, |tx| tx.forgive_attempt("pair", &LIMIT, at(7)));
        }
        assert_eq!(read(store, |tx| tx.attempts("pair")), 0);
        write(store, |tx| tx.clear_attempts("pair"));
        write(store, |tx| tx.forgive_attempt("pair", &LIMIT, at(7)));
    });
}
