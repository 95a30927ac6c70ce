//! What SSO costs: the CPU time of the whole daemon for one warm SSO request over HTTP, as a multiple of one RSA-2048
//! signature made beside it on the same core. `tests/bench/run.sh` runs it.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark prints to the terminal, and fails by panicking"
)]

mod aggregate;
mod control;
mod daemon;
mod edits;
mod instructions;
mod many_people;
mod million;
mod parser;
mod pending_sign_in;
mod queue;
mod report;
mod scale;

use crate::{
    control::ControlSignature,
    daemon::{Client, Daemon, Deployment, DeploymentOptions},
    report::{DatabaseFigures, Figures, Report},
};

/// The median of the rounds counts.
const ROUNDS: usize = 5;
const SSO_PER_ROUND: usize = 2000;
/// Browsers, and so SSO requests between two control signatures.
const BROWSERS: usize = 4;
/// SSO requests before memory is read for the second time.
const SSO_BEFORE_MEMORY: usize = 20_000;
/// SSO requests, sign-ins, logouts and refusals before memory is read for the third time.
const MIXED: usize = 30_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Some(count) = value(&arguments, "--control-only") {
        // A run of ourselves under callgrind, which counts the instructions of a signature.
        ControlSignature::new().sign_repeatedly(count);
        return;
    }
    if let Some(at) = arguments
        .iter()
        .position(|argument| argument == "--read-aggregate")
    {
        let paths: Vec<&str> = arguments.iter().skip(at + 1).map(String::as_str).collect();
        let (seconds, megabytes) = aggregate::read(paths.first().unwrap(), paths.get(1).copied());
        println!("{seconds} {megabytes}");
        return;
    }
    if let Some(at) = arguments
        .iter()
        .position(|argument| argument == "--waiting-beside")
    {
        let other = arguments.get(at + 1).unwrap();
        let postgres = std::env::var("HALLPASS_TEST_POSTGRES").ok();
        let deployments = [("SQLite", None), ("PostgreSQL", postgres.as_deref())];
        for (name, url) in deployments
            .into_iter()
            .filter(|(name, url)| *name == "SQLite" || url.is_some())
        {
            let [own, compared] = pending_sign_in::measure(url, other, has("--quick"));
            println!("{name}, a request that waits: here {own}, {other} {compared}");
        }
        return;
    }
    if has("--million") {
        million::print("SQLite", None);
        if let Ok(url) = std::env::var("HALLPASS_TEST_POSTGRES") {
            million::print("PostgreSQL", Some(&url));
        }
        return;
    }
    if has("--people") || has("--queue") {
        print_about_people(has("--people"), has("--quick"));
        return;
    }
    let mut report = Report::new();
    if has("--memory-only") {
        report.memory(memory());
        report.memory_mixed = Some(memory_after_all_kinds());
        report.print_table();
        return;
    }
    if has("--sign-on-only") {
        report.databases.push(measure("SQLite", None, has("--quick")));
        report.one_signature = Some(one_signature(has("--quick")));
        if let Ok(url) = std::env::var("HALLPASS_TEST_POSTGRES") {
            report
                .databases
                .push(measure("PostgreSQL", Some(&url), has("--quick")));
        }
        report.print_table();
        return;
    }
    if has("--many-only") {
        report.scale = Some(scale::measure(has("--quick")));
        report.edits = Some(edits::measure(None, has("--quick")));
        report.print_table();
        return;
    }
    report.aggregate = Some(aggregate::measure(has("--quick")));
    report.parser = Some(Figures::from_rounds(parser::measure(has("--quick"))));
    if has("--reading-only") {
        report.print_table();
        return;
    }
    report.databases.push(measure("SQLite", None, has("--quick")));
    match std::env::var("HALLPASS_TEST_POSTGRES") {
        Ok(url) => report
            .databases
            .push(measure("PostgreSQL", Some(&url), has("--quick"))),
        Err(_unset) => eprintln!("HALLPASS_TEST_POSTGRES is not set: PostgreSQL is left out"),
    }
    if !has("--quick") {
        report.memory(memory());
        report.memory_mixed = Some(memory_after_all_kinds());
    }
    report.one_signature = Some(one_signature(has("--quick")));
    report.scale = Some(scale::measure(has("--quick")));
    report.edits = Some(edits::measure(None, has("--quick")));
    if has("--instructions") {
        report.instructions = instructions::count();
    }
    if has("--json") {
        report.print_json();
    } else {
        report.print_table();
    }
}

