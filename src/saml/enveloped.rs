//! The XML signature inside a message that came by HTTP-POST, or inside metadata (saml-core, 5.4), read strictly:
//! one signature, a child of the root, over the whole of that root, by exclusive canonical XML. Whatever else a
//! signature may be is refused before anything is computed, and nothing is ever fetched.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    crypto::hash::DigestAlgorithm,
    saml::{
        refusal::Refusal,
        unverified_signature::{SignatureInput, UnverifiedSignature},
        urn::{self, DSIG},
    },
    xml::{
        c14n,
        characters::WHITESPACE,
        tree::{Element, XmlDocument},
    },
};

/// The most prefixes that a `PrefixList` may have.
const MAX_PREFIXES: usize = 16;

/// The signature that `root` claims to bear, checked for its form alone; none where `root` holds no signature. This is
/// cheap: what it is over is computed by [`signed_octets`], once somebody has a key that could fit.
pub(super) fn unverified_signature(
    root: Element<'_, '_>,
    xml: &str,
) -> Result<Option<UnverifiedSignature>, Refusal> {
    let Some(claim) = find_signature(root)? else {
        return Ok(None);
    };
    Ok(Some(UnverifiedSignature {
        algorithm: claim.algorithm.to_owned(),
        value: claim.signature_value,
        input: SignatureInput::Enveloped(xml.to_owned()),
    }))
}

/// The octets that the signature inside `xml` is over, once it is known to cover all of the root but itself. The text
/// is parsed once more by the one reader, so that what was read from it is what is digested here.
pub(super) fn signed_octets(xml: &str) -> Result<Vec<u8>, Refusal> {
    let message = XmlDocument::parse(xml)?;
    let root = message.root_element();
    let claim = find_signature(root)?.ok_or(Refusal::SignatureMissing)?;
    let octets = c14n::tree::exclusive(root, Some(claim.signature), &claim.inclusive_prefixes)?;
    if claim.digest_method.digest(&[octets.as_bytes()]) == claim.digest_value {
        claim.signed_info_octets()
    } else {
        Err(Refusal::BadSignature)
    }
}

/// The one signature of `root`: its child, over the whole of it.
fn find_signature<'d, 't>(root: Element<'d, 't>) -> Result<Option<ParsedSignature<'d, 't>>, Refusal> {
    let signature = match root.count(DSIG, "Signature") {
        0 => return Ok(None),
        1 => root.child(DSIG, "Signature")?,
        _ => None,
    };
    let signature = signature.ok_or(shape(
        "more than one signature, or one that is not a child of the message itself",
    ))?;
    let claim = parse_signature(signature)?;
    if claim.reference_uri != format!("#{}", root.id()?) {
        return Err(shape(
            "a Reference to something else than the whole message by its ID",
        ));
    }
    Ok(Some(claim))
}

/// What a signature says of what it is over, and what is to be held against a key. None of it is believed yet:
/// not before what `reference` names, in exclusive canonical form and without the signature, has the digest.
pub(super) struct ParsedSignature<'d, 't> {
    /// The URI of its one `Reference`.
    pub(super) reference_uri: &'d str,
    /// The prefixes that are declared as they come.
    pub(super) inclusive_prefixes: Vec<&'d str>,
    pub(super) digest_method: DigestAlgorithm,
    /// What the digest should be.
    pub(super) digest_value: Vec<u8>,
    /// `SignatureMethod`, as a URI.
    pub(super) algorithm: &'d str,
    /// `SignatureValue`, decoded.
    pub(super) signature_value: Vec<u8>,
    signature: Element<'d, 't>,
    signed_info: Element<'d, 't>,
    signed_info_prefixes: Vec<&'d str>,
}

impl ParsedSignature<'_, '_> {
    /// What the signature value is over: `SignedInfo` in exclusive canonical form.
    pub(super) fn signed_info_octets(&self) -> Result<Vec<u8>, Refusal> {
        Ok(c14n::tree::exclusive(self.signed_info, None, &self.signed_info_prefixes)?.into_bytes())
    }
}

