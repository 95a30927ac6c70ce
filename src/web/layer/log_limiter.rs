//! Limits log lines that anyone can cause: a few a minute, then only how many were suppressed.

use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_mins(1);
const MAX_LINES: u64 = 5;

/// Limits one kind of log line.
#[derive(Debug, Default)]
pub(in crate::web) struct LogLimiter(Mutex<LogWindow>);

#[derive(Debug, Default)]
struct LogWindow {
    since: Option<Instant>,
    lines: u64,
    suppressed: u64,
}

/// Whether one more line is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) struct LogDecision {
    pub(in crate::web) is_logged: bool,
    /// How many lines were suppressed in the window before; 0 once that was reported.
    pub(in crate::web) suppressed_before: u64,
}

impl LogLimiter {
    /// Counts one more line at `now`.
    pub(in crate::web) fn count(&self, now: Instant) -> LogDecision {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = counted
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= WINDOW);
        let before = if is_over {
            counted.since = Some(now);
            counted.lines = 0;
            mem::take(&mut counted.suppressed)
        } else {
            0
        };
        let this = counted.lines < MAX_LINES;
        counted.lines += u64::from(this);
        counted.suppressed += u64::from(!this);
        LogDecision {
            is_logged: this,
            suppressed_before: before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_and_a_number() {
        let (seldom, now) = (LogLimiter::default(), Instant::now());
        let decisions: Vec<LogDecision> = (0..100).map(|_| seldom.count(now)).collect();
        assert_eq!(decisions.iter().filter(|decision| decision.is_logged).count(), 5);
        assert_eq!(
            seldom.count(now + WINDOW),
            LogDecision {
                is_logged: true,
                suppressed_before: 95
            }
        );
        assert_eq!(
            seldom.count(now + WINDOW),
            LogDecision {
                is_logged: true,
                suppressed_before: 0
            }
        );
    }
}
