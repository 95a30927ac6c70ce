//! Which methods an address answers.

use crate::support::{
    house::{House, on_each_database},
    http,
    scene::Scene,
};

fn raw(house: &House, method: &str, target: &str) -> http::Response {
    http::raw(
        house.address,
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .as_bytes(),
    )
}

#[test]
fn head_is_answered_as_get_is_without_a_body() {
    on_each_database(|database| {
        let house = House::start(database, &[]);
        for target in [
            "/",
            "/login",
            "/logout",
            "/saml/metadata",
            "/saml/metadata/wiki",
            "/saml/certificate.pem",
            "/saml/certificate.cer",
            "/health/live",
            "/health/ready",
            "/nowhere",
        ] {
            let (get, head) = (raw(&house, "GET", target), raw(&house, "HEAD", target));
            assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{target}");
        }
    });
}

/// Who looks at links uses up nothing that a person's browser has to find.
#[test]
fn head_does_not_do_what_is_done_once() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.signed_in();
        let address = scene.address("_r1");
        assert_eq!(raw(&scene.house, "HEAD", &address).status, 200);
        let answered = "SELECT count(*) AS n FROM answered_requests";
        assert_eq!(crate::support::rows::number(&scene.house.settings, answered), 0);
        assert!(browser.get(&address).body.contains("SAMLResponse"));
    });
}

#[test]
fn a_known_path_with_another_method_is_405() {
    on_each_database(|database| {
        let house = House::start(database, &[]);
        for (method, target) in [
            ("POST", "/"),
            ("DELETE", "/login"),
            ("PUT", "/saml/sso"),
            ("POST", "/saml/metadata"),
            ("POST", "/health/ready"),
            ("PATCH", "/logout"),
        ] {
            let page = raw(&house, method, target);
            assert_eq!(page.status, 405, "{method} {target}");
            assert!(page.body.contains("<html"), "{method} {target}: {}", page.body);
        }
        assert_eq!(raw(&house, "POST", "/nowhere").status, 404);
    });
}
