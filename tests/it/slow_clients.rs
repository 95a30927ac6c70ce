//! Every wait for a client has a deadline: bodies, heads, responses that are not read; and connections per address are
//! limited.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use hallpass::{model::endpoint::path, web::Deadlines};

use crate::support::{
    http,
    test_server::{Database, TestServer},
};

const SHORT_DEADLINES: Deadlines = Deadlines {
    head: Duration::from_millis(400),
    body: Duration::from_millis(400),
    response: Duration::from_millis(800),
    queue: Duration::from_mins(2),
};
/// Well below each of the three: a client that sends at this interval is never silent for a whole deadline.
const TRICKLE: Duration = Duration::from_millis(20);

/// What a client sends after `begin`, until the server closes.
#[derive(Clone, Copy, Debug)]
enum SlowBody {
    Silence,
    Trickle(&'static [u8]),
}

/// Sends `begin`, continues with `then`, and returns everything that came until the server closed.
fn send_slowly_until_closed(address: SocketAddr, begin: &str, then: SlowBody) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    if let SlowBody::Trickle(piece) = then {
        let mut more = stream.try_clone().unwrap();
        // Ends with the connection, which the reader below proves to have ended.
        thread::spawn(move || {
            while more.write_all(piece).is_ok() {
                thread::sleep(TRICKLE);
            }
        });
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(
            error.kind(),
            ErrorKind::ConnectionReset,
            "{begin:?} {then:?}: kept open"
        ),
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Every path that accepts a form, from the route table.
fn post_routes() -> Vec<String> {
    let table = fs::read_to_string("src/web/mod.rs").unwrap();
    let routes: Vec<String> = table
        .split("app.service(")
        .filter(|service| service.contains("post()"))
        .filter_map(|service| service.split_once("resource(")?.1.split_once(')'))
        .map(|(written, _)| match written {
            "path::SIGN_IN" => path::SIGN_IN.to_owned(),
            "path::REQUIRED_PASSWORD" => path::REQUIRED_PASSWORD.to_owned(),
            "path::ACCOUNT_PASSWORD" => path::ACCOUNT_PASSWORD.to_owned(),
            "path::PROFILE" => path::PROFILE.to_owned(),
            "path::END_OWN_SESSIONS" => path::END_OWN_SESSIONS.to_owned(),
            "path::ACCOUNT_EMAIL" => path::ACCOUNT_EMAIL.to_owned(),
            "path::SECOND_FACTOR" => path::SECOND_FACTOR.to_owned(),
            "path::PASSKEY_SIGN_IN" => path::PASSKEY_SIGN_IN.to_owned(),
            "path::ADD_PASSKEY" => path::ADD_PASSKEY.to_owned(),
            "path::ADD_FACTOR" => path::ADD_FACTOR.to_owned(),
            "path::REMOVE_FACTOR" => path::REMOVE_FACTOR.to_owned(),
            "path::FORGET_DEVICES" => path::FORGET_DEVICES.to_owned(),
            "path::RECOVERY_CODES" => path::RECOVERY_CODES.to_owned(),
            "path::LOGOUT" => path::LOGOUT.to_owned(),
            "path::RECOVERY" => path::RECOVERY.to_owned(),
            "path::AUTHORIZE" => path::AUTHORIZE.to_owned(),
            "path::TOKEN" => path::TOKEN.to_owned(),
            "path::INTROSPECT" => path::INTROSPECT.to_owned(),
            "path::REVOKE" => path::REVOKE.to_owned(),
            "path::USERINFO" => path::USERINFO.to_owned(),
            "path::SSO" => path::SSO.to_owned(),
            "path::SLO" => path::SLO.to_owned(),
            literal if literal.starts_with('"') => literal
                .trim_matches('"')
                .replace("{id}", "01890000-0000-7000-8000-000000000000")
                .replace("{link}", "x")
                .replace("{token}", "x"),
            other => panic!("say here what {other} is"),
        })
        .collect();
    assert!(routes.len() >= 6, "{routes:?}");
    routes
}

#[test]
fn an_endless_body_times_out_on_every_route() {
    let test_server = TestServer::start_with_deadlines(&Database::Sqlite, &[], SHORT_DEADLINES);
    let address = test_server.address;
    let head = |target: &str, more: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n{more}\r\n\r\n"
        )
    };
    let mut clients = Vec::new();
    for route in post_routes() {
        for (begin, then) in [
            (
                head(&route, "Content-Length: 500") + "email=half",
                SlowBody::Silence,
            ),
            (head(&route, "Content-Length: 500"), SlowBody::Trickle(b"a")),
            (
                head(&route, "Transfer-Encoding: chunked"),
                SlowBody::Trickle(b"1\r\na\r\n"),
            ),
            (
                head(&route, "Content-Length: 500\r\nExpect: 100-continue"),
                SlowBody::Silence,
            ),
        ] {
            let route = route.clone();
            clients.push(thread::spawn(move || {
                let answer = send_slowly_until_closed(address, &begin, then);
                assert!(answer.contains("HTTP/1.1 408"), "{route} {then:?}: {answer}");
                assert!(
                    answer.contains("This took too long"),
                    "{route} {then:?}: {answer}"
                );
            }));
        }
    }
    // Where nothing reads the body, the response comes at once, and the rest is not waited for.
    for target in ["/nowhere", "/", "/saml/metadata"] {
        for (more, piece) in [
            ("Content-Length: 500", "a"),
            ("Transfer-Encoding: chunked", "1\r\na\r\n"),
        ] {
            let begin = head(target, more);
            clients.push(thread::spawn(move || {
                let answer = send_slowly_until_closed(address, &begin, SlowBody::Trickle(piece.as_bytes()));
                assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
            }));
        }
    }
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn an_endless_request_head_times_out_on_new_and_kept_connections() {
    let test_server = TestServer::start_with_deadlines(&Database::Sqlite, &[], SHORT_DEADLINES);
    let address = test_server.address;
    let whole = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let half = "GET /health/live HTTP/1.1\r\nX-Long: a";
    let mut clients = Vec::new();
    for (answers, begin, then) in [
        (0, String::new(), SlowBody::Silence),
        (0, String::new(), SlowBody::Trickle(b"\r\n")),
        (0, half.to_owned(), SlowBody::Silence),
        (0, half.to_owned(), SlowBody::Trickle(b"a")),
        (1, whole.to_owned(), SlowBody::Silence),
        (1, format!("{whole}{half}"), SlowBody::Silence),
        (1, format!("{whole}{half}"), SlowBody::Trickle(b"a")),
        (2, format!("{whole}{whole}{half}"), SlowBody::Trickle(b"a")),
    ] {
        clients.push(thread::spawn(move || {
            let answer = send_slowly_until_closed(address, &begin, then);
            assert_eq!(
                answer.matches("alive\n").count(),
                answers,
                "{begin:?} {then:?}: {answer}"
            );
        }));
    }
    for client in clients {
        client.join().unwrap();
    }
}

#[test]
fn a_response_that_is_not_read_is_aborted() {
    let test_server = TestServer::start_with_deadlines(&Database::Sqlite, &[], SHORT_DEADLINES);
    let mut stream = TcpStream::connect(test_server.address).unwrap();
    stream.set_write_timeout(Some(Duration::from_mins(2))).unwrap();
    let ask = "GET /assets/style.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    // Responses fill all buffers in between; then the server neither writes nor reads.
    let error = loop {
        if let Err(error) = stream.write_all(ask.as_bytes()) {
            break error;
        }
    };
    assert!(
        matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe),
        "{error}"
    );
}

