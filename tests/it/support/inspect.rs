//! Checks from outside: the `xmlsec1` and `xmllint` commands, and plain reading of XML.

use std::{fs, process::Command};

use roxmltree::{Document, Node};

/// Verifies the signature at `xpath` with `xmlsec1`, against one certificate.
pub(crate) fn verify_with_xmlsec1(xml: &str, certificate: &[u8], xpath: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let (message, key) = (dir.path().join("message.xml"), dir.path().join("key.der"));
    fs::write(&message, xml).unwrap();
    fs::write(&key, certificate).unwrap();
    let names = [
        "urn:oasis:names:tc:SAML:2.0:protocol:Response",
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
        "urn:oasis:names:tc:SAML:2.0:protocol:LogoutResponse",
        "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
    ];
    let mut command = Command::new("xmlsec1");
    command.arg("--verify").arg("--pubkey-cert-der").arg(&key);
    for name in names {
        command.arg("--id-attr:ID").arg(name);
    }
    let output = command
        .arg("--node-xpath")
        .arg(xpath)
        .arg(&message)
        .output()
        .expect("xmlsec1 is installed");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

pub(crate) const RESPONSE_SIGNATURE_XPATH: &str = "/*[local-name()='Response']/*[local-name()='Signature']";
pub(crate) const ASSERTION_SIGNATURE_XPATH: &str =
    "/*[local-name()='Response']/*[local-name()='Assertion']/*[local-name()='Signature']";

/// The only element `name`; panics where there is not exactly one.
pub(crate) fn only_element<'d, 't>(document: &'d Document<'t>, name: &str) -> Node<'d, 't> {
    let found: Vec<_> = elements(document, name);
    assert_eq!(found.len(), 1, "{name}: {}", document.input_text());
    found[0]
}

pub(crate) fn elements<'d, 't>(document: &'d Document<'t>, name: &str) -> Vec<Node<'d, 't>> {
    document
        .descendants()
        .filter(|node| node.is_element() && node.tag_name().name() == name)
        .collect()
}

/// Names and values of the attributes in an assertion, in order.
pub(crate) fn saml_attributes(xml: &str) -> Vec<(String, Vec<String>)> {
    let document = Document::parse(xml).unwrap();
    let value = |node: &Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    elements(&document, "Attribute")
        .iter()
        .map(|attribute| {
            let values = attribute.children().filter(Node::is_element);
            (
                attribute.attribute("Name").unwrap().to_owned(),
                values.map(|node| value(&node)).collect(),
            )
        })
        .collect()
}

/// Top-level and second-level status of a message.
pub(crate) fn status_codes(xml: &str) -> (String, Option<String>) {
    let document = Document::parse(xml).unwrap();
    let codes = elements(&document, "StatusCode");
    let short = |node: &Node<'_, '_>| {
        node.attribute("Value")
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .to_owned()
    };
    (short(&codes[0]), codes.get(1).map(short))
}

/// The document with its encrypted element replaced by what `xmlsec1` decrypted.
pub(crate) fn decrypt_with_xmlsec1(xml: &str, private_pem: &[u8]) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let (message, key) = (dir.path().join("message.xml"), dir.path().join("key.pem"));
    fs::write(&message, xml).unwrap();
    fs::write(&key, private_pem).unwrap();
    let output = Command::new("xmlsec1")
        .arg("--decrypt")
        .arg("--privkey-pem")
        .arg(&key)
        .arg(&message)
        .output()
        .expect("xmlsec1 is installed");
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
