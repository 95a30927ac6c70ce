//! Which methods an address answers.

use crate::support::{
    assertions::assert_contains,
    http,
    sso_setup::SsoSetup,
    test_server::{TestServer, on_each_database},
};

fn send_request(test_server: &TestServer, method: &str, target: &str) -> http::Response {
    http::send_raw(
        test_server.address,
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .as_bytes(),
    )
}

#[test]
fn head_is_answered_as_get_is_without_a_body() {
    on_each_database(|database| {
        let test_server = TestServer::start(database, &[]);
        for target in [
            "/",
            "/login",
            "/logout",
            "/recover",
            "/link/x",
            "/saml/metadata",
            "/saml/metadata/wiki",
            "/saml/certificate.pem",
            "/saml/certificate.cer",
            "/health/live",
            "/health/ready",
            "/nowhere",
        ] {
            let (get, head) = (
                send_request(&test_server, "GET", target),
                send_request(&test_server, "HEAD", target),
            );
            assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{target}");
        }
    });
}

/// A program that previews links uses up nothing that the user's browser needs.
#[test]
fn head_does_not_consume_one_time_actions() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let address = setup.sso_url("_r1");
        assert_eq!(send_request(&setup.server, "HEAD", &address).status, 200);
        let answered = "SELECT count(*) AS n FROM answered_requests";
        assert_eq!(crate::support::sql::number(&setup.server.settings, answered), 0);
        assert_contains(&browser.get(&address).body, "SAMLResponse");
    });
}

#[test]
fn a_known_path_with_another_method_is_405() {
    on_each_database(|database| {
        let test_server = TestServer::start(database, &[]);
        for (method, target) in [
            ("POST", "/"),
            ("DELETE", "/login"),
            ("PUT", "/saml/sso"),
            ("POST", "/saml/metadata"),
            ("POST", "/health/ready"),
            ("PATCH", "/logout"),
        ] {
            let page = send_request(&test_server, method, target);
            assert_eq!(page.status, 405, "{method} {target}");
            assert!(page.body.contains("<html"), "{method} {target}: {}", page.body);
        }
        assert_eq!(send_request(&test_server, "POST", "/nowhere").status, 404);
    });
}
