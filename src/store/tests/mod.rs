//! The store, on SQLite in a directory of its own, and on PostgreSQL in a schema of its own.

mod applications;
mod configuration;
mod housekeeping;
mod jobs;
mod keys;
mod logouts;
mod migrations;
mod replay;
mod sessions;
mod statement_timeout;
mod throttle;
mod transfer;
mod users;

use std::thread;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use diesel::{Connection, PgConnection, connection::SimpleConnection};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};
use tempfile::TempDir;

use crate::{
    model::{
        application::{
            Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, Binding, EntityId,
            LogoutEndpoint, Protocol, ServiceProvider, Slug, SpUrl,
        },
        attribute::{self, AttributeRule, AttributeSource, NameFormat},
        audit::{AuditEvent, ValueChange},
        audit_action::AuditAction,
        authentication::{AuthenticationEvent, AuthenticationEvents},
        id::{ApplicationId, AuditId, SessionId, UserId},
        installation::Installation,
        key::Certificate,
        keys_on::KeysOn,
        name_id::{EMAIL_ADDRESS, NameId, NameIdFormat},
        participant::{Participant, ParticipantSubject},
        response_options::{ContentCipher, DefaultClass, ResponseOptions, SignatureAlgorithm, SignedParts},
        second_factor::SecondFactorPolicy,
        secret::{Secret, Token, TokenHash},
        session::Session,
        user::{Email, NameComponent, NameComponents, Preferences, StableId, User, UserName},
    },
    store::{
        configuration_changes::ConfigTx, connection::Tx, database::Store, error::Error, migrate::Backup,
        people::users::UserFilter,
    },
};

/// A database for one test alone.
struct FreshDatabase {
    url: Secret<String>,
    _dir: Option<TempDir>,
}

/// An empty SQLite file, and an empty schema if `HALLPASS_TEST_POSTGRES` gives a server.
fn fresh_databases() -> Vec<FreshDatabase> {
    let mut all = vec![fresh_sqlite()];
    all.extend(fresh_postgres());
    all
}

fn fresh_sqlite() -> FreshDatabase {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("hallpass.db").display());
    FreshDatabase {
        url: Secret::new(url),
        _dir: Some(dir),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment names the PostgreSQL for tests"
)]
fn fresh_postgres() -> Option<FreshDatabase> {
    let server = std::env::var("HALLPASS_TEST_POSTGRES")
        .ok()
        .filter(|server| !server.is_empty())?;
    let schema = format!("t{:x}", ChaCha20Rng::from_os_rng().next_u64());
    let mut conn = PgConnection::establish(&server).unwrap();
    conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
    let joint = if server.contains('?') { '&' } else { '?' };
    Some(FreshDatabase {
        url: Secret::new(format!("{server}{joint}options=-csearch_path%3D{schema}")),
        _dir: None,
    })
}

/// Runs `test` on each database, after the migrations.
fn on_each_database(test: impl Fn(&Store)) {
    for fresh in fresh_databases() {
        let store = Store::connect(&fresh.url, 8).unwrap();
        store.migrate(Backup::Skip).unwrap();
        test(&store);
    }
}

