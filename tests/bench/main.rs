//! What a sign-on costs: the CPU of the whole daemon for one warm sign-on over HTTP, as a multiple of one
//! RSA-2048 signature made beside it on the same core. `tests/bench/run.sh` runs it; see there.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark speaks on its terminal, and fails by panicking"
)]

mod control;
mod daemon;
mod instructions;
mod report;

use crate::{
    control::Control,
    daemon::{Daemon, Place},
    report::{Database, Report},
};

/// Rounds of which the median counts.
const ROUNDS: usize = 5;
/// Sign-ons a round.
const SIGN_ONS: usize = 2000;
/// Sign-ons between two control signatures.
const BETWEEN: usize = 4;
/// Sign-ons before memory is read for the second time.
const MANY: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some(count) = value(&arguments, "--control-only") {
        // Run under callgrind by ourselves, to count the instructions of a signature.
        Control::new().sign(count);
        return;
    }
    let mut report = Report::new();
    report.databases.push(measure("SQLite", None, has("--quick")));
    match std::env::var("HALLPASS_TEST_POSTGRES") {
        Ok(url) => report
            .databases
            .push(measure("PostgreSQL", Some(&url), has("--quick"))),
        Err(_unset) => eprintln!("HALLPASS_TEST_POSTGRES is not set: PostgreSQL is left out"),
    }
    if !has("--quick") {
        report.memory(memory());
    }
    if has("--instructions") {
        report.instructions = instructions::count();
    }
    if has("--json") {
        report.print_json();
    } else {
        report.print_table();
    }
}

fn value(arguments: &[String], flag: &str) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1)?.parse().ok()
}

/// Warm sign-ons, one after the other, with a control signature after every few.
fn measure(name: &'static str, postgres: Option<&str>, quick: bool) -> Database {
    let place = Place::new(postgres);
    drop(Daemon::start(&place));
    let daemon = Daemon::start(&place);
    let start_to_first = daemon.first_sign_on();
    let mut client = daemon.client();
    client.sign_on_many(200);
    let control = Control::new();
    control.sign(50);
    let per_round = if quick { SIGN_ONS / 10 } else { SIGN_ONS };
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_round| {
            let (mut signing, mut signatures) = (0, 0);
            let before = daemon.cpu_nanoseconds();
            for _few in 0..per_round / BETWEEN {
                client.sign_on_many(BETWEEN);
                signing += control.sign(1);
                signatures += 1;
            }
            let spent = daemon.cpu_nanoseconds() - before;
            let (sign_on, signature) = (ratio(spent, per_round), ratio(signing, signatures));
            (sign_on / signature, sign_on / 1000.0)
        })
        .collect();
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = rounds.get(ROUNDS / 2).copied().unwrap_or_default();
    Database {
        name,
        multiple: median.0,
        rounds: rounds.iter().map(|round| round.0).collect(),
        microseconds: median.1,
        start_to_first_milliseconds: start_to_first,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn ratio(sum: u64, count: usize) -> f64 {
    sum as f64 / count as f64
}

/// Resident memory in MB: idle, and after many sign-ons.
fn memory() -> (f64, f64) {
    let place = Place::new(None);
    drop(Daemon::start(&place));
    let daemon = Daemon::start(&place);
    let idle = daemon.resident_megabytes();
    let mut client = daemon.client();
    client.sign_on_many(MANY);
    (idle, daemon.resident_megabytes())
}
