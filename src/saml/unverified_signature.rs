//! A signature as it came, before anybody has held it against a key.

/// What a signature claims.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnverifiedSignature {
    /// `SigAlg` or `SignatureMethod`, as a URI.
    pub algorithm: String,
    /// The signature itself, decoded.
    pub value: Vec<u8>,
    /// What it is over.
    pub input: SignatureInput,
}

/// What a signature is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SignatureInput {
    /// These octets, as they came: `SAMLRequest=…&RelayState=…&SigAlg=…` (saml-bindings, 3.4.4.1).
    Bytes(Vec<u8>),
    /// Those that the XML signature inside this message is over. They are computed when a key is there that could
    /// fit, and not before: their canonical form is the dear part, and anybody can send a message.
    Enveloped(String),
}
