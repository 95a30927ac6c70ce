//! Starting, restarting, refusing to start, stopping: what an operator sees.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

use hallpass::{
    config::Settings,
    model::actor::Actor,
    provider::{Provider, bootstrap::BootstrapNotice},
    server,
};
use tempfile::TempDir;

use crate::support::{
    assertions::assert_contains,
    sp_keys::SpKey,
    sql,
    sso_setup::SsoSetup,
    test_server::{self, Database, on_each_database},
};

const COUNT_KEYS: &str = "SELECT count(*) AS n FROM signing_keys";

/// A data directory in which several servers may run, one after another.
struct Deployment {
    dir: TempDir,
    database: Database,
}

impl Deployment {
    fn new(database: &Database) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            database: test_server::fresh_database_like(database),
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn settings(&self, environment: &[(&str, &str)]) -> Settings {
        test_server::settings(
            &self.data_dir(),
            &self.database,
            "127.0.0.1:0".parse().unwrap(),
            environment,
        )
    }

    fn start(&self, environment: &[(&str, &str)]) -> Result<(Provider, Vec<BootstrapNotice>), String> {
        server::prepare(&self.settings(environment)).map_err(|why| format!("{why:#}"))
    }

    fn start_error(&self, environment: &[(&str, &str)]) -> String {
        match self.start(environment) {
            Ok((_, findings)) => panic!("it started: {findings:?}"),
            Err(why) => why,
        }
    }
}

fn fingerprint(provider: &Provider) -> String {
    provider.saml().certificate_pem().unwrap().0.sha256
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_first_start_makes_a_key_and_later_ones_keep_it() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        let (provider, findings) = deployment.start(&[]).unwrap();
        let made = fingerprint(&provider);
        assert_eq!(findings, [BootstrapNotice::KeyGenerated { sha256: made.clone() }]);
        let (provider, findings) = deployment.start(&[]).unwrap();
        assert_eq!((fingerprint(&provider), findings), (made, Vec::new()));
        assert_eq!(sql::number(&deployment.settings(&[]), COUNT_KEYS), 1);
    });
}

#[test]
fn simultaneous_first_starts_make_one_key() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        let seal_key_file = deployment.dir.path().join("seal");
        fs::write(
            &seal_key_file,
            format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[7; 32])),
        )
        .unwrap();
        chmod(&seal_key_file, 0o600);
        let seal_key_file = seal_key_file.display().to_string();
        // With a database server each replica has its own data directory; with a database file they share one.
        let replicas = |n: usize| match deployment.database {
            Database::Sqlite => deployment.data_dir(),
            Database::Postgres(_) => deployment.dir.path().join(format!("data-{n}")),
        };
        let made: Vec<_> = thread::scope(|scope| {
            let starts: Vec<_> = (0..4)
                .map(|n| {
                    let settings = test_server::settings(
                        &replicas(n),
                        &deployment.database,
                        "127.0.0.1:0".parse().unwrap(),
                        &[("HALLPASS_SEAL_KEY_FILE", &seal_key_file)],
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
        let settings = test_server::settings(
            &replicas(0),
            &deployment.database,
            "127.0.0.1:0".parse().unwrap(),
            &[],
        );
        assert_eq!(sql::number(&settings, COUNT_KEYS), 1);
    });
}

#[test]
fn a_start_without_the_sealing_key_is_refused_and_makes_no_new_one() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        drop(deployment.start(&[]).unwrap());
        let seal_key_file = deployment.data_dir().join("seal.key");
        let original = fs::read(&seal_key_file).unwrap();
        fs::remove_file(&seal_key_file).unwrap();
        let why = deployment.start_error(&[]);
        assert!(
            why.contains(&seal_key_file.display().to_string()) && why.contains("backup"),
            "{why}"
        );
        assert!(!seal_key_file.exists(), "it was made again");
        assert_eq!(sql::number(&deployment.settings(&[]), COUNT_KEYS), 1);
        assert_contains(
            &format!("{:#}", server::open(&deployment.settings(&[])).unwrap_err()),
            "seal.key",
        );
        for broken in ["", "hallpass-seal-1:", "hallpass-seal-1:AAAA", "x"] {
            fs::write(&seal_key_file, broken).unwrap();
            chmod(&seal_key_file, 0o600);
            let why = deployment.start_error(&[]);
            assert!(why.contains("seal.key"), "{why}");
        }
        fs::write(
            &seal_key_file,
            format!("hallpass-seal-1:{}\n", openssl::base64::encode_block(&[9; 32])),
        )
        .unwrap();
        let why = deployment.start_error(&[]);
        assert!(why.contains("seal.key"), "{why}");
        fs::write(&seal_key_file, original).unwrap();
        assert_eq!(deployment.start(&[]).unwrap().1, []);
        let absent = deployment.dir.path().join("absent").display().to_string();
        assert_contains(
            &deployment.start_error(&[("HALLPASS_SEAL_KEY_FILE", &absent)]),
            &absent,
        );
        assert_eq!(sql::number(&deployment.settings(&[]), COUNT_KEYS), 1);
    });
}

