//! Assertions that show what they found.

use std::fmt::Debug;

/// Whether `text` contains `part`.
#[track_caller]
pub(crate) fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in: {text}");
}

/// Whether `text` is free of `part`.
#[track_caller]
pub(crate) fn assert_lacks(text: &str, part: &str) {
    assert!(!text.contains(part), "{part:?} is in: {text}");
}

/// Whether `text` starts with `part`.
#[track_caller]
pub(crate) fn assert_starts_with(text: &str, part: &str) {
    assert!(text.starts_with(part), "{part:?} does not begin: {text}");
}

/// Whether `text` ends with `part`.
#[track_caller]
pub(crate) fn assert_ends_with(text: &str, part: &str) {
    assert!(text.ends_with(part), "{part:?} does not end: {text}");
}

/// Whether nothing was found.
#[track_caller]
pub(crate) fn assert_empty(found: &[impl Debug]) {
    assert!(found.is_empty(), "{found:?}");
}

/// Whether a value has the shape of a pattern. What the pattern binds stays in its condition.
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
