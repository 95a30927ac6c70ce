//! A service provider that a test plays: it writes requests and reads responses.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hallpass::{
    crypto::generate,
    model::{
        id::KeyId,
        key::{Certificate, SigningKey},
        response_options::SignatureAlgorithm,
    },
    saml::{
        binding::redirect::{deflate_base64, percent_encode},
        signer::Signer,
        urn::{ASSERTION, PROTOCOL, RSA_SHA256},
    },
};

use crate::support::http::Response;

pub(crate) struct TestSp {
    pub(crate) entity_id: String,
    pub(crate) acs: String,
    pub(crate) key: SigningKey,
}

impl TestSp {
    pub(crate) fn new(entity_id: &str, acs: &str) -> Self {
        let now = Utc::now();
        let key = generate::generate(KeyId::new(now, [9; 10]), "sp.example", now).unwrap();
        Self {
            entity_id: entity_id.to_owned(),
            acs: acs.to_owned(),
            key,
        }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.key.certificate.clone()
    }

    /// An `AuthnRequest` as Auth0 sends it, with the given further attributes and elements.
    pub(crate) fn authn_request(
        &self,
        id: &str,
        now: DateTime<Utc>,
        attributes: &str,
        inside: &str,
    ) -> String {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\"\tID=\"{id}\"    IssueInstant=\"{}\" Version=\"2.0\" {attributes}><saml:Issuer xmlns:saml=\"{ASSERTION}\">{}</saml:Issuer>{inside}</samlp:AuthnRequest>",
            now.format("%Y-%m-%dT%H:%M:%SZ"),
            self.entity_id
        )
    }

    /// A `LogoutRequest` as Auth0 sends it.
    pub(crate) fn logout_request(
        &self,
        id: &str,
        now: DateTime<Utc>,
        destination: &str,
        name_id: (&str, &str),
        session_index: Option<&str>,
    ) -> String {
        let index = session_index
            .map(|index| format!("<samlp:SessionIndex>{index}</samlp:SessionIndex>"))
            .unwrap_or_default();
        format!(
            "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" ID=\"{id}\" IssueInstant=\"{}\" Version=\"2.0\" Destination=\"{destination}\"><saml:Issuer xmlns:saml=\"{ASSERTION}\">{}</saml:Issuer><saml:NameID xmlns:saml=\"{ASSERTION}\" Format=\"{}\">{}</saml:NameID>{index}</samlp:LogoutRequest>",
            now.format("%Y-%m-%dT%H:%M:%SZ"),
            self.entity_id,
            name_id.1,
            name_id.0
        )
    }

    /// The query that carries `xml`, signed with RSA-SHA256 if `signed`.
    pub(crate) fn redirect_query(&self, xml: &str, relay_state: Option<&str>, signed: bool) -> String {
        let mut query = format!("SAMLRequest={}", percent_encode(&deflate_base64(xml)));
        if let Some(relay_state) = relay_state {
            query.push_str(&format!("&RelayState={}", percent_encode(relay_state)));
        }
        if signed {
            query.push_str(&format!("&SigAlg={}", percent_encode(RSA_SHA256)));
            let signature = Signer::new(&self.key)
                .unwrap()
                .sign_octets(SignatureAlgorithm::RsaSha256, query.as_bytes())
                .unwrap();
            query.push_str(&format!(
                "&Signature={}",
                percent_encode(&STANDARD.encode(signature))
            ));
        }
        query
    }

    /// The URL of a plain, unsigned SSO request.
    pub(crate) fn sso_url(&self, id: &str, now: DateTime<Utc>) -> String {
        format!(
            "/saml/sso?{}",
            self.redirect_query(
                &self.authn_request(id, now, "", ""),
                Some("deep/link?a=b&c=\"d\""),
                false
            )
        )
    }
}

/// The XML of the response in a self-posting page, and the URL that it is posted to.
pub(crate) fn posted_response(page: &Response) -> (String, String) {
    let message = page
        .field("SAMLResponse")
        .unwrap_or_else(|| panic!("no response: {} {}", page.status, page.body));
    let xml = String::from_utf8(STANDARD.decode(message).unwrap()).unwrap();
    (xml, page.form_action().unwrap())
}
