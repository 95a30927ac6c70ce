//! `hallpass serve`

use std::{
    fs,
    process::{Child, Command},
    thread,
    time::Duration,
};

use chrono::Utc;
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        browser::Browser,
        house::{self, PASSWORD, on_each_database},
        scene::ADA,
        sp::{TestSp, posted},
    },
};

/// A daemon that a test started, ended with it.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[test]
fn the_log_is_whole_lines_and_holds_no_secret() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let mut cli = Cli::of(&dir.path().join("data"), &house::another(database));
        for (name, value) in [
            ("LISTEN", "127.0.0.1:0"),
            ("LOG", "trace"),
            ("LOG_FORMAT", "json"),
        ] {
            cli.0.push((format!("HALLPASS_{name}"), value.to_owned()));
        }
        let log = dir.path().join("log");
        let out = fs::File::create(&log).unwrap();
        let mut serve = cli.command(&["serve"]);
        let mut daemon = Daemon(
            serve
                .stdout(out.try_clone().unwrap())
                .stderr(out)
                .spawn()
                .unwrap(),
        );
        let address = loop {
            let text = fs::read_to_string(&log).unwrap();
            if let Some((_, rest)) = text.split_once("listens on http://") {
                break rest[..rest.find(". ").unwrap()].parse().unwrap();
            }
            assert!(daemon.0.try_wait().unwrap().is_none(), "{text}");
            thread::sleep(Duration::from_millis(20));
        };
        assert!(
            fs::read_to_string(&log).unwrap().contains("hallpass user add"),
            "it says what to do next"
        );
        cli.says_to(
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
        cli.says(&[
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
        let login = browser.follow(&sp.sign_on_address("_logged", Utc::now()));
        browser.submit_login(
            &login,
            "x\r\n{\"level\":\"ERROR\",\"forged\":1}\u{1b}[31m",
            "a wrong password",
        );
        let page = browser.sign_in(&login, ADA, PASSWORD);
        let (xml, _) = posted(&page);
        browser.get("/nowhere?password=in-the-address");
        let done = Command::new("kill")
            .arg("-TERM")
            .arg(daemon.0.id().to_string())
            .status()
            .unwrap();
        assert!(done.success() && daemon.0.wait().unwrap().success());

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
        secrets.extend(browser.jar.values().map(String::as_str));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(
            text.contains("LOGIN-WRONG") && text.contains("has stopped"),
            "{text}"
        );
    });
}
