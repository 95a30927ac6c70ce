//! Assertions that show what they found.

use std::fmt::Debug;

#[track_caller]
pub(crate) fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in: {text}");
}

#[track_caller]
pub(crate) fn assert_lacks(text: &str, part: &str) {
    assert!(!text.contains(part), "{part:?} is in: {text}");
}

#[track_caller]
pub(crate) fn assert_starts_with(text: &str, part: &str) {
    assert!(text.starts_with(part), "{part:?} does not begin: {text}");
}

#[track_caller]
pub(crate) fn assert_ends_with(text: &str, part: &str) {
    assert!(text.ends_with(part), "{part:?} does not end: {text}");
}

#[track_caller]
pub(crate) fn assert_empty(found: &[impl Debug]) {
    assert!(found.is_empty(), "{found:?}");
}

/// `assert!(matches!(…))` that prints the value. What the pattern binds is for its condition.
macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $condition:expr)? $(,)?) => {
        match $value {
            $pattern $(if $condition)? => {}
            ref found => panic!(
                "{found:?} is not {}",
                stringify!($pattern $(if $condition)?)
            ),
        }
    };
}
pub(crate) use assert_matches;