/// Reads a `ds:Signature`.
pub(super) fn parse_signature<'d, 't>(
    signature: Element<'d, 't>,
) -> Result<ParsedSignature<'d, 't>, Refusal> {
    check_attributes(signature, &["Id"])?;
    let children = signature.children()?;
    let (info, value) = match children.as_slice() {
        [info, value] => (*info, *value),
        [info, value, key] if key.is(DSIG, "KeyInfo") => {
            check_key_info(*key)?;
            (*info, *value)
        }
        _ => {
            return Err(shape(
                "more in the signature than SignedInfo, SignatureValue and KeyInfo",
            ));
        }
    };
    expect_element(info, "SignedInfo", &["Id"])?;
    expect_element(value, "SignatureValue", &["Id"])?;
    let [method, algorithm, reference] = exact_children(info)?;
    expect_element(method, "CanonicalizationMethod", &["Algorithm"])?;
    let info_prefixes = exclusive_prefixes(method)?;
    if method.attribute("Algorithm") == Some(urn::EXC_C14N_WITH_COMMENTS) && info.has_comment() {
        // The one place where the suffix would make a difference (xmldsig-core, 4.4.3.3): nobody writes one there.
        return Err(shape("a comment inside SignedInfo"));
    }
    expect_element(algorithm, "SignatureMethod", &["Algorithm"])?;
    let [] = exact_children(algorithm)?;
    let (prefixes, digest, digest_value) = parse_reference(reference)?;

    let algorithm = algorithm.attribute("Algorithm").unwrap_or_default();
    let value = decode_base64(value)?;
    if algorithm.contains("#ecdsa-") && !is_raw_ecdsa_len(&value) {
        return Err(shape("an ECDSA signature that is not r and s side by side"));
    }
    Ok(ParsedSignature {
        reference_uri: reference.attribute("URI").unwrap_or_default(),
        inclusive_prefixes: prefixes,
        digest_method: digest,
        digest_value,
        algorithm,
        signature_value: value,
        signature,
        signed_info: info,
        signed_info_prefixes: info_prefixes,
    })
}

/// The one `Reference`: without the signature, in exclusive canonical form; its prefixes, digest and value.
fn parse_reference<'d>(
    reference: Element<'d, '_>,
) -> Result<(Vec<&'d str>, DigestAlgorithm, Vec<u8>), Refusal> {
    expect_element(reference, "Reference", &["Id", "URI"])?;
    let [transforms, method, value] = exact_children(reference)?;
    expect_element(transforms, "Transforms", &[])?;
    let [enveloped, exclusive] = exact_children(transforms)?;
    expect_element(enveloped, "Transform", &["Algorithm"])?;
    expect_element(exclusive, "Transform", &["Algorithm"])?;
    if enveloped.attribute("Algorithm") != Some(urn::ENVELOPED_SIGNATURE) {
        return Err(shape(TRANSFORMS));
    }
    let [] = exact_children(enveloped)?;
    let prefixes = exclusive_prefixes(exclusive)?;
    expect_element(method, "DigestMethod", &["Algorithm"])?;
    let [] = exact_children(method)?;
    expect_element(value, "DigestValue", &[])?;
    let digest = match method.attribute("Algorithm").unwrap_or_default() {
        urn::SHA256 => DigestAlgorithm::Sha256,
        urn::SHA384 => DigestAlgorithm::Sha384,
        urn::SHA512 => DigestAlgorithm::Sha512,
        urn::SHA1 => {
            return Err(Refusal::SignatureAlgorithm(
                "a SHA-1 digest can be forged; digest with SHA-256",
            ));
        }
        _ => {
            return Err(Refusal::SignatureAlgorithm(
                "a digest not among SHA-256, 384 and 512",
            ));
        }
    };
    Ok((prefixes, digest, decode_base64(value)?))
}

/// Everything in it is ignored, since keys come from the registration; but what tells to fetch one, or is of a
/// kind that nobody here knows, is refused.
fn check_key_info(key: Element<'_, '_>) -> Result<(), Refusal> {
    check_attributes(key, &["Id"])?;
    // Keycloak names and describes its key beside the certificate.
    let inert = |child: &Element<'_, '_>| {
        ["X509Data", "KeyName", "KeyValue"]
            .iter()
            .any(|name| child.is(DSIG, name))
    };
    if key.children()?.iter().all(inert) {
        Ok(())
    } else {
        Err(shape("a KeyInfo with more than X509Data, KeyName and KeyValue"))
    }
}

