//! What each fuzz target does with its bytes, shared by the targets and the plain test over the seeds
//! (`tests/it/corpus.rs`). A panic is a finding; `Ok` says that the input was accepted, `Err` why it was not.

use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    crypto::pem,
    model::{
        application::{AssertionConsumerService, Binding, EntityId, ServiceProvider, SpUrl},
        authentication::{AuthenticationEvent, AuthenticationEvents},
        authn_context::RequestedAuthnContext,
        name_id::NameIdFormat,
        policy::Policy,
    },
    saml::{
        authn_request::{self, ValidationContext},
        binding::{
            inbound::{InboundMessage, MessageKind},
            post, redirect,
        },
        logout::{request, response},
        metadata::{
            aggregate::{self, BadMetadata, Error, FileVerification, ParsedEntity},
            sp,
        },
    },
    xml::tree::MAX_DOCUMENT,
};

const ENTITY_ID: &str = "https://idp.example/saml/metadata";
const SSO: &str = "https://idp.example/saml/sso";
const SLO: &str = "https://idp.example/saml/slo";
/// The ACS URLs of every service provider of the seeds; the first is the default.
const ACS_URLS: [&str; 3] = [
    "https://sp.example/acs",
    "https://auth0.openai.com/login/callback?connection=org-TEST",
    "http://localhost:9999/acs",
];

/// A raw query, as the SSO and SLO URLs receive it.
pub(crate) fn redirect_query(bytes: &[u8]) -> Result<(), String> {
    let query = text(bytes)?;
    let inbound = redirect::decode(query).map_err(|why| why.to_string())?;
    assert!(inbound.xml.len() <= MAX_DOCUMENT, "{} bytes", inbound.xml.len());
    assert!(
        inbound
            .relay_state
            .as_ref()
            .is_none_or(|state| state.len() <= redirect::MAX_RELAY_STATE),
        "{:?}",
        inbound.relay_state
    );
    // The message is read whatever its kind, as in production.
    let _whatever = authn_request::read(&inbound);
    let _whatever = request::read(&inbound);
    let _whatever = response::read(&inbound);
    Ok(())
}

/// A form, as the SSO and SLO URLs receive it. Its message is read, and its XML signature verified.
pub(crate) fn post_form(bytes: &[u8]) -> Result<(), String> {
    let inbound = post::decode("", bytes).map_err(|why| why.to_string())?;
    assert!(inbound.xml.len() <= MAX_DOCUMENT, "{} bytes", inbound.xml.len());
    let read = match inbound.kind {
        MessageKind::Response => response::read(&inbound).map(drop),
        MessageKind::Request => authn_request::read(&inbound)
            .map(drop)
            .or_else(|_other| request::read(&inbound).map(drop)),
    };
    read.map_err(|why| why.to_string())
}

/// An `AuthnRequest`, validated against a service provider that is registered with its issuer.
pub(crate) fn authn_request(bytes: &[u8]) -> Result<(), String> {
    let request = authn_request::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    let sp = service_provider(request.unverified().issuer.clone());
    let our_entity_id = EntityId::parse(ENTITY_ID).map_err(|why| why.to_string())?;
    let verified = request
        .verify(&sp.signing_certificates)
        .map_err(|why| why.to_string())?;
    let context = ValidationContext {
        sp: &sp,
        formats: &NameIdFormat::ALL,
        entity_id: &our_entity_id,
        sso: SSO,
        policy: &Policy::default(),
        now: now(),
    };
    match authn_request::validate(verified, &context) {
        Ok(valid) => {
            assert!(
                sp.acs_by_url(valid.acs.as_str()).is_some(),
                "an address that nobody registered"
            );
            let Some(requested) = valid.authn_context else {
                return Ok(());
            };
            let sealed = RequestedAuthnContext::from_text(&requested.to_text());
            assert_eq!(sealed.as_ref(), Some(&requested), "it changes while it waits");
            let password = AuthenticationEvents::new(AuthenticationEvent::password(now()));
            match requested.satisfied_class(&password) {
                Some(_class) => Ok(()),
                None => Err("no sign-in here is what it asks for".to_owned()),
            }
        }
        Err(refused) => {
            let acs = refused.acs.as_ref();
            assert!(
                acs.is_none_or(|at| sp.acs_by_url(at.as_str()).is_some()),
                "an address that nobody registered"
            );
            Err(refused.refusal.to_string())
        }
    }
}

pub(crate) fn logout_request(bytes: &[u8]) -> Result<(), String> {
    let request = request::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    match request.unverified().refusal(SLO, &Policy::default(), now()) {
        None => Ok(()),
        Some(refusal) => Err(refusal.to_string()),
    }
}

/// A `LogoutResponse`, whatever its issuer.
pub(crate) fn logout_response(bytes: &[u8]) -> Result<(), String> {
    let response = response::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    let response = response.unverified();
    match response.refusal(SLO, &response.issuer) {
        None if response.confirms() => Ok(()),
        None => Err("another status than Success".to_owned()),
        Some(refusal) => Err(refusal.to_string()),
    }
}

pub(crate) fn sp_metadata(bytes: &[u8]) -> Result<(), String> {
    sp::read(text(bytes)?, None, now())
        .map(drop)
        .map_err(|why| why.to_string())
}

/// Aggregate metadata, read without requiring a signature; an error in one entity is the result for the whole input.
/// If the development key signed it, it is first read in two passes: verified, then its entities.
pub(crate) fn aggregate(bytes: &[u8]) -> Result<(), String> {
    let pem = include_bytes!("../../certs/development-only.cert.pem");
    let certificates = pem::parse_certificates(pem).map_err(|why| why.to_string())?;
    if let Ok(checked) = aggregate::verify(bytes, &certificates, now(), |_progress| ()) {
        for found in aggregate::entities(bytes, &checked, now()).map_err(|why| why.to_string())? {
            // Verified text is well-formed, and unchanged when it is read.
            assert!(
                found.is_ok() || matches!(found, Err(Error::Bad(BadMetadata::Malformed(_)))),
                "{found:?}"
            );
        }
    }
    let entities = aggregate::entities(bytes, &FileVerification::without_signature(), now());
    for found in entities.map_err(|why| why.to_string())? {
        match found.map_err(|why| why.to_string())? {
            ParsedEntity::Unusable { why, .. } => return Err(why.to_string()),
            ParsedEntity::ServiceProvider(entity) => {
                let (endpoints, findings) = (entity.acs_endpoints.len(), entity.findings.len());
                assert!(
                    endpoints <= 1000 && findings < 80,
                    "{endpoints} endpoints, {findings} findings"
                );
                for finding in &entity.findings {
                    let shown = finding.to_string();
                    assert!(shown.len() < 4000, "{shown}");
                }
            }
            ParsedEntity::Other => {}
        }
    }
    Ok(())
}

/// Shortly after the seeds were issued.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_219_800)
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|why| why.to_string())
}

fn inbound(xml: &str) -> InboundMessage {
    InboundMessage {
        binding: Binding::Redirect,
        kind: MessageKind::Request,
        xml: xml.to_owned(),
        relay_state: None,
        login_hint: None,
        signature: None,
    }
}

fn service_provider(entity_id: EntityId) -> ServiceProvider {
    let endpoints = (0..).zip(ACS_URLS).filter_map(|(index, location)| {
        Some(AssertionConsumerService {
            location: SpUrl::parse(location).ok()?,
            index: Some(index),
        })
    });
    ServiceProvider::with_defaults(entity_id, endpoints.collect())
}
