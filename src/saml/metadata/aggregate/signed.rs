//! The signature over a whole file (saml-metadata, 3): one, the first child of the root, over the root without the
//! signature, in exclusive canonical form, which is digested while it streams.

use std::io::Read;

use chrono::{DateTime, Utc};

use crate::{
    crypto::hash::{DigestAlgorithm, Hasher},
    model::key::Certificate,
    saml::{
        enveloped::parse_signature,
        metadata::{
            aggregate::{progress::ReadProgress, root::read_root},
            error::{BadMetadata, Error},
        },
        refusal::Refusal,
        signature::{Unverified, VerificationOutcome},
        unverified_signature::{SignatureInput, UnverifiedSignature},
        urn::{DSIG, METADATA},
    },
    xml::{
        self,
        c14n::stream::{RenderedNamespaces, StreamCanonicalizer},
        characters::is_nc_name,
        reader::{
            chunked_reader::{ChunkDigests, ChunkedReader},
            start_tag::{StartTag, UnresolvedTag},
            token_reader::{TokenReader, XmlToken},
        },
        tree::{MAX_DOCUMENT, XmlDocument},
    },
};

/// How many canonical bytes are digested at once.
const DIGEST_BLOCK: usize = 16 * 1024;

/// Verifies the signature. Returns the digests of the chunks that were read, and the digest that the signature
/// contains.
pub(super) fn verify<R: Read>(
    source: ChunkedReader<R>,
    signed_by: &[Certificate],
    now: DateTime<Utc>,
    progress: impl FnMut(ReadProgress),
) -> Result<(ChunkDigests, Vec<u8>), Error> {
    let mut tokens = TokenReader::new(source);
    let (_, root) = read_root(&mut tokens, now, |tag, _| Ok(RootTag::from_tag(tag)))?;
    let (before, signature) = read_signature(&mut tokens)?;
    let expected = verify_signature(&signature, &root, signed_by)?;
    let value = expected.value.clone();
    verify_digest(&mut tokens, &root, &before, expected, progress)?;
    Ok((tokens.into_inner().into_chunk_digests(), value))
}

/// The root's start tag, stored until the canonicalization method is known.
struct RootTag {
    raw: String,
    id: Option<String>,
    is_entity: bool,
}

impl RootTag {
    fn from_tag(tag: &StartTag<'_>) -> Self {
        Self {
            raw: tag.raw.to_owned(),
            id: tag.attribute("ID").map(str::to_owned),
            is_entity: is_entity(tag),
        }
    }
}

fn is_entity(tag: &StartTag<'_>) -> bool {
    tag.is(METADATA, "EntityDescriptor")
}

/// Reads the signature. Returns the text before it, and the signature itself, canonicalized as a document of its own.
fn read_signature<R: Read>(tokens: &mut TokenReader<R>) -> Result<(String, String), Error> {
    let missing = || bad_signature("none stands first in the root element, where it belongs");
    let mut before = String::new();
    let mut standalone = StreamCanonicalizer::new(RenderedNamespaces::All);
    loop {
        match tokens.next()? {
            XmlToken::Start(tag, scope) if tag.is(DSIG, "Signature") => {
                standalone.open(&tag, scope)?;
                break;
            }
            XmlToken::Start(..) | XmlToken::End(_) | XmlToken::Eof => return Err(missing()),
            XmlToken::Text(text) => before.push_str(text),
            XmlToken::Ignored => {}
        }
        if before.len() > MAX_DOCUMENT {
            return Err(missing());
        }
    }
    let mut depth = 1;
    while depth > 0 {
        match tokens.next()? {
            XmlToken::Start(tag, scope) => {
                depth += 1;
                standalone.open(&tag, scope)?;
            }
            XmlToken::End(name) => {
                depth -= 1;
                standalone.close(name);
            }
            XmlToken::Text(text) => standalone.text(text),
            XmlToken::Ignored | XmlToken::Eof => {}
        }
        if standalone.out.len() > MAX_DOCUMENT {
            return Err(bad_signature("it is longer than 64 kB"));
        }
    }
    Ok((before, standalone.out))
}

