//! `Response` (saml-core, 3.3.3), with an assertion that says who signed in, or a status that says why not.

use chrono::{DateTime, Utc};
use openssl::error::ErrorStack;

use crate::{
    model::{
        application::{AcsUrl, EntityId},
        name_id::NameId,
        policy::Policy,
    },
    saml::{
        attribute::{self, Attribute},
        canonical::{Unwritable, Writer, time},
        refusal::Status,
        signer::Signer,
        urn::{self, ASSERTION, PROTOCOL, status},
    },
};

/// Why a message could not be made. Never the peer's fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value that should not have come this far.
    #[error("a value cannot be written")]
    Unwritable(#[from] Unwritable),
    /// The key failed.
    #[error("the signature could not be made")]
    Signing(#[from] ErrorStack),
}

/// The frame of every response.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Us.
    pub issuer: &'a EntityId,
    /// `ID` of the response: 160 random bits (saml-core, 1.3.4).
    pub id: &'a str,
    /// Where it goes.
    pub consumer: &'a AcsUrl,
    /// The request that it answers; none if nobody asked.
    pub in_response_to: Option<&'a str>,
    /// When it is made.
    pub now: DateTime<Utc>,
}

/// What an assertion says.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// `ID` of the assertion.
    pub id: &'a str,
    /// Whom it is for.
    pub audience: &'a EntityId,
    /// Who signed in.
    pub name_id: &'a NameId,
    /// When the person gave the password.
    pub authenticated_at: DateTime<Utc>,
    /// The kind of login.
    pub context_class: &'a str,
    /// The session, as this service provider knows it.
    pub session_index: &'a str,
    /// What else is told.
    pub attributes: &'a [Attribute],
}

/// Writes a response with an assertion; both are signed.
pub fn success(
    frame: &Frame<'_>,
    statement: &Statement<'_>,
    policy: &Policy,
    signer: &Signer,
) -> Result<String, Error> {
    let assertion = assertion(frame, statement, policy, signer)?;
    let mut tail = Writer::new(assertion.len() + 256);
    write_status(&mut tail, (status::SUCCESS, None), None);
    tail.raw(&assertion);
    sign_response(frame, tail, signer)
}

/// Writes a response that only says why not; `words` tell the service provider's administrator more.
pub fn failure(frame: &Frame<'_>, status: Status, words: &str, signer: &Signer) -> Result<String, Error> {
    let mut tail = Writer::new(512);
    write_status(&mut tail, status, Some(words));
    sign_response(frame, tail, signer)
}

fn sign_response(frame: &Frame<'_>, mut tail: Writer, signer: &Signer) -> Result<String, Error> {
    let issued = time(frame.now);
    let mut attributes = vec![("Destination", frame.consumer.as_str()), ("ID", frame.id)];
    attributes.extend(frame.in_response_to.map(|request| ("InResponseTo", request)));
    attributes.extend([("IssueInstant", issued.as_str()), ("Version", "2.0")]);
    let mut head = Writer::new(768);
    head.open("samlp:Response", &[("samlp", PROTOCOL)], &attributes);
    head.leaf("saml:Issuer", &[("saml", ASSERTION)], &[], frame.issuer.as_str());
    tail.close("samlp:Response");
    Ok(signer.sign_between(&head.finish()?, &tail.finish()?, frame.id)?)
}

pub(super) fn write_status(to: &mut Writer, (top, second): Status, words: Option<&str>) {
    to.open("samlp:Status", &[], &[]);
    to.open("samlp:StatusCode", &[], &[("Value", top)]);
    if let Some(second) = second {
        to.leaf("samlp:StatusCode", &[], &[("Value", second)], "");
    }
    to.close("samlp:StatusCode");
    if let Some(words) = words {
        to.leaf("samlp:StatusMessage", &[], &[], words);
    }
    to.close("samlp:Status");
}

/// A `NameID`, with what namespace must be declared on it.
pub(super) fn write_name_id(name: &NameId, namespaces: &[(&str, &str)], to: &mut Writer) {
    let mut attributes = vec![("Format", name.format.as_str())];
    attributes.extend(name.name_qualifier.as_deref().map(|by| ("NameQualifier", by)));
    attributes.extend(
        name.sp_name_qualifier
            .as_deref()
            .map(|to| ("SPNameQualifier", to)),
    );
    to.leaf("saml:NameID", namespaces, &attributes, &name.value);
}

/// The assertion (saml-profiles, 4.1.4.2).
fn assertion(
    frame: &Frame<'_>,
    said: &Statement<'_>,
    policy: &Policy,
    signer: &Signer,
) -> Result<String, Error> {
    let issued = time(frame.now);
    let not_before = time(frame.now - policy.not_before_skew);
    let until = time(frame.now + policy.assertion_lifetime);
    let login = time(said.authenticated_at);

    let mut head = Writer::new(384);
    let attributes = [
        ("ID", said.id),
        ("IssueInstant", issued.as_str()),
        ("Version", "2.0"),
    ];
    head.open("saml:Assertion", &[("saml", ASSERTION)], &attributes);
    head.leaf("saml:Issuer", &[], &[], frame.issuer.as_str());

    let mut tail = Writer::new(3072);
    tail.open("saml:Subject", &[], &[]);
    write_name_id(said.name_id, &[], &mut tail);
    tail.open("saml:SubjectConfirmation", &[], &[("Method", urn::BEARER)]);
    let mut confirmation = Vec::with_capacity(3);
    confirmation.extend(frame.in_response_to.map(|request| ("InResponseTo", request)));
    confirmation.extend([
        ("NotOnOrAfter", until.as_str()),
        ("Recipient", frame.consumer.as_str()),
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
    tail.leaf("saml:Audience", &[], &[], said.audience.as_str());
    tail.close("saml:AudienceRestriction");
    tail.close("saml:Conditions");
    tail.open(
        "saml:AuthnStatement",
        &[],
        &[("AuthnInstant", &login), ("SessionIndex", said.session_index)],
    );
    tail.open("saml:AuthnContext", &[], &[]);
    tail.leaf("saml:AuthnContextClassRef", &[], &[], said.context_class);
    tail.close("saml:AuthnContext");
    tail.close("saml:AuthnStatement");
    attribute::write(said.attributes, &mut tail);
    tail.close("saml:Assertion");
    Ok(signer.sign_between(&head.finish()?, &tail.finish()?, said.id)?)
}

#[cfg(test)]
mod tests;