/// With many of them, or with many who sign in at once.
fn print_about_people(are_many: bool, quick: bool) {
    let postgres = std::env::var("HALLPASS_TEST_POSTGRES").ok();
    for (name, url) in [("SQLite", None), ("PostgreSQL", postgres.as_deref())] {
        if name == "PostgreSQL" && url.is_none() {
            continue;
        }
        if are_many {
            many_people::print(name, url, quick);
        } else {
            queue::print(name, url);
        }
    }
}

fn value(arguments: &[String], flag: &str) -> Option<usize> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1)?.parse().ok()
}

/// Warm SSO requests of a few browsers, at once and one after the other, with a control signature after every few.
fn measure(name: &'static str, postgres: Option<&str>, quick: bool) -> DatabaseFigures {
    let deployment = Deployment::new(postgres, DeploymentOptions::default());
    drop(Daemon::start(&deployment));
    let daemon = Daemon::start(&deployment);
    let start_to_first = daemon.first_sign_in_milliseconds();
    let mut clients: Vec<Client> = (0..BROWSERS).map(|_one| daemon.signed_in_client()).collect();
    let control = ControlSignature::new();
    control.sign(50);
    let few = if quick { SSO_PER_ROUND / 10 } else { SSO_PER_ROUND } / BROWSERS;
    let mut figures = |at_once: bool| {
        sso_round_trip(&mut clients, at_once, 50);
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_round| round(&daemon, &mut clients, at_once, few, &control))
            .collect();
        Figures::from_rounds(rounds)
    };
    DatabaseFigures {
        name,
        at_once: figures(true),
        alone: figures(false),
        start_to_first_milliseconds: start_to_first,
    }
}

/// As [`measure`], with one signature instead of two, all browsers at once.
fn one_signature(quick: bool) -> Figures {
    let deployment = Deployment::new(
        None,
        DeploymentOptions {
            one_signature: true,
            ..DeploymentOptions::default()
        },
    );
    let daemon = Daemon::start(&deployment);
    let mut clients: Vec<Client> = (0..BROWSERS).map(|_one| daemon.signed_in_client()).collect();
    let control = ControlSignature::new();
    control.sign(50);
    let few = if quick { SSO_PER_ROUND / 10 } else { SSO_PER_ROUND } / BROWSERS;
    sso_round_trip(&mut clients, true, 50);
    let rounds = (0..ROUNDS).map(|_round| round(&daemon, &mut clients, true, few, &control));
    Figures::from_rounds(rounds.collect())
}

/// CPU time of one SSO request in this round: as a multiple of a signature, and in nanoseconds.
fn round(
    daemon: &Daemon<'_>,
    clients: &mut [Client],
    at_once: bool,
    few: usize,
    control: &ControlSignature,
) -> (f64, f64) {
    let mut signing = 0;
    let before = daemon.cpu_nanoseconds();
    for _few in 0..few {
        sso_round_trip(clients, at_once, 1);
        signing += control.sign(1);
    }
    let spent = ratio(daemon.cpu_nanoseconds() - before, few * clients.len());
    (spent / ratio(signing, few), spent)
}

/// Every browser sends `times` SSO requests: all browsers at once, or one after the other.
fn sso_round_trip(clients: &mut [Client], at_once: bool, times: usize) {
    for _time in 0..times {
        if at_once {
            clients.iter_mut().for_each(Client::send_sso_request);
            clients.iter_mut().for_each(Client::read_sso_response);
        } else {
            for client in clients.iter_mut() {
                client.sso_many(1);
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn ratio(sum: u64, count: usize) -> f64 {
    sum as f64 / count as f64
}

/// Resident memory in MB after many SSO requests, sign-ins, logouts and refusals, of four browsers at once.
fn memory_after_all_kinds() -> f64 {
    let deployment = Deployment::new(None, DeploymentOptions::default());
    drop(Daemon::start(&deployment));
    let daemon = Daemon::start(&deployment);
    std::thread::scope(|scope| {
        for _browser in 0..BROWSERS {
            scope.spawn(|| {
                let mut client = daemon.signed_in_client();
                for step in 1..=MIXED / BROWSERS {
                    if step % 30 == 0 {
                        client.sign_out();
                        client.sign_in();
                    } else if step % 10 == 5 {
                        client.be_refused();
                    } else {
                        client.sso_many(1);
                    }
                }
            });
        }
    });
    daemon.resident_megabytes()
}

/// Resident memory in MB: idle, and after many SSO requests.
fn memory() -> (f64, f64) {
    let deployment = Deployment::new(None, DeploymentOptions::default());
    drop(Daemon::start(&deployment));
    let daemon = Daemon::start(&deployment);
    let idle = daemon.resident_megabytes();
    let mut client = daemon.signed_in_client();
    client.sso_many(SSO_BEFORE_MEMORY);
    (idle, daemon.resident_megabytes())
}
