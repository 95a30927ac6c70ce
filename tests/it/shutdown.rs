//! The daemon stops, and every request under way is answered.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use crate::support::{
    http,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

#[test]
fn shutdown_finishes_running_requests() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let login = browser.get("/login");
        let body = http::form_body(&[
            ("csrf", &login.field("csrf").unwrap()),
            ("email", ADA),
            ("password", PASSWORD),
        ]);
        let cookie = format!(
            "__Host-hallpass-browser={}",
            browser.cookies["__Host-hallpass-browser"]
        );
        let mut stream = TcpStream::connect(setup.server.address).unwrap();
        let head = format!(
            "POST /login HTTP/1.1\r\nHost: login.fernweh.example\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).unwrap();
        assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"), "{go_on:?}");
        let address = setup.server.address;
        let stopping = thread::spawn(move || setup.server.stop());
        // No new connection is accepted; the request that was under way is finished.
        while TcpStream::connect(address).is_ok() {
            thread::yield_now();
        }
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        stopping.join().unwrap();
    });
}
