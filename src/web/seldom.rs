//! Lines of the log that anybody can cause: a few a minute, then how many more there were.

use std::{
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_mins(1);
const LINES: u64 = 5;

/// Counts what one kind of line says.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    since: Option<Instant>,
    lines: u64,
    swallowed: u64,
}

/// What is said of one more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Say {
    /// Whether it has its line.
    pub(super) this: bool,
    /// How many had none in the minute before; 0 where that was said.
    pub(super) before: u64,
}

impl Seldom {
    /// Counts one more at `now`.
    pub(super) fn count(&self, now: Instant) -> Say {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = counted
            .since
            .is_none_or(|since| now.saturating_duration_since(since) >= MINUTE);
        let before = if is_over {
            counted.since = Some(now);
            counted.lines = 0;
            mem::take(&mut counted.swallowed)
        } else {
            0
        };
        let this = counted.lines < LINES;
        counted.lines += u64::from(this);
        counted.swallowed += u64::from(!this);
        Say { this, before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_and_a_number() {
        let (seldom, now) = (Seldom::default(), Instant::now());
        let said: Vec<Say> = (0..100).map(|_| seldom.count(now)).collect();
        assert_eq!(said.iter().filter(|say| say.this).count(), 5);
        assert_eq!(
            seldom.count(now + MINUTE),
            Say {
                this: true,
                before: 95
            }
        );
        assert_eq!(
            seldom.count(now + MINUTE),
            Say {
                this: true,
                before: 0
            }
        );
    }
}