/// The digest that the file must have, according to a signature by a key of `signed_by`.
struct ExpectedDigest {
    digest: DigestAlgorithm,
    value: Vec<u8>,
    namespaces: RenderedNamespaces,
}

/// What the signature says about the root, if it was made by a key of `signed_by`.
fn verify_signature(
    signature: &str,
    root: &RootTag,
    signed_by: &[Certificate],
) -> Result<ExpectedDigest, Error> {
    let refusal = |why: Refusal| bad_signature(&why.to_string());
    let unreadable = |why: xml::error::Error| refusal(why.into());
    let message = XmlDocument::parse(signature).map_err(unreadable)?;
    let element = message.root(DSIG, "Signature").map_err(unreadable)?;
    let claim = parse_signature(element).map_err(refusal)?;
    let own = root
        .id
        .as_ref()
        .filter(|id| is_nc_name(id))
        .map(|id| format!("#{id}"));
    if own.as_deref() != Some(claim.reference_uri) {
        return Err(bad_signature(
            "it is over something else than the root element by its ID",
        ));
    }
    let signature = UnverifiedSignature {
        algorithm: claim.algorithm.to_owned(),
        input: SignatureInput::Bytes(claim.signed_info_octets().map_err(refusal)?),
        value: claim.signature_value,
    };
    let outcome = Unverified::new((), Some(signature)).verify(signed_by);
    match outcome.map_err(refusal)? {
        VerificationOutcome::Signed(_) => Ok(ExpectedDigest {
            digest: claim.digest_method,
            value: claim.digest_value,
            namespaces: RenderedNamespaces::exclusive(&claim.inclusive_prefixes),
        }),
        VerificationOutcome::Unsigned(()) | VerificationOutcome::Unchecked(()) => {
            Err(bad_signature("there is no certificate to hold it against"))
        }
    }
}

/// Digests the rest of the file; refuses a file that does not have the expected digest.
fn verify_digest<R: Read>(
    tokens: &mut TokenReader<R>,
    root: &RootTag,
    before: &str,
    expected: ExpectedDigest,
    mut progress: impl FnMut(ReadProgress),
) -> Result<(), Error> {
    let mut hasher = Hasher::new(expected.digest);
    let mut canonical = StreamCanonicalizer::new(expected.namespaces);
    let scope = tokens.scope();
    canonical.open(&UnresolvedTag::parse(&root.raw)?.resolve(scope)?, scope)?;
    canonical.text(before);
    let mut entities = u64::from(root.is_entity);
    let mut depth = 1;
    loop {
        match tokens.next()? {
            XmlToken::Start(tag, scope) => {
                if depth == 1 && tag.is(DSIG, "Signature") {
                    return Err(bad_signature("there is more than one over the whole file"));
                }
                if has_root_id(&tag, root) {
                    return Err(bad_signature("another element bears the ID of the root"));
                }
                depth += 1;
                entities += u64::from(is_entity(&tag));
                canonical.open(&tag, scope)?;
            }
            XmlToken::End(name) => {
                depth -= 1;
                canonical.close(name);
            }
            XmlToken::Text(text) => canonical.text(text),
            XmlToken::Ignored => {}
            XmlToken::Eof => break,
        }
        if canonical.out.len() >= DIGEST_BLOCK {
            hasher.update(canonical.out.as_bytes());
            canonical.out.clear();
            progress(ReadProgress {
                bytes: tokens.bytes_read(),
                entities,
            });
        }
    }
    hasher.update(canonical.out.as_bytes());
    progress(ReadProgress {
        bytes: tokens.bytes_read(),
        entities,
    });
    if hasher.finish() == expected.value {
        Ok(())
    } else {
        Err(bad_signature("the file was changed after it was signed"))
    }
}

/// Whether an element could be mistaken for the root by its ID.
fn has_root_id(tag: &StartTag<'_>, root: &RootTag) -> bool {
    tag.attributes.iter().any(|attribute| {
        attribute.local_name.eq_ignore_ascii_case("id") && Some(&*attribute.value) == root.id.as_deref()
    })
}

fn bad_signature(why: &str) -> Error {
    Error::Bad(BadMetadata::Signature(why.to_owned()))
}
