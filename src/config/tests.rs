use std::fs;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::config::key;

fn no_files(path: &Path) -> Result<Secret<Vec<u8>>, String> {
    Err(format!("{} may not be read", path.display()))
}

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Errors> {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("hallpass.toml");
    fs::write(&path, file).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(Some(&path), environment, &no_files)
}

fn load_error(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment).expect_err("it is refused").to_string()
}

fn effective<'s>(settings: &'s Settings, key: &str) -> (&'s str, &'static str) {
    let line = settings.effective().iter().find(|line| line.key == key).unwrap();
    (&line.value, line.origin)
}

#[test]
fn every_setting_has_a_default() {
    let settings = Settings::load(None, [].into_iter(), &no_files).unwrap();
    assert_eq!(settings.base_url.origin(), "http://127.0.0.1:8080");
    assert!(
        settings.evaluation_mode
            && settings.trusted_proxies.is_empty()
            && settings.signing_key_files.is_none(),
        "{settings:?}"
    );
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database_url.expose(), "sqlite:hallpass-data/hallpass.db");
    assert_eq!(settings.seal_key_path(), Path::new("hallpass-data/seal.key"));
    assert_eq!(settings.policy, Policy::default());
    assert_eq!(
        (settings.organisation.as_str(), settings.log_filter.as_str()),
        ("Hallpass", "info,actix_server=warn")
    );
    let keys: Vec<&str> = settings
        .effective()
        .iter()
        .map(|line| line.key.as_str())
        .collect();
    assert_eq!(keys.len(), key::KEYS.len());
    for key in key::KEYS {
        assert!(keys.contains(&key), "{key}");
        assert_eq!(effective(&settings, key).1, "default", "{key}");
    }
}

