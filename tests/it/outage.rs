//! The database is unreachable, silent, gone or full: no response claims what is unknown, and service resumes without a
//! restart.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::Child,
    thread,
    time::Duration,
};

use hallpass::server;

use crate::{
    cli::Cli,
    support::{
        assertions::assert_contains,
        http::{self, Response},
        sql,
        sso_setup::SsoSetup,
        tcp_proxy::TcpProxy,
        test_server::{self, Database, TestServer, fresh_postgres, on_each_database},
        test_sp::posted_response,
    },
};

fn get(address: SocketAddr, target: &str) -> Response {
    http::request(address, "GET", target, &[("Host", "x")], "")
}

/// Asks until `is_so` holds; that it comes to hold is the assertion.
fn poll_until(address: SocketAddr, target: &str, is_so: impl Fn(&Response) -> bool) -> Response {
    loop {
        // A daemon that is starting does not listen yet.
        if TcpStream::connect(address).is_ok() {
            let answer = get(address, target);
            if is_so(&answer) {
                return answer;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn postgres_url() -> Option<String> {
    match fresh_postgres() {
        Some(Database::Postgres(url)) => Some(url),
        Some(Database::Sqlite) | None => {
            assert!(std::env::var("CI").is_err(), "HALLPASS_TEST_POSTGRES is not set");
            None
        }
    }
}

#[test]
fn a_database_that_takes_no_writes_is_not_ready_until_it_does() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let address = setup.server.address;
        poll_until(address, "/health/ready", |answer| answer.status == 200);
        let release = sql::block_writes(&setup.server.settings);
        let answer = poll_until(address, "/health/ready", |answer| answer.status == 503);
        assert!(answer.body.contains("took no write"), "{}", answer.body);
        assert_eq!(get(address, "/health/live").status, 200);
        drop(release);
        poll_until(address, "/health/ready", |answer| answer.status == 200);
    });
}

#[test]
fn no_users_or_no_applications_are_only_warnings() {
    on_each_database(|database| {
        let daemon = TestServer::start(database, &[]);
        let answer = get(daemon.address, "/health/ready");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(
            answer.body.contains("hallpass user add") && answer.body.contains("hallpass app add"),
            "{}",
            answer.body
        );
    });
}

#[test]
fn a_missing_or_replaced_database_file_is_not_ready() {
    let setup = SsoSetup::new(&Database::Sqlite);
    let address = setup.server.address;
    let mut browser = setup.signed_in_browser();
    let path = setup.server.settings.sqlite_path().unwrap().to_owned();
    let aside = path.with_extension("aside");
    let all_fail = || {
        for target in [
            "/",
            "/login",
            "/saml/metadata",
            "/saml/certificate.pem",
            "/health/ready",
        ] {
            assert_eq!(get(address, target).status, 503, "{target}");
        }
        assert_eq!(get(address, "/health/live").status, 200);
        assert!(
            setup.server.provider.run_housekeeping().is_err(),
            "nothing is written to it either"
        );
    };
    fs::rename(&path, &aside).unwrap();
    all_fail();
    assert_contains(&get(address, "/health/ready").body, "gone");
    assert_eq!(
        browser.get(&setup.sso_url("_gone")).status,
        503,
        "and not: sign in"
    );
    fs::copy(&aside, &path).unwrap();
    all_fail();
    fs::rename(&aside, &path).unwrap();
    let page = browser.get(&setup.sso_url("_back"));
    assert!(
        page.field("SAMLResponse").is_some(),
        "{} {}",
        page.status,
        page.body
    );
}

#[test]
fn a_signing_key_that_cannot_be_opened_is_not_ready() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let address = setup.server.address;
        poll_until(address, "/health/ready", |answer| answer.status == 200);
        let spoil = "UPDATE signing_keys SET sealed = certificate; \
                     UPDATE installation SET generation = generation + 1";
        sql::execute(&setup.server.settings, spoil);
        let answer = poll_until(address, "/health/ready", |answer| answer.status == 503);
        assert!(answer.body.contains("signing key"), "{}", answer.body);
    });
}

