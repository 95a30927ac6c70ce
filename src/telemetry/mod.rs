//! The log: one event per line on stderr, for people or for programs; no value in it can be taken for a line of its
//! own.

mod queue;

use std::{
    error::Error as StdError,
    fmt::{self, Debug},
    io::{self, IsTerminal, Write},
    panic::{self, PanicHookInfo},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    fmt::{FormatFields, MakeWriter, format::Writer},
    reload,
    util::SubscriberInitExt,
};

use self::queue::LogQueue;
use crate::model::text::{escaped_json, is_safe_to_display};

/// How long the program waits at its end for the rest of the log to be read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Who reads the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// A log that was started. Writing to it never waits for its reader.
#[derive(Clone)]
pub struct Log {
    queue: LogQueue,
    set_filter: SetFilter,
}

/// Replaces the filter; fails if the log has ended.
type SetFilter = Arc<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>;

impl Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// Writes what is queued, for two seconds at most, and stops. What is logged afterwards is lost.
    pub fn finish(&self) {
        self.queue.finish(FLUSH_TIMEOUT);
    }

    /// Writes a line for the user who started the program, without the format of the log.
    pub fn write_line(&self, line: &str) {
        self.queue.push(format!("{line}\n").as_bytes());
    }

    /// Logs what `filter` permits from now on.
    pub fn replace_filter(&self, filter: &str) -> Result<(), Error> {
        (self.set_filter)(parse_filter(filter)?).map_err(Error::Ended)
    }
}

/// Starts to log to stderr what `filter` permits (`info`, or `warn,hallpass=debug`).
pub fn start(format: Format, filter: &str) -> Result<Log, Error> {
    let ansi = io::stderr().is_terminal();
    let queue =
        LogQueue::start(io::stderr(), dropped_lines_formatter(format, ansi)?).map_err(Error::Thread)?;
    let (subscriber, set_filter) = subscriber(format, filter, ansi, queue.clone())?;
    subscriber.try_init().map_err(Error::AlreadyStarted)?;
    // The default hook writes to stderr itself, and would wait for it.
    panic::set_hook(Box::new(log_panic));
    Ok(Log { queue, set_filter })
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("no reason given");
    tracing::error!(place, why, "a step broke");
}

/// Formats the line that says how many lines were dropped, in the format of the log.
fn dropped_lines_formatter(
    format: Format,
    ansi: bool,
) -> Result<impl Fn(u64) -> Vec<u8> + Send + 'static, Error> {
    let text = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&text);
    let (subscriber, _) = subscriber(format, "warn", ansi, move || SharedBuffer(Arc::clone(&into)))?;
    let dispatch = tracing::Dispatch::new(subscriber);
    Ok(move |lines| {
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::warn!(
                lines,
                "lines of the log were dropped, because nobody read them in time"
            );
        });
        std::mem::take(&mut *text.lock().unwrap_or_else(PoisonError::into_inner))
    })
}

#[derive(Debug)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why the log could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the log filter `{text}` cannot be read; write a level (error, warn, info, debug, trace), or levels by part such as warn,hallpass=debug"
    )]
    Filter {
        text: String,
        source: tracing_subscriber::filter::ParseError,
    },
    /// The thread that writes it could not be started.
    #[error("the thread that writes the log cannot be started")]
    Thread(#[source] io::Error),
    #[error("the log was started before")]
    AlreadyStarted(#[source] tracing_subscriber::util::TryInitError),
    #[error("the log has ended")]
    Ended(#[source] reload::Error),
}

type BoxedSubscriber = Box<dyn Subscriber + Send + Sync>;

fn parse_filter(filter: &str) -> Result<EnvFilter, Error> {
    EnvFilter::try_new(filter).map_err(|source| Error::Filter {
        text: filter.escape_debug().to_string(),
        source,
    })
}

fn subscriber<W>(
    format: Format,
    filter: &str,
    ansi: bool,
    writer: W,
) -> Result<(BoxedSubscriber, SetFilter), Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = parse_filter(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Otherwise a closed stderr would be reported on stderr, which panics.
        .log_internal_errors(false);
    Ok(match format {
        Format::Human => {
            let builder = builder
                .compact()
                .with_ansi(ansi)
                .fmt_fields(SingleLineFields)
                .with_writer(writer)
                .with_filter_reloading();
            let handle = builder.reload_handle();
            (
                Box::new(builder.finish()),
                Arc::new(move |filter| handle.reload(filter)),
            )
        }
        Format::Json => {
            let builder = builder
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_writer(JsonLines(writer))
                .with_filter_reloading();
            let handle = builder.reload_handle();
            (
                Box::new(builder.finish()),
                Arc::new(move |filter| handle.reload(filter)),
            )
        }
    })
}

/// Writes fields as `name=value`, in quotes where a value could be taken for more than one.
#[derive(Clone, Copy, Debug)]
struct SingleLineFields;

impl<'w> FormatFields<'w> for SingleLineFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = FieldWriter {
            writer,
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result
    }
}

struct FieldWriter<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl FieldWriter<'_> {
    fn write_field(&mut self, name: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        if name == "message" {
            return escape(&mut self.writer, value, false);
        }
        write!(self.writer, "{}=", name.strip_prefix("r#").unwrap_or(name))?;
        if !value.is_empty() && !value.contains([' ', '=', '"']) {
            return escape(&mut self.writer, value, false);
        }
        self.writer.write_char('"')?;
        escape(&mut self.writer, value, true)?;
        self.writer.write_char('"')
    }
}

