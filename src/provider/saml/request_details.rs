//! What is recorded of a refused message, for `hallpass explain`.

use crate::{
    model::{
        application::{Application, Binding},
        request_details::RequestDetails,
    },
    saml::{
        authn_request::AuthnRequest,
        binding::raw_message::RawMessage,
        logout::{request::LogoutRequest, response::LogoutResponse},
        peek::peek,
        refusal::Refusal,
        signature::Unverified,
    },
};

/// The names of the details that `hallpass explain` looks up.
pub(in crate::provider) mod name {
    pub(in crate::provider) const ISSUER: &str = "issuer";
    /// The message's `ID`.
    pub(in crate::provider) const REQUEST: &str = "request";
    /// The requested ACS URL.
    pub(in crate::provider) const ACS: &str = "answer wanted at";
    pub(in crate::provider) const CLIENT_ID: &str = "client";
    /// `redirect_uri` of OpenID Connect.
    pub(in crate::provider) const REDIRECT_URI: &str = "answer wanted at";
    /// `Destination`.
    pub(in crate::provider) const DESTINATION: &str = "addressed to";
    /// The fingerprint of a certificate that came with the message.
    pub(in crate::provider) const EMBEDDED_CERTIFICATE: &str = "certificate in it";
    /// The fingerprint of a certificate that did not verify the signature.
    pub(in crate::provider) const TRIED_CERTIFICATE: &str = "certificate tried";
}

/// The maximum number of fingerprints that are recorded.
const MAX_CERTIFICATES: usize = 4;

/// The details of a message that could not be parsed, as far as they can be recognized.
pub(in crate::provider) fn from_unread(raw_message: &RawMessage) -> RequestDetails {
    let Ok(inbound) = raw_message.decode() else {
        return RequestDetails::default();
    };
    let seen = peek(&inbound.xml);
    let beside = inbound.signature.map(|signature| signature.algorithm);
    let details = RequestDetails::default()
        .with("message", seen.name.as_deref())
        .with(name::ISSUER, seen.issuer.as_deref())
        .with(name::REQUEST, seen.id.as_deref())
        .with(name::DESTINATION, seen.destination.as_deref())
        .with("signed with", beside.or(seen.algorithm).as_deref())
        .with("digest", seen.digest.as_deref());
    with_embedded_certificates(details, &seen.certificates)
}

/// Adds the certificates that an XML signature contains: their keys are never used.
fn with_embedded_certificates(details: RequestDetails, certificates: &[String]) -> RequestDetails {
    certificates.iter().fold(details, |details, sha256| {
        details.with(name::EMBEDDED_CERTIFICATE, Some(sha256))
    })
}

/// The details of an `AuthnRequest`.
pub(in crate::provider) fn from_authn_request(request: &Unverified<AuthnRequest>) -> RequestDetails {
    let content = request.unverified();
    let index = content.acs_index.map(|index| index.to_string());
    RequestDetails::default()
        .with(name::ISSUER, Some(content.issuer.as_str()))
        .with(name::REQUEST, Some(&content.id))
        .with(name::ACS, content.acs_url.as_deref())
        .with("answer wanted at index", index.as_deref())
        .with(name::DESTINATION, content.destination.as_deref())
        .with("signed with", request.algorithm())
        .with("version", other_version(&content.version))
        .with("binding wanted", content.protocol_binding.as_deref())
        .with("name format wanted", content.options.name_id_format.as_deref())
}

/// The details of a `LogoutRequest`; never whose sessions.
pub(in crate::provider) fn from_logout_request(request: &Unverified<LogoutRequest>) -> RequestDetails {
    let content = request.unverified();
    let indexes = content.session_indexes.len().to_string();
    RequestDetails::default()
        .with(name::ISSUER, Some(content.issuer.as_str()))
        .with(name::REQUEST, Some(&content.id))
        .with(name::DESTINATION, content.destination.as_deref())
        .with("signed with", request.algorithm())
        .with("version", other_version(&content.version))
        .with("name format", Some(&content.name_id.format))
        .with("session indexes", Some(&indexes))
}

/// Adds the certificates that came with the message.
pub(in crate::provider) fn with_certificates_of(
    details: RequestDetails,
    raw_message: &RawMessage,
) -> RequestDetails {
    match raw_message.decode() {
        Ok(inbound) if inbound.binding == Binding::Post => {
            with_embedded_certificates(details, &peek(&inbound.xml).certificates)
        }
        Ok(_) | Err(_) => details,
    }
}

/// The details of a `LogoutResponse`.
pub(in crate::provider) fn from_logout_response(response: &Unverified<LogoutResponse>) -> RequestDetails {
    let content = response.unverified();
    RequestDetails::default()
        .with(name::ISSUER, Some(content.issuer.as_str()))
        .with("answers", Some(&content.in_response_to))
        .with(name::DESTINATION, content.destination.as_deref())
        .with("signed with", response.algorithm())
        .with("version", other_version(&content.version))
}

/// Adds the certificates that were tried, if none of them verified the signature.
pub(in crate::provider) fn with_tried_certificates(
    details: RequestDetails,
    refusal: &Refusal,
    application: &Application,
) -> RequestDetails {
    if *refusal != Refusal::BadSignature {
        return details;
    }
    application
        .saml()
        .into_iter()
        .flat_map(|sp| &sp.signing_certificates)
        .take(MAX_CERTIFICATES)
        .fold(details, |details, certificate| {
            details.with(name::TRIED_CERTIFICATE, Some(&certificate.sha256))
        })
}

fn other_version(version: &str) -> Option<&str> {
    (version != "2.0").then_some(version)
}