#[test]
fn a_used_data_directory_never_gets_a_new_database_by_itself() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let settings =
            |database: &Database| test_server::settings(&data, database, "127.0.0.1:0".parse().unwrap(), &[]);
        let first = settings(database);
        let (provider, _) = server::prepare(&first).unwrap();
        let certificate = provider.saml().certificate_pem().unwrap().0.sha256;
        drop(provider);
        let emptied = match database {
            Database::Sqlite => {
                for ending in ["", "-wal", "-shm"] {
                    let _there_or_not = fs::remove_file(format!("{}/hallpass.db{ending}", data.display()));
                }
                Database::Sqlite
            }
            Database::Postgres(_) => fresh_postgres().unwrap(),
        };
        let refused = format!("{:#}", server::prepare(&settings(&emptied)).unwrap_err());
        assert!(refused.starts_with("the database is gone"), "{refused}");
        assert!(refused.contains("Restore it from your backup"), "{refused}");
        assert!(
            !data.join("hallpass.db").exists(),
            "nothing was made in its place"
        );
        // An empty file in its place is no database either.
        if matches!(emptied, Database::Sqlite) {
            fs::write(data.join("hallpass.db"), "").unwrap();
            make_private(&data.join("hallpass.db"));
            let refused = format!("{:#}", server::prepare(&settings(&emptied)).unwrap_err());
            assert!(refused.starts_with("the database is gone"), "{refused}");
        }
        let mark = refused.split("remove ").nth(1).unwrap();
        fs::remove_file(mark.strip_suffix(" first").unwrap()).unwrap();
        let (provider, _) = server::prepare(&settings(&emptied)).unwrap();
        assert_ne!(provider.saml().certificate_pem().unwrap().0.sha256, certificate);
    });
}

fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_hanging_database_server_fails_only_the_pending_requests() {
    let Some(url) = postgres_url() else { return };
    let relay = TcpProxy::in_front_of(&url);
    let setup = SsoSetup::new(&Database::Postgres(relay.url(&url)));
    let mut browser = setup.signed_in_browser();
    relay.hang();
    let waiting: Vec<_> = (0..12)
        .map(|n| {
            let (mut browser, target) = (browser.clone(), setup.sso_url(&format!("_hung{n}")));
            thread::spawn(move || browser.get(&target).status)
        })
        .collect();
    for thread in waiting {
        assert_eq!(
            thread.join().unwrap(),
            503,
            "not knowing is no answer, and never: sign in"
        );
    }
    // Another server has taken over: it answers new connections; those to the first still wait.
    relay.resume_for_new_connections();
    loop {
        let page = browser.get(&setup.sso_url("_over"));
        if page.field("SAMLResponse").is_some() {
            break;
        }
        assert_eq!(page.status, 503, "{}", page.body);
    }
    poll_until(setup.server.address, "/health/ready", |answer| {
        answer.status == 200
    });
}

#[test]
fn a_commit_with_a_lost_reply_is_reported_unknown_and_not_repeated() {
    let Some(url) = postgres_url() else { return };
    let relay = TcpProxy::in_front_of(&url);
    let setup = SsoSetup::new(&Database::Postgres(relay.url(&url)));
    let mut browser = setup.signed_in_browser();
    let written = |settings| {
        sql::number(
            settings,
            "SELECT count(*) AS n FROM audit_events WHERE action = 'sign_on' AND outcome = 'ok'",
        )
    };
    let direct = test_server::settings(
        &setup.server.settings.data_dir,
        &Database::Postgres(url),
        setup.server.address,
        &[],
    );
    let before = written(&direct);
    // The heartbeat must not be the COMMIT whose reply is dropped.
    setup.server.provider.heartbeat().unwrap();
    relay.drop_next_commit_reply();
    let sso_url = setup.sso_url("_unknown");
    let page = browser.get(&sso_url);
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.header("location").is_none(), "not: sign in");
    let after = written(&direct);
    assert!(after <= before + 1, "written once at most");
    // When the user asks again, the request is answered, whether the first COMMIT took effect or not.
    let page = browser.get(&sso_url);
    assert!(
        page.field("SAMLResponse").is_some(),
        "{} {}",
        page.status,
        page.body
    );
    let last = written(&direct);
    assert!(last > before, "{last} after {before}");
}

