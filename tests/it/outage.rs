//! The database is away, silent, gone or full: nobody is told what nobody knows, and it ends by itself.

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
        house::{self, Database, House, fresh_postgres, on_each_database},
        http::{self, Response},
        relay::Relay,
        rows,
        scene::Scene,
        sp::posted,
    },
};

fn get(address: SocketAddr, target: &str) -> Response {
    http::request(address, "GET", target, &[("Host", "x")], "")
}

/// Asks until `is_so`; that it comes to be so is the assertion.
fn until(address: SocketAddr, target: &str, is_so: impl Fn(&Response) -> bool) -> Response {
    loop {
        // A daemon that only begins does not listen yet.
        if TcpStream::connect(address).is_ok() {
            let answer = get(address, target);
            if is_so(&answer) {
                return answer;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn postgres() -> Option<String> {
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
        let scene = Scene::new(database);
        let address = scene.house.address;
        until(address, "/health/ready", |answer| answer.status == 200);
        let release = rows::block_writes(&scene.house.settings);
        let answer = until(address, "/health/ready", |answer| answer.status == 503);
        assert!(answer.body.contains("took no write"), "{}", answer.body);
        assert_eq!(get(address, "/health/live").status, 200);
        drop(release);
        until(address, "/health/ready", |answer| answer.status == 200);
    });
}

#[test]
fn nobody_and_nothing_to_sign_in_to_are_warnings_and_not_more() {
    on_each_database(|database| {
        let house = House::start(database, &[]);
        let answer = get(house.address, "/health/ready");
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(
            answer.body.contains("hallpass user add") && answer.body.contains("hallpass app add"),
            "{}",
            answer.body
        );
    });
}

#[test]
fn a_database_file_that_is_gone_or_another_one_serves_nobody() {
    let scene = Scene::new(&Database::Sqlite);
    let address = scene.house.address;
    let mut browser = scene.signed_in();
    let path = scene.house.settings.sqlite_path().unwrap().to_owned();
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
            scene.house.provider.keep_house().is_err(),
            "nothing is written to it either"
        );
    };
    fs::rename(&path, &aside).unwrap();
    all_fail();
    assert!(get(address, "/health/ready").body.contains("gone"));
    assert_eq!(
        browser.get(&scene.address("_gone")).status,
        503,
        "and not: sign in"
    );
    fs::copy(&aside, &path).unwrap();
    all_fail();
    fs::rename(&aside, &path).unwrap();
    let page = browser.get(&scene.address("_back"));
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
        let scene = Scene::new(database);
        let address = scene.house.address;
        until(address, "/health/ready", |answer| answer.status == 200);
        let spoil = "UPDATE signing_keys SET sealed = certificate; \
                     UPDATE installation SET generation = generation + 1";
        rows::execute(&scene.house.settings, spoil);
        let answer = until(address, "/health/ready", |answer| answer.status == 503);
        assert!(answer.body.contains("signing key"), "{}", answer.body);
    });
}

#[test]
fn a_data_directory_that_was_used_never_gets_a_new_database_by_itself() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let settings =
            |database: &Database| house::settings(&data, database, "127.0.0.1:0".parse().unwrap(), &[]);
        let first = settings(database);
        let (provider, _) = server::prepare(&first).unwrap();
        let certificate = provider.certificate_pem().unwrap().0.sha256;
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
            house_mode(&data.join("hallpass.db"));
            let refused = format!("{:#}", server::prepare(&settings(&emptied)).unwrap_err());
            assert!(refused.starts_with("the database is gone"), "{refused}");
        }
        let mark = refused.split("remove ").nth(1).unwrap();
        fs::remove_file(mark.strip_suffix(" first").unwrap()).unwrap();
        let (provider, _) = server::prepare(&settings(&emptied)).unwrap();
        assert_ne!(provider.certificate_pem().unwrap().0.sha256, certificate);
    });
}

