//! Guessing passwords: who has to wait, and who never because of somebody else.

use std::thread;

use chrono::TimeDelta;

use crate::support::{
    house::{PASSWORD, on_each_database},
    scene::{ADA, Scene},
    tries::{at, hashes, try_once},
};

#[test]
fn guessing_is_stopped_before_anything_is_hashed_and_told_how_long() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = at(&scene, "192.0.2.1");
        let mut last = Vec::new();
        let hashed = hashes(&scene, || {
            for n in 0..25 {
                last.push(try_once(&mut browser, ADA, &format!("wrong password {n}")));
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
        assert!(last[24].body.contains("Please wait") && last[0].header("retry-after").is_none());
        assert_eq!(
            try_once(&mut browser, ADA, PASSWORD).status,
            429,
            "not even the right one"
        );
        scene.house.clock.advance(TimeDelta::seconds(wait));
        assert_eq!(try_once(&mut browser, ADA, "wrong once more").status, 200);
        let longer = try_once(&mut browser, ADA, PASSWORD);
        assert_eq!((longer.status, longer.header("retry-after")), (429, Some("60")));
        scene.house.clock.advance(TimeDelta::seconds(60));
        assert_eq!(try_once(&mut browser, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn an_unknown_name_is_throttled_like_a_known_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        for (email, address) in [
            (ADA, "192.0.2.1"),
            ("nobody@fernweh.example", "192.0.2.2"),
            ("no address", "192.0.2.3"),
        ] {
            let mut browser = at(&scene, address);
            let told: Vec<_> = (0..7)
                .map(|_| try_once(&mut browser, email, "wrong password").status)
                .collect();
            assert_eq!(told, [200, 200, 200, 200, 200, 429, 429], "{email}");
        }
    });
}

#[test]
fn one_address_that_tries_many_names_is_stopped() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = at(&scene, "192.0.2.1");
        let hashed = hashes(&scene, || {
            for n in 0..50 {
                try_once(&mut browser, &format!("name{n}@fernweh.example"), "Spring2026!");
            }
        });
        assert_eq!(hashed, 20);
        let mut office = at(&scene, "192.0.2.77");
        assert_eq!(
            try_once(&mut office, ADA, PASSWORD).status,
            303,
            "another address is not touched"
        );
    });
}

