//! Guessing passwords: who has to wait, and who never does because of others.

use std::thread;

use chrono::TimeDelta;

use crate::support::{
    assertions::{assert_contains, assert_matches},
    sign_in_attempts::{attempt_sign_in, browser_from, password_hashes_during},
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

#[test]
fn guessing_is_stopped_before_hashing_and_gets_retry_after() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = browser_from(&setup, "192.0.2.1");
        let mut last = Vec::new();
        let hashed = password_hashes_during(&setup, || {
            for n in 0..25 {
                last.push(attempt_sign_in(&mut browser, ADA, &format!("wrong password {n}")));
            }
        });
        assert_eq!(hashed, 5);
        for (n, page) in last.iter().enumerate() {
            assert_eq!(page.status, if n < 5 { 200 } else { 429 }, "try {n}");
        }
        let wait: i64 = last[24].header("retry-after").unwrap().parse().unwrap();
        assert!(
            (1..=30).contains(&wait),
            "a refused try does not make the pause longer: {wait}"
        );
        assert_contains(&last[24].body, "Please wait");
        assert_eq!(last[0].header("retry-after"), None);
        assert_eq!(
            attempt_sign_in(&mut browser, ADA, PASSWORD).status,
            429,
            "not even the right one"
        );
        setup.server.clock.advance(TimeDelta::seconds(wait));
        assert_eq!(attempt_sign_in(&mut browser, ADA, "wrong once more").status, 200);
        let longer = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_eq!((longer.status, longer.header("retry-after")), (429, Some("60")));
        setup.server.clock.advance(TimeDelta::seconds(60));
        assert_eq!(attempt_sign_in(&mut browser, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn an_unknown_email_is_throttled_like_a_known_one() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        for (email, address) in [
            (ADA, "192.0.2.1"),
            ("nobody@fernweh.example", "192.0.2.2"),
            ("no address", "192.0.2.3"),
        ] {
            let mut browser = browser_from(&setup, address);
            let statuses: Vec<_> = (0..7)
                .map(|_| attempt_sign_in(&mut browser, email, "wrong password").status)
                .collect();
            assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429], "{email}");
        }
    });
}

#[test]
fn one_address_that_tries_many_emails_is_throttled() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = browser_from(&setup, "192.0.2.1");
        let hashed = password_hashes_during(&setup, || {
            for n in 0..50 {
                attempt_sign_in(&mut browser, &format!("name{n}@fernweh.example"), "Spring2026!");
            }
        });
        assert_eq!(hashed, 20);
        let mut office = browser_from(&setup, "192.0.2.77");
        assert_eq!(
            attempt_sign_in(&mut office, ADA, PASSWORD).status,
            303,
            "another address is not touched"
        );
    });
}