#[test]
fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let Some(url) = postgres_url() else { return };
    let dead = TcpProxy::in_front_of(&url);
    dead.hang();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = dead.url(&url);
    let silent = silent.split('@').nth(1).unwrap().split('/').next().unwrap();
    let several = url.replacen('@', &format!("@{nobody},{silent},"), 1).replacen(
        '?',
        "?target_session_attrs=read-write&",
        1,
    );
    let setup = SsoSetup::new(&Database::Postgres(several));
    let mut browser = setup.signed_in_browser();
    let (xml, _) = posted_response(&browser.get(&setup.sso_url("_several")));
    assert_contains(&xml, "Success");
}

/// A daemon of the real binary, killed when the test ends.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[test]
fn a_start_without_the_database_server_waits_for_it() {
    let Some(url) = postgres_url() else { return };
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, server) = (free(), free());
    let dir = tempfile::tempdir().unwrap();
    let parts = (url.find('@').unwrap() + 1, url.rfind('/').unwrap());
    let away = format!("{}{server}{}", &url[..parts.0], &url[parts.1..]);
    let listen = address.to_string();
    let cli = Cli::new(&dir.path().join("data"), &Database::Postgres(away))
        .with_env(&[("HALLPASS_LISTEN", &listen)]);
    let mut daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    poll_until(address, "/health/live", |answer| answer.status == 200);
    for target in ["/health/ready", "/login", "/saml/metadata"] {
        let answer = get(address, target);
        assert_eq!(answer.status, 503, "{target}");
        assert!(answer.body.contains("the database is away"), "{}", answer.body);
    }
    let _relay = TcpProxy::on(TcpListener::bind(server).unwrap(), &url);
    poll_until(address, "/health/ready", |answer| answer.status == 200);
    assert_eq!(get(address, "/login").status, 200);
    Cli::send_signal(daemon.0.id(), "TERM");
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_waiting_start_ends_on_sigterm() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, server) = (free(), free());
    let dir = tempfile::tempdir().unwrap();
    let url = format!("postgres://nobody@{server}/nothing");
    let listen = address.to_string();
    let cli = Cli::new(&dir.path().join("data"), &Database::Postgres(url))
        .with_env(&[("HALLPASS_LISTEN", &listen)]);
    let mut daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    poll_until(address, "/health/live", |answer| answer.status == 200);
    Cli::send_signal(daemon.0.id(), "TERM");
    let ended = daemon.0.wait().unwrap();
    assert!(ended.success(), "{ended}");
}

#[test]
fn two_daemons_never_work_on_one_file() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = free();
    let dir = tempfile::tempdir().unwrap();
    let listen = address.to_string();
    let cli = Cli::new(&dir.path().join("data"), &Database::Sqlite).with_env(&[("HALLPASS_LISTEN", &listen)]);
    let daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    poll_until(address, "/health/ready", |answer| answer.status == 200);
    let second =
        Cli::new(&dir.path().join("data"), &Database::Sqlite).with_env(&[("HALLPASS_LISTEN", "127.0.0.1:0")]);
    let refused = second.expect_failure(&["serve"]);
    assert!(
        refused.contains("another Hallpass") && refused.contains(&daemon.0.id().to_string()),
        "{refused}"
    );
    // Commands work beside it.
    cli.expect_success(&["user", "list"]);
    drop(daemon);
    let again = Daemon(cli.command(&["serve"]).spawn().unwrap());
    poll_until(address, "/health/ready", |answer| answer.status == 200);
    drop(again);
}
