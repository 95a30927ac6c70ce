//! Setup for attacks with a posted signature: a wiki that must sign, and an address that must not be fetched.

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    attacks::message::assert_refused,
    support::{
        browser::Browser,
        http::{Response, percent_encode},
        sp_keys::SpKey,
        sso_setup::SsoSetup,
        test_server::Database,
        xml_signature::{SignatureTemplate, insert_after_issuer, saml_template, sign_with_xmlsec1},
    },
};

pub(super) const DESTINATION: &str = "Destination=\"https://login.fernweh.example/saml/sso\"";

pub(super) fn post_authn_request(browser: &mut Browser, xml: &str) -> Response {
    let body = format!("SAMLRequest={}", percent_encode(&STANDARD.encode(xml)));
    let sent = browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &body);
    if sent.status == 303 {
        return browser.get_following_redirects(sent.location());
    }
    sent
}

/// A wiki that must sign, its key, and a browser in which Ada is signed in.
pub(super) struct SignedSsoSetup {
    pub(super) sso: SsoSetup,
    pub(super) key: SpKey,
    pub(super) browser: Browser,
}

impl SignedSsoSetup {
    pub(super) fn new(database: &Database) -> Self {
        let key = SpKey::rsa(2048);
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.signing_certificates = vec![key.certificate.clone()];
            new.saml.require_signed_requests = true;
        });
        let browser = setup.signed_in_browser();
        Self {
            sso: setup,
            key,
            browser,
        }
    }

    pub(super) fn unsigned_request(&self, id: &str) -> String {
        self.sso.sp.authn_request(id, self.sso.now(), DESTINATION, "")
    }

    /// The same request with an honest signature.
    pub(super) fn signed_request(&self, id: &str) -> String {
        self.request_signed_with(id, &saml_template(id))
    }

    /// Signed with the registered key, but not as SAML prescribes.
    pub(super) fn request_signed_with(&self, id: &str, template: &SignatureTemplate<'_>) -> String {
        let xml = insert_after_issuer(&self.unsigned_request(id), &template.xml());
        sign_with_xmlsec1(&xml, &self.key.private_pem())
    }

    pub(super) fn assert_refused(&mut self, what: &str, code: &str, xml: &str) {
        let page = post_authn_request(&mut self.browser, xml);
        assert_refused(&page, what);
        assert!(page.body.contains(code), "{what}: {}", page.body);
    }
}

/// The part of `xml` from `from` to the end of `to`.
pub(super) fn slice_between<'x>(xml: &'x str, from: &str, to: &str) -> &'x str {
    let start = xml.find(from).unwrap();
    let end = xml[start..].find(to).unwrap();
    &xml[start..start + end + to.len()]
}

/// An address that nothing may connect to.
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

    pub(super) fn assert_no_connection(&self) {
        assert!(self.0.accept().is_err(), "somebody came to the canary");
    }
}
