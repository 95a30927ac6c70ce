//! A message on its way in: what the browser brought, and what was carried by it.

use crate::{
    model::{application::Binding, user::Email},
    saml::{
        binding::{post, redirect},
        enveloped,
        refusal::Refusal,
        unverified_signature::UnverifiedSignature,
        xml::Element,
    },
};

/// What a browser brought, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RawMessage {
    /// The raw query of the address.
    Query(String),
    /// A form: the raw query of the address that it was sent to, and its octets.
    Form {
        /// What stands behind `?`.
        query: String,
        /// `application/x-www-form-urlencoded`.
        body: Vec<u8>,
    },
    /// A body of another content type, or one that broke off.
    Unreadable,
    /// A body that was not read to its end: there is more of it than [`post::MAX_BODY`].
    TooLong,
}

impl RawMessage {
    /// Reads it by the binding that it came over.
    pub fn decode(&self) -> Result<InboundMessage, Refusal> {
        match self {
            Self::Query(query) => redirect::decode(query),
            Self::Form { query, body } => post::decode(query, body),
            Self::Unreadable => Err(Refusal::Malformed("a body that is no form")),
            Self::TooLong => Err(post::TOO_LONG),
        }
    }
}

/// What a message is, by the parameter that carried it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageKind {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

/// A message as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InboundMessage {
    /// What it came over.
    pub binding: Binding,
    /// Request or response.
    pub kind: MessageKind,
    /// The XML.
    pub xml: String,
    /// To be returned as it is; absent is not the same as empty.
    pub relay_state: Option<String>,
    /// Whom the sender expects, by e-mail address: to fill in the login form, and no more.
    pub login_hint: Option<Email>,
    /// Over the octets of a query as they came; none over HTTP-POST, where the signature is in the XML.
    pub signature: Option<UnverifiedSignature>,
}

impl InboundMessage {
    /// The signature that counts for the message whose root is `root`. Over HTTP-Redirect it is the one in the
    /// address: one in the XML should have been taken out, and says nothing (saml-bindings, 3.4.4.1).
    pub(in crate::saml) fn signature_of(
        &self,
        root: Element<'_, '_>,
    ) -> Result<Option<UnverifiedSignature>, Refusal> {
        match self.binding {
            Binding::Redirect => Ok(self.signature.clone()),
            Binding::Post => enveloped::unverified_signature(root, &self.xml),
        }
    }
}
