//! An inbound message, decoded.

use crate::{
    model::{application::Binding, user::Email},
    saml::{enveloped, refusal::Refusal, unverified_signature::UnverifiedSignature},
    xml::tree::Element,
};

/// The kind of a message, by the parameter that carried it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MessageKind {
    Request,
    Response,
}

/// A decoded message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InboundMessage {
    pub binding: Binding,
    pub kind: MessageKind,
    pub xml: String,
    /// Returned unchanged; absent is not the same as empty.
    pub relay_state: Option<String>,
    /// The e-mail address of the user whom the sender expects: it prefills the sign-in form, and nothing more.
    pub login_hint: Option<Email>,
    /// Over the bytes of the query as they were sent; none over HTTP-POST, where the signature is in the XML.
    pub signature: Option<UnverifiedSignature>,
}

impl InboundMessage {
    /// The signature of the message whose root is `root`. Over HTTP-Redirect it is the one in the URL: one in the XML
    /// should have been removed, and proves nothing (saml-bindings, 3.4.4.1).
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
