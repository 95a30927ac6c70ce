//! What reading an AuthnRequest costs, from the query as received to the decision that it may be answered, as a
//! fraction of one RSA-2048 signature made on the same core.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use hallpass::{
    model::{
        application::{AssertionConsumerService, EntityId, ServiceProvider, SpUrl},
        name_id::NameIdFormat,
        policy::Policy,
    },
    saml::{
        authn_request::{self, ValidationContext},
        binding::redirect::{self, deflate_base64, percent_encode},
    },
};

use crate::control::{ControlSignature, thread_cpu};

const ROUNDS: usize = 5;
const TIMES: usize = 2000;
const ENTITY_ID: &str = "https://idp.example/saml/metadata";
const SSO: &str = "https://idp.example/saml/sso";
const ACS: [&str; 2] = [
    "https://sp.example/acs",
    "https://auth0.openai.com/login/callback?connection=org-TEST",
];
/// The products whose requests are the seeds.
const SENDERS: [&str; 10] = [
    "chatgpt-legacy",
    "chatgpt-current",
    "node-saml",
    "samlify",
    "pysaml2",
    "python3-saml",
    "mellon",
    "shibboleth",
    "simplesamlphp",
    "ruby-saml",
];

/// For each sender: the CPU time as a fraction of a signature, and in nanoseconds.
pub(crate) fn measure(quick: bool) -> Vec<(f64, f64)> {
    let queries: Vec<_> = SENDERS.iter().map(|sender| request(sender)).collect();
    let control = ControlSignature::new();
    control.sign(50);
    let times = if quick { TIMES / 10 } else { TIMES };
    (0..ROUNDS)
        .map(|_round| round(&queries, times, &control))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn round(queries: &[(String, ServiceProvider)], times: usize, control: &ControlSignature) -> (f64, f64) {
    let (mut reading, mut signing) = (0, 0);
    for _time in 0..times {
        let before = thread_cpu();
        for (query, sp) in queries {
            read(query, sp);
        }
        reading += thread_cpu() - before;
        signing += control.sign(1);
    }
    let per_query = reading as f64 / (times * queries.len()) as f64;
    (per_query / (signing as f64 / times as f64), per_query)
}

fn read(query: &str, sp: &ServiceProvider) {
    let inbound = redirect::decode(query).unwrap();
    let request = authn_request::read(&inbound).unwrap();
    let judged = request.verify(&sp.signing_certificates).unwrap();
    let against = ValidationContext {
        sp,
        formats: &NameIdFormat::ALL,
        entity_id: &EntityId::parse(ENTITY_ID).unwrap(),
        sso: SSO,
        policy: &Policy::default(),
        now: now(),
    };
    let valid = std::hint::black_box(authn_request::validate(judged, &against));
    assert!(valid.is_ok(), "{valid:?}");
}

/// The query of a sender's request, and its registered service provider.
fn request(sender: &str) -> (String, ServiceProvider) {
    let xml = fs::read_to_string(format!("fixtures/fuzz/authn_request/good-{sender}.xml")).unwrap();
    let query = format!(
        "SAMLRequest={}&RelayState=R1",
        percent_encode(&deflate_base64(&xml))
    );
    let issuer = authn_request::read(&redirect::decode(&query).unwrap())
        .unwrap()
        .unverified()
        .issuer
        .clone();
    let endpoints = ACS.iter().map(|location| AssertionConsumerService {
        location: SpUrl::parse(location).unwrap(),
        index: None,
    });
    (query, ServiceProvider::with_defaults(issuer, endpoints.collect()))
}

/// Shortly after the seeds were issued.
fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_219_800)
}
