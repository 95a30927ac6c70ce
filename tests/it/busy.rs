//! More than can be done at once: who is worked for, and what the others are told.

use std::{io::Write, net::TcpStream, sync::mpsc, thread, time::Duration};

use hallpass::web::Deadlines;

use crate::support::{
    browser::Browser,
    house::{Database, House, PASSWORD, on_each_database},
    http::{self, Response},
    rows,
    scene::ADA,
};

/// A house in which one password of a stranger is checked at a time.
fn narrow(database: &Database, turn: Duration) -> House {
    let deadlines = Deadlines {
        turn,
        ..Deadlines::default()
    };
    // Room for all of them but where passwords are checked.
    let few = [("HALLPASS_LIMITS_HASHING", "1"), ("HALLPASS_WORKERS", "16")];
    let house = House::start_with(database, &few, deadlines);
    house.add_person(ADA, "Ada", "Lovelace");
    house
}

/// A browser at an address of its own.
fn at(house: &House, n: usize) -> Browser {
    let mut browser = house.browser();
    browser.extra = vec![("X-Forwarded-For".to_owned(), format!("198.51.100.{n}"))];
    browser
}

fn sign_in(browser: &mut Browser, email: &str) -> Response {
    let page = browser.get("/login");
    browser.submit_login(&page, email, PASSWORD)
}

#[test]
fn whoever_would_wait_too_long_is_told_to_come_back_and_a_known_device_has_a_place() {
    on_each_database(|database| {
        let house = narrow(database, Duration::from_nanos(1));
        let mut ada = at(&house, 1);
        assert_eq!(sign_in(&mut ada, ADA).status, 303);
        let strangers: Vec<_> = (10..18)
            .map(|n| {
                let mut browser = at(&house, n);
                let page = browser.get("/login");
                (browser, page)
            })
            .collect();
        let page = {
            let mut known = at(&house, 2);
            known.jar.clone_from(&ada.jar);
            known.jar.remove("__Host-hallpass-session");
            let page = known.get("/login");
            (known, page)
        };
        let before = house.provider.hashes();
        let blocked = rows::block_writes(&house.settings);
        let (told, answers) = mpsc::channel();
        thread::scope(|scope| {
            for (n, (mut browser, page)) in strangers.into_iter().enumerate() {
                let told = told.clone();
                scope.spawn(move || {
                    let answer = browser.submit_login(&page, &format!("n{n}@fernweh.example"), PASSWORD);
                    told.send(answer).unwrap();
                });
            }
            // One of them has the place, and waits for the database.
            for _others in 0..7 {
                let answer = answers.recv().unwrap();
                assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
                assert!(
                    answer.body.contains("Please wait a few seconds"),
                    "{}",
                    answer.body
                );
                assert!(
                    answer.body.contains("@fernweh.example"),
                    "the address stays in its field"
                );
            }
            let (mut known, page) = page;
            let known = scope.spawn(move || known.submit_login(&page, ADA, PASSWORD));
            thread::sleep(Duration::from_millis(300));
            drop(blocked);
            assert_eq!(known.join().unwrap().status, 303, "a place is kept for it");
            assert_eq!(answers.recv().unwrap().status, 200);
        });
        assert_eq!(house.provider.hashes() - before, 2);
        let counted = "SELECT count(*) AS n FROM login_throttle WHERE bucket LIKE 'pair:%'";
        assert_eq!(
            rows::number(&house.settings, counted),
            1,
            "whoever was turned away has lost no try"
        );
    });
}

#[test]
fn nothing_is_hashed_for_a_client_that_has_left() {
    let house = narrow(&Database::Sqlite, Duration::from_mins(5));
    let mut first = at(&house, 1);
    let page = first.get("/login");
    let blocked = rows::block_writes(&house.settings);
    let before = house.provider.hashes();
    thread::scope(|scope| {
        let waits = scope.spawn(move || first.submit_login(&page, ADA, "wrong password"));
        for n in 10..40 {
            let mut browser = at(&house, n);
            let csrf = browser.get("/login").field("csrf").unwrap();
            let body = http::form(&[("csrf", &csrf), ("email", ADA), ("password", "wrong password")]);
            let cookie = browser.jar.iter().map(|(name, value)| format!("{name}={value}"));
            let head = format!(
                "POST /login HTTP/1.1\r\nHost: login.fernweh.example\r\nOrigin: {}\r\nCookie: {}\r\n\
                 X-Forwarded-For: 198.51.100.{n}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n",
                house.origin,
                cookie.collect::<Vec<_>>().join("; "),
                body.len()
            );
            let mut stream = TcpStream::connect(house.address).unwrap();
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
        drop(blocked);
        assert_eq!(waits.join().unwrap().status, 200);
    });
    // Whoever came before has had its turn when this one has.
    assert_eq!(sign_in(&mut at(&house, 99), ADA).status, 303);
    let hashed = house.provider.hashes() - before;
    assert!((2..16).contains(&hashed), "{hashed} of 32 were hashed");
}

#[test]
fn a_storm_from_one_address_holds_up_nobody_at_another() {
    on_each_database(|database| {
        let house = narrow(database, Duration::from_mins(5));
        let storm: Vec<_> = (0..60)
            .map(|n| {
                let mut browser = at(&house, 7);
                let page = browser.get("/login");
                (browser, page, format!("n{n}@fernweh.example"))
            })
            .collect();
        let mut ada = at(&house, 1);
        let page = ada.get("/login");
        let before = house.provider.hashes();
        let blocked = rows::block_writes(&house.settings);
        thread::scope(|scope| {
            for (mut browser, page, name) in storm {
                scope.spawn(move || browser.submit_login(&page, &name, "wrong password"));
            }
            thread::sleep(Duration::from_secs(1));
            for target in ["/saml/metadata", "/login", "/health/live"] {
                assert_eq!(house.browser().get(target).status, 200);
            }
            let ada = scope.spawn(move || ada.submit_login(&page, ADA, PASSWORD));
            thread::sleep(Duration::from_secs(1));
            drop(blocked);
            assert_eq!(ada.join().unwrap().status, 303);
            let hashed = house.provider.hashes() - before;
            assert!(hashed < 30, "{hashed} of the storm came first");
        });
    });
}
