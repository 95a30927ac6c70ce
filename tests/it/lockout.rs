//! A user whose account others' wrong passwords have paused: how the user can sign in all the same.

use chrono::TimeDelta;

use crate::support::{
    browser::Browser,
    sign_in_attempts::{attempt_sign_in, browser_from, password_hashes_during},
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

/// Wrong passwords from one network have paused Ada's account.
fn setup_with_paused_account(database: &crate::support::test_server::Database) -> SsoSetup {
    let few = [("HALLPASS_THROTTLE_ACCOUNT_FREE", "8")];
    let setup = SsoSetup::with(database, &few, |_, _| {});
    for n in 0..9 {
        attempt_sign_in(
            &mut browser_from(&setup, &format!("203.0.113.{n}")),
            ADA,
            "wrong password",
        );
    }
    assert_eq!(
        attempt_sign_in(&mut browser_from(&setup, "203.0.113.77"), ADA, PASSWORD).status,
        429,
        "where somebody failed, nobody passes"
    );
    setup
}

#[test]
fn a_paused_account_allows_one_attempt_from_an_address_without_failures() {
    on_each_database(|database| {
        let setup = setup_with_paused_account(database);
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "198.51.100.1"), ADA, PASSWORD).status,
            303
        );
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "198.51.101.1"), ADA, PASSWORD).status,
            429,
            "one, whoever took it"
        );
        // The next pause permits another attempt; a wrong one makes its whole network wait.
        setup.server.clock.advance(TimeDelta::seconds(31));
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "203.0.113.20"), ADA, "wrong").status,
            200
        );
        let hashed = password_hashes_during(&setup, || {
            for n in 1..30 {
                attempt_sign_in(
                    &mut browser_from(&setup, &format!("198.51.102.{n}")),
                    ADA,
                    "wrong",
                );
                attempt_sign_in(
                    &mut browser_from(&setup, &format!("2001:db8:1:{n}::1")),
                    ADA,
                    "wrong",
                );
            }
        });
        assert_eq!(hashed, 1);
    });
}

#[test]
fn unlocking_lifts_the_pause_and_its_link_makes_one_browser_known() {
    on_each_database(|database| {
        let setup = setup_with_paused_account(database);
        let email = hallpass::model::user::Email::parse(ADA).unwrap();
        let link = || {
            let done = setup.server.people().unlock_user(&email).unwrap();
            let hallpass::provider::people::users::ChangeOutcome::Done(link) = done else {
                panic!("{done:?}")
            };
            link.strip_prefix("https://login.fernweh.example")
                .unwrap()
                .to_owned()
        };
        let first = link();
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "203.0.113.1"), ADA, "wrong").status,
            200
        );
        let mut ada = browser_from(&setup, "198.51.100.1");
        let mut thief = browser_from(&setup, "203.0.113.9");
        for _look in 0..2 {
            assert!(
                ada.get(&first).body.contains("Use this browser"),
                "looking uses nothing up"
            );
        }
        let csrf = ada.get(&first).field("csrf").unwrap();
        let foreign = [("Origin", "https://evil.example")];
        ada.post_with_headers(&first, &foreign, &[("csrf", &csrf)], true);
        assert!(
            !ada.cookies.contains_key("__Host-hallpass-device"),
            "{:?}",
            ada.cookies.keys()
        );
        let done = ada.post(&first, &[("csrf", &csrf)]);
        assert_eq!((done.status, done.location()), (303, "/login"));
        assert!(
            ada.cookies.contains_key("__Host-hallpass-device"),
            "{:?}",
            ada.cookies.keys()
        );
        assert!(
            !SsoSetup::is_signed_in(&ada),
            "the password is asked all the same"
        );
        let csrf = thief.get("/login").field("csrf").unwrap();
        let again = thief.post(&first, &[("csrf", &csrf)]);
        assert!(
            again.status == 410 && !thief.cookies.contains_key("__Host-hallpass-device"),
            "once"
        );
        for n in 0..20 {
            attempt_sign_in(
                &mut browser_from(&setup, &format!("203.0.113.{n}")),
                ADA,
                "wrong password",
            );
            attempt_sign_in(
                &mut browser_from(&setup, "198.51.100.1"),
                &format!("n{n}@x.example"),
                "wrong",
            );
        }
        assert_eq!(attempt_sign_in(&mut ada, ADA, PASSWORD).status, 303);

        let of_before = link();
        setup.server.clock.advance(TimeDelta::seconds(1));
        let password = hallpass::credential::password::Password::parse("another good password");
        setup
            .server
            .people()
            .set_password(&email, &password.unwrap(), false)
            .unwrap();
        assert_eq!(thief.get(&of_before).status, 410, "a new password ends the link");
        let late = link();
        setup.server.clock.advance(TimeDelta::minutes(30));
        assert_eq!(thief.get(&late).status, 410);
        assert_eq!(thief.post(&late, &[("csrf", &csrf)]).status, 410);
        for broken in ["/device/x", "/device/%00", &format!("{late}A")] {
            assert_eq!(thief.get(broken).status, 410, "{broken}");
        }
    });
}

#[test]
fn a_new_password_or_disabling_lifts_the_pause_and_forgets_known_devices() {
    on_each_database(|database| {
        let setup = setup_with_paused_account(database);
        let devices = "SELECT count(*) AS n FROM known_devices";
        let email = hallpass::model::user::Email::parse(ADA).unwrap();
        let mut browser = browser_from(&setup, "198.51.100.1");
        let sign_in = |browser: &mut Browser, password: &str| attempt_sign_in(browser, ADA, password).status;
        assert_eq!(sign_in(&mut browser, PASSWORD), 303);
        assert_eq!(sql::number(&setup.server.settings, devices), 1);
        let password = hallpass::credential::password::Password::parse("another good password").unwrap();
        setup
            .server
            .people()
            .set_password(&email, &password, false)
            .unwrap();
        assert_eq!(sql::number(&setup.server.settings, devices), 0);
        assert_eq!(
            sign_in(&mut browser_from(&setup, "203.0.113.77"), "another good password"),
            303,
            "from wherever it is tried"
        );
        let off = hallpass::provider::people::user_edit::UserEdit {
            enabled: Some(false),
            ..Default::default()
        };
        setup.server.people().edit_user(&email, &off).unwrap().unwrap();
        assert_eq!(sql::number(&setup.server.settings, devices), 0);
    });
}
