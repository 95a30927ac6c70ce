//! Mail waits in the database, is sent by one worker, and leaves nothing behind.

use std::{
    collections::BTreeSet,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use hallpass::{
    mail::Mail,
    model::{actor::Actor, language::Language, mail::Recipient, user::User},
    process::ProcessIdentity,
    provider::Provider,
    server,
};
use serde_json::json;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_empty, assert_lacks, assert_starts_with},
        mail_server::MailServer,
        sql,
        test_server::{Database, TestServer, on_each_database, settings},
    },
};

const ADA: &str = "ada@fernweh.example";

/// A daemon, the mail server that it uses, and a user.
struct Setup {
    server: TestServer,
    mail_server: MailServer,
    ada: User,
}

impl Setup {
    fn new(database: &Database) -> Self {
        let mail_server = MailServer::start();
        let server = TestServer::start(database, &borrowed(&mail_server.environment()));
        let ada = server.add_user(ADA, "Ada", "Lovelace");
        Self {
            server,
            mail_server,
            ada,
        }
    }

    fn queue(&self) {
        queue(&self.server.provider, &self.ada);
    }

    /// Waits until so many rows of `jobs` fulfil the condition.
    fn wait_for_jobs(&self, count: i64, condition: &str) {
        let query = format!("SELECT count(*) AS n FROM jobs WHERE {condition}");
        wait_until(&query, || sql::number(&self.server.settings, &query) == count);
    }

    /// What the audit log says about mail.
    fn audit(&self) -> Vec<String> {
        sql::texts(
            &self.server.settings,
            "SELECT action || ' ' || outcome || ' ' || detail || ' ' || user_id AS t FROM audit_events \
             WHERE action LIKE 'mail.%' ORDER BY id",
        )
    }

    fn last_errors(&self) -> Vec<String> {
        sql::texts(
            &self.server.settings,
            "SELECT coalesce(last_error, '') AS t FROM jobs",
        )
    }
}

fn borrowed<'e>(environment: &'e [(&'static str, String)]) -> Vec<(&'static str, &'e str)> {
    environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn queue(provider: &Provider, user: &User) {
    let to = Recipient {
        user: Some(user.id),
        name: Some(user.full_name()),
        email: user.email.clone(),
        language: Some(Language::English),
    };
    assert!(provider.mail(&Actor::Itself).queue(&Mail::Test, &to).unwrap());
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < end, "not yet: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn mail_that_was_queued_is_sent_and_erased() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.queue();
        setup.wait_for_jobs(
            1,
            "done_at IS NOT NULL AND payload IS NULL AND last_error IS NULL",
        );
        let messages = setup.mail_server.messages();
        let [message] = messages.as_slice() else {
            panic!("{messages:?}")
        };
        let ids = sql::texts(&setup.server.settings, "SELECT id AS t FROM jobs");
        for part in [
            "From: Fernweh <it@fernweh.example>\r\n",
            "Reply-To: help@fernweh.example\r\n",
            "To: \"Ada Lovelace\" <ada@fernweh.example>\r\n",
            "Subject: Fernweh Instruments: mail works\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            &format!("Message-ID: <{}@login.fernweh.example>\r\n", ids[0]),
            "https://login.fernweh.example",
        ] {
            assert_contains(message, part);
        }
        let commands = setup.mail_server.commands();
        let login = format!("AUTH PLAIN {}", STANDARD.encode("\0postman\0hunter2"));
        for command in [
            "EHLO login.fernweh.example",
            &login,
            "MAIL FROM:<it@fernweh.example>",
            "RCPT TO:<ada@fernweh.example>",
            "QUIT",
        ] {
            assert!(
                commands.iter().any(|sent| sent == command),
                "{command}: {commands:?}"
            );
        }
        assert_eq!(setup.audit(), [format!("mail.sent ok test {}", setup.ada.id)]);
    });
}

