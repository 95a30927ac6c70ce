//! What anybody may fetch, and the headers that every response carries.

use roxmltree::Document;
use sha2::{Digest, Sha256};

use crate::support::{
    assertions::{assert_contains, assert_starts_with},
    http::{self, Response},
    inspect::{self, elements, only_element},
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
};

fn get_with_headers(setup: &SsoSetup, target: &str, headers: &[(&str, &str)]) -> Response {
    let mut all = vec![("Host", "login.fernweh.example")];
    all.extend_from_slice(headers);
    http::request(setup.server.address, "GET", target, &all, "")
}

#[test]
fn metadata_is_signed_names_itself_and_needs_no_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let response = get_with_headers(&setup, "/saml/metadata", &[]);
        assert_eq!(response.status, 200);
        assert_starts_with(
            response.header("content-type").unwrap(),
            "application/samlmetadata+xml",
        );
        let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
        let signature = "/*[local-name()='EntityDescriptor']/*[local-name()='Signature']";
        inspect::verify_with_xmlsec1(&response.body, &certificate.der, signature).unwrap();
        let document = Document::parse(&response.body).unwrap();
        let root = document.root_element();
        assert_eq!(
            root.attribute("entityID"),
            Some("https://login.fernweh.example/saml/metadata")
        );
        for (element, location) in [
            ("SingleSignOnService", "/saml/sso"),
            ("SingleLogoutService", "/saml/slo"),
        ] {
            let nodes = elements(&document, element);
            assert_eq!(nodes.len(), 2);
            for (node, binding) in nodes.iter().zip(["HTTP-Redirect", "HTTP-POST"]) {
                assert_eq!(
                    node.attribute("Location"),
                    Some(format!("https://login.fernweh.example{location}").as_str())
                );
                assert_eq!(
                    node.attribute("Binding"),
                    Some(format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}").as_str())
                );
            }
        }
        let descriptor = only_element(&document, "IDPSSODescriptor");
        assert_eq!(
            descriptor.attribute("protocolSupportEnumeration"),
            Some("urn:oasis:names:tc:SAML:2.0:protocol")
        );
        let formats: Vec<_> = elements(&document, "NameIDFormat")
            .iter()
            .filter_map(roxmltree::Node::text)
            .collect();
        assert_eq!(
            formats,
            [
                "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
                "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            ],
            "what can be asked for, the most usual first"
        );
        assert_eq!(
            only_element(&document, "KeyDescriptor").attribute("use"),
            Some("signing")
        );
    });
}

#[test]
fn documents_have_an_etag_and_a_match_gets_304() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        for target in [
            "/saml/metadata",
            "/saml/certificate.pem",
            "/saml/certificate.cer",
            "/assets/style.css",
            "/assets/look.css",
            "/assets/logo.svg",
        ] {
            let first = get_with_headers(&setup, target, &[]);
            let tag = first.header("etag").unwrap().to_owned();
            assert!(
                first.status == 200 && tag.starts_with('"') && tag.ends_with('"'),
                "{target}"
            );
            assert!(
                !first.header("cache-control").unwrap().contains("no-store"),
                "{target}"
            );
            for (held, status) in [
                (tag.as_str(), 304),
                (&format!("W/{tag}"), 304),
                ("*", 304),
                ("\"x\"", 200),
                (&format!("\"x\", {tag}"), 304),
            ] {
                let again = get_with_headers(&setup, target, &[("If-None-Match", held)]);
                assert_eq!(
                    (again.status, again.header("etag")),
                    (status, Some(tag.as_str())),
                    "{target} {held}"
                );
                assert_eq!(again.bytes.is_empty(), status == 304, "{target} {held}");
            }
        }
    });
}

#[test]
fn the_certificate_downloads_as_a_file_named_by_its_fingerprint() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (certificate, _) = setup.server.provider.saml().certificate_pem().unwrap();
        let fingerprint: String = Sha256::digest(&certificate.der)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let head = &fingerprint[..12];
        let pem = get_with_headers(&setup, "/saml/certificate.pem", &[]);
        let cer = get_with_headers(&setup, "/saml/certificate.cer", &[]);
        assert_eq!(cer.bytes, certificate.der);
        assert!(
            pem.body.starts_with("-----BEGIN CERTIFICATE-----\n"),
            "{}",
            pem.body
        );
        for (response, ending) in [(&pem, "pem"), (&cer, "cer")] {
            let wanted = format!("attachment; filename=\"hallpass-{head}.{ending}\"");
            assert_eq!(response.header("content-disposition"), Some(wanted.as_str()));
        }
        let read = openssl::x509::X509::from_pem(&pem.bytes).unwrap();
        let (before, now) = (
            read.not_before(),
            openssl::asn1::Asn1Time::days_from_now(0).unwrap(),
        );
        let lifetime = before.diff(read.not_after()).unwrap().days;
        assert!(lifetime >= 3650, "{lifetime} days");
        let age = before.diff(&now).unwrap().days;
        assert!(age <= 1, "{age} days");
        assert_eq!(read.public_key().unwrap().bits(), 2048);
        assert_contains(&certificate.subject, "login.fernweh.example");
    });
}

