//! Starting, restarting, refusing to start, stopping: what whoever runs this sees.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

use hallpass::{
    config::Settings,
    provider::{Provider, installation::Finding},
    server,
};
use tempfile::TempDir;

use crate::support::{
    house::{self, Database, PASSWORD, on_each_database},
    http, rows,
    scene::{ADA, Scene},
    signing::Key,
};

const KEYS: &str = "SELECT count(*) AS n FROM signing_keys";

/// A data directory that houses may stand in one after another.
struct Ground {
    dir: TempDir,
    database: Database,
}

impl Ground {
    fn new(database: &Database) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            database: house::another(database),
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn settings(&self, environment: &[(&str, &str)]) -> Settings {
        house::settings(
            self.data(),
            &self.database,
            "127.0.0.1:0".parse().unwrap(),
            environment,
        )
    }

    fn start(&self, environment: &[(&str, &str)]) -> Result<(Provider, Vec<Finding>), String> {
        server::prepare(&self.settings(environment)).map_err(|why| format!("{why:#}"))
    }

    fn refused(&self, environment: &[(&str, &str)]) -> String {
        match self.start(environment) {
            Ok((_, findings)) => panic!("it started: {findings:?}"),
            Err(why) => why,
        }
    }
}

fn fingerprint(provider: &Provider) -> String {
    provider.certificate_pem().unwrap().0.sha256
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_first_start_makes_a_key_and_later_ones_keep_it() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        let (provider, findings) = ground.start(&[]).unwrap();
        let made = fingerprint(&provider);
        assert_eq!(findings, [Finding::KeyMade { sha256: made.clone() }]);
        let (provider, findings) = ground.start(&[]).unwrap();
        assert_eq!((fingerprint(&provider), findings), (made, Vec::new()));
        assert_eq!(rows::number(&ground.settings(&[]), KEYS), 1);
    });
}

#[test]
fn starts_at_once_end_with_one_key() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        let seal = ground.dir.path().join("seal");
        fs::write(
            &seal,
            format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[7; 32])),
        )
        .unwrap();
        chmod(&seal, 0o600);
        let seal = seal.display().to_string();
        // Replicas have a data directory each where the database is elsewhere, and one where it is a file.
        let replicas = |n: usize| match ground.database {
            Database::Sqlite => ground.data(),
            Database::Postgres(_) => ground.dir.path().join(format!("data-{n}")),
        };
        let made: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|n| {
                    let settings = house::settings(
                        replicas(n),
                        &ground.database,
                        "127.0.0.1:0".parse().unwrap(),
                        &[("HALLPASS_SEAL_KEY_FILE", &seal)],
                    );
                    scope.spawn(move || {
                        server::prepare(&settings)
                            .map(|(provider, found)| (fingerprint(&provider), found.len()))
                    })
                })
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap().unwrap())
                .collect()
        });
        assert!(made.iter().all(|(sha256, _)| *sha256 == made[0].0), "{made:?}");
        assert_eq!(
            made.iter().map(|(_, findings)| findings).sum::<usize>(),
            1,
            "{made:?}"
        );
        let settings = house::settings(replicas(0), &ground.database, "127.0.0.1:0".parse().unwrap(), &[]);
        assert_eq!(rows::number(&settings, KEYS), 1);
    });
}

#[test]
fn without_its_sealing_key_it_refuses_and_never_makes_another() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        drop(ground.start(&[]).unwrap());
        let seal = ground.data().join("seal.key");
        let kept = fs::read(&seal).unwrap();
        fs::remove_file(&seal).unwrap();
        let why = ground.refused(&[]);
        assert!(
            why.contains(&seal.display().to_string()) && why.contains("backup"),
            "{why}"
        );
        assert!(!seal.exists() && rows::number(&ground.settings(&[]), KEYS) == 1);
        assert!(format!("{:#}", server::open(&ground.settings(&[])).unwrap_err()).contains("seal.key"));
        for broken in ["", "hallpass-seal-1:", "hallpass-seal-1:AAAA", "x"] {
            fs::write(&seal, broken).unwrap();
            chmod(&seal, 0o600);
            let why = ground.refused(&[]);
            assert!(why.contains("seal.key"), "{why}");
        }
        fs::write(
            &seal,
            format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[9; 32])),
        )
        .unwrap();
        let why = ground.refused(&[]);
        assert!(why.contains("seal.key"), "{why}");
        fs::write(&seal, kept).unwrap();
        assert_eq!(ground.start(&[]).unwrap().1, []);
        let absent = ground.dir.path().join("absent").display().to_string();
        assert!(
            ground
                .refused(&[("HALLPASS_SEAL_KEY_FILE", &absent)])
                .contains(&absent)
        );
        assert_eq!(rows::number(&ground.settings(&[]), KEYS), 1);
    });
}