#[test]
fn a_refusal_for_the_moment_is_tried_again_and_nothing_readable_waits() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup
            .mail_server
            .answer("RCPT", "450 4.2.1 <ada@fernweh.example> greylisted");
        setup.queue();
        setup.wait_for_jobs(1, "attempts = 1 AND lease IS NULL AND done_at IS NULL");
        assert_eq!(
            setup.last_errors(),
            ["the mail server refused the recipient (450 4.2.1)"]
        );
        let payload = if setup.server.settings.sqlite_path().is_some() {
            "SELECT hex(payload) AS t FROM jobs"
        } else {
            "SELECT upper(encode(payload, 'hex')) AS t FROM jobs"
        };
        let payload = &sql::texts(&setup.server.settings, payload)[0];
        let hex: String = "fernweh".bytes().map(|byte| format!("{byte:02X}")).collect();
        assert!(payload.len() > 1000, "{payload}");
        assert_lacks(payload, &hex);
        assert_empty(&setup.audit());

        setup.mail_server.answer("RCPT", "");
        setup.server.clock.advance(TimeDelta::seconds(40));
        setup.wait_for_jobs(1, "done_at IS NOT NULL AND payload IS NULL AND attempts = 2");
        assert_eq!(setup.mail_server.messages().len(), 1);
        assert_eq!(setup.audit(), [format!("mail.sent ok test {}", setup.ada.id)]);
    });
}

#[test]
fn a_recipient_who_is_refused_for_good_is_given_up_at_once() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup
            .mail_server
            .answer("RCPT", "550 5.1.1 <ada@fernweh.example> unknown");
        setup.queue();
        setup.wait_for_jobs(1, "done_at IS NOT NULL AND payload IS NULL AND attempts = 1");
        assert_eq!(
            setup.audit(),
            [format!(
                "mail.failed MAIL-FAILED test: the mail server refused the recipient (550 5.1.1) {}",
                setup.ada.id
            )]
        );
        assert_empty(&setup.mail_server.messages());
    });
}

#[test]
fn what_cannot_be_sent_for_a_day_is_given_up() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.mail_server.answer("MAIL", "451 4.3.0 later");
        setup.queue();
        setup.wait_for_jobs(1, "attempts = 1 AND lease IS NULL");
        setup.server.clock.advance(TimeDelta::hours(23));
        setup.wait_for_jobs(1, "attempts = 2 AND lease IS NULL AND done_at IS NULL");
        setup.server.clock.advance(TimeDelta::hours(1));
        setup.wait_for_jobs(1, "done_at IS NOT NULL AND payload IS NULL");
        let audit = setup.audit();
        assert_starts_with(&audit[0], "mail.failed MAIL-FAILED test: ");
        assert_eq!(audit.len(), 1, "{audit:?}");
        // A week later the row goes as well.
        setup.server.clock.advance(TimeDelta::days(8));
        setup.server.provider.run_housekeeping().unwrap();
        setup.wait_for_jobs(0, "1 = 1");
    });
}

#[test]
fn two_replicas_send_each_mail_once() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let replica = setup.server.replica();
        for _ in 0..10 {
            setup.queue();
            queue(&replica.provider, &setup.ada);
        }
        setup.wait_for_jobs(20, "done_at IS NOT NULL");
        let messages = setup.mail_server.messages();
        let ids: BTreeSet<&str> = messages
            .iter()
            .flat_map(|message| message.lines())
            .filter(|line| line.starts_with("Message-ID"))
            .collect();
        assert_eq!((messages.len(), ids.len()), (20, 20));
        assert_eq!(setup.audit().len(), 20);
    });
}

#[test]
fn mail_that_waits_survives_a_new_sealing_key() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.mail_server.answer("RCPT", "450 later");
        setup.queue();
        setup.wait_for_jobs(1, "attempts = 1 AND lease IS NULL");
        setup.mail_server.answer("RCPT", "");
        let environment = setup.mail_server.environment();
        let server_settings = std::sync::Arc::clone(&setup.server.settings);
        let dir = setup.server.stop();
        server::reseal(&server_settings, None, &Actor::Itself).unwrap();
        let server = TestServer::start_in_dir(dir, database, &borrowed(&environment));
        server.clock.advance(TimeDelta::minutes(1));
        wait_until("sent", || !setup.mail_server.messages().is_empty());
    });
}

