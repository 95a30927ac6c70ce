//! Metadata signed by the `xmlsec1` command, and judged by it.

use std::{fs, path::Path, process::Command};

use crate::support::sp_keys::SpKey;

pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// The elements whose `ID` is an ID.
const ID_ELEMENTS: [&str; 2] = [
    "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor",
    "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
];

/// How something is signed.
#[derive(Clone, Copy)]
pub(super) struct SignatureParameters<'h> {
    pub(super) uri: &'h str,
    pub(super) canonicalization: &'h str,
    pub(super) signature_method: &'h str,
    pub(super) transforms: &'h str,
    pub(super) digest: &'h str,
    /// What stands behind the `SignatureValue`.
    pub(super) after_signature_value: &'h str,
}

/// The transforms of SAML.
pub(super) const TRANSFORMS: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";

impl Default for SignatureParameters<'_> {
    fn default() -> Self {
        Self {
            uri: "#_root",
            canonicalization: EXCLUSIVE,
            signature_method: RSA_SHA256,
            transforms: TRANSFORMS,
            digest: SHA256,
            after_signature_value: "",
        }
    }
}

/// The two transforms of SAML, with prefixes that are declared as they come.
pub(super) fn transforms_with_prefixes(prefixes: &str) -> String {
    format!(
        "<ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXCLUSIVE}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"/></ds:Transform>"
    )
}

impl SignatureParameters<'_> {
    /// The signature with two holes.
    fn template(&self, digest: &str, value: &str) -> String {
        let Self {
            uri,
            canonicalization: info,
            signature_method: method,
            transforms,
            digest: digest_method,
            after_signature_value: behind,
        } = self;
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{info}\"/><ds:SignatureMethod Algorithm=\"{method}\"/><ds:Reference URI=\"{uri}\"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm=\"{digest_method}\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>{behind}</ds:Signature>"
        )
    }
}

/// Signs `text`, where `{signature}` marks the place, and changes nothing else in it: xmlsec1 would write all of
/// it anew, and so only its two values are taken.
pub(super) fn sign_with_xmlsec1(text: &str, how: SignatureParameters<'_>, key: &SpKey) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (file, key_file, out) = (
        dir.path().join("in.xml"),
        dir.path().join("key.pem"),
        dir.path().join("out.xml"),
    );
    fs::write(&file, text.replace("{signature}", &how.template("", ""))).unwrap();
    fs::write(&key_file, key.private_pem()).unwrap();
    let done = xmlsec1_command("--sign")
        .arg("--privkey-pem")
        .arg(&key_file)
        .arg("--output")
        .arg(&out)
        .arg(&file)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let written = fs::read_to_string(&out).unwrap();
    let of = |name: &str| {
        let (_, rest) = written.split_once(&format!("<ds:{name}>")).unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    text.replace(
        "{signature}",
        &how.template(&of("DigestValue"), &of("SignatureValue")),
    )
}

/// Whether xmlsec1 verifies the first signature of `text`.
pub(super) fn xmlsec1_accepts(text: &[u8], certificate: &[u8], dir: &Path) -> bool {
    let (file, key) = (dir.join("verify.xml"), dir.join("verify.der"));
    fs::write(&file, text).unwrap();
    fs::write(&key, certificate).unwrap();
    let done = xmlsec1_command("--verify")
        .arg("--pubkey-cert-der")
        .arg(&key)
        .arg(&file)
        .output()
        .unwrap();
    done.status.success()
}

fn xmlsec1_command(what: &str) -> Command {
    let mut command = Command::new("xmlsec1");
    command.arg(what);
    for name in ID_ELEMENTS {
        command.arg("--id-attr:ID").arg(name);
    }
    command
}