#[test]
fn what_lies_there_is_for_us_alone_and_wider_modes_are_refused() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let data = scene.house.settings.data_dir.clone();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        let files: Vec<_> = fs::read_dir(&data)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        for (path, wide, right) in files
            .iter()
            .map(|file| (file, 0o644, 0o600))
            .chain([(&data, 0o755, 0o700), (&data, 0o750, 0o700)])
        {
            chmod(path, wide);
            for why in [
                server::prepare(&scene.house.settings).map(drop),
                server::open(&scene.house.settings).map(drop),
            ] {
                let why = format!("{:#}", why.expect_err(&path.display().to_string()));
                let mend = format!("chmod {:o} {}", right, path.display());
                assert!(why.contains(&mend), "{why}");
            }
            chmod(path, right);
        }
        server::open(&scene.house.settings).unwrap();
    });
}

#[test]
fn a_loopback_certificate_follows_the_base_url_until_an_application_exists() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        let try_out = [("HALLPASS_BASE_URL", "http://127.0.0.1:8080")];
        let first = fingerprint(&ground.start(&try_out).unwrap().0);
        let (provider, findings) = ground.start(&[]).unwrap();
        let second = fingerprint(&provider);
        assert_ne!(first, second);
        assert!(
            findings.contains(&Finding::CertificateReplaced {
                host: "login.fernweh.example".to_owned()
            }),
            "{findings:?}"
        );
        assert_eq!(
            provider.entity_id().unwrap().as_str(),
            "https://login.fernweh.example/saml/metadata"
        );
        assert_eq!(fingerprint(&ground.start(&[]).unwrap().0), second);

        let ground = Ground::new(database);
        let (provider, _) = ground.start(&try_out).unwrap();
        let (first, entity_id) = (fingerprint(&provider), provider.entity_id().unwrap());
        add_wiki(&provider);
        let (provider, findings) = ground.start(&[]).unwrap();
        assert_eq!(
            (fingerprint(&provider), provider.entity_id().unwrap()),
            (first, entity_id.clone())
        );
        assert_eq!(
            findings,
            [Finding::BaseUrlChanged {
                before: "http://127.0.0.1:8080".to_owned(),
                entity_id
            }]
        );
        assert_eq!(ground.start(&[]).unwrap().1, [], "said once");
    });
}

fn add_wiki(provider: &Provider) {
    use hallpass::model::application::{AcsUrl, Consumer, EntityId, Kind, ServiceProvider};
    let entity_id = EntityId::parse("urn:test:wiki").unwrap();
    let saml = ServiceProvider {
        audience: entity_id.clone(),
        entity_id,
        consumers: vec![Consumer {
            location: AcsUrl::parse("https://wiki.example/acs").unwrap(),
            index: None,
        }],
        logout: None,
        certificates: Vec::new(),
        require_signed_requests: false,
        allow_idp_initiated: false,
    };
    let new = hallpass::provider::applications::NewApplication {
        name: "Wiki".to_owned(),
        slug: None,
        kind: Kind::Saml,
        tile_url: None,
        saml,
    };
    provider.add_application(&new).unwrap().unwrap();
}

#[test]
fn the_entity_id_outlives_a_base_url_and_can_be_set() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        add_wiki(&ground.start(&[]).unwrap().0);
        let moved = [("HALLPASS_BASE_URL", "https://sso.fernweh.example")];
        let (provider, findings) = ground.start(&moved).unwrap();
        assert_eq!(
            provider.entity_id().unwrap().as_str(),
            "https://login.fernweh.example/saml/metadata"
        );
        assert!(
            matches!(findings.as_slice(), [Finding::BaseUrlChanged { .. }]),
            "{findings:?}"
        );
        assert!(
            provider
                .metadata()
                .unwrap()
                .body
                .contains("Location=\"https://sso.fernweh.example/saml/sso\"")
        );
        let set = [moved[0], ("HALLPASS_ENTITY_ID", "urn:fernweh:idp")];
        let (provider, findings) = ground.start(&set).unwrap();
        assert_eq!(provider.entity_id().unwrap().as_str(), "urn:fernweh:idp");
        assert!(
            matches!(findings.as_slice(), [Finding::EntityIdSet { .. }]),
            "{findings:?}"
        );
    });
}

