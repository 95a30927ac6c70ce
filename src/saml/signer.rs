//! Our signatures: on XML that is canonical as it was written, and on the query of an address.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    pkey::{PKey, Private},
    sha::Sha256,
    sign,
};

use crate::{
    model::key::{Certificate, SigningKey},
    saml::urn,
};

/// Signs with one key. Everything that is the same for every message is rendered once.
pub struct Signer {
    key: PKey<Private>,
    certificate: Certificate,
    before_uri: String,
    after_digest: String,
    key_info: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.certificate.sha256)
    }
}

/// What stands before `SignedInfo`'s content where it is signed: there it is the outermost element and
/// carries the namespace, which in the message stands on `Signature`.
const SIGNED_INFO_ALONE: &str = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
const SIGNED_INFO: &str = "<ds:SignedInfo>";

impl Signer {
    /// Makes a signer; the key is parsed here and never again.
    pub fn new(key: &SigningKey) -> Result<Self, ErrorStack> {
        let before_uri = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{c14n}\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{sign}\"></ds:SignatureMethod><ds:Reference URI=\"#",
            c14n = urn::EXC_C14N,
            sign = urn::RSA_SHA256
        );
        let after_digest = "</ds:DigestValue></ds:Reference></ds:SignedInfo>".to_owned();
        let key_info = format!(
            "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            STANDARD.encode(&key.certificate.der)
        );
        Ok(Self {
            key: PKey::private_key_from_pkcs8(key.private.expose())?,
            certificate: key.certificate.clone(),
            before_uri,
            after_digest,
            key_info,
        })
    }

    /// The certificate that belongs to the key.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs the element `head``tail`, which is canonical as it stands and whose ID is `id`, and puts
    /// the signature between the two (saml-core, 5.4).
    pub fn sign_between(&self, head: &str, tail: &str, id: &str) -> Result<String, ErrorStack> {
        let mut hasher = Sha256::new();
        hasher.update(head.as_bytes());
        hasher.update(tail.as_bytes());
        let digest = STANDARD.encode(hasher.finish());
        let middle = format!(
            "{before}{id}\"><ds:Transforms><ds:Transform Algorithm=\"{enveloped}\"></ds:Transform><ds:Transform Algorithm=\"{c14n}\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"{sha}\"></ds:DigestMethod><ds:DigestValue>{digest}{after}",
            before = self.before_uri,
            enveloped = urn::ENVELOPED,
            c14n = urn::EXC_C14N,
            sha = urn::SHA256,
            after = self.after_digest,
        );
        let mut signer = sign::Signer::new(MessageDigest::sha256(), &self.key)?;
        signer.update(SIGNED_INFO_ALONE.as_bytes())?;
        signer.update(middle.as_bytes())?;
        let value = STANDARD.encode(signer.sign_to_vec()?);
        let mut out = String::with_capacity(
            head.len() + tail.len() + middle.len() + value.len() + self.key_info.len() + 128,
        );
        for part in [
            head,
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
            SIGNED_INFO,
            &middle,
            "<ds:SignatureValue>",
            &value,
            &self.key_info,
            tail,
        ] {
            out.push_str(part);
        }
        Ok(out)
    }

    /// Signs the octets of a query with RSA-SHA256 (saml-bindings, 3.4.4.1).
    pub fn sign_octets(&self, octets: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut signer = sign::Signer::new(MessageDigest::sha256(), &self.key)?;
        signer.sign_oneshot_to_vec(octets)
    }
}
