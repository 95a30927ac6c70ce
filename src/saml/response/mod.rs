//! `Response` (saml-core, 3.3.3), with an assertion that says who signed in, or a status that says why not.

use chrono::{DateTime, Utc};

use crate::{
    crypto::error::OpenSslError,
    model::{
        application::{EntityId, SpUrl},
        name_id::NameId,
        policy::Policy,
        response_options::{SignatureAlgorithm, SignedParts},
    },
    saml::{
        attribute::{self, Attribute},
        encryption::{self, AssertionEncryption},
        refusal::StatusCodes,
        signer::Signer,
        urn::{self, ASSERTION, PROTOCOL, status},
    },
    xml::{
        time::format_date_time,
        writer::{Unwritable, XmlWriter},
    },
};

/// Why a message could not be written. Never the peer's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that should have been refused before.
    #[error("a value cannot be written")]
    Unwritable(#[from] Unwritable),
    #[error("the signature could not be made")]
    Signing(#[from] OpenSslError),
    /// It has to be encrypted, and no certificate can be used for that.
    #[error("the assertion must be encrypted, and no certificate of the application is fit for it")]
    NoRecipient,
    #[error("the assertion could not be encrypted")]
    Encrypting(#[from] encryption::Error),
}

/// What every response contains.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHeader<'a> {
    pub issuer: &'a EntityId,
    /// 160 random bits (saml-core, 1.3.4).
    pub id: &'a str,
    pub acs: &'a SpUrl,
    /// The `ID` of the request; none in an unsolicited response.
    pub in_response_to: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// The content of an assertion.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    pub id: &'a str,
    pub audience: &'a EntityId,
    pub name_id: &'a NameId,
    /// When the user entered the password.
    pub authenticated_at: DateTime<Utc>,
    /// The `AuthnContextClassRef`.
    pub context_class: &'a str,
    /// The session, as this service provider knows it.
    pub session_index: &'a str,
    pub attributes: &'a [Attribute<'a>],
}

/// How a response with an assertion is signed and encrypted.
#[derive(Debug)]
pub struct ResponseProtection<'a> {
    pub signer: &'a Signer,
    pub signed_parts: SignedParts,
    pub algorithm: SignatureAlgorithm,
    /// None: the assertion is not encrypted.
    pub encryption: Option<AssertionEncryption<'a>>,
}

/// Writes a response with an assertion. The assertion is signed first, then encrypted, and the response around it is
/// signed last (saml-core, 6.2): after decryption, the assertion's signature is unchanged.
pub fn success(
    header: &ResponseHeader<'_>,
    statement: &Assertion<'_>,
    policy: &Policy,
    protection: ResponseProtection<'_>,
) -> Result<String, Error> {
    let (signs_assertion, signs_response) = match protection.signed_parts {
        SignedParts::Assertion => (true, false),
        SignedParts::Response => (false, true),
        SignedParts::Both => (true, true),
    };
    let (head, tail) = assertion(header, statement, policy)?;
    let assertion = if signs_assertion {
        protection
            .signer
            .sign_enveloped(protection.algorithm, &head, &tail, statement.id)?
    } else {
        head + &tail
    };
    // Base64 makes the ciphertext a third longer, and the key and its certificate are added.
    let mut inside = XmlWriter::new(assertion.len() * 3 / 2 + 4096);
    write_status(&mut inside, (status::SUCCESS, None), None);
    match protection.encryption {
        Some(envelope) => envelope.write(&assertion, &mut inside)?,
        None => {
            inside.raw(&assertion);
        }
    }
    let (head, tail) = response(header, inside)?;
    if signs_response {
        Ok(protection
            .signer
            .sign_enveloped(protection.algorithm, &head, &tail, header.id)?)
    } else {
        Ok(head + &tail)
    }
}

/// Writes a response with an error status; `status_message` gives the service provider's administrator details. There
/// is no assertion to carry a signature, so the response is signed, whatever the application is configured for.
pub fn failure(
    header: &ResponseHeader<'_>,
    status: StatusCodes,
    status_message: &str,
    signer: &Signer,
    algorithm: SignatureAlgorithm,
) -> Result<String, Error> {
    let mut inside = XmlWriter::new(512);
    write_status(&mut inside, status, Some(status_message));
    let (head, tail) = response(header, inside)?;
    Ok(signer.sign_enveloped(algorithm, &head, &tail, header.id)?)
}