#[test]
fn one_address_cannot_use_all_connections_unless_it_is_the_proxy() {
    let patient = Deadlines {
        head: Duration::from_mins(2),
        ..Deadlines::default()
    };
    let untrusted = TestServer::start_with_deadlines(
        &Database::Sqlite,
        &[("HALLPASS_TRUSTED_PROXIES", "none")],
        patient,
    );
    let mut held: Vec<TcpStream> = (0..300)
        .map(|_| TcpStream::connect(untrusted.address).unwrap())
        .collect();
    for stream in &held {
        stream.set_nonblocking(true).unwrap();
    }
    let mut turned_away = 0;
    while turned_away < 44 {
        let before = held.len();
        // An accepted connection has nothing to read yet; a refused one is closed.
        held.retain_mut(|stream| {
            let read = stream.read(&mut [0]);
            matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
        });
        turned_away += before - held.len();
        thread::yield_now();
    }
    assert_eq!((turned_away, held.len()), (44, 256));
    let ask = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for stream in &mut held {
        stream.set_nonblocking(false).unwrap();
        stream.write_all(ask).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.ends_with("alive\n"),
            "those that are in are served: {answer}"
        );
    }
    drop(held);
    while http::send_raw(untrusted.address, ask).status != 200 {
        thread::yield_now();
    }

    let proxied = TestServer::start(&Database::Sqlite, &[]);
    let held: Vec<TcpStream> = (0..300)
        .map(|_| TcpStream::connect(proxied.address).unwrap())
        .collect();
    assert_eq!(http::send_raw(proxied.address, ask).status, 200);
    drop(held);
}

#[test]
fn a_body_that_is_no_form_or_too_long_gets_an_error_page() {
    let test_server = TestServer::start(&Database::Sqlite, &[]);
    let post = |kind: &str, body: &str| {
        http::request(
            test_server.address,
            "POST",
            "/login",
            &[("Host", "x"), ("Content-Type", kind)],
            body,
        )
    };
    let form = "application/x-www-form-urlencoded";
    for (kind, body, status, heading) in [
        (form, "a".repeat(200_000), 413, "This is too long"),
        ("application/json", "{}".to_owned(), 415, "This is not a form"),
        ("text/plain", "email=a".to_owned(), 415, "This is not a form"),
    ] {
        let page = post(kind, &body);
        assert_eq!(page.status, status, "{kind}: {}", page.body);
        assert!(page.body.contains(heading), "{kind}: {}", page.body);
        assert!(page.body.contains("Fernweh Instruments"), "{kind}: {}", page.body);
    }
}