/// The prefixes in `InclusiveNamespaces`, where `method` is exclusive canonical XML, with comments or without
/// (saml-core, 5.4.3, 5.4.4). A Reference to `#ID` is taken without comments either way (xmldsig-core, 4.4.3.3).
fn exclusive_prefixes<'d>(method: Element<'d, '_>) -> Result<Vec<&'d str>, Refusal> {
    match method.attribute("Algorithm") {
        Some(urn::EXC_C14N | urn::EXC_C14N_WITH_COMMENTS) => {}
        Some("http://www.w3.org/TR/2001/REC-xml-c14n-20010315") => {
            return Err(shape(
                "inclusive canonical XML (http://www.w3.org/TR/2001/REC-xml-c14n-20010315), where exclusive canonical XML belongs",
            ));
        }
        Some("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments") => {
            return Err(shape(
                "inclusive canonical XML (http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments), where exclusive canonical XML belongs",
            ));
        }
        Some(
            "http://www.w3.org/2006/12/xml-c14n11" | "http://www.w3.org/2006/12/xml-c14n11#WithComments",
        ) => {
            return Err(shape(
                "inclusive canonical XML 1.1 (http://www.w3.org/2006/12/xml-c14n11), where exclusive canonical XML belongs",
            ));
        }
        Some(_) | None => return Err(shape(TRANSFORMS)),
    }
    let children = method.children()?;
    let list = match children.as_slice() {
        [] => return Ok(Vec::new()),
        [list] if list.is(urn::EXC_C14N, "InclusiveNamespaces") => *list,
        _ => return Err(shape(TRANSFORMS)),
    };
    check_attributes(list, &["PrefixList"])?;
    let [] = exact_children(list)?;
    let prefixes = list.attribute("PrefixList").ok_or(shape(TRANSFORMS))?;
    let prefixes: Vec<_> = prefixes
        .split(WHITESPACE)
        .filter(|prefix| !prefix.is_empty())
        .collect();
    if prefixes.len() > MAX_PREFIXES {
        return Err(Refusal::TooLarge("more than 16 prefixes in InclusiveNamespaces"));
    }
    Ok(prefixes)
}

const TRANSFORMS: &str =
    "another transform or canonical form than enveloped-signature and exclusive canonical XML";

const fn shape(what: &'static str) -> Refusal {
    Refusal::SignatureShape(what)
}

fn exact_children<'d, 't, const N: usize>(element: Element<'d, 't>) -> Result<[Element<'d, 't>; N], Refusal> {
    let children = element.children()?;
    children
        .try_into()
        .map_err(|_other| shape("elements missing, or more of them than belong there"))
}

fn expect_element(element: Element<'_, '_>, name: &str, attributes: &[&str]) -> Result<(), Refusal> {
    if !element.is(DSIG, name) {
        return Err(shape("an element where another belongs"));
    }
    check_attributes(element, attributes)
}

/// Whether no attribute stands on `element` but `known` ones.
fn check_attributes(element: Element<'_, '_>, known: &[&str]) -> Result<(), Refusal> {
    if element.has_only_attributes(known) {
        Ok(())
    } else {
        Err(shape("an attribute that does not belong there"))
    }
}

/// Base64 with white space in it (xml-schema 2, 3.2.16).
fn decode_base64(element: Element<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let text: String = element.text()?.split(WHITESPACE).collect();
    STANDARD
        .decode(text)
        .map_err(|_why| shape("a value that is not base64"))
}

/// Whether `value` has a length that r‖s has for a curve of 256, 384, 512 or 521 bits (xmldsig-core, 6.4.3): DER,
/// which some senders put into an address, has another.
fn is_raw_ecdsa_len(value: &[u8]) -> bool {
    matches!(value.len(), 64 | 96 | 128 | 132)
}

#[cfg(test)]
#[cfg(feature = "second-opinion")]
#[path = "enveloped_tests.rs"]
mod tests;