fn house_mode(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_server_that_hangs_costs_those_who_wait_an_answer_and_nobody_after_it() {
    let Some(url) = postgres() else { return };
    let relay = Relay::before(&url);
    let scene = Scene::new(&Database::Postgres(relay.url(&url)));
    let mut browser = scene.signed_in();
    relay.hang();
    let waiting: Vec<_> = (0..12)
        .map(|n| {
            let (mut browser, target) = (browser.clone(), scene.address(&format!("_hung{n}")));
            thread::spawn(move || browser.get(&target).status)
        })
        .collect();
    for one in waiting {
        assert_eq!(
            one.join().unwrap(),
            503,
            "not knowing is no answer, and never: sign in"
        );
    }
    // Another server has taken over: it answers, those who waited for the first still do.
    relay.answer_new_ones();
    loop {
        let page = browser.get(&scene.address("_over"));
        if page.field("SAMLResponse").is_some() {
            break;
        }
        assert_eq!(page.status, 503, "{}", page.body);
    }
    until(scene.house.address, "/health/ready", |answer| {
        answer.status == 200
    });
}

#[test]
fn a_commit_without_an_answer_is_not_known_and_not_repeated() {
    let Some(url) = postgres() else { return };
    let relay = Relay::before(&url);
    let scene = Scene::new(&Database::Postgres(relay.url(&url)));
    let mut browser = scene.signed_in();
    let written = |settings| {
        rows::number(
            settings,
            "SELECT count(*) AS n FROM audit_events WHERE action = 'sign_on' AND outcome = 'ok'",
        )
    };
    let direct = house::settings(
        &scene.house.settings.data_dir,
        &Database::Postgres(url),
        scene.house.address,
        &[],
    );
    let before = written(&direct);
    // The heartbeat must not take the place of the sign-on.
    scene.house.provider.beat().unwrap();
    relay.swallow_the_answer_to_commit();
    let asked = scene.address("_unknown");
    let page = browser.get(&asked);
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.header("location").is_none(), "not: sign in");
    let after = written(&direct);
    assert!(after <= before + 1, "written once at most");
    // Asked again by the person, it is answered, whether the first one holds or not.
    let page = browser.get(&asked);
    assert!(
        page.field("SAMLResponse").is_some(),
        "{} {}",
        page.status,
        page.body
    );
    assert!(written(&direct) > before);
}

#[test]
fn of_several_hosts_the_one_that_takes_writes_is_used() {
    let Some(url) = postgres() else { return };
    let dead = Relay::before(&url);
    dead.hang();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = dead.url(&url);
    let silent = silent.split('@').nth(1).unwrap().split('/').next().unwrap();
    let several = url.replacen('@', &format!("@{nobody},{silent},"), 1).replacen(
        '?',
        "?target_session_attrs=read-write&",
        1,
    );
    let scene = Scene::new(&Database::Postgres(several));
    let mut browser = scene.signed_in();
    let (xml, _) = posted(&browser.get(&scene.address("_several")));
    assert!(xml.contains("Success"));
}

/// A daemon of the real binary, ended with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[test]
fn a_start_while_the_server_is_away_lives_and_waits_for_it() {
    let Some(url) = postgres() else { return };
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, server) = (free(), free());
    let dir = tempfile::tempdir().unwrap();
    let parts = (url.find('@').unwrap() + 1, url.rfind('/').unwrap());
    let away = format!("{}{server}{}", &url[..parts.0], &url[parts.1..]);
    let listen = address.to_string();
    let cli =
        Cli::of(&dir.path().join("data"), &Database::Postgres(away)).with(&[("HALLPASS_LISTEN", &listen)]);
    let mut daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    until(address, "/health/live", |answer| answer.status == 200);
    for target in ["/health/ready", "/login", "/saml/metadata"] {
        let answer = get(address, target);
        assert_eq!(answer.status, 503, "{target}");
        assert!(answer.body.contains("the database is away"), "{}", answer.body);
    }
    let _relay = Relay::on(TcpListener::bind(server).unwrap(), &url);
    until(address, "/health/ready", |answer| answer.status == 200);
    assert_eq!(get(address, "/login").status, 200);
    Cli::signal(daemon.0.id(), "TERM");
    assert!(daemon.0.wait().unwrap().success());
}

#[test]
fn a_start_that_waits_ends_when_it_is_told_to() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, server) = (free(), free());
    let dir = tempfile::tempdir().unwrap();
    let url = format!("postgres://nobody@{server}/nothing");
    let listen = address.to_string();
    let cli =
        Cli::of(&dir.path().join("data"), &Database::Postgres(url)).with(&[("HALLPASS_LISTEN", &listen)]);
    let mut daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    until(address, "/health/live", |answer| answer.status == 200);
    Cli::signal(daemon.0.id(), "TERM");
    assert!(daemon.0.wait().unwrap().success());
}

#[test]
fn two_daemons_never_work_on_one_file() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = free();
    let dir = tempfile::tempdir().unwrap();
    let listen = address.to_string();
    let cli = Cli::of(&dir.path().join("data"), &Database::Sqlite).with(&[("HALLPASS_LISTEN", &listen)]);
    let daemon = Daemon(cli.command(&["serve"]).spawn().unwrap());
    until(address, "/health/ready", |answer| answer.status == 200);
    let second =
        Cli::of(&dir.path().join("data"), &Database::Sqlite).with(&[("HALLPASS_LISTEN", "127.0.0.1:0")]);
    let refused = second.refuses(&["serve"]);
    assert!(
        refused.contains("another Hallpass") && refused.contains(&daemon.0.id().to_string()),
        "{refused}"
    );
    // Commands work beside it.
    cli.says(&["user", "list"]);
    drop(daemon);
    let again = Daemon(cli.command(&["serve"]).spawn().unwrap());
    until(address, "/health/ready", |answer| answer.status == 200);
    drop(again);
}