#[test]
fn the_file_sets_everything_and_the_environment_wins() {
    let file = r#"
        base_url = "https://login.fernweh.example/"
        listen = "[::1]:9000"
        data_dir = "/var/lib/hallpass"
        database_url = "postgres://hallpass:hunter2@db/hallpass"
        database_connections = 16
        seal_key_file = "/run/secrets/seal"
        key_file = "/etc/hallpass/key.pem"
        certificate_file = "/etc/hallpass/certificate.pem"
        entity_id = "urn:fernweh:idp"
        organisation = "Fernweh Reisen"
        help_url = "mailto:help@fernweh.example"
        trusted_proxies = ["10.1.2.3/8", "192.0.2.7", "2001:db8::/32"]
        log = "warn,hallpass=debug"
        log_format = "json"
        workers = 3
        [sessions]
        idle = "30m"
        absolute = "8h"
        [passwords]
        min_length = 20
        [throttle]
        pair_free = 3
        first_pause = "90s"
        longest_pause = "12h"
        [limits]
        hashing = 2
        [audit]
        retention = "180d"
    "#;
    let settings = load(file, &[]).unwrap();
    assert_eq!(settings.base_url.origin(), "https://login.fernweh.example");
    assert!(!settings.evaluation_mode, "{settings:?}");
    assert_eq!(
        settings.signing_key_files.as_ref().unwrap().key_file,
        Path::new("/etc/hallpass/key.pem")
    );
    assert_eq!(
        effective(&settings, "trusted_proxies").0,
        "10.0.0.0/8,192.0.2.7/32,2001:db8::/32"
    );
    assert_eq!(
        (
            settings.workers,
            settings.hashing_concurrency,
            settings.database_connections
        ),
        (3, 2, 16)
    );
    let policy = &settings.policy;
    assert_eq!(
        (policy.session_idle, policy.session_absolute),
        (TimeDelta::minutes(30), TimeDelta::hours(8))
    );
    assert_eq!(
        (policy.throttle_pair.free, policy.throttle_pair.first_pause),
        (3, TimeDelta::seconds(90))
    );
    assert_eq!(policy.throttle_account.longest_pause, TimeDelta::hours(12));
    assert_eq!(policy.throttle_address.longest_pause, TimeDelta::minutes(10));
    let forget_after = policy.throttle_account.forget_after;
    assert!(forget_after >= TimeDelta::hours(24), "{forget_after}");
    assert_eq!(policy.audit_retention, Some(TimeDelta::days(180)));
    assert_eq!(policy.min_password_length, 20);
    assert_eq!(effective(&settings, "sessions.idle"), ("30m", "file"));

    let settings = load(
        file,
        &[
            ("HALLPASS_BASE_URL", "https://other.example"),
            ("HALLPASS_SESSIONS_IDLE", "1h"),
            ("HALLPASS_TRUSTED_PROXIES", "none"),
            ("HALLPASS_AUDIT_RETENTION", "forever"),
            ("HALLPASS_ORGANISATION", ""),
            ("HALLPASS_TEST_POSTGRES", "x"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(settings.base_url.origin(), "https://other.example");
    assert_eq!(effective(&settings, "sessions.idle"), ("1h", "environment"));
    assert!(
        settings.trusted_proxies.is_empty() && settings.policy.audit_retention.is_none(),
        "{settings:?}"
    );
    assert_eq!(settings.organisation, "Fernweh Reisen");
}

#[test]
fn a_local_proxy_is_trusted_by_default_where_one_is_required() {
    let proxies = |file: &str| load(file, &[]).unwrap().trusted_proxies.len();
    assert_eq!(proxies(r#"base_url = "https://a.example""#), 2);
    assert_eq!(
        proxies("base_url = \"https://a.example\"\nlisten = \"0.0.0.0:8080\""),
        0
    );
    assert_eq!(proxies(r#"base_url = "http://localhost:8080""#), 0);
    assert_eq!(
        proxies("base_url = \"https://a.example\"\ntrusted_proxies = []"),
        0
    );
}

#[test]
fn a_key_below_the_wrong_section_is_told_where_it_belongs() {
    let message = load_error(
        "[metadata]\nsigned = true\ndatabase_url = \"postgres:///x\"\n",
        &[],
    );
    assert!(
        message.contains("database_url stands below [metadata], and belongs above the first section"),
        "{message}"
    );
}

#[test]
fn an_unknown_setting_is_refused_with_its_location() {
    for (file, parts) in [
        (
            "\n\nbase-url = \"https://a.example\"",
            [
                "hallpass.toml:3: base-url is not a setting",
                "did you mean base_url?",
            ],
        ),
        (
            "[sessions]\nidel = \"8h\"",
            [":2: sessions.idel", "did you mean sessions.idle?"],
        ),
        (
            "[session]\nidle = \"8h\"",
            [":1: session is not", "did you mean [sessions]?"],
        ),
        (
            "\nidle = \"8h\"",
            [":2: idle is not", "did you mean sessions.idle?"],
        ),
        ("listen.port = 8080", [":1: listen", "one value is expected"]),
        ("sessions = 8", [":1: sessions", "write [sessions]"]),
        ("workers = 1.5", [":1: workers", "one value is expected"]),
        (
            "workers = 3\nworkers = 4",
            [":2: this is not TOML", "duplicate key"],
        ),
        (
            "smtp = \"x\"",
            [":1: smtp is not a setting;", "docs/configuration.md"],
        ),
    ] {
        let message = load_error(file, &[]);
        for part in parts {
            assert!(message.contains(part), "{file:?}: {message}");
        }
    }
    let message = load_error("", &[("HALLPASS_BASEURL", "https://a.example")]);
    assert!(
        message.starts_with("HALLPASS_BASEURL is not a setting; did you mean HALLPASS_BASE_URL?"),
        "{message}"
    );
    let message = load_error("", &[("HALLPASS_PASSWORD", "hunter2")]);
    assert!(
        message.starts_with("HALLPASS_PASSWORD is not a setting;"),
        "{message}"
    );
}

#[test]
fn an_invalid_value_is_refused_with_its_origin_and_how_to_fix_it() {
    for (name, text, part) in [
        ("BASE_URL", "http://login.example.com", "reverse proxy with TLS"),
        ("LISTEN", "localhost:8080", "127.0.0.1:8080"),
        ("LISTEN", "8080", "not an address with a port"),
        ("SESSIONS_IDLE", "8", "such as 90s, 30m, 8h or 180d"),
        ("SESSIONS_IDLE", "8 hours", "such as 90s"),
        ("SESSIONS_IDLE", "1s", "5m to 30d"),
        ("SESSIONS_IDLE", "99999999999999999999d", "out of bounds"),
        ("SESSIONS_IDLE", "3d", "sessions.absolute must be the longer one"),
        (
            "SESSIONS_ABSOLUTE",
            "1h",
            "sessions.absolute must be the longer one",
        ),
        ("PASSWORDS_MIN_LENGTH", "14", "from 15 to 64"),
        ("PASSWORDS_MIN_LENGTH", "65", "from 15 to 64"),
        (
            "PEOPLE_EMAIL_CHANGE",
            "anybody",
            "neither administrator nor verified",
        ),
        ("PEOPLE_EMAIL_CHANGE", "verified", "set people.email_domains"),
        ("PEOPLE_EMAIL_DOMAINS", "a.example,b@c", "`b@c` is not a domain"),
        ("THROTTLE_PAIR_FREE", "0", "from 1 to 10000"),
        ("THROTTLE_FIRST_PAUSE", "-5s", "not a duration"),
        ("THROTTLE_LONGEST_PAUSE", "5s", "longer than the longest"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "whole internet"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy", "`proxy` is not a network"),
        ("LOG_FORMAT", "xml", "human or json"),
        ("WORKERS", "4.5", "from 1 to 256"),
        ("KEY_FILE", "/etc/key.pem", "set certificate_file too"),
        ("CERTIFICATE_FILE", "/etc/key.pem", "set key_file too"),
        ("ENTITY_ID", "urn: x", "white space"),
        ("ORGANISATION", "a\u{1b}b", "control character"),
        ("HELP_URL", "javascript:alert(1)", "https://, http:// or mailto:"),
        ("AUDIT_RETENTION", "400", "180d, or forever"),
        (
            "DATABASE_URL",
            "mysql://a:hunter2@b/c",
            "postgres://USER:PASSWORD@HOST/DATABASE",
        ),
        ("MAIL_URL", "smtp.fernweh.example", "smtps://USER:PASSWORD@HOST"),
        ("MAIL_URL", "smtps://a:hunter2@mail", "set mail.from"),
        ("MAIL_FROM", "fernweh", "the @ is missing"),
        ("MAIL_REPLY_TO", "a@b\r\nBcc: c@d", "control character"),
    ] {
        let name = format!("HALLPASS_{name}");
        let message = load_error("", &[(&name, text)]);
        assert!(
            message.starts_with(&format!("{name}: ")) && message.contains(part),
            "{message}"
        );
        assert!(
            !message.contains("hunter2") && !message.contains(char::is_control),
            "{message}"
        );
    }
    let message = load_error("\n\nlog_format = \"xml\"", &[]);
    assert!(
        message.contains("hallpass.toml:3: log_format: `xml`"),
        "{message}"
    );
}

#[test]
fn people_change_their_address_where_mail_and_domains_are_set() {
    let people =
        "[people]\nemail_change = \"verified\"\nemail_domains = [\"@Fernweh.example\", \"fernweh.org\"]\n";
    let message = load_error(people, &[]);
    assert!(message.contains("set mail.url and mail.from"), "{message}");
    let mail = [
        ("HALLPASS_MAIL_URL", "smtps://mail.fernweh.example"),
        ("HALLPASS_MAIL_FROM", "it@fernweh.example"),
    ];
    let settings = load(people, &mail).unwrap();
    assert_eq!(settings.policy.email_change, EmailChangeRule::Verified);
    assert_eq!(
        effective(&settings, "people.email_domains").0,
        "fernweh.example,fernweh.org"
    );
    let default = load("", &[]).unwrap();
    assert_eq!(default.policy.email_change, EmailChangeRule::Administrator);
    assert_eq!(effective(&default, "people.email_domains").0, "none");
}

#[test]
fn a_secret_is_read_from_a_file_and_never_shown() {
    let read = |path: &Path| match path.to_str() {
        Some("/run/secrets/url") => Ok(Secret::new(b"postgres://h:hunter2@db/h\n".to_vec())),
        _ => Err("it can be read by other users".to_owned()),
    };
    let variables =
        |value: &'static str| [("HALLPASS_DATABASE_URL_FILE".to_owned(), value.to_owned())].into_iter();
    let settings = Settings::load(None, variables("/run/secrets/url"), &read).unwrap();
    assert_eq!(settings.database_url.expose(), "postgres://h:hunter2@db/h");
    assert_eq!(
        effective(&settings, "database_url_file"),
        ("/run/secrets/url", "environment")
    );
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let message = Settings::load(None, variables("/tmp/url"), &read)
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "HALLPASS_DATABASE_URL_FILE: it can be read by other users"
    );

    let file = "database_url = \"postgres://h:hunter2@db/h\"";
    let settings = load(file, &[]).unwrap();
    assert_eq!(effective(&settings, "database_url"), ("***", "file"));
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    for bad in [
        "database_url = \"postgres://h:hunter2@db",
        "database_url = postgres://h:hunter2@db",
    ] {
        let message = load_error(bad, &[]);
        assert!(!message.contains("hunter2"), "{message}");
    }
    let message = load_error(&format!("{file}\ndatabase_url_file = \"/x\""), &[]);
    assert!(message.contains("may not be read"), "{message}");
    let settings = load(
        &format!("{file}\n"),
        &[("HALLPASS_DATABASE_URL", "sqlite:/tmp/x.db")],
    )
    .unwrap();
    assert_eq!(settings.database_url.expose(), "sqlite:/tmp/x.db");
}

#[test]
fn a_mail_server_is_read_without_showing_its_password() {
    let read = |_: &Path| {
        Ok(Secret::new(
            b"smtps://hallpass:hunter2@smtp.fernweh.example\n".to_vec(),
        ))
    };
    let variables = [
        ("HALLPASS_MAIL_URL_FILE", "/run/secrets/mail"),
        ("HALLPASS_MAIL_FROM", "Fernweh <it@fernweh.example>"),
        ("HALLPASS_ORGANISATION", "Fernweh"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(None, variables.into_iter(), &read).unwrap();
    let mail = settings.mail.as_ref().unwrap();
    assert_eq!(mail.server.address(), "smtp.fernweh.example:465");
    assert_eq!(mail.server.login.as_ref().unwrap().password.expose(), "hunter2");
    assert_eq!(mail.organisation, "Fernweh");
    assert_eq!(effective(&settings, "mail.url_file").0, "/run/secrets/mail");

    let file = "[mail]\nurl = \"smtp://hallpass:hunter2@mail:2525\"\nfrom = \"it@fernweh.example\"";
    let settings = load(file, &[]).unwrap();
    assert_eq!(effective(&settings, "mail.url"), ("smtp://***@mail:2525", "file"));
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let message = load_error(&format!("{file}\nurl_file = \"/x\""), &[]);
    assert!(message.contains("may not be read"), "{message}");
    let settings = load(file, &[("HALLPASS_MAIL_URL", "smtps://other")]).unwrap();
    assert_eq!(settings.mail.as_ref().unwrap().server.address(), "other:465");
}

#[test]
fn every_error_is_reported_once() {
    let message = load_error(
        "workers = 0\nbase-url = \"x\"\nkey_file = \"\"\ncertificate_file = \"/c\"",
        &[("HALLPASS_LISTEN", "x"), ("HALLPASS_SESSIONS_IDLE", "3 days")],
    );
    assert!(message.starts_with("5 errors\n- "), "{message}");
    assert_eq!(message.lines().count(), 6, "{message}");
    for part in [
        ":1: workers",
        ":2: base-url",
        ":3: key_file",
        "HALLPASS_LISTEN",
        "HALLPASS_SESSIONS_IDLE",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// A word that is no level would be taken for the name of a module, and nothing would be logged.
#[test]
fn a_log_filter_holds_known_levels_only() {
    for good in ["info", "warn,hallpass=debug", "INFO, actix_server = warn", "off"] {
        assert!(value::log_filter(good).is_ok(), "{good}");
    }
    for bad in ["verbose", "infoo", "info,hallpass=loud", "", "info,,"] {
        let message = value::log_filter(bad).unwrap_err();
        assert!(
            message.contains("is not a level; write error"),
            "{bad}: {message}"
        );
    }
}