/// Runs `work` in `count` concurrent threads, each with its number, and returns their results.
fn at_once<T: Send>(count: u8, work: impl Fn(u8) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let work = &work;
        let all: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn write<T>(store: &Store, work: impl FnOnce(&mut ConfigTx<'_>) -> Result<T, Error>) -> T {
    store.write_config(work).unwrap()
}

fn read<T>(store: &Store, work: impl FnMut(&mut Tx) -> Result<T, Error>) -> T {
    store.read(work).unwrap()
}

fn all_users(tx: &mut Tx) -> Result<Vec<User>, Error> {
    tx.users(&UserFilter::default(), 100)
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap() + TimeDelta::microseconds(123_456)
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

fn hash(number: u8) -> TokenHash {
    Token::new([number; 32]).hash()
}

fn names(given: Option<&str>, family: Option<&str>) -> NameComponents {
    let name = |text| NameComponent::parse("the name", text).unwrap();
    NameComponents::new(given.map(name), family.map(name)).unwrap()
}

fn user(number: u8) -> User {
    User {
        id: UserId::new(now(), [number; 10]),
        stable_id: StableId::parse(&format!("stable-{number}")).unwrap(),
        email: Email::parse(&format!("person-{number:03}@fernweh.example")).unwrap(),
        names: names(Some("Zoë"), Some("O'Neil & <b>李</b>")),
        user_name: Some(UserName::parse(&format!("person{number}")).unwrap()),
        enabled: true,
        version: 1,
        created_at: now(),
        updated_at: now(),
        external_id: None,
        deleted_at: None,
        role: None,
        preferences: Preferences::default(),
    }
}

fn application(number: u8) -> Application {
    let url = |path: &str| SpUrl::parse(&format!("https://sp-{number}.example/{path}")).unwrap();
    let certificate = |head: u8| Certificate {
        der: vec![head, number, 0, 255],
        sha256: format!("{head:02x}{number:02x}"),
        subject: "sp".to_owned(),
        not_before: now(),
        not_after: now() + TimeDelta::days(900),
    };
    Application {
        id: ApplicationId::new(now(), [number; 10]),
        slug: Slug::parse(&format!("app-{number}")).unwrap(),
        name: format!("Application {number:03}"),
        kind: ApplicationKind::ChatGptCurrent,
        enabled: true,
        access: ApplicationAccess::Everyone,
        second_factor: Some(SecondFactorPolicy::parse("required from 2027-01-31").unwrap()),
        tile_url: Some(url("tile")),
        protocol: Protocol::from(ServiceProvider {
            entity_id: EntityId::parse(&format!("urn:sp:{number}")).unwrap(),
            audience: EntityId::parse(&format!("urn:sp:{number}:audience")).unwrap(),
            acs_endpoints: vec![
                AssertionConsumerService {
                    location: url("acs/b"),
                    index: Some(7),
                },
                AssertionConsumerService {
                    location: url("acs/a"),
                    index: None,
                },
            ],
            logout: Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: url("slo"),
                response_location: Some(url("slo/done")),
            }),
            signing_certificates: vec![certificate(2), certificate(1)],
            require_signed_requests: true,
            allow_idp_initiated: false,
            default_relay_state: Some("deep/link?a=b".to_owned()),
            name_id_format: NameIdFormat::Persistent,
            keys_on: Some(KeysOn::NameId),
            response_options: ResponseOptions {
                signed_parts: SignedParts::Assertion,
                default_class: DefaultClass::Password,
                signature_algorithm: SignatureAlgorithm::RsaSha512,
                encryption: Some(ContentCipher::Aes256Gcm),
            },
            encryption_certificates: vec![certificate(4), certificate(3)],
            attributes: attributes().into(),
            metadata_valid_until: None,
        }),
        version: 1,
        created_at: now(),
        updated_at: now(),
    }
}

fn attributes() -> Vec<AttributeRule> {
    let mut rules = attribute::default_rules();
    rules.extend([
        AttributeRule {
            friendly_name: Some("Abteilung".to_owned()),
            lower_case: true,
            join: Some("; ".to_owned()),
            required: false,
            ..AttributeRule::required("urn:oid:2.5.4.11", AttributeSource::Own("department".to_owned()))
        },
        AttributeRule {
            name_format: NameFormat::Unspecified,
            ..AttributeRule::required("tenant", AttributeSource::Constant("fernweh".to_owned()))
        },
        AttributeRule::required("login", AttributeSource::UserName),
    ]);
    rules
}

fn session(number: u8, of: UserId) -> Session {
    Session {
        id: SessionId::new(now(), [number; 10]),
        user: of,
        seed: Secret::new([number; 32]),
        authentications: AuthenticationEvents::new(AuthenticationEvent::password(now())),
        last_seen_at: now(),
        idle_expires_at: now() + TimeDelta::hours(8),
        expires_at: now() + TimeDelta::hours(24),
    }
}

fn participant(session: &Session, of: ApplicationId) -> Participant {
    Participant {
        session: session.id,
        application: of,
        session_handle: session.session_index_for(of),
        subject: ParticipantSubject::Saml(NameId {
            name_qualifier: Some("us".to_owned()),
            sp_name_qualifier: Some("them".to_owned()),
            ..NameId::plain(EMAIL_ADDRESS, "person@fernweh.example")
        }),
        first_at: now(),
        last_at: now(),
    }
}

fn audit_event(number: u8, at: DateTime<Utc>) -> AuditEvent {
    AuditEvent {
        id: AuditId::new(at, [number; 10]),
        at,
        action: AuditAction::SignIn,
        outcome: "ok".to_owned(),
        detail: Some("a detail".to_owned()),
        user: Some(user(1).id),
        application: Some(application(1).id),
        session: Some(session(1, user(1).id).id),
        address: Some("2001:db8::7".parse().unwrap()),
        request_id: Some("r1".to_owned()),
        occurrences: 1,
        unauthenticated: false,
        actor: Some("anna as hallpass".to_owned()),
        changes: vec![ValueChange {
            name: "name".to_owned(),
            old: Some("a \u{2192} \"b\"".to_owned()),
            new: None,
        }],
    }
}

fn installation() -> Installation {
    Installation {
        issuer: "https://login.example.com".to_owned(),
        entity_id: EntityId::parse("https://login.example.com/saml/metadata").unwrap(),
        base_url: "https://login.example.com".to_owned(),
        generation: 0,
        passkey_rp_id: None,
    }
}
