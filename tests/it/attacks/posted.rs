//! What the attacks by a posted signature stand on: a wiki that must sign, and an address that nobody may come to.

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    attacks::message::is_refused,
    support::{
        browser::Browser,
        enveloped::{Template, behind_issuer, over, xmlsec1_signs},
        house::Database,
        http::{Response, percent},
        scene::Scene,
        signing::Key,
    },
};

pub(super) const SSO: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";

pub(super) fn post(browser: &mut Browser, xml: &str) -> Response {
    let body = format!("SAMLRequest={}", percent(&STANDARD.encode(xml)));
    let sent = browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &body);
    if sent.status == 303 {
        return browser.follow(sent.location());
    }
    sent
}

/// A wiki that must sign, its key, and a browser in which Ada is signed in.
pub(super) struct Signed {
    pub(super) scene: Scene,
    pub(super) key: Key,
    pub(super) browser: Browser,
}

impl Signed {
    pub(super) fn new(database: &Database) -> Self {
        let key = Key::rsa(2048);
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = vec![key.certificate.clone()];
            new.saml.require_signed_requests = true;
        });
        let browser = scene.signed_in();
        Self { scene, key, browser }
    }

    /// A request that asks for what its sender wants.
    pub(super) fn plain(&self, id: &str) -> String {
        self.scene.sp.authn_request(id, self.scene.now(), SSO, "")
    }

    /// The same, with an honest signature.
    pub(super) fn honest(&self, id: &str) -> String {
        self.with(id, &over(id))
    }

    /// Signed with the registered key, but not as it should be.
    pub(super) fn with(&self, id: &str, template: &Template<'_>) -> String {
        let xml = behind_issuer(&self.plain(id), &template.xml());
        xmlsec1_signs(&xml, &self.key.private_pem())
    }

    pub(super) fn refuses(&mut self, what: &str, code: &str, xml: &str) {
        let page = post(&mut self.browser, xml);
        is_refused(&page, what);
        assert!(page.body.contains(code), "{what}: {}", page.body);
    }
}

/// The part of `xml` from `from` to the end of `to`.
pub(super) fn part<'x>(xml: &'x str, from: &str, to: &str) -> &'x str {
    let start = xml.find(from).unwrap();
    let end = xml[start..].find(to).unwrap();
    &xml[start..start + end + to.len()]
}

/// An address that nobody may come to.
pub(super) struct Canary(TcpListener);

impl Canary {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/x", self.0.local_addr().unwrap())
    }

    pub(super) fn was_left_alone(&self) {
        assert!(self.0.accept().is_err(), "somebody came to the canary");
    }
}
