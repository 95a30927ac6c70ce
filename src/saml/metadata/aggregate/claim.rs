//! What a signature says of what it signs, read strictly: one reference, the two transforms of SAML, algorithms
//! that are not broken (saml-core, 5.4). Whatever else a signature may be is refused before anything is
//! computed, and nothing is ever fetched.

use base64::{Engine, engine::general_purpose::STANDARD};
use openssl::hash::MessageDigest;

use crate::saml::{
    metadata::{
        bad::{BadMetadata, Error},
        xml::{
            canonical::{Canonical, Namespaces},
            characters::WHITE,
            source::Source,
            tokens::{Token, Tokens},
        },
    },
    refusal::Refusal,
    signature::Detached,
    urn::{self, DSIG},
    xml::{Element, Message},
};

const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";
/// The most prefixes that a `PrefixList` may have.
const MAX_PREFIXES: usize = 64;

/// What a signature claims; nothing in it is believed yet.
pub(super) struct Claim {
    /// The URI of its one reference.
    pub(super) reference: String,
    /// The prefixes that are declared as they come, in what the reference is to.
    pub(super) prefixes: Vec<String>,
    pub(super) digest: MessageDigest,
    /// The digest of what the reference is to.
    pub(super) value: Vec<u8>,
    /// What is to be held against a key.
    pub(super) signature: Detached,
}

/// Reads `text`, a `ds:Signature` that stands alone.
pub(super) fn claim(text: &str) -> Result<Claim, Error> {
    let message = Message::parse(text).map_err(|why| bad(&why))?;
    let signature = message.root(DSIG, "Signature").map_err(|why| bad(&why))?;
    let children = signature.children().map_err(|why| bad(&why))?;
    let (info, value) = match children.as_slice() {
        [info, value] => (*info, *value),
        [info, value, key] if key.is(DSIG, "KeyInfo") => (*info, *value),
        _ => {
            return Err(refused(
                "it holds more than SignedInfo, SignatureValue and KeyInfo",
            ));
        }
    };
    if !info.is(DSIG, "SignedInfo") || !value.is(DSIG, "SignatureValue") {
        return Err(misplaced());
    }
    let [method, algorithm, reference] =
        children_of(info, ["CanonicalizationMethod", "SignatureMethod", "Reference"])?;
    let [] = children_of(algorithm, [])?;
    let info_prefixes = exclusive_prefixes(method)?;
    let algorithm = algorithm.attribute("Algorithm").unwrap_or_default().to_owned();
    let value = base64_of(value)?;
    if algorithm.contains("#ecdsa-") && !is_two_halves(&value) {
        return Err(refused("an ECDSA signature that is not r and s side by side"));
    }
    let octets = signed_info(text, &info_prefixes)?.into_bytes();
    let [transforms, digest, digest_value] =
        children_of(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
    let [enveloped, exclusive] = children_of(transforms, ["Transform", "Transform"])?;
    let [] = children_of(enveloped, [])?;
    let [] = children_of(digest, [])?;
    if enveloped.attribute("Algorithm") != Some(urn::ENVELOPED) {
        return Err(refused(TRANSFORMS));
    }
    Ok(Claim {
        reference: reference.attribute("URI").unwrap_or_default().to_owned(),
        prefixes: exclusive_prefixes(exclusive)?,
        digest: digest_named(digest.attribute("Algorithm").unwrap_or_default())?,
        value: base64_of(digest_value)?,
        signature: Detached {
            algorithm,
            octets,
            value,
        },
    })
}

const TRANSFORMS: &str =
    "another transform or canonical form than enveloped-signature and exclusive canonical XML";

/// The canonical form of `SignedInfo`, which is what the key signs.
fn signed_info(signature: &str, prefixes: &[String]) -> Result<String, Error> {
    let mut tokens = Tokens::new(Source::new(signature.as_bytes(), u64::MAX));
    let mut canonical = Canonical::new(Namespaces::exclusive(prefixes));
    let (mut depth, mut inside) = (0, false);
    loop {
        match tokens.next()? {
            Token::Start(tag, scope) => {
                depth += 1;
                inside |= depth == 2 && tag.is(DSIG, "SignedInfo");
                if inside {
                    canonical.open(&tag, scope)?;
                }
            }
            Token::End(name) => {
                depth -= 1;
                if inside {
                    canonical.close(name);
                }
                if inside && depth == 1 {
                    return Ok(canonical.out);
                }
            }
            Token::Text(text, _) if inside => canonical.text(text),
            Token::Text(..) | Token::Nothing => {}
            Token::Eof => return Err(misplaced()),
        }
    }
}

/// The prefixes in `InclusiveNamespaces`, where `method` is exclusive canonical XML without comments.
fn exclusive_prefixes(method: Element<'_, '_>) -> Result<Vec<String>, Error> {
    if method.attribute("Algorithm") != Some(urn::EXC_C14N) {
        return Err(refused(TRANSFORMS));
    }
    let children = method.children().map_err(|why| bad(&why))?;
    let list = match children.as_slice() {
        [] => return Ok(Vec::new()),
        [list] if list.is(urn::EXC_C14N, "InclusiveNamespaces") => *list,
        _ => return Err(refused(TRANSFORMS)),
    };
    let [] = children_of(list, [])?;
    let listed = list.attribute("PrefixList").unwrap_or_default().split(WHITE);
    let prefixes: Vec<_> = listed.filter(|one| !one.is_empty()).map(str::to_owned).collect();
    if prefixes.len() > MAX_PREFIXES {
        return Err(refused("more than 64 prefixes in InclusiveNamespaces"));
    }
    Ok(prefixes)
}

fn digest_named(uri: &str) -> Result<MessageDigest, Error> {
    match uri {
        urn::SHA256 => Ok(MessageDigest::sha256()),
        SHA384 => Ok(MessageDigest::sha384()),
        SHA512 => Ok(MessageDigest::sha512()),
        _ => Err(refused("its digest is not among SHA-256, 384 and 512")),
    }
}

/// The children of `element`, which bear `names`, and nothing more.
fn children_of<'d, 't, const N: usize>(
    element: Element<'d, 't>,
    names: [&str; N],
) -> Result<[Element<'d, 't>; N], Error> {
    let children: [Element<'d, 't>; N] = element
        .children()
        .map_err(|why| bad(&why))?
        .try_into()
        .map_err(|_other| misplaced())?;
    if children
        .iter()
        .zip(names)
        .all(|(child, name)| child.is(DSIG, name))
    {
        Ok(children)
    } else {
        Err(misplaced())
    }
}

/// Base64 with white space in it (xml-schema 2, 3.2.16).
fn base64_of(element: Element<'_, '_>) -> Result<Vec<u8>, Error> {
    let text: String = element.text().map_err(|why| bad(&why))?.split(WHITE).collect();
    STANDARD
        .decode(text)
        .map_err(|_why| refused("a value that is not base64"))
}

/// Whether `value` has a length that r‖s has for a curve of 256, 384 or 521 bits (xmldsig-core, 6.4.3).
fn is_two_halves(value: &[u8]) -> bool {
    matches!(value.len(), 64 | 96 | 132)
}

fn misplaced() -> Error {
    refused("elements missing, or more of them than belong there")
}

fn bad(why: &Refusal) -> Error {
    refused(&why.to_string())
}

/// The signature does not hold.
pub(super) fn refused(why: &str) -> Error {
    Error::Bad(BadMetadata::Signature(why.to_owned()))
}
