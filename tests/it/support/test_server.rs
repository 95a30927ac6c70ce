//! A running Hallpass on either database, with a clock that the test controls.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use hallpass::{
    clock::Clock,
    config::Settings,
    credential::password::Password,
    entropy::SystemEntropy,
    files,
    model::{
        actor::Actor,
        application::{
            Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, EntityId,
            ServiceProvider, SpUrl,
        },
        user::{Email, NameComponent, NameComponents, OwnAttributes, User},
    },
    provider::{
        Provider,
        applications::NewApplication,
        handle::{Applications, Keys, MetadataSources, People},
        people::users::{ChangeOutcome, NewUser},
    },
    server::{self, Server},
    web::Deadlines,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use tempfile::TempDir;

use crate::support::{browser::Browser, sql_log};

/// The password of every user in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A clock that stands still until it is advanced. It begins at the real time, since the second implementation reads
/// the machine's clock.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Utc::now().trunc_subsecs(6))))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// The database that a server runs on.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite,
    /// The URL of a schema of its own.
    Postgres(String),
}

pub(crate) struct TestServer {
    pub(crate) provider: Provider,
    pub(crate) clock: TestClock,
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) settings: Arc<Settings>,
    pub(crate) dir: TempDir,
    running: Option<Server>,
}

impl TestServer {
    /// Starts one. `environment` adds to the settings; without `HALLPASS_BASE_URL` in it, the server is
    /// `https://login.fernweh.example` behind a proxy that the test plays.
    pub(crate) fn start(database: &Database, environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::start_in_dir(dir, database, environment)
    }

    /// Like `start`, with other deadlines for slow clients.
    pub(crate) fn start_with_deadlines(
        database: &Database,
        environment: &[(&str, &str)],
        deadlines: Deadlines,
    ) -> Self {
        Self::start_in_dir_with_deadlines(tempfile::tempdir().unwrap(), database, environment, deadlines)
    }

    /// Like `start`, in a directory that another server may have used.
    pub(crate) fn start_in_dir(dir: TempDir, database: &Database, environment: &[(&str, &str)]) -> Self {
        // A machine that is busy with other tests must refuse nobody.
        let deadlines = Deadlines {
            queue: Duration::from_mins(5),
            ..Deadlines::default()
        };
        Self::start_in_dir_with_deadlines(dir, database, environment, deadlines)
    }

    fn start_in_dir_with_deadlines(
        dir: TempDir,
        database: &Database,
        environment: &[(&str, &str)],
        deadlines: Deadlines,
    ) -> Self {
        sql_log::enable_if_configured();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Arc::new(settings(&dir.path().join("data"), database, address, environment));
        let clock = TestClock::new();
        let (provider, _findings) =
            server::prepare_with(&settings, Box::new(clock.clone()), Box::new(SystemEntropy)).unwrap();
        let server = Server::start_with(&settings, provider.clone(), listener, deadlines).unwrap();
        let origin = settings.base_url.origin().to_owned();
        Self {
            provider,
            clock,
            address,
            origin,
            settings,
            dir,
            running: Some(server),
        }
    }

