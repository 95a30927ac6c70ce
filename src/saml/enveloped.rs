//! The XML signature inside a message that came by HTTP-POST, or inside metadata (saml-core, 5.4), read strictly:
//! one signature, a child of the root, over the whole of that root, by exclusive canonical XML. Whatever else a
//! signature may be is refused before anything is computed, and nothing is ever fetched.

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::hash::{MessageDigest, hash};

use crate::saml::{
    c14n,
    refusal::Refusal,
    scan::WHITE,
    signature::Detached,
    urn::{self, DSIG},
    xml::Element,
};

/// The most prefixes that a `PrefixList` may have.
const MAX_PREFIXES: usize = 16;

/// What is to be held against the sender's certificates, once it is known to cover all of `root` but itself; none
/// where `root` holds no signature at all.
///
/// The digest is taken of the tree that `root` is part of: what is read from it is what was signed.
pub(super) fn signature(root: Element<'_, '_>) -> Result<Option<Detached>, Refusal> {
    let signature = match root.count(DSIG, "Signature") {
        0 => return Ok(None),
        1 => root.child(DSIG, "Signature")?,
        _ => None,
    };
    let signature = signature.ok_or(shape(
        "more than one signature, or one that is not a child of the message itself",
    ))?;
    let claim = claim(signature)?;
    if claim.reference != format!("#{}", root.id()?) {
        return Err(shape(
            "a Reference to something else than the whole message by its ID",
        ));
    }
    let octets = c14n::exclusive(root.node(), Some(signature.node()), &claim.prefixes)?;
    let computed = hash(claim.digest, octets.as_bytes());
    // What OpenSSL cannot digest fits nothing.
    if computed.is_ok_and(|computed| *computed == *claim.value) {
        Ok(Some(claim.signature))
    } else {
        Err(Refusal::BadSignature)
    }
}

/// What a signature says of what it is over, and what is to be held against a key. None of it is believed yet:
/// not before what `reference` names, in exclusive canonical form and without the signature, has the digest.
pub(super) struct Claim<'d> {
    /// The URI of its one `Reference`.
    pub(super) reference: &'d str,
    /// The prefixes that are declared as they come.
    pub(super) prefixes: Vec<&'d str>,
    pub(super) digest: MessageDigest,
    /// What the digest should be.
    pub(super) value: Vec<u8>,
    pub(super) signature: Detached,
}

/// Reads a `ds:Signature`.
pub(super) fn claim<'d>(signature: Element<'d, '_>) -> Result<Claim<'d>, Refusal> {
    plain(signature, &["Id"])?;
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
    expect(info, "SignedInfo", &["Id"])?;
    expect(value, "SignatureValue", &["Id"])?;
    let [method, algorithm, reference] = children_of(info)?;
    expect(method, "CanonicalizationMethod", &["Algorithm"])?;
    let info_prefixes = exclusive_prefixes(method)?;
    expect(algorithm, "SignatureMethod", &["Algorithm"])?;
    let [] = children_of(algorithm)?;
    let (prefixes, digest, digest_value) = referred(reference)?;

    let algorithm = algorithm.attribute("Algorithm").unwrap_or_default().to_owned();
    let value = base64_of(value)?;
    if algorithm.contains("#ecdsa-") && !is_two_halves(&value) {
        return Err(shape("an ECDSA signature that is not r and s side by side"));
    }
    let octets = c14n::exclusive(info.node(), None, &info_prefixes)?.into_bytes();
    Ok(Claim {
        reference: reference.attribute("URI").unwrap_or_default(),
        prefixes,
        digest,
        value: digest_value,
        signature: Detached {
            algorithm,
            octets,
            value,
        },
    })
}

