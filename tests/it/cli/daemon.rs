//! `hallpass serve`

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::Duration,
};

use chrono::Utc;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cli::Cli,
    support::{
        browser::Browser,
        sso_setup::ADA,
        test_server::{self, Database, PASSWORD, on_each_database},
        test_sp::{TestSp, posted_response},
    },
};

/// A daemon that is killed when the test ends.
pub(super) struct Daemon(pub(super) Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

impl Daemon {
    /// Starts one that logs to the file `log`, and reads that until the daemon listens.
    fn start_with_log_file(cli: &Cli, log: &Path) -> (Self, SocketAddr) {
        let out = fs::File::create(log).unwrap();
        let mut serve = cli.command(&["serve"]);
        let mut daemon = Self(
            serve
                .stdout(out.try_clone().unwrap())
                .stderr(out)
                .spawn()
                .unwrap(),
        );
        let address = loop {
            let text = fs::read_to_string(log).unwrap();
            if let Some((_, rest)) = text.split_once("listens on http://") {
                break rest[..rest.find(". ").unwrap()].parse().unwrap();
            }
            assert!(daemon.0.try_wait().unwrap().is_none(), "{text}");
            thread::sleep(Duration::from_millis(20));
        };
        (daemon, address)
    }

    /// Starts one that logs everything to a pipe, and reads the log until it listens.
    pub(super) fn start_with_piped_log(cli: &Cli) -> (Self, BufReader<ChildStderr>, SocketAddr) {
        let mut serve = cli.command(&["serve"]);
        let mut daemon = Self(serve.stderr(Stdio::piped()).spawn().unwrap());
        let mut log = BufReader::new(daemon.0.stderr.take().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, rest)) = line.split_once("listens on http://") {
                return (daemon, log, rest[..rest.find(". ").unwrap()].parse().unwrap());
            }
        }
    }

    pub(super) fn signal(&self, name: &str) {
        Cli::send_signal(self.0.id(), name);
    }
}

fn configured_cli(more: &[(&str, &str)]) -> (TempDir, Cli) {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite)
        .with_env(&[("HALLPASS_LISTEN", "127.0.0.1:0")])
        .with_env(more);
    (dir, cli)
}

#[test]
fn a_full_log_pipe_blocks_neither_requests_nor_shutdown() {
    let (_dir, cli) = configured_cli(&[("HALLPASS_LOG", "trace")]);
    let (mut daemon, log, address) = Daemon::start_with_piped_log(&cli);
    let mut browser = Browser::new(address, "https://login.fernweh.example");
    // Far more lines than pipe and queue hold: each request writes a dozen at this level.
    for _ in 0..1500 {
        assert_eq!(browser.get("/login").status, 200);
    }
    daemon.signal("TERM");
    assert!(daemon.0.wait().unwrap().success(), "it ends, though nobody reads");
    drop(log);

    let (mut daemon, mut log, address) = Daemon::start_with_piped_log(&cli);
    let mut browser = Browser::new(address, "https://login.fernweh.example");
    for _ in 0..1500 {
        assert_eq!(browser.get("/login").status, 200);
    }
    daemon.signal("TERM");
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
    assert!(
        rest.contains("lines of the log were dropped"),
        "{} bytes",
        rest.len()
    );
    assert!(rest.contains("has stopped"), "the last lines are there");
}

#[test]
fn the_log_has_whole_lines_and_no_secret() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let mut cli = Cli::new(
            &dir.path().join("data"),
            &test_server::fresh_database_like(database),
        );
        for (name, value) in [
            ("LISTEN", "127.0.0.1:0"),
            ("LOG", "trace"),
            ("LOG_FORMAT", "json"),
        ] {
            cli.0.push((format!("HALLPASS_{name}"), value.to_owned()));
        }
        let log = dir.path().join("log");
        let (mut daemon, address) = Daemon::start_with_log_file(&cli, &log);
        assert!(
            fs::read_to_string(&log).unwrap().contains("hallpass user add"),
            "it says what to do next"
        );
        cli.expect_success_with_input(
            &[
                "user",
                "add",
                ADA,
                "--given-name",
                "Ada",
                "--family-name",
                "Lovelace",
                "--password-stdin",
            ],
            PASSWORD,
        );
        cli.expect_success(&[
            "app",
            "add",
            "saml",
            "--entity-id",
            "urn:test:wiki",
            "--acs",
            "https://wiki.example/acs",
        ]);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs");
        let mut browser = Browser::new(address, "https://login.fernweh.example");
        let login = browser.get_following_redirects(&sp.sso_url("_logged", Utc::now()));
        browser.submit_password(
            &login,
            "x\r\n{\"level\":\"ERROR\",\"forged\":1}\u{1b}[31m",
            "a wrong password",
        );
        let page = browser.sign_in(&login, ADA, PASSWORD);
        let (xml, _) = posted_response(&page);
        browser.get("/nowhere?password=in-the-address");
        let done = Command::new("kill")
            .arg("-TERM")
            .arg(daemon.0.id().to_string())
            .status()
            .unwrap();
        assert!(done.success(), "{done}");
        let ended = daemon.0.wait().unwrap();
        assert!(ended.success(), "{ended}");

        let text = fs::read_to_string(&log).unwrap();
        for line in text.lines() {
            assert!(
                serde_json::from_str::<Value>(line).is_ok_and(|line| line.get("forged").is_none()),
                "{line}"
            );
        }
        let handle = login.field("continue").unwrap();
        let message = page.field("SAMLResponse").unwrap();
        let mut secrets = vec![
            PASSWORD,
            "a wrong password",
            &handle,
            &message[..100],
            &xml[..100],
            "in-the-address",
            ADA,
            "argon2id",
            "BEGIN PRIVATE",
        ];
        secrets.extend(browser.cookies.values().map(String::as_str));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(
            text.contains("LOGIN-WRONG") && text.contains("has stopped"),
            "{text}"
        );
    });
}
