//! The figures, as a table or as one JSON object.

use std::{fmt, fs};

use crate::{aggregate::AggregateFigures, daemon, edits::Edits, scale::Scale};

pub(crate) struct DatabaseFigures {
    pub(crate) name: &'static str,
    /// Four browsers at once.
    pub(crate) at_once: Figures,
    /// The browsers one after the other.
    pub(crate) alone: Figures,
    pub(crate) start_to_first_milliseconds: f64,
}

/// The result of the rounds.
pub(crate) struct Figures {
    multiple: f64,
    rounds: Vec<f64>,
    /// Of the median round.
    microseconds: f64,
}

impl Figures {
    /// Each round gave a multiple and nanoseconds.
    pub(crate) fn from_rounds(mut rounds: Vec<(f64, f64)>) -> Self {
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let median = rounds.get(rounds.len() / 2).copied().unwrap_or_default();
        Self {
            multiple: median.0,
            rounds: rounds.iter().map(|round| round.0).collect(),
            microseconds: median.1 / 1000.0,
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "multiple_of_rsa_2048_signature": self.multiple,
            "rounds": self.rounds,
            "cpu_microseconds": self.microseconds,
        })
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.2} × a signature, {:.0} µs",
            self.multiple, self.microseconds
        )
    }
}

pub(crate) struct Report {
    cpu: String,
    pub(crate) databases: Vec<DatabaseFigures>,
    memory: Option<(f64, f64)>,
    /// Resident memory in MB after 30 000 SSO requests, sign-ins, logouts and refusals.
    pub(crate) memory_mixed: Option<f64>,
    /// SQLite, four browsers at once, only the assertion signed.
    pub(crate) one_signature: Option<Figures>,
    pub(crate) scale: Option<Scale>,
    /// SQLite, with ten thousand applications that an administrator edits.
    pub(crate) edits: Option<Edits>,
    pub(crate) aggregate: Option<AggregateFigures>,
    /// Reading a request, from query to decision.
    pub(crate) parser: Option<Figures>,
    /// Of one SSO request, and of one signature.
    pub(crate) instructions: Option<(f64, f64)>,
    binary_megabytes: f64,
}

