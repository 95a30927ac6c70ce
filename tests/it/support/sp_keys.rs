//! Keys of service providers, and the ways in which they encode a signed query.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{model::key::Certificate, provider::applications, saml::binding::redirect::deflate_base64};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    sign::{Signer, Verifier},
    x509::{X509, X509Builder, X509NameBuilder},
};

/// A key with its self-signed certificate.
pub(crate) struct SpKey {
    private: PKey<Private>,
    pub(crate) certificate: Certificate,
    pub(crate) pem: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum SignatureFormat {
    AsOpenSsl,
    /// As XML Signature encodes ECDSA: r‖s.
    RawEcdsa,
}

/// A certificate of `key` for `subject`, valid for `days` days and not yet signed.
pub(crate) fn certificate_builder(key: &PKey<Private>, subject: &str, days: u32) -> X509Builder {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", subject).unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder
        .set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(days).unwrap())
        .unwrap();
    builder
}

impl SpKey {
    pub(crate) fn rsa(bits: u32) -> Self {
        Self::from_private(PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        Self::from_private(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    fn from_private(key: PKey<Private>) -> Self {
        let mut builder = certificate_builder(&key, "sp.example", 30);
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let pem = builder.build().to_pem().unwrap();
        let certificate = applications::read_certificates(&pem).unwrap().remove(0);
        Self {
            private: key,
            certificate,
            pem,
        }
    }

    pub(crate) fn private_pem(&self) -> Vec<u8> {
        self.private.private_key_to_pem_pkcs8().unwrap()
    }

    pub(crate) fn sign(&self, octets: &[u8], digest: MessageDigest, format: SignatureFormat) -> Vec<u8> {
        let der = Signer::new(digest, &self.private)
            .unwrap()
            .sign_oneshot_to_vec(octets)
            .unwrap();
        match format {
            SignatureFormat::AsOpenSsl => der,
            SignatureFormat::RawEcdsa => {
                let signature = EcdsaSig::from_der(&der).unwrap();
                let part = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
                [part(signature.r()), part(signature.s())].concat()
            }
        }
    }

    /// The query that carries `xml`, encoded in `style` and signed.
    pub(crate) fn signed_query(
        &self,
        xml: &str,
        relay: Option<&str>,
        style: PercentEncoding,
        algorithm: (&str, MessageDigest, SignatureFormat),
    ) -> String {
        let mut query = format!("SAMLRequest={}", style(&deflate_base64(xml)));
        if let Some(relay) = relay {
            query.push_str("&RelayState=");
            query.push_str(&style(relay));
        }
        query.push_str("&SigAlg=");
        query.push_str(&style(algorithm.0));
        let signature = self.sign(query.as_bytes(), algorithm.1, algorithm.2);
        query.push_str("&Signature=");
        query.push_str(&style(&STANDARD.encode(signature)));
        query
    }
}

/// How a sender percent-encodes.
pub(crate) type PercentEncoding = fn(&str) -> String;

pub(crate) const PERCENT_ENCODINGS: [(&str, PercentEncoding); 5] = [
    ("upper hex", |text| {
        percent_encode_with(text, "-_.~", false, false)
    }),
    ("lower hex", |text| percent_encode_with(text, "-_.~", true, false)),
    ("plus for a blank", |text| {
        percent_encode_with(text, "-_.", true, true)
    }),
    ("as Node does", |text| {
        percent_encode_with(text, "-_.!~*'()", false, false)
    }),
    ("slash and colon bare", |text| {
        percent_encode_with(text, "-_.~/:", false, false)
    }),
];

fn percent_encode_with(text: &str, unescaped: &str, lower: bool, plus: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' if plus => "+".to_owned(),
            _ if byte.is_ascii_alphanumeric() || unescaped.as_bytes().contains(&byte) => {
                char::from(byte).to_string()
            }
            _ if lower => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Whether our signature over the query of `address` is by `certificate`, octet for octet.
pub(crate) fn query_signature_is_valid(address: &str, certificate: &Certificate) -> bool {
    let query = address.split_once('?').unwrap().1;
    let from = query.find("SAMLRe").unwrap();
    let (octets, signature) = query[from..].split_once("&Signature=").unwrap();
    let signature = signature
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    let key = X509::from_der(&certificate.der).unwrap().public_key().unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    verifier
        .verify_oneshot(&STANDARD.decode(signature).unwrap(), octets.as_bytes())
        .unwrap()
}
