//! Metadata from elsewhere: followed, imported, held back.

mod addresses;
mod following;
mod imports;
mod trust;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hallpass::{
    model::application::{Application, Slug},
    provider::{
        applications::NewApplication,
        sources::{Place, SourceUrl},
        users::Changed,
    },
};

use crate::support::{
    browser::Browser,
    house::{Database, House},
    http::Response,
    publisher::Publisher,
    scene::{ADA, Scene},
    sp::TestSp,
};

/// The setting that lets a house fetch from a test.
const LOOPBACK: [(&str, &str); 1] = [("HALLPASS_METADATA_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")];

fn house(database: &Database) -> House {
    let house = House::start(database, &LOOPBACK);
    house.add_person(ADA, "Ada", "Lovelace");
    house
}

fn signed_in(house: &House) -> Browser {
    let mut browser = house.browser();
    assert_eq!(Scene::log_in(&mut browser).status, 200);
    browser
}

/// Registers what `publisher` publishes, so that it is followed.
fn follow(house: &House, publisher: &Publisher) -> Application {
    let url = SourceUrl::parse(&publisher.url).unwrap();
    let obtained = house.provider.obtain(Place::Url(url), None).unwrap();
    let new = NewApplication {
        name: "SP".to_owned(),
        slug: None,
        kind: hallpass::model::application::Kind::Saml,
        tile_url: None,
        saml: obtained.imported.service_provider(),
    };
    let application = match house.provider.add_application(&new).unwrap().unwrap() {
        Changed::Done(application) => application,
        other @ (Changed::Same(_) | Changed::Taken | Changed::Unknown | Changed::Stale) => {
            panic!("{other:?}")
        }
    };
    house.provider.follow(&application, &obtained).unwrap();
    application
}

fn now_of(house: &House, slug: &str) -> Application {
    let slug = Slug::parse(slug).unwrap();
    (*house.provider.application(&slug).unwrap().unwrap()).clone()
}

fn after(house: &House, by: TimeDelta) {
    house.clock.advance(by);
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What a request of this service provider is answered with.
fn ask(house: &House, browser: &mut Browser, sp: &TestSp, id: &str) -> Response {
    browser.get(&sp.sign_on_address(id, hallpass::clock::Clock::now(&house.clock)))
}
