//! The real binary, beside a running server: its changes take effect at the next sign-in.

mod applications;
mod attributes;
mod backups;
mod configuration;
mod daemon;
mod edits;
mod explain;
mod generate;
mod group_import;
mod groups;
mod keys;
mod messages;
mod people_import;
mod registration;
mod reload;
mod service_user;
mod users;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{
    browser::Browser,
    test_server::{Database, TestServer},
};

/// The binary, with the environment of one installation.
pub(crate) struct Cli(Vec<(String, String)>);

impl Cli {
    pub(crate) fn new(data_dir: &Path, database: &Database) -> Self {
        let mut all = vec![
            (
                "HALLPASS_BASE_URL".to_owned(),
                "https://login.fernweh.example".to_owned(),
            ),
            ("HALLPASS_DATA_DIR".to_owned(), data_dir.display().to_string()),
            // Not that of a Hallpass that is installed on this machine.
            ("HALLPASS_CONFIG".to_owned(), "/dev/null".to_owned()),
        ];
        if let Database::Postgres(url) = database {
            all.push(("HALLPASS_DATABASE_URL".to_owned(), url.clone()));
        }
        Self(all)
    }

    /// Adds environment variables.
    pub(crate) fn with_env(mut self, more: &[(&str, &str)]) -> Self {
        let more = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.0.extend(more);
        self
    }

    pub(crate) fn send_signal(process: u32, name: &str) {
        let output = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(process.to_string())
            .status()
            .unwrap();
        assert!(output.success(), "kill -{name} {process}: {output}");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_hallpass")), arguments)
    }

    /// The same with another copy of the binary.
    pub(crate) fn command_of(&self, binary: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary);
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
        // A command that refuses early does not read its input.
        let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    pub(crate) fn expect_success(&self, arguments: &[&str]) -> String {
        self.expect_success_with_input(arguments, "")
    }

    pub(crate) fn expect_success_with_input(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.expect_success(arguments)).unwrap()
    }

    pub(crate) fn expect_failure(&self, arguments: &[&str]) -> String {
        self.expect_failure_with_input(arguments, "")
    }

    pub(crate) fn expect_failure_with_input(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && !stderr.is_empty() && !stderr.contains("panicked"),
            "{arguments:?}: {stderr}"
        );
        stderr
    }
}

fn server_and_cli(database: &Database) -> (TestServer, Cli) {
    let server = TestServer::start(database, &[]);
    let cli = Cli::new(&server.settings.data_dir, database);
    (server, cli)
}

fn sign_in(server: &TestServer, email: &str, password: &str) -> (Browser, u16) {
    let mut browser = server.browser();
    let login = browser.get("/login");
    let status = browser.submit_password(&login, email, password).status;
    (browser, status)
}
