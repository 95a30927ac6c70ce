//! Metadata signed and verified by the `xmlsec1` command.

use std::{fs, path::Path, process::Command};

use crate::support::sp_keys::SpKey;

pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(super) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// The elements whose `ID` attribute is an XML ID.
const ID_ELEMENTS: [&str; 2] = [
    "urn:oasis:names:tc:SAML:2.0:metadata:EntitiesDescriptor",
    "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
];

#[derive(Clone, Copy)]
pub(super) struct SignatureParameters<'h> {
    pub(super) uri: &'h str,
    pub(super) canonicalization: &'h str,
    pub(super) signature_method: &'h str,
    pub(super) transforms: &'h str,
    pub(super) digest: &'h str,
    /// XML after the `SignatureValue`.
    pub(super) after_signature_value: &'h str,
}

/// The transforms that SAML prescribes.
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

/// [`TRANSFORMS`] with an `InclusiveNamespaces` list of prefixes.
pub(super) fn transforms_with_prefixes(prefixes: &str) -> String {
    format!(
        "<ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXCLUSIVE}\"><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"/></ds:Transform>"
    )
}

impl SignatureParameters<'_> {
    /// The signature with these two values.
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

/// Signs `text`, in which `{signature}` marks the place, and changes nothing else: xmlsec1 would write the whole text
/// again, so only its digest and signature value are used.
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

/// Whether xmlsec1 accepts the first signature of `text`.
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
