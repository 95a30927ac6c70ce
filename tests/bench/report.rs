//! The figures, as a table or as one JSON object.

use std::fs;

use crate::daemon;

/// What was measured on one database.
pub(crate) struct Database {
    pub(crate) name: &'static str,
    pub(crate) multiple: f64,
    pub(crate) rounds: Vec<f64>,
    pub(crate) microseconds: f64,
    pub(crate) start_to_first_milliseconds: f64,
}

/// Everything that was measured.
pub(crate) struct Report {
    cpu: String,
    pub(crate) databases: Vec<Database>,
    memory: Option<(f64, f64)>,
    /// Of one sign-on, of one signature.
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
        let binary_megabytes = fs::metadata(daemon::binary()).unwrap().len() as f64 / 1_048_576.0;
        Self {
            cpu,
            databases: Vec::new(),
            memory: None,
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
        let row = |what: &str, value: String, wanted: &str| println!("{what:<44} {value:>10}   {wanted}");
        for database in &self.databases {
            let what = format!("{}: CPU of a sign-on ÷ an RSA-2048 signature", database.name);
            let wanted = if database.name == "SQLite" {
                "≤ 2.6, after 2.3"
            } else {
                ""
            };
            row(&what, format!("{:.2} ×", database.multiple), wanted);
            let rounds: Vec<String> = database
                .rounds
                .iter()
                .map(|round| format!("{round:.2}"))
                .collect();
            row("   rounds", rounds.join(" "), "");
            row(
                "   CPU of a sign-on",
                format!("{:.0} µs", database.microseconds),
                "",
            );
            row(
                "   start to first sign-on",
                format!("{:.0} ms", database.start_to_first_milliseconds),
                "≤ 150 ms",
            );
        }
        if let Some((sign_on, signature)) = self.instructions {
            row("SQLite: instructions of a sign-on", format!("{sign_on:.0}"), "");
            row(
                "   ÷ those of a signature",
                format!("{:.2} ×", sign_on / signature),
                "",
            );
        }
        if let Some((idle, after)) = self.memory {
            row("resident memory, idle", format!("{idle:.1} MB"), "≤ 25 MB");
            row(
                "resident memory after 20 000 sign-ons",
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
                    "multiple_of_rsa_2048_signature": database.multiple,
                    "rounds": database.rounds,
                    "cpu_microseconds": database.microseconds,
                    "start_to_first_sign_on_ms": database.start_to_first_milliseconds,
                })
            })
            .collect();
        let object = serde_json::json!({
            "cpu": self.cpu,
            "databases": databases,
            "resident_mb_idle": self.memory.map(|figures| figures.0),
            "resident_mb_after_20000": self.memory.map(|figures| figures.1),
            "instructions_per_sign_on": self.instructions.map(|figures| figures.0),
            "instructions_per_signature": self.instructions.map(|figures| figures.1),
            "binary_mb": self.binary_megabytes,
        });
        println!("{object}");
    }
}
