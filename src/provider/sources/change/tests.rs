use chrono::TimeZone;

use super::*;
use crate::{
    model::{
        application::{Binding, Consumer, EntityId, Kind, ServiceProvider},
        id::SourceId,
        making::ContentCipher,
    },
    provider::saml::import::import,
};

const ACS: &str = "https://sp.example/acs";

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn id() -> ApplicationId {
    ApplicationId::new(now(), [1; 10])
}

fn certificate(subject: &str) -> Certificate {
    Certificate {
        der: subject.as_bytes().to_vec(),
        sha256: format!("{subject:0<64}"),
        subject: subject.to_owned(),
        not_before: now(),
        not_after: now(),
    }
}

/// An application, and where its metadata comes from.
fn scene() -> (Application, ApplicationSource, Imported) {
    let new = import(
        &format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:sp\">\
             <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:AssertionConsumerService index=\"0\" Location=\"{ACS}\" \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/>\
             </md:SPSSODescriptor></md:EntityDescriptor>"
        ),
        None,
        now(),
    )
    .unwrap();
    let new = Imported {
        certificates: vec![certificate("a")],
        encryption_certificates: vec![certificate("e")],
        signs_requests: true,
        ..new
    };
    let application = Application {
        id: id(),
        slug: Slug::parse("sp").unwrap(),
        name: "SP".to_owned(),
        kind: Kind::Saml,
        enabled: true,
        tile_url: None,
        saml: ServiceProvider {
            certificates: new.certificates.clone(),
            encryption_certificates: new.encryption_certificates.clone(),
            require_signed_requests: true,
            ..ServiceProvider::usual(new.entity_id.clone(), new.consumers.clone())
        },
        metadata_until: None,
        version: 1,
        created_at: now(),
        updated_at: now(),
    };
    let from = ApplicationSource {
        application: id(),
        source: SourceId::new(now(), [2; 10]),
        entity_id: new.entity_id.clone(),
        applied: "before".to_owned(),
        signs_requests: true,
        valid_until: None,
        gone_at: None,
        waiting: None,
        rejected: None,
    };
    (application, from, new)
}

fn at(location: &str) -> Consumer {
    Consumer {
        location: AcsUrl::parse(location).unwrap(),
        index: None,
    }
}

fn delivery(vouching: Vouching) -> Delivery {
    Delivery {
        own_end: None,
        vouching,
        change_id: "c0ffee".to_owned(),
        now: now(),
    }
}

fn waits(change: impl FnOnce(&mut Application, &mut Imported)) -> Option<String> {
    waits_by(Vouching::Tls, change)
}

