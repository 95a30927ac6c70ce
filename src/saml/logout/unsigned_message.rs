//! A logout message of ours before it is signed.

use crate::{
    model::response_options::SignatureAlgorithm,
    saml::{response::Error, signer::Signer},
    xml::writer::XmlWriter,
};

/// A message of ours that is not signed yet. Over HTTP-Redirect it is sent unsigned, and the signature covers the
/// query (saml-bindings, 3.4.4.1); over HTTP-POST the signature is in the XML (saml-bindings, 3.5.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnsignedMessage {
    head: String,
    tail: String,
    id: String,
}

impl UnsignedMessage {
    /// `head` opens the element `id` and ends after its `Issuer`; `tail` closes it.
    pub(super) fn new(head: XmlWriter, tail: XmlWriter, id: &str) -> Result<Self, Error> {
        Ok(Self {
            head: head.finish()?,
            tail: tail.finish()?,
            id: id.to_owned(),
        })
    }

    /// The XML for a detached signature.
    pub fn unsigned_xml(&self) -> String {
        format!("{}{}", self.head, self.tail)
    }

    /// The XML with an enveloped signature.
    pub fn signed_xml(&self, signer: &Signer, algorithm: SignatureAlgorithm) -> Result<String, Error> {
        Ok(signer.sign_enveloped(algorithm, &self.head, &self.tail, &self.id)?)
    }
}