#[test]
fn a_mail_server_that_is_silent_does_not_keep_the_daemon_from_stopping() {
    let setup = Setup::new(&Database::Sqlite);
    setup.mail_server.hang();
    setup.queue();
    wait_until("connected", || setup.mail_server.hanging_connections() == 1);
    let began = Instant::now();
    setup.server.stop();
    // A step of the conversation may take a minute.
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[test]
fn a_mail_that_a_killed_daemon_held_is_sent_by_the_next_one() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.mail_server.answer("RCPT", "450 later");
        setup.queue();
        setup.wait_for_jobs(1, "attempts = 1 AND lease IS NULL");
        setup.mail_server.answer("RCPT", "");
        let mut killed = Command::new("sleep").arg("600").spawn().unwrap();
        let mut lease = ProcessIdentity::current().to_bytes().to_vec();
        lease[4..].copy_from_slice(&killed.id().to_be_bytes());
        lease.extend([7; 8]);
        let lease: String = lease.iter().map(|byte| format!("{byte:02x}")).collect();
        let literal = match database {
            Database::Sqlite => format!("x'{lease}'"),
            Database::Postgres(_) => format!("'\\x{lease}'"),
        };
        sql::execute(
            &setup.server.settings,
            &format!("UPDATE jobs SET lease = {literal}, leased_until = '2100-01-01 00:00:00'"),
        );
        setup.server.clock.advance(TimeDelta::minutes(1));
        let jobs = setup.server.provider.jobs();
        jobs.release_abandoned().unwrap();
        assert!(!jobs.run_due_job().unwrap(), "it still runs");
        killed.kill().unwrap();
        killed.wait().unwrap();
        jobs.release_abandoned().unwrap();
        setup.wait_for_jobs(1, "done_at IS NOT NULL");
        assert_eq!(setup.mail_server.messages().len(), 1);
    });
}

#[test]
fn nothing_is_queued_where_mail_is_not_set_up() {
    let server = TestServer::start(&Database::Sqlite, &[]);
    let ada = server.add_user(ADA, "Ada", "Lovelace");
    let to = Recipient {
        user: Some(ada.id),
        name: None,
        email: ada.email,
        language: Some(Language::English),
    };
    let actor = Actor::Itself;
    let mail = server.provider.mail(&actor);
    assert!(!mail.is_set_up() && !mail.queue(&Mail::Test, &to).unwrap());
    assert_eq!(sql::number(&server.settings, "SELECT count(*) AS n FROM jobs"), 0);
}

#[test]
fn neither_log_nor_settings_show_password_address_or_words() {
    let dir = tempfile::tempdir().unwrap();
    let mail_server = MailServer::start();
    mail_server.answer("RCPT TO:<bo@", "550 5.1.1 <bo@fernweh.example> unknown");
    let environment = mail_server.environment();
    let environment = borrowed(&environment);
    let listen = [("HALLPASS_LISTEN", "127.0.0.1:0"), ("HALLPASS_LOG", "trace")];
    let data_dir = dir.path().join("data");
    let cli = Cli::new(&data_dir, &Database::Sqlite)
        .with_env(&environment)
        .with_env(&listen);
    let mut daemon = cli.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = daemon.stderr.take().unwrap();
    let reader = thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        log
    });
    wait_until("initialized", || data_dir.join("initialized.sqlite").exists());
    let known = settings(
        &data_dir,
        &Database::Sqlite,
        ([127, 0, 0, 1], 1).into(),
        &environment,
    );
    let provider = server::open(&known).unwrap();
    for address in [ADA, "bo@fernweh.example"] {
        let to = Recipient {
            user: None,
            name: None,
            email: hallpass::model::user::Email::parse(address).unwrap(),
            language: Some(Language::English),
        };
        assert!(provider.mail(&Actor::Itself).queue(&Mail::Test, &to).unwrap());
    }
    let done = "SELECT count(*) AS n FROM jobs WHERE done_at IS NOT NULL";
    wait_until("done", || sql::number(&known, done) == 2);
    Cli::send_signal(daemon.id(), "TERM");
    daemon.wait().unwrap();
    let log = reader.join().unwrap();
    assert_contains(&log, "the mail server refused the recipient (550 5.1.1)");
    let secrets = [
        "hunter2",
        "hunter%32",
        "postman",
        ADA,
        "bo@fernweh",
        "mail works",
        &STANDARD.encode("\0postman\0hunter2"),
    ];
    for secret in secrets {
        assert_lacks(&log, secret);
    }
    let checked = cli.expect_success(&["config", "check"]);
    assert_contains(&checked, "smtp://***@127.0.0.1:");
    assert_lacks(&checked, "hunter");
}