/// Headers that a proxy, a cache or an attacker may add.
const SPOOFED_HEADERS: [(&str, &str); 9] = [
    ("Host", "evil.example"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Proto", "javascript"),
    ("X-Forwarded-Port", "6666"),
    ("X-Forwarded-Server", "evil.example"),
    ("Forwarded", "host=evil.example;proto=http"),
    ("X-Original-URL", "/evil.example"),
    ("X-HTTP-Host-Override", "evil.example"),
];

#[test]
fn no_request_header_changes_our_urls() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let browser = setup.signed_in_browser();
        let cookies = browser
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let right = "Destination=\"https://login.fernweh.example/saml/sso\"";
        let wrong = "Destination=\"https://evil.example/saml/sso\"";
        for (n, lie) in SPOOFED_HEADERS.into_iter().enumerate() {
            let plain = (lie.0 != "Host").then_some(("Host", "login.fernweh.example"));
            let get = |target: &str, cookies: &str| {
                let headers: Vec<_> = plain.into_iter().chain([lie, ("Cookie", cookies)]).collect();
                http::request(setup.server.address, "GET", target, &headers, "")
            };
            for target in [
                "/",
                "/login",
                "/saml/metadata",
                "/saml/sso",
                "/saml/slo",
                "/nowhere",
                &setup.sso_url(&format!("_l{n}")),
            ] {
                for cookies in ["", &cookies] {
                    let response = get(target, cookies);
                    let whole = format!("{:?} {}", response.headers, response.body);
                    assert!(
                        !whole.contains("evil.example")
                            && !whole.contains("http://login")
                            // As a port: by chance the digits are also in an id or a digest.
                            && !whole.contains(":6666"),
                        "{lie:?} {target}: {whole}"
                    );
                }
            }
            let page = get(&setup.sso_url_with(&format!("_d{n}"), right, ""), &cookies);
            assert!(page.field("SAMLResponse").is_some(), "{lie:?}");
            assert_eq!(
                get(&setup.sso_url_with(&format!("_e{n}"), wrong, ""), &cookies).status,
                400,
                "{lie:?}"
            );
        }
    });
}

#[test]
fn health_reports_the_process_and_the_database() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        for target in ["/health/live", "/health/ready"] {
            assert_eq!(get_with_headers(&setup, target, &[]).status, 200, "{target}");
        }
    });
}

#[test]
fn every_page_forbids_framing_and_caching_and_runs_only_our_scripts() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (mut nobody, mut ada) = (setup.server.browser(), setup.signed_in_browser());
        let login = nobody.get("/login");
        let sign_on = setup.sso_url("_r1");
        let mut pages = vec![
            ("wrong", nobody.submit_password(&login, ADA, "wrong password")),
            (
                "foreign form",
                nobody.post_with_headers("/login", &[], &[("email", ADA), ("password", PASSWORD)], true),
            ),
        ];
        for target in [
            "/login",
            "/",
            "/saml/slo",
            "/saml/sso",
            "/saml/sso?SAMLRequest=x",
            "/continue/x",
            "/nowhere",
            "/account/password",
            "/recover",
            "/link/x",
            "/launch/nothing",
            &sign_on,
        ] {
            pages.push((target, nobody.get(target)));
            pages.push((target, ada.get(target)));
        }
        for (what, page) in &pages {
            let policy = page
                .header("content-security-policy")
                .unwrap_or_else(|| panic!("{what} {}", page.status));
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "style-src 'self'",
            ] {
                assert!(policy.contains(part), "{what}: {policy}");
            }
            for unsafe_part in ["unsafe-inline", "unsafe-eval", "*"] {
                assert!(!policy.contains(unsafe_part), "{what}: {policy}");
            }
            for (name, value) in [
                ("x-frame-options", "DENY"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "strict-origin"),
                ("strict-transport-security", "max-age=31536000"),
                ("cache-control", "no-store"),
            ] {
                assert!(
                    page.header(name).is_some_and(|found| found.contains(value)),
                    "{what}: {name}"
                );
            }
            let scripts: Vec<_> = page
                .body
                .split("<script>")
                .skip(1)
                .filter_map(|part| part.split_once("</script>"))
                .collect();
            for (script, _) in scripts {
                let hash = openssl::base64::encode_block(&Sha256::digest(script.as_bytes()));
                assert!(policy.contains(&format!("'sha256-{hash}'")), "{what}: {script}");
            }
            assert!(
                page.header("x-request-id").is_some() && page.header("server").is_none(),
                "{what}"
            );
        }
    });
}