    pub(crate) fn people(&self) -> People<'_> {
        self.provider.people(&Actor::Itself)
    }

    pub(crate) fn applications(&self) -> Applications<'_> {
        self.provider.applications(&Actor::Itself)
    }

    pub(crate) fn metadata_sources(&self) -> MetadataSources<'_> {
        self.provider.metadata_sources(&Actor::Itself)
    }

    pub(crate) fn keys(&self) -> Keys<'_> {
        self.provider.keys(&Actor::Itself)
    }

    /// A new browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address, &self.origin)
    }

    /// Adds a user whose password is [`PASSWORD`]; an empty name means none.
    pub(crate) fn add_user(&self, email: &str, given: &str, family: &str) -> User {
        let name = |text| NameComponent::parse_optional("the name", text).unwrap();
        let new = NewUser {
            role: None,
            email: Email::parse(email).unwrap(),
            names: NameComponents::new(name(given), name(family)).unwrap(),
            stable_id: None,
            user_name: None,
            external_id: None,
            language: None,
            attributes: OwnAttributes::new(),
            password: Some(Password::parse(PASSWORD).unwrap()),
            must_change_password: false,
        };
        match self.provider.people(&Actor::Itself).add_user(&new).unwrap() {
            ChangeOutcome::Done(user) => user,
            other @ (ChangeOutcome::Unchanged(_)
            | ChangeOutcome::Taken
            | ChangeOutcome::Unknown
            | ChangeOutcome::Stale) => {
                panic!("{other:?}")
            }
        }
    }

    /// Registers an application after `change` has changed it.
    pub(crate) fn add_application(
        &self,
        name: &str,
        entity_id: &str,
        acs: &str,
        change: impl FnOnce(&mut NewApplication),
    ) -> Application {
        let entity_id = EntityId::parse(entity_id).unwrap();
        let mut new = NewApplication {
            name: name.to_owned(),
            slug: None,
            kind: ApplicationKind::Other,
            access: ApplicationAccess::Everyone,
            tile_url: None,
            saml: ServiceProvider::with_defaults(
                entity_id,
                vec![AssertionConsumerService {
                    location: SpUrl::parse(acs).unwrap(),
                    index: None,
                }],
            ),
        };
        change(&mut new);
        match self
            .provider
            .applications(&Actor::Itself)
            .add_application(&new)
            .unwrap()
            .unwrap()
        {
            ChangeOutcome::Done(application) => application,
            other @ (ChangeOutcome::Unchanged(_)
            | ChangeOutcome::Taken
            | ChangeOutcome::Unknown
            | ChangeOutcome::Stale) => {
                panic!("{other:?}")
            }
        }
    }

    /// A second daemon on the same database and with the same clock.
    pub(crate) fn replica(&self) -> Replica {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (provider, _findings) = server::prepare_with(
            &self.settings,
            Box::new(self.clock.clone()),
            Box::new(SystemEntropy),
        )
        .unwrap();
        let server = Server::start(&self.settings, provider.clone(), listener).unwrap();
        Replica {
            provider,
            address,
            running: Some(server),
        }
    }

    /// Stops the server and returns its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        self.running.take().unwrap().stop().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }
}

/// A second daemon beside a server.
pub(crate) struct Replica {
    pub(crate) provider: Provider,
    pub(crate) address: SocketAddr,
    running: Option<Server>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(server) = self.running.take() {
            let _stopped = server.stop();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(server) = self.running.take() {
            // A test that has failed already should report why, not that the server would not stop.
            let _stopped = server.stop();
        }
    }
}

pub(crate) fn settings(
    data_dir: &Path,
    database: &Database,
    address: SocketAddr,
    environment: &[(&str, &str)],
) -> Settings {
    let mut all = vec![
        (
            "HALLPASS_BASE_URL".to_owned(),
            "https://login.fernweh.example".to_owned(),
        ),
        ("HALLPASS_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ("HALLPASS_LISTEN".to_owned(), address.to_string()),
        (
            "HALLPASS_ORGANISATION".to_owned(),
            "Fernweh Instruments".to_owned(),
        ),
    ];
    if let Database::Postgres(url) = database {
        all.push(("HALLPASS_DATABASE_URL".to_owned(), url.clone()));
    }
    for (name, value) in environment {
        all.retain(|(known, _)| known != name);
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    let read_secret = |path: &Path| files::read_named_secret(path).map_err(|why| why.to_string());
    Settings::load(None, all.into_iter(), &read_secret).unwrap()
}

/// Runs `test` on SQLite and on PostgreSQL. The test command always sets `HALLPASS_TEST_POSTGRES`; where it is not set,
/// somebody runs one test by hand, and the test prints what was skipped.
pub(crate) fn on_each_database(test: impl Fn(&Database)) {
    test(&Database::Sqlite);
    match fresh_postgres() {
        Some(database) => test(&database),
        None => assert!(
            std::env::var("CI").is_err(),
            "HALLPASS_TEST_POSTGRES is not set: PostgreSQL was not tested"
        ),
    }
}

/// A schema of the test's own, so that tests can run at the same time.
pub(crate) fn fresh_postgres() -> Option<Database> {
    let server = std::env::var("HALLPASS_TEST_POSTGRES").ok()?;
    let schema = format!("t{:016x}", ChaCha20Rng::from_os_rng().next_u64());
    let mut conn = PgConnection::establish(&server).unwrap();
    conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
    Some(Database::Postgres(format!(
        "{server}?options=-csearch_path%3D{schema}"
    )))
}

/// A new database of the same kind.
pub(crate) fn fresh_database_like(database: &Database) -> Database {
    match database {
        Database::Sqlite => Database::Sqlite,
        Database::Postgres(_) => fresh_postgres().unwrap(),
    }
}
