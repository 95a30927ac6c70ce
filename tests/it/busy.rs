//! Overload: whose requests are served, and what the others receive.

use std::{io::Write, net::TcpStream, sync::mpsc, thread, time::Duration};

use hallpass::web::Deadlines;

use crate::support::{
    browser::Browser,
    http::{self, Response},
    sql,
    sso_setup::ADA,
    test_server::{Database, PASSWORD, TestServer, on_each_database},
};

/// A server that checks one password of an unknown browser at a time.
fn server_with_one_hashing_slot(database: &Database, password_check: Duration) -> TestServer {
    let deadlines = Deadlines {
        queue: password_check,
        ..Deadlines::default()
    };
    // Enough workers for all; only the password checks are limited.
    let few = [("HALLPASS_LIMITS_HASHING", "1"), ("HALLPASS_WORKERS", "16")];
    let test_server = TestServer::start_with_deadlines(database, &few, deadlines);
    test_server.add_user(ADA, "Ada", "Lovelace");
    test_server
}

fn browser_from(test_server: &TestServer, n: usize) -> Browser {
    let mut browser = test_server.browser();
    browser.extra_headers = vec![("X-Forwarded-For".to_owned(), format!("198.51.100.{n}"))];
    browser
}

fn attempt_sign_in(browser: &mut Browser, email: &str) -> Response {
    let page = browser.get("/login");
    browser.submit_password(&page, email, PASSWORD)
}

#[test]
fn an_overloaded_server_answers_retry_later_and_reserves_capacity_for_known_devices() {
    on_each_database(|database| {
        let test_server = server_with_one_hashing_slot(database, Duration::from_nanos(1));
        let mut ada = browser_from(&test_server, 1);
        assert_eq!(attempt_sign_in(&mut ada, ADA).status, 303);
        let strangers: Vec<_> = (10..18)
            .map(|n| {
                let mut browser = browser_from(&test_server, n);
                let page = browser.get("/login");
                (browser, page)
            })
            .collect();
        let page = {
            let mut known = browser_from(&test_server, 2);
            known.cookies.clone_from(&ada.cookies);
            known.cookies.remove("__Host-hallpass-session");
            let page = known.get("/login");
            (known, page)
        };
        let before = test_server.provider.hash_count();
        let blocked = sql::block_writes(&test_server.settings);
        let (responses, answers) = mpsc::channel();
        thread::scope(|scope| {
            for (n, (mut browser, page)) in strangers.into_iter().enumerate() {
                let responses = responses.clone();
                scope.spawn(move || {
                    let answer = browser.submit_password(&page, &format!("n{n}@fernweh.example"), PASSWORD);
                    responses.send(answer).unwrap();
                });
            }
            // One of them holds the slot, and waits for the database.
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
            let known = scope.spawn(move || known.submit_password(&page, ADA, PASSWORD));
            thread::sleep(Duration::from_millis(300));
            drop(blocked);
            assert_eq!(known.join().unwrap().status, 303, "a place is kept for it");
            assert_eq!(answers.recv().unwrap().status, 200);
        });
        assert_eq!(test_server.provider.hash_count() - before, 2);
        let counted = "SELECT count(*) AS n FROM login_throttle WHERE bucket LIKE 'pair:%'";
        assert_eq!(
            sql::number(&test_server.settings, counted),
            1,
            "whoever was turned away has lost no try"
        );
    });
}

#[test]
fn no_password_is_hashed_for_a_disconnected_client() {
    let test_server = server_with_one_hashing_slot(&Database::Sqlite, Duration::from_mins(5));
    let mut first = browser_from(&test_server, 1);
    let page = first.get("/login");
    let blocked = sql::block_writes(&test_server.settings);
    let before = test_server.provider.hash_count();
    thread::scope(|scope| {
        let waits = scope.spawn(move || first.submit_password(&page, ADA, "wrong password"));
        for n in 10..40 {
            let mut browser = browser_from(&test_server, n);
            let csrf = browser.get("/login").field("csrf").unwrap();
            let body = http::form_body(&[("csrf", &csrf), ("email", ADA), ("password", "wrong password")]);
            let cookie = browser
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let head = format!(
                "POST /login HTTP/1.1\r\nHost: login.fernweh.example\r\nOrigin: {}\r\nCookie: {}\r\n\
                 X-Forwarded-For: 198.51.100.{n}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n",
                test_server.origin,
                cookie.collect::<Vec<_>>().join("; "),
                body.len()
            );
            let mut stream = TcpStream::connect(test_server.address).unwrap();
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
        drop(blocked);
        assert_eq!(waits.join().unwrap().status, 200);
    });
    // The slots are given in order: when this one is done, so are all before it.
    assert_eq!(
        attempt_sign_in(&mut browser_from(&test_server, 99), ADA).status,
        303
    );
    let hashed = test_server.provider.hash_count() - before;
    assert!((2..16).contains(&hashed), "{hashed} of 32 were hashed");
}

#[test]
fn a_flood_from_one_address_does_not_delay_another() {
    on_each_database(|database| {
        let test_server = server_with_one_hashing_slot(database, Duration::from_mins(5));
        let storm: Vec<_> = (0..60)
            .map(|n| {
                let mut browser = browser_from(&test_server, 7);
                let page = browser.get("/login");
                (browser, page, format!("n{n}@fernweh.example"))
            })
            .collect();
        let mut ada = browser_from(&test_server, 1);
        let page = ada.get("/login");
        let before = test_server.provider.hash_count();
        let blocked = sql::block_writes(&test_server.settings);
        thread::scope(|scope| {
            for (mut browser, page, name) in storm {
                scope.spawn(move || browser.submit_password(&page, &name, "wrong password"));
            }
            thread::sleep(Duration::from_secs(1));
            for target in ["/saml/metadata", "/login", "/health/live"] {
                assert_eq!(test_server.browser().get(target).status, 200);
            }
            let ada = scope.spawn(move || ada.submit_password(&page, ADA, PASSWORD));
            thread::sleep(Duration::from_secs(1));
            drop(blocked);
            assert_eq!(ada.join().unwrap().status, 303);
            let hashed = test_server.provider.hash_count() - before;
            assert!(hashed < 30, "{hashed} of the storm came first");
        });
    });
}