#[test]
fn forwarded_addresses_of_strangers_do_not_help() {
    on_each_database(|database| {
        let scene = Scene::with(
            database,
            &[("HALLPASS_BASE_URL", "http://127.0.0.1:8080")],
            |_, _| {},
        );
        let hashed = hashes(&scene, || {
            for n in 0..12 {
                let mut browser = at(&scene, &format!("203.0.113.{n}"));
                browser
                    .extra
                    .push(("X-Real-IP".to_owned(), format!("203.0.113.{n}")));
                browser
                    .extra
                    .push(("Forwarded".to_owned(), format!("for=203.0.113.{n}")));
                try_once(&mut browser, ADA, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn behind_a_trusted_proxy_only_what_it_added_counts() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let hashed = hashes(&scene, || {
            for n in 0..12 {
                let mut browser = at(&scene, &format!("203.0.113.{n}, 192.0.2.9"));
                try_once(&mut browser, ADA, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn every_spelling_of_a_name_is_counted_as_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = at(&scene, "192.0.2.1");
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
        let hashed = hashes(&scene, || {
            for spelling in spellings {
                try_once(&mut browser, spelling, "wrong password");
            }
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn forty_at_once_are_counted_one_by_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = at(&scene, "192.0.2.1");
        let login = browser.get("/login");
        let hashed = hashes(&scene, || {
            thread::scope(|scope| {
                for _n in 0..40 {
                    scope.spawn(|| browser.clone().submit_login(&login, ADA, "wrong password"));
                }
            });
        });
        assert_eq!(hashed, 5);
    });
}

#[test]
fn the_owner_gets_in_from_elsewhere_and_an_office_is_not_throttled_by_its_own_success() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut attacker = at(&scene, "192.0.2.1");
        for _n in 0..10 {
            try_once(&mut attacker, ADA, "wrong password");
        }
        assert_eq!(
            try_once(&mut at(&scene, "198.51.100.5"), ADA, PASSWORD).status,
            303
        );
        for n in 0..30 {
            scene.house.clock.advance(TimeDelta::seconds(1));
            assert_eq!(
                try_once(&mut at(&scene, "198.51.100.6"), ADA, PASSWORD).status,
                303,
                "{n}"
            );
        }
    });
}

#[test]
fn a_known_device_passes_whatever_attackers_do() {
    on_each_database(|database| {
        let few = [
            ("HALLPASS_THROTTLE_ACCOUNT_FREE", "8"),
            ("HALLPASS_THROTTLE_ADDRESS_FREE", "8"),
        ];
        let scene = Scene::with(database, &few, |_, _| {});
        let mut owner = at(&scene, "192.0.2.1");
        assert_eq!(try_once(&mut owner, ADA, PASSWORD).status, 303);
        let portal = owner.get("/");
        owner.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        for n in 0..16 {
            try_once(&mut at(&scene, &format!("203.0.113.{n}")), ADA, "wrong password");
            try_once(
                &mut at(&scene, "192.0.2.1"),
                &format!("other{n}@fernweh.example"),
                "wrong password",
            );
        }
        assert_eq!(
            try_once(&mut at(&scene, "198.51.99.1"), ADA, "wrong password").status,
            200,
            "the one try that a pause lets pass"
        );
        let mut stranger = at(&scene, "198.51.100.1");
        assert_eq!(
            try_once(&mut stranger, ADA, PASSWORD).status,
            429,
            "the account as a whole is throttled"
        );
        assert_eq!(
            try_once(&mut at(&scene, "192.0.2.1"), "new@fernweh.example", PASSWORD).status,
            429
        );
        assert_eq!(try_once(&mut owner, ADA, PASSWORD).status, 303);

        // The cookie is its person's alone, and has a bucket of its own.
        scene.house.add_person("eve@fernweh.example", "Eve", "Other");
        let mut thief = at(&scene, "198.51.100.2");
        thief.jar.insert(
            "__Host-hallpass-device".to_owned(),
            owner.jar["__Host-hallpass-device"].clone(),
        );
        let told: Vec<_> = (0..16)
            .map(|_| try_once(&mut thief, ADA, "wrong password").status)
            .collect();
        assert!(
            told.iter().filter(|status| **status == 200).count() <= 10,
            "{told:?}"
        );
        assert_eq!(told[15], 429);
    });
}

#[test]
fn what_is_counted_is_shared_through_the_database() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = at(&scene, "192.0.2.1");
        for _n in 0..6 {
            try_once(&mut browser, ADA, "wrong password");
        }
        let beside = hallpass::server::open(&scene.house.settings).unwrap();
        let visitor = hallpass::provider::visitor::Visitor {
            browser: None,
            posted: None,
            is_navigation: true,
            session: None,
            session_may_be_hidden: false,
            device: None,
            address: "192.0.2.1".parse().unwrap(),
            request_id: String::new(),
        };
        let typed = hallpass::provider::login::Credentials {
            email: ADA.to_owned(),
            password: hallpass::model::secret::Secret::new(PASSWORD.to_owned()),
        };
        assert!(matches!(
            beside.log_in(&typed, &visitor).unwrap(),
            hallpass::provider::login::LoggedIn::Wait { .. }
        ));
    });
}

#[test]
fn a_person_who_may_sign_in_cannot_free_their_address_for_guesses_at_others() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        scene.house.add_person("eve@fernweh.example", "Eve", "Insider");
        let mut eve = at(&scene, "192.0.2.1");
        let login = eve.get("/login");
        let mut guessed = 0;
        for n in 0..40 {
            assert!(eve.submit_login(&login, "eve@fernweh.example", PASSWORD).status == 303 || n >= 20);
            let mut fresh = at(&scene, "192.0.2.1");
            let guess = try_once(&mut fresh, &format!("name{n}@fernweh.example"), "Spring2026!");
            guessed += u32::from(guess.status == 200);
        }
        // Twenty, and five for the one person who signs in from there.
        assert!(guessed <= 25, "{guessed}");
    });
}

#[test]
fn no_pause_outlives_the_longest_where_the_clock_goes_back() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        scene.house.clock.advance(TimeDelta::days(1000));
        for _n in 0..12 {
            let mut browser = at(&scene, "192.0.2.1");
            try_once(&mut browser, ADA, "wrong password");
        }
        let mut signed_in = at(&scene, "198.51.100.1");
        assert_eq!(try_once(&mut signed_in, ADA, PASSWORD).status, 303);
        assert!(Scene::is_signed_in(&signed_in));
        scene.house.clock.advance(TimeDelta::days(-1000));
        assert!(
            !Scene::is_signed_in(&signed_in),
            "no session outlives its age either"
        );
        assert_eq!(try_once(&mut at(&scene, "192.0.2.1"), ADA, PASSWORD).status, 303);
    });
}
