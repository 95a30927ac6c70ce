//! What happens when two things happen at once, and what may not be left behind.

use chrono::TimeDelta;
use hallpass::{
    config::Settings,
    model::{secret::Secret, user::Email},
    provider::users::UserEdit,
    store::Store,
};

use crate::support::{
    house::{PASSWORD, on_each_database},
    rows,
    scene::{ADA, Scene},
};

fn store(settings: &Settings) -> Store {
    Store::connect(&settings.database_url, 2).unwrap()
}

#[test]
fn a_session_begins_only_while_the_password_and_the_person_still_count() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let store = store(&scene.house.settings);
        let id = scene.ada.id;
        let stored = store.read(|tx| tx.password(id)).unwrap().unwrap();
        let may = |phc: &Secret<String>| store.write(|tx| tx.still_may_sign_in(id, phc)).unwrap();
        assert!(may(&stored));
        assert!(
            !may(&Secret::new("$argon2id$another".to_owned())),
            "the password was changed meanwhile"
        );
        let off = UserEdit {
            enabled: Some(false),
            ..UserEdit::default()
        };
        scene
            .house
            .provider
            .edit_user(&Email::parse(ADA).unwrap(), &off)
            .unwrap()
            .unwrap();
        assert!(!may(&stored), "the person was switched off meanwhile");
    });
}

#[test]
fn an_ended_session_is_seen_by_the_write_of_a_sign_on() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let browser = scene.signed_in();
        let store = store(&scene.house.settings);
        let sessions = store
            .read(|tx| tx.live_sessions_of(scene.ada.id, scene.now()))
            .unwrap();
        let is_open = || store.write_sign_on(|tx| tx.is_open(sessions[0].id)).unwrap();
        assert!(is_open());
        let mut other = browser.clone();
        let asked = other.get("/logout");
        let csrf = asked.field("csrf").unwrap();
        assert_eq!(other.post("/logout", &[("csrf", &csrf)]).status, 200);
        assert!(!is_open());
        let mut late = browser;
        assert_eq!(
            late.get(&scene.address("_late")).status,
            303,
            "the login page, and no assertion"
        );
    });
}

#[test]
fn a_request_is_remembered_for_as_long_as_a_copy_of_it_may_wait() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let address = scene.address("_r1");
        assert!(scene.signed_in().get(&address).field("SAMLResponse").is_some());
        scene.house.clock.advance(TimeDelta::minutes(4));
        let mut other = scene.house.browser();
        let page = other.follow(&address);
        scene.house.clock.advance(TimeDelta::minutes(9));
        scene.house.provider.keep_house().unwrap();
        let answer = other.sign_in(&page, ADA, PASSWORD);
        assert!(answer.field("SAMLResponse").is_none(), "{}", answer.body);
        assert!(answer.body.contains("REQUEST-ANSWERED"));
    });
}

#[test]
fn an_address_that_pauses_leaves_nothing_behind_for_the_names_it_tries() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[("HALLPASS_THROTTLE_ADDRESS_FREE", "3")], |_, _| {});
        let mut browser = scene.house.browser();
        let mut attempt = |number: u32| {
            let page = browser.follow("/login");
            browser
                .submit_login(
                    &page,
                    &format!("nobody{number}@fernweh.example"),
                    "wrong password",
                )
                .status
        };
        assert!((0..3).all(|number| attempt(number) == 200));
        let before = rows::number(&scene.house.settings, "SELECT count(*) AS n FROM login_throttle");
        assert!((3..20).all(|number| attempt(number) == 429));
        assert_eq!(
            rows::number(&scene.house.settings, "SELECT count(*) AS n FROM login_throttle"),
            before
        );
    });
}

#[test]
fn a_planted_device_cookie_does_not_become_the_persons_own() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let planted = "A".repeat(43);
        browser
            .jar
            .insert("__Host-hallpass-device".to_owned(), planted.clone());
        let page = browser.follow("/login");
        assert_eq!(browser.sign_in(&page, ADA, PASSWORD).status, 200);
        let own = browser.jar["__Host-hallpass-device"].clone();
        assert_ne!(own, planted);
        let page = browser.follow("/logout");
        let csrf = page.field("csrf").unwrap();
        browser.post("/logout", &[("csrf", &csrf)]);
        let page = browser.follow("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        assert_eq!(
            browser.jar["__Host-hallpass-device"], own,
            "a device that is known stays the same"
        );
    });
}

#[test]
fn a_huge_subject_is_not_kept() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let name = "a".repeat(60_000);
        let subject = format!(
            "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID>{name}@x.example</saml:NameID></saml:Subject>"
        );
        let response = scene.house.browser().get(&scene.ask("_r1", "", &subject));
        assert!(
            response.field("SAMLResponse").is_some(),
            "UnknownPrincipal at once, and nothing waits"
        );
        assert_eq!(
            rows::number(
                &scene.house.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}
