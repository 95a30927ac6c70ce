//! `EncryptedAssertion` (saml-core, 2.3.4): AES-GCM around the assertion, RSA-OAEP around the key.
//!
//! The key transport is `rsa-oaep-mgf1p` with SHA-1 as its digest and in its mask: the one pair that
//! libxmlsec1 1.2 (`mod_auth_mellon`, python3-saml, pysaml2) and Node's xml-encryption both open. OAEP
//! asks no more of its hash than SHA-1 still gives, and saml2int allows it in this one place (SDP-ALG03).

use std::fmt;

use crate::{
    crypto::{
        encrypt::{Recipient, UnusableRecipient, aes_gcm_encrypt},
        error::OpenSslError,
    },
    model::{key::Certificate, response_options::ContentCipher, secret::Secret},
    saml::urn::{self, ASSERTION, DSIG, XENC},
    xml::writer::XmlWriter,
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// How many random bytes one encryption takes: the longest key and the initialisation vector.
pub const RANDOM_LEN: usize = MAX_KEY_LEN + IV_LEN;

const MAX_KEY_LEN: usize = 32;
/// The length that GCM wants (xmlenc-core1, 5.2.4).
const IV_LEN: usize = 12;

/// Encrypts one assertion for one service provider.
pub struct AssertionEncryption<'a> {
    cipher: ContentCipher,
    certificate: &'a Certificate,
    random: Secret<[u8; RANDOM_LEN]>,
}

impl fmt::Debug for AssertionEncryption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Envelope({:?}, {})", self.cipher, self.certificate.sha256)
    }
}

/// Whether an assertion can be encrypted to the key of `certificate`.
pub fn check_recipient(certificate: &Certificate) -> Result<(), UnusableRecipient> {
    Recipient::from_certificate(certificate).map(drop)
}

/// Why an assertion could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate that should not have come this far.
    #[error("the service provider's certificate cannot be encrypted to: {0}")]
    Certificate(#[from] UnusableRecipient),
    /// OpenSSL failed.
    #[error("the assertion could not be encrypted")]
    Encrypting(#[from] OpenSslError),
}

impl<'a> AssertionEncryption<'a> {
    /// Takes the random bytes of one encryption; they are used for no second one, as one key and
    /// initialisation vector must never meet two texts.
    pub const fn new(
        cipher: ContentCipher,
        certificate: &'a Certificate,
        random: Secret<[u8; RANDOM_LEN]>,
    ) -> Self {
        Self {
            cipher,
            certificate,
            random,
        }
    }

    /// Encrypts `assertion`, which declares every namespace that it uses, and writes the
    /// `EncryptedAssertion` with the key inside (saml-core, 6.1; errata E43).
    pub(super) fn write(self, assertion: &str, to: &mut XmlWriter) -> Result<(), Error> {
        let (key, iv) = self.random.expose().split_at(MAX_KEY_LEN);
        let (algorithm, key_length) = match self.cipher {
            ContentCipher::Aes128Gcm => (urn::AES128_GCM, 16),
            ContentCipher::Aes256Gcm => (urn::AES256_GCM, MAX_KEY_LEN),
        };
        let key = key.get(..key_length).unwrap_or(key);
        let wrapped = Recipient::from_certificate(self.certificate)?.wrap_key(key)?;
        let sealed = aes_gcm_encrypt(key, iv, &[], assertion.as_bytes())?;
        // The initialisation vector, the text, the tag, in one (xmlenc-core1, 5.2.4).
        let content = STANDARD.encode([iv, &sealed].concat());

        to.open("saml:EncryptedAssertion", &[("saml", ASSERTION)], &[]);
        to.open(
            "xenc:EncryptedData",
            &[("xenc", XENC)],
            &[("Type", urn::XENC_ELEMENT)],
        );
        to.leaf("xenc:EncryptionMethod", &[], &[("Algorithm", algorithm)], "");
        to.open("ds:KeyInfo", &[("ds", DSIG)], &[]);
        to.open("xenc:EncryptedKey", &[], &[]);
        to.open(
            "xenc:EncryptionMethod",
            &[],
            &[("Algorithm", urn::RSA_OAEP_MGF1P)],
        );
        to.leaf("ds:DigestMethod", &[], &[("Algorithm", urn::SHA1_IN_OAEP)], "");
        to.close("xenc:EncryptionMethod");
        to.open("ds:KeyInfo", &[], &[]);
        to.open("ds:X509Data", &[], &[]);
        let certificate = STANDARD.encode(&self.certificate.der);
        to.leaf("ds:X509Certificate", &[], &[], &certificate);
        to.close("ds:X509Data");
        to.close("ds:KeyInfo");
        write_cipher_data(&STANDARD.encode(wrapped), to);
        to.close("xenc:EncryptedKey");
        to.close("ds:KeyInfo");
        write_cipher_data(&content, to);
        to.close("xenc:EncryptedData");
        to.close("saml:EncryptedAssertion");
        Ok(())
    }
}

fn write_cipher_data(base64: &str, to: &mut XmlWriter) {
    to.open("xenc:CipherData", &[], &[]);
    to.leaf("xenc:CipherValue", &[], &[], base64);
    to.close("xenc:CipherData");
}
