//! `EncryptedAssertion` (saml-core, 2.3.4): AES-GCM around the assertion, RSA-OAEP around the key.
//!
//! The key transport is `rsa-oaep-mgf1p` with SHA-1 as its digest and in its mask: the one pair that
//! libxmlsec1 1.2 (`mod_auth_mellon`, python3-saml, pysaml2) and Node's xml-encryption both open. OAEP
//! asks no more of its hash than SHA-1 still gives, and saml2int allows it in this one place (SDP-ALG03).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::{
    error::ErrorStack,
    pkey::{Id, PKey, Public},
    rsa::Padding,
    symm::{Cipher, encrypt_aead},
    x509::X509,
};

use crate::{
    crypto::strength::{self, UnusableKey},
    model::{key::Certificate, response_options::ContentCipher, secret::Secret},
    saml::urn::{self, ASSERTION, DSIG, XENC},
    xml::writer::XmlWriter,
};

/// How many random bytes one encryption takes: the longest key and the initialisation vector.
pub const RANDOM_LEN: usize = MAX_KEY_LEN + IV_LEN;

const MAX_KEY_LEN: usize = 32;
/// The length that GCM wants (xmlenc-core1, 5.2.4).
const IV_LEN: usize = 12;
const TAG_LEN: usize = 16;

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

/// Why a certificate cannot be encrypted to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnusableRecipient {
    /// OpenSSL does not read it, or finds no key in it.
    #[error("it holds no key that can be read")]
    Unreadable,
    /// RSA-OAEP needs an RSA key.
    #[error("its key is not an RSA key, and only to an RSA key can an assertion be encrypted")]
    NotRsa,
    /// A key that is not used, for what is said of it.
    #[error("its key is {0}")]
    Unusable(UnusableKey),
}

/// Whether an assertion can be encrypted to the key of `certificate`.
pub fn check_recipient(certificate: &Certificate) -> Result<(), UnusableRecipient> {
    public_key(certificate).map(drop)
}

fn public_key(certificate: &Certificate) -> Result<PKey<Public>, UnusableRecipient> {
    let key = X509::from_der(&certificate.der)
        .and_then(|x509| x509.public_key())
        .map_err(|_why| UnusableRecipient::Unreadable)?;
    if key.id() != Id::RSA {
        return Err(UnusableRecipient::NotRsa);
    }
    match strength::assess(&key) {
        Ok(()) => Ok(key),
        Err(why) => Err(UnusableRecipient::Unusable(why)),
    }
}

/// Why an assertion could not be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate that should not have come this far.
    #[error("the service provider's certificate cannot be encrypted to: {0}")]
    Certificate(#[from] UnusableRecipient),
    /// OpenSSL failed.
    #[error("the assertion could not be encrypted")]
    Encrypting(#[from] ErrorStack),
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
        let (algorithm, key_length, cipher) = match self.cipher {
            ContentCipher::Aes128Gcm => (urn::AES128_GCM, 16, Cipher::aes_128_gcm()),
            ContentCipher::Aes256Gcm => (urn::AES256_GCM, MAX_KEY_LEN, Cipher::aes_256_gcm()),
        };
        let key = key.get(..key_length).unwrap_or(key);
        let wrapped = wrap_key(key, &public_key(self.certificate)?)?;
        let mut tag = [0; TAG_LEN];
        let sealed = encrypt_aead(cipher, key, Some(iv), &[], assertion.as_bytes(), &mut tag)?;
        // The initialisation vector, the text, the tag, in one (xmlenc-core1, 5.2.4).
        let content = STANDARD.encode([iv, &sealed, &tag].concat());

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

/// RSA-OAEP with SHA-1 in both places; the seed is of OpenSSL's own chance.
fn wrap_key(key: &[u8], recipient: &PKey<Public>) -> Result<Vec<u8>, ErrorStack> {
    let rsa = recipient.rsa()?;
    let mut wrapped = vec![0; usize::try_from(rsa.size()).unwrap_or_default()];
    let length = rsa.public_encrypt(key, &mut wrapped, Padding::PKCS1_OAEP)?;
    wrapped.truncate(length);
    Ok(wrapped)
}

fn write_cipher_data(base64: &str, to: &mut XmlWriter) {
    to.open("xenc:CipherData", &[], &[]);
    to.leaf("xenc:CipherValue", &[], &[], base64);
    to.close("xenc:CipherData");
}
