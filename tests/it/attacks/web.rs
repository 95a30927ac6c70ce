//! Attacks on the HTTP server itself.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use crate::support::{http, sso_setup::SsoSetup, test_server::Database};

/// Everything that the server sends in reply to `octets` when nothing follows them.
fn send_raw(setup: &SsoSetup, octets: &str) -> String {
    let mut stream = TcpStream::connect(setup.server.address).unwrap();
    // A server that refuses early may close before it has read everything.
    let _sent = stream.write_all(octets.as_bytes());
    let _closed = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub(super) fn one_request_is_never_read_as_two(database: &Database) {
    let setup = SsoSetup::new(database);
    let hidden = "GET /saml/metadata HTTP/1.1\r\nHost: x\r\n\r\n";
    let control = format!("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n{hidden}");
    assert!(
        send_raw(&setup, &control).contains("EntityDescriptor"),
        "two requests are two requests"
    );
    let start = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let length = hidden.len();
    let smuggled = [
        (
            "CL beside TE",
            format!(
                "{start}Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
                length + 5
            ),
        ),
        (
            "TE beside CL",
            format!(
                "{start}Transfer-Encoding: chunked\r\nContent-Length: {}\r\n\r\n0\r\n\r\n{hidden}",
                length + 5
            ),
        ),
        (
            "two lengths, the short first",
            format!("{start}Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        ),
        (
            "two lengths, the long first",
            format!("{start}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n{hidden}"),
        ),
        (
            "a list of lengths",
            format!("{start}Content-Length: 0, {length}\r\n\r\n{hidden}"),
        ),
        (
            "a length with a sign",
            format!("{start}Content-Length: +0\r\n\r\n{hidden}"),
        ),
        (
            "a negative length",
            format!("{start}Content-Length: -1\r\n\r\n{hidden}"),
        ),
        (
            "a length in hex",
            format!("{start}Content-Length: 0x0\r\n\r\n{hidden}"),
        ),
        (
            "TE twice",
            format!(
                "{start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: {length}\r\n\r\n{hidden}"
            ),
        ),
        (
            "an unknown TE",
            format!("{start}Transfer-Encoding: xchunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        ),
        (
            "a blank before the colon",
            format!("{start}Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        ),
        (
            "a folded header",
            format!("{start}Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        ),
        (
            "a broken chunk size",
            format!("{start}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n{hidden}"),
        ),
        (
            "a huge chunk size",
            format!("{start}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n\r\n{hidden}"),
        ),
    ];
    for (what, octets) in smuggled {
        let answer = send_raw(&setup, &octets);
        assert!(!answer.contains("EntityDescriptor"), "{what}: {answer}");
    }
}

pub(super) fn files_and_internal_details_are_not_shown(database: &Database) {
    let setup = SsoSetup::new(database);
    let ask = |method: &str, target: &str| {
        http::request(setup.server.address, method, target, &[("Host", "x")], "")
    };
    let says_nothing = |page: &http::Response, what: &str| {
        for inner in [
            "root:x:0",
            "hallpass-seal",
            "SQLite format",
            "[core]",
            "panicked",
            "src/",
            ".rs:",
            "diesel",
            "sqlite",
            "actix",
            "/tmp/",
        ] {
            assert!(!page.body.contains(inner), "{what}: {inner}: {}", page.body);
        }
    };
    for target in [
        "/../../etc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%252f..%252fetc/passwd",
        "/assets/%2e%2e%2fseal.key",
        "/assets/..\\..\\seal.key",
        "/assets//etc/passwd",
        "//etc/passwd",
        "/seal.key",
        "/hallpass.db",
        "/hallpass.db-wal",
        "/data/hallpass.db",
        "/.git/config",
        "/.env",
        "/Cargo.toml",
        "/config.toml",
        "/saml/certificate.key",
        "/saml/metadata/../../seal.key",
        "/assets/style.css%00.html",
        "/assets/",
        "/saml/",
        "/continue/..%2f..%2fetc",
        "/metrics",
        "/debug",
        "/server-status",
        "/actuator/env",
        "/phpinfo.php",
        "/wp-login.php",
        "/admin",
    ] {
        let page = ask("GET", target);
        assert!(
            [400, 404, 410].contains(&page.status),
            "{target}: {} {}",
            page.status,
            page.body
        );
        says_nothing(&page, target);
    }
    // Every name requires a sign-in first: anonymous visitors do not learn which names exist.
    let page = ask("GET", "/launch/..%2f..%2fx");
    assert!(
        page.status == 303 && page.location().starts_with('/'),
        "{} {}",
        page.status,
        page.location()
    );
    says_nothing(&page, "/launch/..%2f..%2fx");
    for method in [
        "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FOO",
    ] {
        for target in [
            "/",
            "/login",
            "/logout",
            "/saml/sso",
            "/saml/slo",
            "/saml/metadata",
        ] {
            let page = ask(method, target);
            assert!(
                (400..500).contains(&page.status),
                "{method} {target}: {}",
                page.status
            );
            says_nothing(&page, method);
        }
    }
    for octets in [
        "\0\0\0\0",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        "GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n",
    ] {
        assert!(!send_raw(&setup, octets).contains(" 500 "), "{octets:?}");
    }
}
