//! Metadata from elsewhere: fetched again, imported, or held back for confirmation.

mod addresses;
mod imports;
mod refresh;
mod trust;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hallpass::{
    model::application::{Application, Slug},
    provider::{
        applications::register::{NewServiceProvider, RegisterOutcome},
        metadata_sources::{MetadataInput, MetadataUrl},
    },
};

use crate::support::{
    browser::Browser,
    http::Response,
    publisher::Publisher,
    sso_setup::{ADA, SsoSetup},
    test_server::{Database, TestServer},
    test_sp::TestSp,
};

/// Permits a server to fetch from a test.
const ALLOW_LOOPBACK: [(&str, &str); 1] = [("HALLPASS_METADATA_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")];

fn server_with_ada(database: &Database) -> TestServer {
    let server = TestServer::start(database, &ALLOW_LOOPBACK);
    server.add_user(ADA, "Ada", "Lovelace");
    server
}

fn browser_signed_in(server: &TestServer) -> Browser {
    let mut browser = server.browser();
    assert_eq!(SsoSetup::sign_in(&mut browser).status, 200);
    browser
}

/// Registers what `publisher` publishes, with its URL as the source.
fn register_from_source(server: &TestServer, publisher: &Publisher) -> Application {
    let url = MetadataUrl::parse(&publisher.url).unwrap();
    let obtained = server
        .metadata_sources()
        .read_metadata(MetadataInput::Url(url), None)
        .unwrap();
    let new = NewServiceProvider {
        name: Some("SP".to_owned()),
        ..NewServiceProvider::default()
    };
    let outcome = server
        .applications()
        .register_service_provider(new, Some(&obtained));
    match outcome.unwrap().unwrap() {
        RegisterOutcome::Done { application, .. } => *application,
        RegisterOutcome::SlugTaken(slug) => panic!("{slug}"),
    }
}

fn current_application(server: &TestServer, slug: &str) -> Application {
    let slug = Slug::parse(slug).unwrap();
    (*server.applications().application(&slug).unwrap().unwrap()).clone()
}

fn advance(server: &TestServer, by: TimeDelta) {
    server.clock.advance(by);
}

fn xs_date_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The response to a request of this service provider.
fn send_authn_request(server: &TestServer, browser: &mut Browser, sp: &TestSp, id: &str) -> Response {
    browser.get(&sp.sso_url(id, hallpass::clock::Clock::now(&server.clock)))
}