#[test]
fn an_own_key_is_imported_once_and_must_belong_to_its_certificate() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        let (own, other) = (Key::rsa(2048), Key::rsa(2048));
        let file = |name: &str, bytes: &[u8]| {
            let path = ground.dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            chmod(&path, 0o600);
            path.display().to_string()
        };
        let (key, pem, foreign) = (
            file("key", &own.private_pem()),
            file("pem", &own.pem),
            file("foreign", &other.pem),
        );
        let own_key = [
            ("HALLPASS_KEY_FILE", key.as_str()),
            ("HALLPASS_CERTIFICATE_FILE", pem.as_str()),
        ];
        let before = fingerprint(&ground.start(&[]).unwrap().0);
        let why = ground.refused(&[own_key[0], ("HALLPASS_CERTIFICATE_FILE", &foreign)]);
        assert!(why.contains("belong") || why.contains("does not fit"), "{why}");
        chmod(Path::new(&key), 0o644);
        assert!(ground.refused(&own_key).contains("chmod"));
        chmod(Path::new(&key), 0o640);
        let (provider, findings) = ground.start(&own_key).unwrap();
        assert_eq!(
            findings,
            [Finding::KeyImported {
                sha256: own.certificate.sha256.clone()
            }]
        );
        assert!(fingerprint(&provider) == own.certificate.sha256 && before != own.certificate.sha256);
        assert_eq!(ground.start(&own_key).unwrap().1, []);
        assert_eq!(
            fingerprint(&ground.start(&[]).unwrap().0),
            own.certificate.sha256,
            "it stays when the files go"
        );
    });
}

#[test]
fn a_database_of_a_newer_version_decides_itself_who_may_work_with_it() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        drop(ground.start(&[]).unwrap());
        let settings = ground.settings(&[]);
        rows::execute(
            &settings,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
        );
        drop(ground.start(&[]).unwrap());
        server::open(&settings).unwrap();
        rows::execute(
            &settings,
            "UPDATE schema_epoch SET oldest_epoch = 99, oldest_binary = '9.9.9'",
        );
        for why in [
            ground.refused(&[]),
            format!("{:#}", server::open(&settings).unwrap_err()),
        ] {
            assert!(why.contains("9.9.9"), "{why}");
        }
    });
}

#[test]
fn only_serve_makes_a_database() {
    on_each_database(|database| {
        let ground = Ground::new(database);
        for _ in 0..2 {
            let why = format!("{:#}", server::open(&ground.settings(&[])).unwrap_err());
            assert!(why.contains("hallpass serve"), "{why}");
            fs::create_dir_all(ground.data()).unwrap();
            chmod(&ground.data(), 0o700);
        }
        assert_eq!(fs::read_dir(ground.data()).unwrap().count(), 0);
    });
}

#[test]
fn every_decision_has_a_row() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let login = browser.follow(&scene.address("_r1"));
        browser.submit_login(&login, ADA, "wrong password");
        browser.sign_in(&login, ADA, PASSWORD);
        browser.get(&scene.ask("_r2", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        let form = browser.get("/logout");
        browser.post("/logout", &[("csrf", &form.field("csrf").unwrap())]);
        let told = rows::texts(
            &scene.house.settings,
            "SELECT action || ' ' || outcome AS t FROM audit_events ORDER BY id",
        );
        for row in [
            "user.add ok",
            "app.add ok",
            "login LOGIN-WRONG",
            "login ok",
            "sign_on ok",
            "sign_on ACS-UNKNOWN",
            "logout ok",
        ] {
            assert_eq!(
                told.iter().filter(|line| *line == row).count(),
                1,
                "{row}: {told:?}"
            );
        }
        let bare = "SELECT count(*) AS n FROM audit_events WHERE detail LIKE '%fernweh.example%' OR detail LIKE '%<%'";
        assert_eq!(rows::number(&scene.house.settings, bare), 0);
    });
}

#[test]
fn a_flood_of_strangers_makes_few_rows_that_count() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let stranger = crate::support::sp::TestSp::new("urn:nobody", "https://nobody.example/acs");
        let address = stranger.sign_on_address("_r1", scene.now());
        for _n in 0..1000 {
            let page = http::request(
                scene.house.address,
                "GET",
                &address,
                &[("Host", "login.fernweh.example")],
                "",
            );
            assert_eq!(page.status, 400);
        }
        scene.house.provider.flush_audit().unwrap();
        let settings = &scene.house.settings;
        let about = "FROM audit_events WHERE outcome = 'ISSUER-UNKNOWN'";
        assert!(rows::number(settings, &format!("SELECT count(*) AS n {about}")) <= 6);
        assert_eq!(
            rows::number(
                settings,
                &format!("SELECT CAST(sum(occurrences) AS BIGINT) AS n {about}")
            ),
            1000
        );
    });
}

#[test]
fn a_stop_finishes_what_is_under_way() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let login = browser.get("/login");
        let body = http::form(&[
            ("csrf", &login.field("csrf").unwrap()),
            ("email", ADA),
            ("password", PASSWORD),
        ]);
        let cookie = format!(
            "__Host-hallpass-browser={}",
            browser.jar["__Host-hallpass-browser"]
        );
        let mut stream = TcpStream::connect(scene.house.address).unwrap();
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: login.fernweh.example\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"), "{go_on:?}");
        let address = scene.house.address;
        let stopping = thread::spawn(move || scene.house.stop());
        // Nobody new is let in any more; the request that was under way is.
        while TcpStream::connect(address).is_ok() {
            thread::yield_now();
        }
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        stopping.join().unwrap();
    });
}