#[test]
fn a_test_mail_says_what_the_server_said() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let environment = setup.mail_server.environment();
        let cli = Cli::new(&setup.server.settings.data_dir, database).with_env(&borrowed(&environment));
        let address = format!("127.0.0.1:{}", setup.mail_server.port);
        let output = cli.expect_success(&["mail", "test", ADA]);
        assert_contains(
            &output,
            &format!("{address} took the message for {ADA} (not encrypted) and said: 250 2.0.0 queued as 1"),
        );
        assert_eq!(
            cli.json(&["mail", "test", ADA, "--json"]),
            json!({ "to": ADA, "server": address, "encryption": "none", "code": 250, "reply": "2.0.0 queued as 2" })
        );
        assert_eq!(setup.mail_server.messages().len(), 2);
        for (command, answer, words, advice) in [
            (
                "AUTH",
                "535 5.7.8 wrong",
                "refused user and password: 535 5.7.8 wrong",
                "mail.url",
            ),
            (
                "MAIL",
                "550 5.7.1 not yours",
                "refused the sender it@fernweh.example: 550 5.7.1 not yours",
                "mail.from",
            ),
            (
                "RCPT",
                "550 5.1.1 unknown",
                "refused the recipient ada@fernweh.example: 550 5.1.1 unknown",
                "Check the address",
            ),
            (
                "DATA",
                "554 5.7.0 spam",
                "refused the message: 554 5.7.0 spam",
                "",
            ),
            ("DATA", "250 ok", "answered out of turn: 250 ok", ""),
            (
                "EHLO",
                "554 go away",
                "does not take our connection: 554 go away",
                "Ask who runs it",
            ),
            (
                "EHLO",
                "250 mail",
                "offers no way to sign in",
                "Take user and password out",
            ),
            ("QUIT", "421 \u{1b}[2J", "", ""),
        ] {
            setup.mail_server.answer(command, answer);
            if words.is_empty() {
                cli.expect_success(&["mail", "test", ADA]);
            } else {
                let why = cli.expect_failure(&["mail", "test", ADA]);
                assert_contains(&why, words);
                assert_contains(&why, advice);
                assert_lacks(&why, "hunter2");
            }
            setup.mail_server.answer(command, "");
        }
        let other = |name: &str, value: &str| {
            let all = borrowed(&environment);
            let cli = Cli::new(&setup.server.settings.data_dir, database).with_env(&all);
            cli.with_env(&[(name, value)])
                .expect_failure(&["mail", "test", ADA])
        };
        let nobody = "smtp://127.0.0.1:1?tls=none";
        assert_contains(
            &other("HALLPASS_MAIL_URL", nobody),
            "cannot connect to 127.0.0.1:1",
        );
        let unencrypted = format!("smtp://{address}");
        assert_contains(
            &other("HALLPASS_MAIL_URL", &unencrypted),
            "offers no STARTTLS, so nothing was sent",
        );
        let tls = format!("smtps://{address}");
        assert_contains(&other("HALLPASS_MAIL_URL", &tls), "no encrypted connection");
        let ca = [
            ("HALLPASS_MAIL_URL", tls.as_str()),
            ("HALLPASS_MAIL_CA_FILE", "/nowhere"),
        ];
        let cli = Cli::new(&setup.server.settings.data_dir, database).with_env(&borrowed(&environment));
        let why = cli.with_env(&ca).expect_failure(&["mail", "test", ADA]);
        assert_contains(&why, "mail.ca_file: cannot read /nowhere");
        let why = Cli::new(&setup.server.settings.data_dir, database).expect_failure(&["mail", "test", ADA]);
        assert_contains(&why, "no mail server is set: set mail.url");
        assert_contains(
            &cli_with(&setup, database).expect_failure(&["mail", "test", "ada"]),
            "the @ is missing",
        );
    });
}

fn cli_with(setup: &Setup, database: &Database) -> Cli {
    let environment = setup.mail_server.environment();
    Cli::new(&setup.server.settings.data_dir, database).with_env(&borrowed(&environment))
}
