//! Reading an `AuthnRequest`: every element and attribute that is understood.

use chrono::{DateTime, Utc};

use crate::{
    model::{application::EntityId, authn_context::RequestedAuthnContext, name_id::NameId},
    saml::{
        authn_context,
        binding::inbound::InboundMessage,
        message,
        refusal::Refusal,
        signature::Unverified,
        urn::{ASSERTION, DSIG, PROTOCOL},
    },
    xml::{
        characters::trim,
        tree::{Element, XmlDocument},
    },
};

/// A request as it was parsed; nothing in it is verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthnRequest {
    pub id: String,
    /// As it was written.
    pub version: String,
    pub issued_at: DateTime<Utc>,
    pub issuer: EntityId,
    /// Byte for byte.
    pub destination: Option<String>,
    /// Byte for byte.
    pub acs_url: Option<String>,
    pub acs_index: Option<u16>,
    pub protocol_binding: Option<String>,
    pub force_authn: bool,
    pub is_passive: bool,
    /// What else it asks for.
    pub options: RequestedOptions,
}

/// What a request may ask for besides a plain SSO.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestedOptions {
    pub name_id_format: Option<String>,
    pub sp_name_qualifier: Option<String>,
    pub authn_context: Option<RequestedAuthnContext>,
    pub subject: Option<RequestedSubject>,
    /// The entity IDs in `Scoping/IDPList`, if there is one.
    pub idp_list: Option<Vec<String>>,
    /// An element that is not supported here.
    pub unsupported: Option<&'static str>,
}

/// The user whom the request is about (saml-core, 3.4.1.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RequestedSubject {
    NameId(NameId),
    /// Identified in a way that is not supported here.
    Unsupported,
}

/// Parses a request from an inbound message.
pub fn read(inbound: &InboundMessage) -> Result<Unverified<AuthnRequest>, Refusal> {
    let document = XmlDocument::parse(&inbound.xml)?;
    let root = document.root(PROTOCOL, "AuthnRequest")?;
    let request = AuthnRequest {
        id: root.id()?,
        version: message::version(root),
        issued_at: message::issued_at(root)?,
        issuer: message::issuer(root)?,
        destination: message::destination(root),
        acs_url: root.attribute("AssertionConsumerServiceURL").map(str::to_owned),
        acs_index: root
            .attribute("AssertionConsumerServiceIndex")
            .map(acs_index)
            .transpose()?,
        protocol_binding: root.attribute("ProtocolBinding").map(str::to_owned),
        force_authn: root.boolean("ForceAuthn")?,
        is_passive: root.boolean("IsPassive")?,
        options: requested_options(root)?,
    };
    if request.acs_index.is_some() && request.acs_url.is_some() {
        return Err(Refusal::Malformed(
            "AssertionConsumerServiceIndex beside AssertionConsumerServiceURL",
        ));
    }
    Ok(Unverified::new(request, inbound.signature_of(root)?))
}

fn acs_index(text: &str) -> Result<u16, Refusal> {
    trim(text)
        .parse()
        .map_err(|_why| Refusal::Malformed("an AssertionConsumerServiceIndex that is no number"))
}

fn requested_options(root: Element<'_, '_>) -> Result<RequestedOptions, Refusal> {
    let mut options = RequestedOptions::default();
    for child in root.children()? {
        if child.is(ASSERTION, "Issuer") || child.is(PROTOCOL, "Extensions") || child.is(DSIG, "Signature") {
            // An XML signature is ignored over HTTP-Redirect (saml-bindings, 3.4.4.1), and unknown extensions must
            // not make a request fail.
        } else if child.is(ASSERTION, "Subject") {
            options.subject = subject(child)?;
        } else if child.is(PROTOCOL, "NameIDPolicy") {
            options.name_id_format = child.attribute("Format").map(str::to_owned);
            options.sp_name_qualifier = child.attribute("SPNameQualifier").map(str::to_owned);
            child.boolean("AllowCreate")?;
        } else if child.is(ASSERTION, "Conditions") {
            options.unsupported = Some("Conditions");
        } else if child.is(PROTOCOL, "RequestedAuthnContext") {
            options.authn_context = Some(authn_context::read(child)?);
        } else if child.is(PROTOCOL, "Scoping") {
            options.idp_list = idp_list(child)?;
        } else {
            return Err(Refusal::Malformed("an element that no AuthnRequest has"));
        }
    }
    for name in ["Subject", "Conditions"] {
        root.child(ASSERTION, name)?;
    }
    for name in ["NameIDPolicy", "RequestedAuthnContext", "Scoping", "Extensions"] {
        root.child(PROTOCOL, name)?;
    }
    Ok(options)
}

/// An empty name identifies nobody: some senders fill in a template with a hint that they do not have.
fn subject(element: Element<'_, '_>) -> Result<Option<RequestedSubject>, Refusal> {
    if element.child(ASSERTION, "SubjectConfirmation")?.is_some() {
        return Err(Refusal::Malformed("a Subject with a SubjectConfirmation"));
    }
    let Some(name) = element.child(ASSERTION, "NameID")? else {
        return Ok(Some(RequestedSubject::Unsupported));
    };
    let name = message::name_id(name)?;
    let name = NameId {
        value: name.value.trim().to_owned(),
        ..name
    };
    Ok(if name.value.is_empty() {
        None
    } else if name.value.len() > MAX_SUBJECT_LEN {
        // No user here has a longer one, and it is stored while the user signs in.
        Some(RequestedSubject::Unsupported)
    } else {
        Some(RequestedSubject::NameId(name))
    })
}

/// The longest name of a subject, in bytes.
const MAX_SUBJECT_LEN: usize = 1024;

fn idp_list(scoping: Element<'_, '_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(list) = scoping.child(PROTOCOL, "IDPList")? else {
        return Ok(None);
    };
    let mut found = Vec::new();
    for entry in list.children()? {
        if entry.is(PROTOCOL, "IDPEntry") {
            found.push(entry.attribute("ProviderID").unwrap_or_default().to_owned());
        }
    }
    Ok(Some(found))
}