/// The one `Reference`: without the signature, in exclusive canonical form; its prefixes, digest and value.
fn referred<'d>(reference: Element<'d, '_>) -> Result<(Vec<&'d str>, MessageDigest, Vec<u8>), Refusal> {
    expect(reference, "Reference", &["Id", "URI"])?;
    let [transforms, method, value] = children_of(reference)?;
    expect(transforms, "Transforms", &[])?;
    let [enveloped, exclusive] = children_of(transforms)?;
    expect(enveloped, "Transform", &["Algorithm"])?;
    expect(exclusive, "Transform", &["Algorithm"])?;
    if enveloped.attribute("Algorithm") != Some(urn::ENVELOPED) {
        return Err(shape(TRANSFORMS));
    }
    let [] = children_of(enveloped)?;
    let prefixes = exclusive_prefixes(exclusive)?;
    expect(method, "DigestMethod", &["Algorithm"])?;
    let [] = children_of(method)?;
    expect(value, "DigestValue", &[])?;
    let digest = match method.attribute("Algorithm").unwrap_or_default() {
        urn::SHA256 => MessageDigest::sha256(),
        urn::SHA384 => MessageDigest::sha384(),
        urn::SHA512 => MessageDigest::sha512(),
        urn::SHA1 => {
            return Err(Refusal::Algorithm(
                "a SHA-1 digest can be forged; digest with SHA-256",
            ));
        }
        _ => return Err(Refusal::Algorithm("a digest not among SHA-256, 384 and 512")),
    };
    Ok((prefixes, digest, base64_of(value)?))
}

/// Everything in it is ignored, since keys come from the registration; but what tells to fetch one, or is of a
/// kind that nobody here knows, is refused.
fn check_key_info(key: Element<'_, '_>) -> Result<(), Refusal> {
    plain(key, &["Id"])?;
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

/// The prefixes in `InclusiveNamespaces`, where `method` is exclusive canonical XML without comments.
fn exclusive_prefixes<'d>(method: Element<'d, '_>) -> Result<Vec<&'d str>, Refusal> {
    if method.attribute("Algorithm") != Some(urn::EXC_C14N) {
        return Err(shape(TRANSFORMS));
    }
    let children = method.children()?;
    let list = match children.as_slice() {
        [] => return Ok(Vec::new()),
        [list] if list.is(urn::EXC_C14N, "InclusiveNamespaces") => *list,
        _ => return Err(shape(TRANSFORMS)),
    };
    plain(list, &["PrefixList"])?;
    let [] = children_of(list)?;
    let prefixes = list.attribute("PrefixList").ok_or(shape(TRANSFORMS))?;
    let prefixes: Vec<_> = prefixes
        .split(WHITE)
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

fn children_of<'d, 't, const N: usize>(element: Element<'d, 't>) -> Result<[Element<'d, 't>; N], Refusal> {
    let children = element.children()?;
    children
        .try_into()
        .map_err(|_other| shape("elements missing, or more of them than belong there"))
}

fn expect(element: Element<'_, '_>, name: &str, attributes: &[&str]) -> Result<(), Refusal> {
    if !element.is(DSIG, name) {
        return Err(shape("an element where another belongs"));
    }
    plain(element, attributes)
}

/// Whether no attribute stands on `element` but `known` ones.
fn plain(element: Element<'_, '_>, known: &[&str]) -> Result<(), Refusal> {
    let mut attributes = element.node().attributes();
    if attributes.all(|one| one.namespace().is_none() && known.contains(&one.name())) {
        Ok(())
    } else {
        Err(shape("an attribute that does not belong there"))
    }
}

/// Base64 with white space in it (xml-schema 2, 3.2.16).
fn base64_of(element: Element<'_, '_>) -> Result<Vec<u8>, Refusal> {
    let text: String = element.text()?.split(WHITE).collect();
    STANDARD
        .decode(text)
        .map_err(|_why| shape("a value that is not base64"))
}

/// Whether `value` has a length that r‖s has for a curve of 256, 384, 512 or 521 bits (xmldsig-core, 6.4.3): DER,
/// which some senders put into an address, has another.
fn is_two_halves(value: &[u8]) -> bool {
    matches!(value.len(), 64 | 96 | 128 | 132)
}

#[cfg(test)]
#[path = "enveloped_tests.rs"]
mod tests;