impl Visit for FieldWriter<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        // `log.…` comes from the `log` crate's own records and is already shown as target and line.
        if self.result.is_ok() && !field.name().starts_with("log.") {
            self.result = self.write_field(field.name(), value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.record_str(field, &text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

fn escape(out: &mut impl fmt::Write, text: &str, in_quotes: bool) -> fmt::Result {
    for c in text.chars() {
        if !is_safe_to_display(c) || (in_quotes && matches!(c, '"' | '\\')) {
            write!(out, "{}", c.escape_default())?;
        } else {
            out.write_char(c)?;
        }
    }
    Ok(())
}

/// JSON itself escapes control characters below U+0020 only; the others can control a terminal, too.
#[derive(Clone, Copy, Debug)]
struct JsonLines<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for JsonLines<W> {
    type Writer = JsonLine<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        JsonLine(self.0.make_writer())
    }
}

#[derive(Debug)]
struct JsonLine<W>(W);

impl<W: Write> Write for JsonLine<W> {
    /// Accepts all of `line`; the formatter passes each event in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.chars().all(|c| c == '\n' || is_safe_to_display(c)) {
            self.0.write_all(line)?;
        } else {
            self.0.write_all(escaped_json(&text).as_bytes())?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{info, info_span};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, work: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let (subscriber, _) = subscriber(format, "info", false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str =
        "a\r\n2026-01-01 INFO fake: b\u{1b}[2J\u{85}\u{2028}\u{9b}31m\u{7f}\u{202e}\u{200b}\u{e0041}\t\0";

    fn log_hostile_values() {
        let error = io::Error::other(HOSTILE);
        let _span = info_span!("request", id = "00ff", path = HOSTILE, agent = %HOSTILE).entered();
        info!(value = HOSTILE, shown = %HOSTILE, debugged = ?HOSTILE, error = &error as &dyn StdError, "said {HOSTILE}");
    }

    #[test]
    fn a_value_never_starts_a_line_nor_controls_a_terminal() {
        for format in [Format::Human, Format::Json] {
            let text = logged(format, log_hostile_values);
            let line = text.strip_suffix('\n').unwrap();
            assert!(line.chars().all(is_safe_to_display), "{line:?}");
            assert!(line.contains("request") && line.contains("fake"), "{line}");
            if format == Format::Json {
                let json: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(json["value"], HOSTILE);
                assert_eq!(json["spans"][0]["path"], HOSTILE);
            }
        }
    }

    #[test]
    fn a_value_is_not_taken_for_two_fields() {
        let text = logged(Format::Human, || {
            info!(agent = "x user=admin", code = 7, empty = "", q = "\"", "done");
        });
        assert!(
            text.contains(r#"done agent="x user=admin" code=7 empty="" q="\"""#),
            "{text}"
        );
    }

    #[test]
    fn the_message_about_dropped_lines_has_the_log_format() {
        let human = String::from_utf8(dropped_lines_formatter(Format::Human, false).unwrap()(7)).unwrap();
        assert!(human.contains("WARN") && human.ends_with("lines=7\n"), "{human}");
        let make = dropped_lines_formatter(Format::Json, false).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&make(1)).unwrap();
        assert_eq!((&json["level"], &json["lines"]), (&"WARN".into(), &1.into()));
        let json: serde_json::Value = serde_json::from_slice(&make(2)).unwrap();
        assert_eq!(json["lines"], 2, "each is a line of its own");
    }

    #[test]
    fn a_filter_is_checked() {
        let refused = subscriber(Format::Human, "warn,hallpass=debug", false, io::sink).err();
        assert!(refused.is_none(), "{refused:?}");
        let error = subscriber(Format::Human, "hallpass=loud\n", false, io::sink)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("`hallpass=loud\\n`"), "{error}");
    }
}