#[test]
fn data_files_are_private_and_wider_modes_are_refused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let data = setup.server.settings.data_dir.clone();
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
                server::prepare(&setup.server.settings).map(drop),
                server::open(&setup.server.settings).map(drop),
            ] {
                let why = format!("{:#}", why.expect_err(&path.display().to_string()));
                let fix = format!("chmod {:o} {}", right, path.display());
                assert!(why.contains(&fix), "{why}");
            }
            chmod(path, right);
        }
        server::open(&setup.server.settings).unwrap();
    });
}

#[test]
fn a_loopback_certificate_follows_the_base_url_until_an_application_exists() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        let try_out = [("HALLPASS_BASE_URL", "http://127.0.0.1:8080")];
        let first = fingerprint(&deployment.start(&try_out).unwrap().0);
        let (provider, findings) = deployment.start(&[]).unwrap();
        let second = fingerprint(&provider);
        assert_ne!(first, second);
        assert!(
            findings.contains(&BootstrapNotice::CertificateReplaced {
                host: "login.fernweh.example".to_owned()
            }),
            "{findings:?}"
        );
        assert_eq!(
            provider.saml().entity_id().unwrap().as_str(),
            "https://login.fernweh.example/saml/metadata"
        );
        assert_eq!(fingerprint(&deployment.start(&[]).unwrap().0), second);

        let deployment = Deployment::new(database);
        let (provider, _) = deployment.start(&try_out).unwrap();
        let (first, entity_id) = (fingerprint(&provider), provider.saml().entity_id().unwrap());
        add_wiki(&provider);
        let (provider, findings) = deployment.start(&[]).unwrap();
        assert_eq!(
            (fingerprint(&provider), provider.saml().entity_id().unwrap()),
            (first, entity_id.clone())
        );
        assert_eq!(
            findings,
            [BootstrapNotice::BaseUrlChanged {
                before: "http://127.0.0.1:8080".to_owned(),
                entity_id
            }]
        );
        assert_eq!(deployment.start(&[]).unwrap().1, [], "said once");
    });
}

fn add_wiki(provider: &Provider) {
    use hallpass::model::application::{
        ApplicationAccess, ApplicationKind, AssertionConsumerService, EntityId, ServiceProvider, SpUrl,
    };
    let entity_id = EntityId::parse("urn:test:wiki").unwrap();
    let endpoint = AssertionConsumerService {
        location: SpUrl::parse("https://wiki.example/acs").unwrap(),
        index: None,
    };
    let saml = ServiceProvider::with_defaults(entity_id, vec![endpoint]);
    let new = hallpass::provider::applications::NewApplication {
        name: "Wiki".to_owned(),
        slug: None,
        kind: ApplicationKind::Other,
        access: ApplicationAccess::Everyone,
        tile_url: None,
        saml,
    };
    provider
        .applications(&Actor::Itself)
        .add_application(&new)
        .unwrap()
        .unwrap();
}

