//! What happens when two things happen at the same time, and what must not remain afterwards.

use chrono::TimeDelta;
use hallpass::{
    config::Settings,
    model::{secret::Secret, user::Email},
    provider::people::user_edit::UserEdit,
    store::Store,
};

use crate::support::{
    assertions::assert_contains,
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

fn store(settings: &Settings) -> Store {
    Store::connect(&settings.database_url, 2).unwrap()
}

#[test]
fn a_session_begins_only_while_the_password_and_the_user_are_still_valid() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let store = store(&setup.server.settings);
        let id = setup.ada.id;
        let stored = store.read(|tx| tx.stored_password(id)).unwrap().unwrap();
        let may = |phc: &Secret<String>| store.write(|tx| tx.still_may_sign_in(id, phc)).unwrap();
        assert!(may(&stored.phc));
        assert!(
            !may(&Secret::new("$argon2id$another".to_owned())),
            "the password was changed meanwhile"
        );
        let off = UserEdit {
            enabled: Some(false),
            ..UserEdit::default()
        };
        setup
            .server
            .people()
            .edit_user(&Email::parse(ADA).unwrap(), &off)
            .unwrap()
            .unwrap();
        assert!(!may(&stored.phc), "the person was switched off meanwhile");
    });
}

#[test]
fn writing_a_response_fails_for_a_session_that_ended() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let browser = setup.signed_in_browser();
        let store = store(&setup.server.settings);
        let sessions = store
            .read(|tx| tx.active_sessions_of(setup.ada.id, setup.now()))
            .unwrap();
        let is_open = || {
            store
                .write_relaxed(|tx| tx.lock_open_session(sessions[0].id))
                .unwrap()
        };
        assert!(is_open());
        let mut other = browser.clone();
        let question = other.get("/logout");
        let csrf = question.field("csrf").unwrap();
        assert_eq!(other.post("/logout", &[("csrf", &csrf)]).status, 200);
        assert!(!is_open());
        let mut late = browser;
        assert_eq!(
            late.get(&setup.sso_url("_late")).status,
            303,
            "the login page, and no assertion"
        );
    });
}

#[test]
fn a_request_id_is_remembered_as_long_as_a_pending_copy_is_valid() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let address = setup.sso_url("_r1");
        let page = setup.signed_in_browser().get(&address);
        assert!(
            page.field("SAMLResponse").is_some(),
            "{} {}",
            page.status,
            page.body
        );
        setup.server.clock.advance(TimeDelta::minutes(4));
        let mut other = setup.server.browser();
        let page = other.get_following_redirects(&address);
        setup.server.clock.advance(TimeDelta::minutes(9));
        setup.server.provider.run_housekeeping().unwrap();
        let answer = other.sign_in(&page, ADA, PASSWORD);
        assert!(answer.field("SAMLResponse").is_none(), "{}", answer.body);
        assert_contains(&answer.body, "REQUEST-ANSWERED");
    });
}

#[test]
fn a_throttled_address_leaves_no_counters_for_the_emails_it_tries() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_THROTTLE_ADDRESS_FREE", "3")], |_, _| {});
        let mut browser = setup.server.browser();
        let mut attempt = |number: u32| {
            let page = browser.get_following_redirects("/login");
            browser
                .submit_password(
                    &page,
                    &format!("nobody{number}@fernweh.example"),
                    "wrong password",
                )
                .status
        };
        for number in 0..3 {
            assert_eq!(attempt(number), 200, "{number}");
        }
        let before = sql::number(&setup.server.settings, "SELECT count(*) AS n FROM login_throttle");
        for number in 3..20 {
            assert_eq!(attempt(number), 429, "{number}");
        }
        assert_eq!(
            sql::number(&setup.server.settings, "SELECT count(*) AS n FROM login_throttle"),
            before
        );
    });
}

#[test]
fn a_planted_device_cookie_does_not_become_the_users() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let planted = "A".repeat(43);
        browser
            .cookies
            .insert("__Host-hallpass-device".to_owned(), planted.clone());
        let page = browser.get_following_redirects("/login");
        assert_eq!(browser.sign_in(&page, ADA, PASSWORD).status, 200);
        let own = browser.cookies["__Host-hallpass-device"].clone();
        assert_ne!(own, planted);
        let page = browser.get_following_redirects("/logout");
        let csrf = page.field("csrf").unwrap();
        browser.post("/logout", &[("csrf", &csrf)]);
        let page = browser.get_following_redirects("/login");
        browser.sign_in(&page, ADA, PASSWORD);
        assert_eq!(
            browser.cookies["__Host-hallpass-device"], own,
            "a device that is known stays the same"
        );
    });
}

#[test]
fn a_huge_subject_is_not_stored() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let name = "a".repeat(60_000);
        let subject = format!(
            "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID>{name}@x.example</saml:NameID></saml:Subject>"
        );
        let response = setup
            .server
            .browser()
            .get(&setup.sso_url_with("_r1", "", &subject));
        assert!(
            response.field("SAMLResponse").is_some(),
            "UnknownPrincipal at once, and nothing waits"
        );
        assert_eq!(
            sql::number(
                &setup.server.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}
