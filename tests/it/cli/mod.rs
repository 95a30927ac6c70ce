//! The real binary, beside a running house: what it changes takes effect at the next sign-in.

mod applications;
mod attributes;
mod configuration;
mod daemon;
mod edits;
mod entering;
mod explain;
mod keys;
mod messages;
mod people;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{
    browser::Browser,
    house::{Database, House},
};

/// The binary in the surroundings of one installation.
pub(crate) struct Cli(Vec<(String, String)>);

impl Cli {
    pub(crate) fn of(data_dir: &Path, database: &Database) -> Self {
        let mut all = vec![
            (
                "HALLPASS_BASE_URL".to_owned(),
                "https://login.fernweh.example".to_owned(),
            ),
            ("HALLPASS_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ];
        if let Database::Postgres(url) = database {
            all.push(("HALLPASS_DATABASE_URL".to_owned(), url.clone()));
        }
        Self(all)
    }

    /// The same, with more in its environment.
    pub(crate) fn with(mut self, more: &[(&str, &str)]) -> Self {
        let more = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.0.extend(more);
        self
    }

    /// Sends a signal to a process that a test started.
    pub(crate) fn signal(process: u32, name: &str) {
        let done = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(process.to_string())
            .status()
            .unwrap();
        assert!(done.success());
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command
            .env_clear()
            .envs(self.0.iter().map(|(name, value)| (name, value)))
            .args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses early does not read.
        let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        self.says_to(arguments, "")
    }

    pub(crate) fn says_to(&self, arguments: &[&str], input: &str) -> String {
        let done = self.run(arguments, input);
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments)).unwrap()
    }

    pub(crate) fn refuses(&self, arguments: &[&str]) -> String {
        self.refuses_to(arguments, "")
    }

    pub(crate) fn refuses_to(&self, arguments: &[&str], input: &str) -> String {
        let done = self.run(arguments, input);
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            !done.status.success() && !words.is_empty() && !words.contains("panicked"),
            "{arguments:?}: {words}"
        );
        words
    }
}

fn house_and_cli(database: &Database) -> (House, Cli) {
    let house = House::start(database, &[]);
    let cli = Cli::of(&house.settings.data_dir, database);
    (house, cli)
}

fn log_in(house: &House, email: &str, password: &str) -> (Browser, u16) {
    let mut browser = house.browser();
    let login = browser.get("/login");
    let status = browser.submit_login(&login, email, password).status;
    (browser, status)
}