#[test]
fn x_forwarded_for_from_untrusted_peers_is_ignored() {
    on_each_database(|database| {
        let setup = SsoSetup::with(
            database,
            &[("HALLPASS_BASE_URL", "http://127.0.0.1:8080")],
            |_, _| {},
        );
        let hashed = password_hashes_during(&setup, || {
            for n in 0..12 {
                let mut browser = browser_from(&setup, &format!("203.0.113.{n}"));
                browser
                    .extra_headers
                    .push(("X-Real-IP".to_owned(), format!("203.0.113.{n}")));
                browser
                    .extra_headers
                    .push(("Forwarded".to_owned(), format!("for=203.0.113.{n}")));
                attempt_sign_in(&mut browser, ADA, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn behind_a_trusted_proxy_only_the_address_it_added_is_used() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let hashed = password_hashes_during(&setup, || {
            for n in 0..12 {
                let mut browser = browser_from(&setup, &format!("203.0.113.{n}, 192.0.2.9"));
                attempt_sign_in(&mut browser, ADA, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn every_spelling_of_an_email_is_counted_as_one() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = browser_from(&setup, "192.0.2.1");
        let spellings = [
            ADA,
            "ADA@fernweh.example",
            " ada@fernweh.example",
            "ada@FERNWEH.example\t",
            "Ada@Fernweh.Example",
            "\u{ff41}da@fernweh.example",
            "a\u{ff24}a@fernweh.example",
            "ada\u{ff20}fernweh.example",
        ];
        let hashed = password_hashes_during(&setup, || {
            for spelling in spellings {
                attempt_sign_in(&mut browser, spelling, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn forty_concurrent_attempts_are_each_counted() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = browser_from(&setup, "192.0.2.1");
        let login = browser.get("/login");
        let hashed = password_hashes_during(&setup, || {
            thread::scope(|scope| {
                for _n in 0..40 {
                    scope.spawn(|| browser.clone().submit_password(&login, ADA, "wrong password"));
                }
            });
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn the_owner_can_sign_in_from_elsewhere_and_an_office_is_not_throttled_by_successes() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut attacker = browser_from(&setup, "192.0.2.1");
        for _n in 0..10 {
            attempt_sign_in(&mut attacker, ADA, "wrong password");
        }
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "198.51.100.5"), ADA, PASSWORD).status,
            303
        );
        for n in 0..30 {
            setup.server.clock.advance(TimeDelta::seconds(1));
            assert_eq!(
                attempt_sign_in(&mut browser_from(&setup, "198.51.100.6"), ADA, PASSWORD).status,
                303,
                "{n}"
            );
        }
    });
}

#[test]
fn a_known_device_is_not_blocked_by_attackers() {
    on_each_database(|database| {
        let few = [
            ("HALLPASS_THROTTLE_ACCOUNT_FREE", "8"),
            ("HALLPASS_THROTTLE_ADDRESS_FREE", "8"),
        ];
        let setup = SsoSetup::with(database, &few, |_, _| {});
        let mut owner = browser_from(&setup, "192.0.2.1");
        assert_eq!(attempt_sign_in(&mut owner, ADA, PASSWORD).status, 303);
        let portal = owner.get("/");
        owner.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        for n in 0..16 {
            attempt_sign_in(
                &mut browser_from(&setup, &format!("203.0.113.{n}")),
                ADA,
                "wrong password",
            );
            attempt_sign_in(
                &mut browser_from(&setup, "192.0.2.1"),
                &format!("other{n}@fernweh.example"),
                "wrong password",
            );
        }
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "198.51.99.1"), ADA, "wrong password").status,
            200,
            "the one try that a pause lets pass"
        );
        let mut stranger = browser_from(&setup, "198.51.100.1");
        assert_eq!(
            attempt_sign_in(&mut stranger, ADA, PASSWORD).status,
            429,
            "the account as a whole is throttled"
        );
        assert_eq!(
            attempt_sign_in(
                &mut browser_from(&setup, "192.0.2.1"),
                "new@fernweh.example",
                PASSWORD
            )
            .status,
            429
        );
        assert_eq!(attempt_sign_in(&mut owner, ADA, PASSWORD).status, 303);

        // The cookie is valid for its user alone, and has a bucket of its own.
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let mut thief = browser_from(&setup, "198.51.100.2");
        thief.cookies.insert(
            "__Host-hallpass-device".to_owned(),
            owner.cookies["__Host-hallpass-device"].clone(),
        );
        let statuses: Vec<_> = (0..16)
            .map(|_| attempt_sign_in(&mut thief, ADA, "wrong password").status)
            .collect();
        assert!(
            statuses.iter().filter(|status| **status == 200).count() <= 10,
            "{statuses:?}"
        );
        assert_eq!(statuses[15], 429);
    });
}

#[test]
fn throttle_counters_are_shared_through_the_database() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = browser_from(&setup, "192.0.2.1");
        for _n in 0..6 {
            attempt_sign_in(&mut browser, ADA, "wrong password");
        }
        let second_process = hallpass::server::open(&setup.server.settings).unwrap();
        let visitor = hallpass::provider::visitor::Visitor {
            browser: None,
            posted: None,
            is_navigation: true,
            session: None,
            session_may_be_hidden: false,
            device: None,
            address: "192.0.2.1".parse().unwrap(),
            browser_name: None,
            request_id: String::new(),
        };
        let credentials = hallpass::provider::sign_in::credentials::Credentials {
            email: ADA.to_owned(),
            password: hallpass::model::secret::Secret::new(PASSWORD.to_owned()),
        };
        assert_matches!(
            second_process
                .sign_in()
                .sign_in_with_password(&credentials, &visitor)
                .unwrap(),
            hallpass::provider::sign_in::password::PasswordSignInOutcome::Throttled { .. }
        );
    });
}

#[test]
fn a_successful_sign_in_does_not_reset_the_limit_for_other_accounts() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Insider");
        let mut eve = browser_from(&setup, "192.0.2.1");
        let login = eve.get("/login");
        let mut guessed = 0;
        for n in 0..40 {
            let status = eve
                .submit_password(&login, "eve@fernweh.example", PASSWORD)
                .status;
            assert!(status == 303 || n >= 20, "attempt {n}: {status}");
            let mut fresh = browser_from(&setup, "192.0.2.1");
            let guess = attempt_sign_in(&mut fresh, &format!("name{n}@fernweh.example"), "Spring2026!");
            guessed += u32::from(guess.status == 200);
        }
        // Twenty, and five for the one user who signs in from there.
        assert!(guessed <= 25, "{guessed}");
    });
}

#[test]
fn no_pause_exceeds_the_maximum_when_the_clock_goes_back() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.clock.advance(TimeDelta::days(1000));
        for _n in 0..12 {
            let mut browser = browser_from(&setup, "192.0.2.1");
            attempt_sign_in(&mut browser, ADA, "wrong password");
        }
        let mut signed_in = browser_from(&setup, "198.51.100.1");
        assert_eq!(attempt_sign_in(&mut signed_in, ADA, PASSWORD).status, 303);
        SsoSetup::assert_signed_in(&signed_in);
        setup.server.clock.advance(TimeDelta::days(-1000));
        assert!(
            !SsoSetup::is_signed_in(&signed_in),
            "no session outlives its age either"
        );
        assert_eq!(
            attempt_sign_in(&mut browser_from(&setup, "192.0.2.1"), ADA, PASSWORD).status,
            303
        );
    });
}
