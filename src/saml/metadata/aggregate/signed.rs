//! The signature over a whole file (saml-metadata, 3): one, first in the root, over the root without it, in
//! exclusive canonical form, which is digested while it streams by.

use std::io::Read;

use chrono::{DateTime, Utc};
use openssl::hash::{Hasher, MessageDigest};

use crate::{
    model::key::Certificate,
    saml::{
        claimed::{Claimed, Octets},
        enveloped::claim,
        metadata::{
            aggregate::{Progress, head::root},
            bad::{BadMetadata, Error},
            xml::{
                canonical::{Canonical, Namespaces},
                characters::is_nc_name,
                source::{Chunks, Source},
                tag::{Tag, Unresolved},
                tokens::{Token, Tokens},
            },
        },
        refusal::Refusal,
        signature::{Judged, Unverified},
        urn::{DSIG, METADATA},
        xml::{MAX_MESSAGE, Message},
    },
};

/// Canonical bytes that are digested at once.
const AT_ONCE: usize = 16 * 1024;

/// Verifies; what was read, piece by piece, and the digest that it has.
pub(super) fn verify<R: Read>(
    source: Source<R>,
    signed_by: &[Certificate],
    now: DateTime<Utc>,
    progress: impl FnMut(Progress),
) -> Result<(Chunks, Vec<u8>), Error> {
    let mut tokens = Tokens::new(source);
    let (_, root) = root(&mut tokens, now, |tag, _| Ok(Root::of(tag)))?;
    let (before, signature) = signature(&mut tokens)?;
    let wanted = believed(&signature, &root, signed_by)?;
    let value = wanted.value.clone();
    digest(&mut tokens, &root, &before, wanted, progress)?;
    Ok((tokens.into_source().into_chunks(), value))
}

/// The root's start tag, kept until it is known how it is digested.
struct Root {
    raw: String,
    id: Option<String>,
    is_entity: bool,
}

impl Root {
    fn of(tag: &Tag<'_>) -> Self {
        Self {
            raw: tag.raw.to_owned(),
            id: tag.attribute("ID").map(str::to_owned),
            is_entity: is_entity(tag),
        }
    }
}

fn is_entity(tag: &Tag<'_>) -> bool {
    tag.is(METADATA, "EntityDescriptor")
}

/// Reads the signature: the text before it, and itself, written so that it stands alone.
fn signature<R: Read>(tokens: &mut Tokens<R>) -> Result<(String, String), Error> {
    let missing = || refused("none stands first in the root element, where it belongs");
    let mut before = String::new();
    let mut alone = Canonical::new(Namespaces::All);
    loop {
        match tokens.next()? {
            Token::Start(tag, scope) if tag.is(DSIG, "Signature") => {
                alone.open(&tag, scope)?;
                break;
            }
            Token::Start(..) | Token::End(_) | Token::Eof => return Err(missing()),
            Token::Text(text) => before.push_str(text),
            Token::Nothing => {}
        }
        if before.len() > MAX_MESSAGE {
            return Err(missing());
        }
    }
    let mut depth = 1;
    while depth > 0 {
        match tokens.next()? {
            Token::Start(tag, scope) => {
                depth += 1;
                alone.open(&tag, scope)?;
            }
            Token::End(name) => {
                depth -= 1;
                alone.close(name);
            }
            Token::Text(text) => alone.text(text),
            Token::Nothing | Token::Eof => {}
        }
        if alone.out.len() > MAX_MESSAGE {
            return Err(refused("it is longer than 64 kB"));
        }
    }
    Ok((before, alone.out))
}

/// The digest that the file must have, since a key of `signed_by` says so.
struct Wanted {
    digest: MessageDigest,
    value: Vec<u8>,
    namespaces: Namespaces,
}

/// What the signature says of the root, where it was made by a key of `signed_by`.
fn believed(signature: &str, root: &Root, signed_by: &[Certificate]) -> Result<Wanted, Error> {
    let refusal = |why: Refusal| refused(&why.to_string());
    let message = Message::parse(signature).map_err(refusal)?;
    let claim = claim(message.root(DSIG, "Signature").map_err(refusal)?).map_err(refusal)?;
    let own = root
        .id
        .as_ref()
        .filter(|id| is_nc_name(id))
        .map(|id| format!("#{id}"));
    if own.as_deref() != Some(claim.reference) {
        return Err(refused(
            "it is over something else than the root element by its ID",
        ));
    }
    let signature = Claimed {
        algorithm: claim.algorithm.to_owned(),
        octets: Octets::Here(claim.octets().map_err(refusal)?),
        value: claim.signature_value,
    };
    let judged = Unverified::new((), Some(signature)).judge(signed_by);
    match judged.map_err(refusal)? {
        Judged::Signed(_) => Ok(Wanted {
            digest: claim.digest,
            value: claim.value,
            namespaces: Namespaces::exclusive(&claim.prefixes),
        }),
        Judged::Unsigned(()) | Judged::Unchecked(()) => {
            Err(refused("there is no certificate to hold it against"))
        }
    }
}

/// Digests the rest of the file; refuses what does not have the claimed digest.
fn digest<R: Read>(
    tokens: &mut Tokens<R>,
    root: &Root,
    before: &str,
    wanted: Wanted,
    mut progress: impl FnMut(Progress),
) -> Result<(), Error> {
    let failed = |_why| refused("its digest cannot be computed");
    let mut hasher = Hasher::new(wanted.digest).map_err(failed)?;
    let mut canonical = Canonical::new(wanted.namespaces);
    let scope = tokens.scope();
    canonical.open(&Unresolved::parse(&root.raw)?.resolve(scope)?, scope)?;
    canonical.text(before);
    let mut entities = u64::from(root.is_entity);
    let mut depth = 1;
    loop {
        match tokens.next()? {
            Token::Start(tag, scope) => {
                if depth == 1 && tag.is(DSIG, "Signature") {
                    return Err(refused("there is more than one over the whole file"));
                }
                if bears_id(&tag, root) {
                    return Err(refused("another element bears the ID of the root"));
                }
                depth += 1;
                entities += u64::from(is_entity(&tag));
                canonical.open(&tag, scope)?;
            }
            Token::End(name) => {
                depth -= 1;
                canonical.close(name);
            }
            Token::Text(text) => canonical.text(text),
            Token::Nothing => {}
            Token::Eof => break,
        }
        if canonical.out.len() >= AT_ONCE {
            hasher.update(canonical.out.as_bytes()).map_err(failed)?;
            canonical.out.clear();
            progress(Progress {
                bytes: tokens.bytes(),
                entities,
            });
        }
    }
    hasher.update(canonical.out.as_bytes()).map_err(failed)?;
    progress(Progress {
        bytes: tokens.bytes(),
        entities,
    });
    if *hasher.finish().map_err(failed)? == *wanted.value {
        Ok(())
    } else {
        Err(refused("the file was changed after it was signed"))
    }
}

/// Whether an element could be taken for the root by its ID.
fn bears_id(tag: &Tag<'_>, root: &Root) -> bool {
    tag.attributes
        .iter()
        .any(|one| one.local.eq_ignore_ascii_case("id") && Some(&*one.value) == root.id.as_deref())
}

/// The signature does not hold.
fn refused(why: &str) -> Error {
    Error::Bad(BadMetadata::Signature(why.to_owned()))
}
