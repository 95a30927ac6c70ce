//! What each fuzz target does with its bytes. The targets and the plain test over the seeds
//! (`tests/it/corpus.rs`) share it: a panic is a find; what comes back is `Ok` where the input was taken,
//! else why not.

use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    keys::pem,
    model::{
        application::{AssertionConsumerService, Binding, EntityId, ServiceProvider, SpUrl},
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
        xml::MAX_DOCUMENT,
    },
};

const ENTITY_ID: &str = "https://idp.example/saml/metadata";
const SSO: &str = "https://idp.example/saml/sso";
const SLO: &str = "https://idp.example/saml/slo";
/// What every service provider of the seeds has registered; the first is the default.
const ACS_URLS: [&str; 3] = [
    "https://sp.example/acs",
    "https://auth0.openai.com/login/callback?connection=org-TEST",
    "http://localhost:9999/acs",
];

/// A raw query, as the Sign-in URL and the Sign-out URL get it.
pub(crate) fn redirect_query(bytes: &[u8]) -> Result<(), String> {
    let query = text(bytes)?;
    let inbound = redirect::decode(query).map_err(|why| why.to_string())?;
    assert!(inbound.xml.len() <= MAX_DOCUMENT);
    assert!(
        inbound
            .relay_state
            .as_ref()
            .is_none_or(|state| state.len() <= redirect::MAX_RELAY_STATE)
    );
    // Whatever was carried goes on to the readers, as it does in the house.
    let _whatever = authn_request::read(&inbound);
    let _whatever = request::read(&inbound);
    let _whatever = response::read(&inbound);
    Ok(())
}

/// A form, as the Sign-in URL and the Sign-out URL get it; whatever it carries goes on to its reader, XML signature
/// and all.
pub(crate) fn post_form(bytes: &[u8]) -> Result<(), String> {
    let inbound = post::decode("", bytes).map_err(|why| why.to_string())?;
    assert!(inbound.xml.len() <= MAX_DOCUMENT);
    let read = match inbound.kind {
        MessageKind::Response => response::read(&inbound).map(drop),
        MessageKind::Request => authn_request::read(&inbound)
            .map(drop)
            .or_else(|_other| request::read(&inbound).map(drop)),
    };
    read.map_err(|why| why.to_string())
}

/// The XML of an `AuthnRequest`, accepted against a service provider that has its issuer.
pub(crate) fn authn_request(bytes: &[u8]) -> Result<(), String> {
    let request = authn_request::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    let sp = service_provider(request.unverified().issuer.clone());
    let ours = EntityId::parse(ENTITY_ID).map_err(|why| why.to_string())?;
    let verified = request
        .verify(&sp.signing_certificates)
        .map_err(|why| why.to_string())?;
    let context = ValidationContext {
        sp: &sp,
        formats: &NameIdFormat::ALL,
        entity_id: &ours,
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
            Ok(())
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

/// The XML of a `LogoutRequest`.
pub(crate) fn logout_request(bytes: &[u8]) -> Result<(), String> {
    let request = request::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    match request.unverified().refusal(SLO, &Policy::default(), now()) {
        None => Ok(()),
        Some(refusal) => Err(refusal.to_string()),
    }
}

/// The XML of a `LogoutResponse`, from whoever it says that it comes.
pub(crate) fn logout_response(bytes: &[u8]) -> Result<(), String> {
    let response = response::read(&inbound(text(bytes)?)).map_err(|why| why.to_string())?;
    let response = response.unverified();
    match response.refusal(SLO, &response.issuer) {
        None if response.confirms() => Ok(()),
        None => Err("another status than Success".to_owned()),
        Some(refusal) => Err(refusal.to_string()),
    }
}

/// A service provider's metadata.
pub(crate) fn sp_metadata(bytes: &[u8]) -> Result<(), String> {
    sp::read(text(bytes)?, None, now())
        .map(drop)
        .map_err(|why| why.to_string())
}

/// The metadata of many, read without asking for a signature; what is found wrong with one of them is found with
/// all. Where the development key signed it, it is read in two passes besides.
pub(crate) fn aggregate(bytes: &[u8]) -> Result<(), String> {
    let pem = include_bytes!("../../certs/development-only.cert.pem");
    let certificates = pem::parse_certificates(pem).map_err(|why| why.to_string())?;
    if let Ok(checked) = aggregate::verify(bytes, &certificates, now(), |_progress| ()) {
        for found in aggregate::entities(bytes, &checked, now()).map_err(|why| why.to_string())? {
            // What was verified is well-formed, and the same when it is read.
            assert!(found.is_ok() || matches!(found, Err(Error::Bad(BadMetadata::Malformed(_)))));
        }
    }
    let entities = aggregate::entities(bytes, &FileVerification::without_signature(), now());
    for found in entities.map_err(|why| why.to_string())? {
        match found.map_err(|why| why.to_string())? {
            ParsedEntity::Unusable { why, .. } => return Err(why.to_string()),
            ParsedEntity::ServiceProvider(entity) => {
                assert!(entity.acs_endpoints.len() <= 1000 && entity.findings.len() < 80);
                for finding in &entity.findings {
                    assert!(finding.to_string().len() < 4000);
                }
            }
            ParsedEntity::Other => {}
        }
    }
    Ok(())
}

/// When the seeds are read: a little after they were issued.
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
    let consumers = (0..).zip(ACS_URLS).filter_map(|(index, location)| {
        Some(AssertionConsumerService {
            location: SpUrl::parse(location).ok()?,
            index: Some(index),
        })
    });
    ServiceProvider::with_defaults(entity_id, consumers.collect())
}
