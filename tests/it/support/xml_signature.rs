//! XML signatures as service providers make them: templates that the `xmlsec1` command fills in, so that none of our
//! code takes part.

use std::{fs, process::Command};

use hallpass::saml::urn::{DSIG, ENVELOPED_SIGNATURE, EXC_C14N, RSA_SHA256, SHA256};

/// A signature's template, without digest and value.
#[derive(Clone, Debug)]
pub(crate) struct SignatureTemplate<'a> {
    pub(crate) algorithm: &'a str,
    pub(crate) c14n: &'a str,
    /// Inside `CanonicalizationMethod`.
    pub(crate) c14n_parameters: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) transforms: String,
    pub(crate) digest: &'a str,
    /// A second `Reference`, as a whole element.
    pub(crate) more_references: &'a str,
    /// XML after `SignatureValue`.
    pub(crate) after_signature_value: &'a str,
    /// `ds:`, or empty where the signature namespace is the default.
    pub(crate) prefix: &'a str,
}

pub(crate) fn transform(algorithm: &str, inside: &str) -> String {
    format!("<ds:Transform Algorithm=\"{algorithm}\">{inside}</ds:Transform>")
}

/// Over the whole message `id`, as SAML prescribes.
pub(crate) fn saml_template(id: &str) -> SignatureTemplate<'_> {
    SignatureTemplate {
        algorithm: RSA_SHA256,
        c14n: EXC_C14N,
        c14n_parameters: "",
        uri: id,
        transforms: transform(ENVELOPED_SIGNATURE, "") + &transform(EXC_C14N, ""),
        digest: SHA256,
        more_references: "",
        after_signature_value: "",
        prefix: "ds:",
    }
}

impl SignatureTemplate<'_> {
    pub(crate) fn xml(&self) -> String {
        let uri = if self.uri.is_empty() || self.uri.contains([':', '#', '/']) {
            self.uri.to_owned()
        } else {
            format!("#{}", self.uri)
        };
        let xml = format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{}\">{}</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"/><ds:Reference URI=\"{uri}\"><ds:Transforms>{}</ds:Transforms><ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue/></ds:Reference>{}</ds:SignedInfo><ds:SignatureValue/>{}</ds:Signature>",
            self.c14n,
            self.c14n_parameters,
            self.algorithm,
            self.transforms,
            self.digest,
            self.more_references,
            self.after_signature_value,
        );
        if self.prefix == "ds:" {
            xml
        } else {
            xml.replace("xmlns:ds=", "xmlns=").replace("ds:", self.prefix)
        }
    }
}

/// Puts `part` at the end of the signature of a signed message, where nothing is signed.
pub(crate) fn append_to_signature(xml: &str, part: &str) -> String {
    xml.replacen("</ds:Signature>", &format!("{part}</ds:Signature>"), 1)
}

/// Puts `part` after the `Issuer` of a message.
pub(crate) fn insert_after_issuer(xml: &str, part: &str) -> String {
    xml.replacen("</saml:Issuer>", &format!("</saml:Issuer>{part}"), 1)
}

/// Fills in the one template in `xml` with `xmlsec1`.
pub(crate) fn sign_with_xmlsec1(xml: &str, private_pem: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key.pem");
    fs::write(&key, private_pem).unwrap();
    run_xmlsec1(&["--privkey-pem", key.to_str().unwrap()], xml)
}

/// Like [`sign_with_xmlsec1`], with an HMAC under `secret`.
pub(crate) fn hmac_with_xmlsec1(xml: &str, secret: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key.bin");
    fs::write(&key, secret).unwrap();
    run_xmlsec1(&["--hmackey", key.to_str().unwrap()], xml)
}

fn run_xmlsec1(key: &[&str], xml: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (template, signed) = (dir.path().join("template.xml"), dir.path().join("signed.xml"));
    fs::write(&template, xml).unwrap();
    let mut command = Command::new("xmlsec1");
    command.arg("--sign").args(key);
    for name in ["AuthnRequest", "LogoutRequest", "LogoutResponse", "Response"] {
        command
            .arg("--id-attr:ID")
            .arg(format!("urn:oasis:names:tc:SAML:2.0:protocol:{name}"));
    }
    let done = command
        .arg("--output")
        .arg(&signed)
        .arg(&template)
        .output()
        .expect("xmlsec1 is installed");
    assert!(
        done.status.success(),
        "{} {xml}",
        String::from_utf8_lossy(&done.stderr)
    );
    fs::read_to_string(&signed).unwrap()
}