fn waits_by(vouching: Vouching, change: impl FnOnce(&mut Application, &mut Imported)) -> Option<String> {
    let (mut application, from, mut new) = scene();
    change(&mut application, &mut new);
    match decide(&application, &from, &new, delivery(vouching)) {
        Decision::HoldBack { change, .. } => Some(change.why),
        Decision::TakeUp { .. } => None,
        other @ (Decision::Nothing | Decision::Withdrawn { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn what_could_redirect_assertions_or_lower_the_guard_waits() {
    let why = |change: fn(&mut Application, &mut Imported)| waits(change).unwrap_or_default();
    assert!(why(|_, new| new.consumers.push(at("https://evil.example/acs"))).contains("evil.example"));
    assert!(
        why(|_, new| new.consumers = vec![at("https://sp.example.evil.example/")]).contains("new address")
    );
    assert!(
        why(|_, new| {
            new.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: AcsUrl::parse("https://sp.example/slo").unwrap(),
                response_location: Some(AcsUrl::parse("https://evil.example/slo").unwrap()),
            });
        })
        .contains("logout messages at a new address")
    );
    assert!(why(|_, new| new.signs_requests = false).contains("signed"));
    assert!(why(|_, new| new.certificates.clear()).contains("no certificate for signing"));
    assert!(why(|_, new| new.entity_id = EntityId::parse("urn:other").unwrap()).contains("urn:other"));
    assert!(
        why(|application, new| {
            application.saml.making.encryption = Some(ContentCipher::Aes256Gcm);
            new.encryption_certificates.clear();
        })
        .contains("encrypt")
    );
}

/// What is trusted is compared with what it was trusted for.
#[test]
fn another_port_and_an_address_known_for_logout_alone_wait() {
    let logout = |location: &str| {
        Some(LogoutEndpoint {
            binding: Binding::Redirect,
            location: AcsUrl::parse(location).unwrap(),
            response_location: None,
        })
    };
    for vouching in [Vouching::Tls, Vouching::PinnedKey] {
        let why =
            |change: &dyn Fn(&mut Application, &mut Imported)| waits_by(vouching, change).unwrap_or_default();
        assert!(
            why(&|_, new| new.consumers = vec![at("https://sp.example:8443/acs")])
                .contains("sp.example:8443")
        );
        let moved = why(&|application, new| {
            application.saml.logout = logout("https://logout.example/slo");
            new.logout.clone_from(&application.saml.logout);
            new.consumers.push(at("https://logout.example/acs"));
        });
        assert!(
            moved.contains("takes responses at a new address, https://logout.example/"),
            "{moved}"
        );
        let port = why(&|application, new| {
            application.saml.logout = logout("https://logout.example/slo");
            new.logout = logout("https://logout.example:444/slo");
        });
        assert!(port.contains("takes logout messages at a new address"), "{port}");
    }
}

#[test]
fn keys_that_are_all_replaced_wait_unless_a_pinned_key_speaks_for_them() {
    let signing = |_: &mut Application, new: &mut Imported| new.certificates = vec![certificate("b")];
    let encryption =
        |_: &mut Application, new: &mut Imported| new.encryption_certificates = vec![certificate("f")];
    assert!(waits(signing).unwrap().contains("keys for signing"));
    assert!(waits(encryption).unwrap().contains("keys for encryption"));
    assert_eq!(waits_by(Vouching::PinnedKey, encryption), None);
    let (application, from, mut new) = scene();
    new.certificates = vec![certificate("b")];
    match decide(&application, &from, &new, delivery(Vouching::PinnedKey)) {
        Decision::TakeUp { lines, .. } => assert!(
            lines
                .iter()
                .any(|line| line.contains("its federation's signature"))
        ),
        other @ (Decision::Nothing | Decision::Withdrawn { .. } | Decision::HoldBack { .. }) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn everyday_changes_are_taken_up_by_themselves() {
    for change in [
        (|_, new| new.consumers.push(at("https://sp.example/acs2"))) as fn(&mut Application, &mut Imported),
        |_, new| new.consumers = vec![at("https://sp.example/other")],
        |_, new| new.certificates.push(certificate("b")),
        |_, new| new.certificates = vec![certificate("b"), certificate("a")],
        |_, new| new.consumers = vec![at("https://SP.example:443/acs")],
        |_, new| new.encryption_certificates.clear(),
        |_, new| new.display_name = Some("Another".to_owned()),
    ] {
        assert_eq!(waits(change), None);
    }
}

#[test]
fn what_an_administrator_chose_stays() {
    let (mut application, mut from, mut new) = scene();
    "My name".clone_into(&mut application.name);
    application.saml.require_signed_requests = false;
    application.saml.allow_idp_initiated = true;
    application.saml.audience = EntityId::parse("urn:audience").unwrap();
    new.certificates.push(certificate("b"));
    let changed = applied(&application, &from, &new);
    assert_eq!(changed.name, "My name");
    assert!(changed.saml.allow_idp_initiated && !changed.saml.require_signed_requests);
    assert_eq!(changed.saml.audience.as_str(), "urn:audience");
    assert_eq!(changed.saml.certificates.len(), 2);
    from.signs_requests = false;
    assert!(
        applied(&application, &from, &new).saml.require_signed_requests,
        "it is new that they are signed"
    );
    new.certificates.clear();
    assert!(
        !applied(&application, &from, &new).saml.require_signed_requests,
        "nothing could be checked"
    );
    assert_eq!(
        differences(&application, &applied(&application, &from, &new)).len(),
        1,
        "the certificate goes"
    );
}

#[test]
fn a_decision_is_made_once() {
    let (application, mut from, new) = scene();
    from.rejected = Some(new.sha256.clone());
    assert!(matches!(
        decide(&application, &from, &new, delivery(Vouching::Tls)),
        Decision::Nothing
    ));
    from.rejected = None;
    from.applied.clone_from(&new.sha256);
    assert!(matches!(
        decide(&application, &from, &new, delivery(Vouching::Tls)),
        Decision::Nothing
    ));
    from.waiting = Some(WaitingChange {
        id: "c0ffee".to_owned(),
        metadata: String::new(),
        sha256: "other".to_owned(),
        why: String::new(),
        since: now(),
    });
    assert!(matches!(
        decide(&application, &from, &new, delivery(Vouching::Tls)),
        Decision::Withdrawn { .. }
    ));
}