/// The response around `inside`, in two parts: the signature is inserted between them.
fn response(header: &ResponseHeader<'_>, mut inside: XmlWriter) -> Result<(String, String), Error> {
    let issued = format_date_time(header.now);
    let mut attributes = vec![("Destination", header.acs.as_str()), ("ID", header.id)];
    attributes.extend(header.in_response_to.map(|request| ("InResponseTo", request)));
    attributes.extend([("IssueInstant", issued.as_str()), ("Version", "2.0")]);
    let mut head = XmlWriter::new(768);
    head.open("samlp:Response", &[("samlp", PROTOCOL)], &attributes);
    head.leaf("saml:Issuer", &[("saml", ASSERTION)], &[], header.issuer.as_str());
    inside.close("samlp:Response");
    Ok((head.finish()?, inside.finish()?))
}

pub(super) fn write_status(to: &mut XmlWriter, (top, second): StatusCodes, status_message: Option<&str>) {
    to.open("samlp:Status", &[], &[]);
    to.open("samlp:StatusCode", &[], &[("Value", top)]);
    if let Some(second) = second {
        to.leaf("samlp:StatusCode", &[], &[("Value", second)], "");
    }
    to.close("samlp:StatusCode");
    if let Some(status_message) = status_message {
        to.leaf("samlp:StatusMessage", &[], &[], status_message);
    }
    to.close("samlp:Status");
}

/// A `NameID`, with the namespaces that must be declared on it.
pub(super) fn write_name_id(name: &NameId, namespaces: &[(&str, &str)], to: &mut XmlWriter) {
    let mut attributes = vec![("Format", name.format.as_str())];
    attributes.extend(name.name_qualifier.as_deref().map(|by| ("NameQualifier", by)));
    attributes.extend(
        name.sp_name_qualifier
            .as_deref()
            .map(|to| ("SPNameQualifier", to)),
    );
    to.leaf("saml:NameID", namespaces, &attributes, &name.value);
}

/// The assertion (saml-profiles, 4.1.4.2), in two parts: the signature is inserted between them. It declares its own
/// namespace, so that it is unchanged when it is taken out of the response.
fn assertion(
    header: &ResponseHeader<'_>,
    content: &Assertion<'_>,
    policy: &Policy,
) -> Result<(String, String), Error> {
    let issued = format_date_time(header.now);
    let not_before = format_date_time(header.now - policy.not_before_skew);
    let until = format_date_time(header.now + policy.assertion_lifetime);
    let authn_instant = format_date_time(content.authenticated_at);

    let mut head = XmlWriter::new(384);
    let attributes = [
        ("ID", content.id),
        ("IssueInstant", issued.as_str()),
        ("Version", "2.0"),
    ];
    head.open("saml:Assertion", &[("saml", ASSERTION)], &attributes);
    head.leaf("saml:Issuer", &[], &[], header.issuer.as_str());

    let mut tail = XmlWriter::new(3072);
    tail.open("saml:Subject", &[], &[]);
    write_name_id(content.name_id, &[], &mut tail);
    tail.open("saml:SubjectConfirmation", &[], &[("Method", urn::BEARER)]);
    let mut confirmation = Vec::with_capacity(3);
    confirmation.extend(header.in_response_to.map(|request| ("InResponseTo", request)));
    confirmation.extend([
        ("NotOnOrAfter", until.as_str()),
        ("Recipient", header.acs.as_str()),
    ]);
    tail.leaf("saml:SubjectConfirmationData", &[], &confirmation, "");
    tail.close("saml:SubjectConfirmation");
    tail.close("saml:Subject");
    tail.open(
        "saml:Conditions",
        &[],
        &[("NotBefore", &not_before), ("NotOnOrAfter", &until)],
    );
    tail.open("saml:AudienceRestriction", &[], &[]);
    tail.leaf("saml:Audience", &[], &[], content.audience.as_str());
    tail.close("saml:AudienceRestriction");
    tail.close("saml:Conditions");
    tail.open(
        "saml:AuthnStatement",
        &[],
        &[
            ("AuthnInstant", &authn_instant),
            ("SessionIndex", content.session_index),
        ],
    );
    tail.open("saml:AuthnContext", &[], &[]);
    tail.leaf("saml:AuthnContextClassRef", &[], &[], content.context_class);
    tail.close("saml:AuthnContext");
    tail.close("saml:AuthnStatement");
    attribute::write(content.attributes, &mut tail);
    tail.close("saml:Assertion");
    Ok((head.finish()?, tail.finish()?))
}

#[cfg(test)]
#[cfg(feature = "second-opinion")]
mod tests;