#[test]
fn the_entity_id_outlives_a_base_url_and_can_be_set() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        add_wiki(&deployment.start(&[]).unwrap().0);
        let moved = [("HALLPASS_BASE_URL", "https://sso.fernweh.example")];
        let (provider, findings) = deployment.start(&moved).unwrap();
        assert_eq!(
            provider.saml().entity_id().unwrap().as_str(),
            "https://login.fernweh.example/saml/metadata"
        );
        assert!(
            matches!(findings.as_slice(), [BootstrapNotice::BaseUrlChanged { .. }]),
            "{findings:?}"
        );
        assert_contains(
            &provider.saml().metadata().unwrap().body,
            "Location=\"https://sso.fernweh.example/saml/sso\"",
        );
        let set = [moved[0], ("HALLPASS_ENTITY_ID", "urn:fernweh:idp")];
        let (provider, findings) = deployment.start(&set).unwrap();
        assert_eq!(provider.saml().entity_id().unwrap().as_str(), "urn:fernweh:idp");
        assert!(
            matches!(findings.as_slice(), [BootstrapNotice::EntityIdChanged { .. }]),
            "{findings:?}"
        );
    });
}

#[test]
fn an_own_key_is_imported_once_and_must_match_its_certificate() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        let (own, other) = (SpKey::rsa(2048), SpKey::rsa(2048));
        let file = |name: &str, bytes: &[u8]| {
            let path = deployment.dir.path().join(name);
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
        let before = fingerprint(&deployment.start(&[]).unwrap().0);
        let why = deployment.start_error(&[own_key[0], ("HALLPASS_CERTIFICATE_FILE", &foreign)]);
        assert!(why.contains("belong") || why.contains("does not fit"), "{why}");
        chmod(Path::new(&key), 0o644);
        assert_contains(&deployment.start_error(&own_key), "chmod");
        chmod(Path::new(&key), 0o640);
        let (provider, findings) = deployment.start(&own_key).unwrap();
        assert_eq!(
            findings,
            [BootstrapNotice::KeyImported {
                sha256: own.certificate.sha256.clone()
            }]
        );
        assert_eq!(fingerprint(&provider), own.certificate.sha256);
        assert_ne!(before, own.certificate.sha256);
        assert_eq!(deployment.start(&own_key).unwrap().1, []);
        assert_eq!(
            fingerprint(&deployment.start(&[]).unwrap().0),
            own.certificate.sha256,
            "it stays when the files go"
        );
    });
}

#[test]
fn a_newer_database_decides_which_versions_may_use_it() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        drop(deployment.start(&[]).unwrap());
        let settings = deployment.settings(&[]);
        sql::execute(
            &settings,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
        );
        drop(deployment.start(&[]).unwrap());
        server::open(&settings).unwrap();
        sql::execute(
            &settings,
            "UPDATE schema_epoch SET oldest_epoch = 99, oldest_binary = '9.9.9'",
        );
        for why in [
            deployment.start_error(&[]),
            format!("{:#}", server::open(&settings).unwrap_err()),
        ] {
            assert!(why.contains("9.9.9"), "{why}");
        }
    });
}

#[test]
fn only_serve_makes_a_database() {
    on_each_database(|database| {
        let deployment = Deployment::new(database);
        for _ in 0..2 {
            let why = format!("{:#}", server::open(&deployment.settings(&[])).unwrap_err());
            assert!(why.contains("start the daemon once"), "{why}");
            fs::create_dir_all(deployment.data_dir()).unwrap();
            chmod(&deployment.data_dir(), 0o700);
        }
        assert_eq!(fs::read_dir(deployment.data_dir()).unwrap().count(), 0);
    });
}
