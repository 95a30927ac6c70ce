//! Signed files with changes: xmlsec1 accepts whatever we accept.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::{
    document_variants, read_verified,
    signing::{SignatureParameters, sign_with_xmlsec1, transforms_with_prefixes, xmlsec1_accepts},
};
use crate::support::sp_keys::SpKey;

/// Text that is inserted somewhere. Some of it changes nothing that is signed.
const SNIPPETS: [&str; 30] = [
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "<!-- x -->",
    "<!-- -- -->",
    "<![CDATA[]]>",
    "<![CDATA[x]]>",
    "<?x y?>",
    "<x/>",
    " xmlns:zz=\"urn:zz\"",
    " xmlns:zz=\"zz\"",
    " xmlns=\"\"",
    " xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"",
    " xml:lang=\"en\"",
    " xml:id=\"_root\"",
    " a=\"\"",
    "&#10;",
    "&#x41;",
    "&amp;",
    "&x;",
    "&#0;",
    "\u{0}",
    "\u{1}",
    "\u{85}",
    "\u{2028}",
    "]]>",
    "<!DOCTYPE x>",
    "\u{feff}",
];

/// Mutations of each document.
const EACH: usize = 150;

#[test]
fn whatever_is_accepted_xmlsec_accepts_too() {
    let key = SpKey::rsa(2048);
    let certificates = [key.certificate.clone()];
    let dir = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let listed = transforms_with_prefixes("md x #default");
    let (mut tried, mut taken, mut refused_more) = (0, 0, 0);
    for (number, (what, text, _)) in document_variants().into_iter().enumerate() {
        let how = if number % 2 == 0 {
            SignatureParameters::default()
        } else {
            SignatureParameters {
                transforms: &listed,
                ..SignatureParameters::default()
            }
        };
        let good = sign_with_xmlsec1(&text, how, &key).into_bytes();
        for round in 0..EACH {
            let changed = mutate(&good, &mut rng);
            let verified = read_verified(&changed, &certificates);
            tried += 1;
            if verified.is_ok() {
                taken += 1;
                assert!(
                    xmlsec1_accepts(&changed, &key.certificate.der, dir.path()),
                    "{what}: taken, but not by xmlsec1\n{}",
                    String::from_utf8_lossy(&changed)
                );
            } else if round % 15 == 0 && xmlsec1_accepts(&changed, &key.certificate.der, dir.path()) {
                refused_more += 1;
            }
        }
    }
    assert!(
        taken * 50 > tried,
        "the mutations prove nothing: {taken} of {tried} taken"
    );
    eprintln!(
        "{tried} changed files: {taken} taken, by xmlsec1 too; {refused_more} of every fifteenth other taken by xmlsec1 only"
    );
}

/// Makes one change, or two.
fn mutate(text: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut text = text.to_vec();
    for _change in 0..=pick(rng, 2) {
        let at = pick(rng, text.len());
        match pick(rng, 8) {
            0 => text[at] ^= 1 << pick(rng, 8),
            1 => {
                text.remove(at);
            }
            2 => {
                let to = at + pick(rng, 40).min(text.len() - at);
                text.drain(at..to);
            }
            3 => {
                let piece = text[at..at + pick(rng, 60).min(text.len() - at)].to_vec();
                let to = pick(rng, text.len());
                text.splice(to..to, piece);
            }
            4 => swap_quotes(&mut text, at),
            _ => {
                let snippet = SNIPPETS[pick(rng, SNIPPETS.len())];
                let at = insertion_point(&text, at, pick(rng, 3));
                text.splice(at..at, snippet.bytes());
            }
        }
    }
    text
}

/// Where a snippet may be well-formed: at `at`, before the next tag, or before the next blank or end of a tag.
fn insertion_point(text: &[u8], at: usize, kind: usize) -> usize {
    let wanted: &[u8] = match kind {
        0 => return at,
        1 => b"<",
        _ => b" >",
    };
    let next = text[at..].iter().position(|byte| wanted.contains(byte));
    next.map_or(at, |next| at + next)
}

/// Changes the quotes of the next attribute.
fn swap_quotes(text: &mut [u8], at: usize) {
    let quotes: Vec<usize> = (at..text.len()).filter(|at| text[*at] == b'"').take(2).collect();
    for at in quotes {
        text[at] = b'\'';
    }
}

fn pick(rng: &mut ChaCha8Rng, below: usize) -> usize {
    usize::try_from(rng.next_u64() % below.max(1) as u64).unwrap()
}
