//! The queue between the threads that log and the one thread that writes. Logging never waits: if the reader of the
//! log hangs, lines are lost, and counted in the log, but no request waits.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How many bytes may be queued before lines are dropped.
const MAX_QUEUED_BYTES: usize = 1024 * 1024;

/// A handle to the queue; all clones share one queue.
#[derive(Clone, Debug, Default)]
pub(super) struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    dropped: u64,
    /// The thread has taken lines that it has not written completely yet.
    writing: bool,
    closed: bool,
}

impl QueueState {
    fn is_done(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0 && !self.writing
    }
}

impl LogQueue {
    /// Writes to `out` in a separate thread. `dropped` formats the line that says how many lines were dropped.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        dropped: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Self::default();
        let shared = Arc::clone(&queue.0);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_out(&shared, out, dropped))?;
        Ok(queue)
    }

    /// Queues `line`, or drops it, without waiting.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.bytes + line.len() > MAX_QUEUED_BYTES {
            state.dropped += 1;
        } else {
            state.bytes += line.len();
            state.lines.push_back(line.to_vec());
        }
        drop(state);
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, for `timeout` at most, and stops the thread.
    pub(super) fn finish(&self, timeout: Duration) {
        let mut state = self.lock();
        state.closed = true;
        self.0.changed.notify_all();
        let done = self
            .0
            .changed
            .wait_timeout_while(state, timeout, |state| !state.is_done());
        drop(done.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_out(shared: &Shared, mut out: impl Write, say_dropped: impl Fn(u64) -> Vec<u8>) {
    loop {
        let state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = shared
            .changed
            .wait_while(state, |state| state.is_done() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_done() {
            return;
        }
        let mut text: Vec<u8> = state.lines.drain(..).flatten().collect();
        let dropped = std::mem::take(&mut state.dropped);
        state.bytes = 0;
        state.writing = true;
        drop(state);
        if dropped > 0 {
            text.extend(say_dropped(dropped));
        }
        // A failure to write the log cannot be reported anywhere.
        let _written = out.write_all(&text).and_then(|()| out.flush());
        shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .writing = false;
        shared.changed.notify_all();
    }
}

impl Write for &LogQueue {
    /// Accepts all of `line`; the formatter passes each event in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for LogQueue {
    type Writer = &'w Self;

    fn make_writer(&'w self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Writes only when it is permitted to, like a pipe whose reader hangs.
    struct BlockingWriter {
        permits: mpsc::Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for BlockingWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error: the sender is gone, and nothing blocks any more.
            let _open = self.permits.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_blocked_reader_costs_counted_lines_and_never_blocks() {
        let (permit, open) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = BlockingWriter {
            permits: open,
            written: Arc::clone(&written),
        };
        let queue = LogQueue::start(writer, |dropped| format!("dropped {dropped}\n").into_bytes()).unwrap();
        let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
        let all = 3 * MAX_QUEUED_BYTES / line.len();
        for _ in 0..all {
            // Nothing permits the writer to write: if this waited, it would wait forever.
            queue.push(&line);
        }
        queue.finish(Duration::ZERO);
        let early = written.lock().unwrap().len();
        assert_eq!(early, 0);
        drop(permit);
        queue.finish(Duration::from_mins(1));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let written_count = text.lines().filter(|line| line.starts_with('x')).count();
        let dropped: usize = text
            .lines()
            .filter_map(|line| line.strip_prefix("dropped ")?.parse::<usize>().ok())
            .sum();
        assert!(dropped >= all / 3, "{dropped} of {all}");
        assert_eq!(written_count + dropped, all, "every line is written or counted");
    }

    #[test]
    fn lines_are_written_whole_and_in_their_order() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (permit, open) = mpsc::channel();
        drop(permit);
        let writer = BlockingWriter {
            permits: open,
            written: Arc::clone(&written),
        };
        let queue = LogQueue::start(writer, |_| Vec::new()).unwrap();
        for n in 0..1000 {
            queue.push(format!("line {n}\n").as_bytes());
        }
        queue.finish(Duration::from_mins(1));
        let expected = (0..1000)
            .map(|n| format!("line {n}\n"))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(
            String::from_utf8(written.lock().unwrap().clone()).unwrap(),
            expected
        );
    }
}
