//! Our signatures: on XML that is canonical as it was written, and on the query of an address.

use std::fmt;

use crate::{
    crypto::{error::OpenSslError, hash::DigestAlgorithm, sign::PrivateKey},
    model::{
        key::{Certificate, SigningKey},
        response_options::SignatureAlgorithm,
    },
    saml::urn,
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Signs with one key. Everything that is the same for every message is rendered once.
pub struct Signer {
    key: PrivateKey,
    certificate: Certificate,
    rsa_sha256: SignedInfoTemplate,
    rsa_sha384: SignedInfoTemplate,
    rsa_sha512: SignedInfoTemplate,
    key_info: String,
}

/// The constant parts of a `SignedInfo`, for one algorithm.
struct SignedInfoTemplate {
    before_id: String,
    before_digest: String,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.certificate.sha256)
    }
}

/// What stands before `SignedInfo`'s content where it is signed: there it is the outermost element and
/// carries the namespace, which in the message stands on `Signature`.
const SIGNED_INFO_START: &str = "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
const SIGNATURE_START: &str = "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>";
const AFTER_DIGEST: &str = "</ds:DigestValue></ds:Reference></ds:SignedInfo>";

impl Signer {
    /// Makes a signer; the key is parsed here and never again.
    pub fn new(key: &SigningKey) -> Result<Self, OpenSslError> {
        Ok(Self {
            key: PrivateKey::from_pkcs8(&key.private)?,
            certificate: key.certificate.clone(),
            rsa_sha256: SignedInfoTemplate::new(SignatureAlgorithm::RsaSha256),
            rsa_sha384: SignedInfoTemplate::new(SignatureAlgorithm::RsaSha384),
            rsa_sha512: SignedInfoTemplate::new(SignatureAlgorithm::RsaSha512),
            key_info: format!(
                "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
                STANDARD.encode(&key.certificate.der)
            ),
        })
    }

    /// The certificate that belongs to the key.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs the element `head``tail`, which is canonical as it stands and whose ID is `id`, and puts
    /// the signature between the two (saml-core, 5.4).
    pub fn sign_enveloped(
        &self,
        algorithm: SignatureAlgorithm,
        head: &str,
        tail: &str,
        id: &str,
    ) -> Result<String, OpenSslError> {
        let rendered = match algorithm {
            SignatureAlgorithm::RsaSha256 => &self.rsa_sha256,
            SignatureAlgorithm::RsaSha384 => &self.rsa_sha384,
            SignatureAlgorithm::RsaSha512 => &self.rsa_sha512,
        };
        let digest = STANDARD.encode(digest_algorithm(algorithm).digest(&[head.as_bytes(), tail.as_bytes()]));
        let info = [
            &rendered.before_id,
            id,
            &rendered.before_digest,
            &digest,
            AFTER_DIGEST,
        ]
        .concat();
        let signed = [SIGNED_INFO_START.as_bytes(), info.as_bytes()];
        let value = STANDARD.encode(self.key.sign(digest_algorithm(algorithm), &signed)?);
        Ok([
            head,
            SIGNATURE_START,
            &info,
            "<ds:SignatureValue>",
            &value,
            &self.key_info,
            tail,
        ]
        .concat())
    }

    /// Signs the octets of a query (saml-bindings, 3.4.4.1).
    pub fn sign_octets(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, OpenSslError> {
        self.key.sign(digest_algorithm(algorithm), &[octets])
    }
}

impl SignedInfoTemplate {
    fn new(algorithm: SignatureAlgorithm) -> Self {
        let (c14n, enveloped) = (urn::EXC_C14N, urn::ENVELOPED_SIGNATURE);
        let digest = match algorithm {
            SignatureAlgorithm::RsaSha256 => urn::SHA256,
            SignatureAlgorithm::RsaSha384 => urn::SHA384,
            SignatureAlgorithm::RsaSha512 => urn::SHA512,
        };
        Self {
            before_id: format!(
                "<ds:CanonicalizationMethod Algorithm=\"{c14n}\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod><ds:Reference URI=\"#",
                signature_uri(algorithm)
            ),
            before_digest: format!(
                "\"><ds:Transforms><ds:Transform Algorithm=\"{enveloped}\"></ds:Transform><ds:Transform Algorithm=\"{c14n}\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"></ds:DigestMethod><ds:DigestValue>"
            ),
        }
    }
}

/// The URI of an algorithm, as `SignatureMethod` and `SigAlg` name it.
pub const fn signature_uri(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaSha256 => urn::RSA_SHA256,
        SignatureAlgorithm::RsaSha384 => urn::RSA_SHA384,
        SignatureAlgorithm::RsaSha512 => urn::RSA_SHA512,
    }
}

const fn digest_algorithm(algorithm: SignatureAlgorithm) -> DigestAlgorithm {
    match algorithm {
        SignatureAlgorithm::RsaSha256 => DigestAlgorithm::Sha256,
        SignatureAlgorithm::RsaSha384 => DigestAlgorithm::Sha384,
        SignatureAlgorithm::RsaSha512 => DigestAlgorithm::Sha512,
    }
}