impl Report {
    pub(crate) fn new() -> Self {
        let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = |key: &str| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            line.split_once(": ").map(|(_, value)| value.to_owned())
        };
        let ifma = if text.contains("avx512ifma") {
            ", AVX512-IFMA"
        } else {
            ""
        };
        let cpu = format!("{}{ifma}", named("model name").unwrap_or_default());
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let binary_megabytes = fs::metadata(daemon::binary_path()).unwrap().len() as f64 / 1_048_576.0;
        Self {
            cpu,
            databases: Vec::new(),
            memory: None,
            memory_mixed: None,
            one_signature: None,
            scale: None,
            edits: None,
            aggregate: None,
            parser: None,
            instructions: None,
            binary_megabytes,
        }
    }

    pub(crate) fn memory(&mut self, figures: (f64, f64)) {
        self.memory = Some(figures);
    }

    pub(crate) fn print_table(&self) {
        println!("CPU: {}", self.cpu);
        println!("{:<44} {:>10}   required", "", "measured");
        for database in &self.databases {
            println!(
                "{}: CPU of the daemon for a sign-on ÷ an RSA-2048 signature",
                database.name
            );
            let wanted = if database.name == "SQLite" {
                "≤ 2.4"
            } else {
                "≤ 2.7"
            };
            for (how, figures, wanted) in [
                ("four browsers at once", &database.at_once, wanted),
                ("one after the other", &database.alone, ""),
            ] {
                row(&format!("   {how}"), format!("{:.2} ×", figures.multiple), wanted);
                let rounds: Vec<String> = figures.rounds.iter().map(|round| format!("{round:.2}")).collect();
                println!(
                    "      rounds {}, {:.0} µs",
                    rounds.join(" "),
                    figures.microseconds
                );
            }
            let start = format!("{:.0} ms", database.start_to_first_milliseconds);
            row("   start to first sign-on", start, "≤ 150 ms");
        }
        if let Some((sign_on, signature)) = self.instructions {
            row("SQLite: instructions of a sign-on", format!("{sign_on:.0}"), "");
            row(
                "   ÷ those of a signature",
                format!("{:.2} ×", sign_on / signature),
                "",
            );
        }
        if let Some(figures) = &self.one_signature {
            println!("SQLite, only the assertion signed");
            let multiple = format!("{:.2} ×", figures.multiple);
            row("   four browsers at once", multiple, "≤ 1.4");
        }
        if let Some(scale) = &self.scale {
            println!("10 000 registered service providers beside 10");
            row("   CPU of a sign-on", format!("{:.2} ×", scale.sso), "");
            row("   CPU of our metadata", format!("{:.2} ×", scale.metadata), "");
            row(
                "   start to first sign-on",
                format!("{:.0} ms", scale.start),
                "≤ 250 ms",
            );
            row("   resident memory", format!("{:.1} MB", scale.memory), "≤ 60 MB");
        }
        if let Some(edits) = &self.edits {
            print_edits(edits);
        }
        if let Some(figures) = &self.parser {
            println!("reading a request, from its query to the decision");
            let multiple = format!("{:.3} ×", figures.multiple);
            row("   CPU ÷ an RSA-2048 signature", multiple, "");
            println!("      {:.1} µs", figures.microseconds);
        }
        if let Some(aggregate) = &self.aggregate {
            println!("an aggregate of 10 000 entities, {:.0} MB", aggregate.megabytes);
            for (how, reading, seconds, megabytes) in [
                ("signed, in two passes", &aggregate.signed, "≤ 10 s", "≤ 150 MB"),
                ("without a signature", &aggregate.plain, "", ""),
            ] {
                row(&format!("   {how}"), format!("{:.2} s", reading.seconds), seconds);
                let rate = format!("{:.0} MB/s", aggregate.megabytes / reading.seconds);
                row("      of the file", rate, "");
                row(
                    "      memory at its highest",
                    format!("{:.1} MB", reading.megabytes),
                    megabytes,
                );
            }
        }
        if let Some((idle, after)) = self.memory {
            row("resident memory, idle", format!("{idle:.1} MB"), "≤ 25 MB");
            row(
                "resident memory after 20 000 sign-ons",
                format!("{after:.1} MB"),
                "≤ 60 MB",
            );
        }
        if let Some(after) = self.memory_mixed {
            row(
                "resident memory after 30 000 of all kinds",
                format!("{after:.1} MB"),
                "≤ 60 MB",
            );
        }
        row("binary", format!("{:.1} MB", self.binary_megabytes), "");
    }

    pub(crate) fn print_json(&self) {
        let databases: Vec<_> = self
            .databases
            .iter()
            .map(|database| {
                serde_json::json!({
                    "database": database.name,
                    "four_at_once": database.at_once.json(),
                    "one_after_the_other": database.alone.json(),
                    "start_to_first_sign_on_ms": database.start_to_first_milliseconds,
                })
            })
            .collect();
        let object = serde_json::json!({
            "cpu": self.cpu,
            "databases": databases,
            "resident_mb_idle": self.memory.map(|figures| figures.0),
            "resident_mb_after_20000": self.memory.map(|figures| figures.1),
            "resident_mb_after_30000_of_all_kinds": self.memory_mixed,
            "one_signature_four_at_once": self.one_signature.as_ref().map(Figures::json),
            "read_request_multiple_of_rsa_2048_signature": self.parser.as_ref().map(|figures| figures.multiple),
            "aggregate_10000": self.aggregate.as_ref().map(|aggregate| {
                serde_json::json!({
                    "mb": aggregate.megabytes,
                    "signed_seconds": aggregate.signed.seconds,
                    "signed_peak_mb": aggregate.signed.megabytes,
                    "plain_seconds": aggregate.plain.seconds,
                    "plain_peak_mb": aggregate.plain.megabytes,
                })
            }),
            "applications_10000_beside_10": self.scale.as_ref().map(|scale| {
                serde_json::json!({
                    "sign_on": scale.sso,
                    "metadata": scale.metadata,
                    "start_to_first_sign_on_ms": scale.start,
                    "resident_mb": scale.memory,
                })
            }),
            "edits_among_10000": self.edits.as_ref().map(|edits| {
                serde_json::json!({
                    "p99_at_rest_ms": edits.at_rest,
                    "p99_under_edits_ms": edits.disturbed,
                    "longest_ms": edits.longest,
                    "edits": edits.count,
                    "peak_mb": edits.memory,
                })
            }),
            "instructions_per_sign_on": self.instructions.map(|figures| figures.0),
            "instructions_per_signature": self.instructions.map(|figures| figures.1),
            "binary_mb": self.binary_megabytes,
        });
        println!("{object}");
    }
}

fn row(what: &str, value: impl fmt::Display, wanted: &str) {
    println!("{what:<44} {value:>10}   {wanted}");
}

fn print_edits(edits: &Edits) {
    println!("10 000 service providers, an edit each 50 ms beside four browsers");
    row(
        "   wait of the slowest hundredth ÷ at rest",
        format!("{:.2} ×", edits.ratio()),
        "≤ 3",
    );
    println!(
        "      {:.1} ms at rest, {:.1} ms while {} edits are made, the longest {:.1} ms",
        edits.at_rest, edits.disturbed, edits.count, edits.longest
    );
    row(
        "   memory at its highest",
        format!("{:.1} MB", edits.memory),
        "≤ 120 MB",
    );
}
