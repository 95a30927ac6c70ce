//! The fuzz targets over their seeds, and over inputs that once crashed them: no nightly needed.

use std::{fs, path::Path};

use hallpass::{
    crypto::pem,
    saml::{
        authn_request, binding::redirect, logout::request, refusal::Refusal, signature::VerificationOutcome,
    },
};

#[path = "../fuzz/harness.rs"]
mod harness;

type FuzzTarget = fn(&[u8]) -> Result<(), String>;

const TARGETS: [(&str, FuzzTarget); 7] = [
    ("redirect_query", harness::redirect_query),
    ("post_form", harness::post_form),
    ("authn_request", harness::authn_request),
    ("logout_request", harness::logout_request),
    ("logout_response", harness::logout_response),
    ("sp_metadata", harness::sp_metadata),
    ("aggregate", harness::aggregate),
];

/// The seeds of a target, name and bytes, sorted by name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<_> = fs::read_dir(Path::new("fixtures/fuzz").join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn good_seeds_are_accepted_and_bad_ones_refused() {
    for (target, judge) in TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 15, "{target} has {} seeds", seeds.len());
        for (name, bytes) in seeds {
            let outcome = judge(&bytes);
            match name.split_once('-').unwrap().0 {
                "good" => assert_eq!(outcome, Ok(()), "{target}/{name}"),
                "bad" => assert!(outcome.is_err(), "{target}/{name} was taken"),
                // It once crashed a target; that it no longer does is all that is tested.
                "crash" => {}
                _ => panic!("{target}/{name}: a seed is good-, bad- or crash-"),
            }
        }
    }
}

/// The metadata that service providers publish is among the seeds.
#[test]
fn the_metadata_of_real_products_is_read() {
    for name in [
        "chatgpt-legacy",
        "chatgpt-current",
        "shibboleth",
        "adfs",
        "okta",
        "pysaml2",
        "mellon",
        "python3-saml",
        "simplesamlphp",
        "ruby-saml",
    ] {
        let bytes = fs::read(format!("fixtures/sp/{name}.xml")).unwrap();
        assert_eq!(harness::sp_metadata(&bytes), Ok(()), "{name}");
    }
}

/// Nine senders encode the query in nine ways; the signature is over their octets, not over ours.
#[test]
fn every_senders_signature_is_valid_and_every_flipped_byte_invalidates_it() {
    let pem = fs::read("certs/development-only.cert.pem").unwrap();
    let certificates = pem::parse_certificates(&pem).unwrap();
    let judge = |query: &str| -> Result<bool, Refusal> {
        let inbound = redirect::decode(query)?;
        if let Ok(request) = authn_request::read(&inbound) {
            return Ok(matches!(
                request.verify(&certificates)?,
                VerificationOutcome::Signed(_)
            ));
        }
        Ok(matches!(
            request::read(&inbound)?.verify(&certificates)?,
            VerificationOutcome::Signed(_)
        ))
    };
    let mut signed = 0;
    for (name, bytes) in seeds("redirect_query") {
        let query = String::from_utf8(bytes).unwrap();
        if name.starts_with("good-signed-") {
            signed += 1;
            assert_eq!(judge(&query), Ok(true), "{name}");
            let changed = query.replacen("RelayState=", "RelayState=x", 1);
            if changed != query {
                assert_eq!(judge(&changed), Err(Refusal::BadSignature), "{name}");
            }
        } else if name.starts_with("good-weak-") {
            assert!(
                matches!(judge(&query), Err(Refusal::SignatureAlgorithm(_))),
                "{name}"
            );
        }
    }
    assert!(signed >= 9, "{signed} signed seeds");
}
