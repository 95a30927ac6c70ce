use chrono::TimeZone;

use super::*;
use crate::{
    model::{
        application::{
            ApplicationAccess, ApplicationKind, AssertionConsumerService, Binding, EntityId, Protocol,
            ServiceProvider,
        },
        id::MetadataSourceId,
        response_options::ContentCipher,
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

/// An application, its metadata source and new metadata.
fn test_application() -> (Application, ApplicationMetadataSource, ImportedMetadata) {
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
    let new = ImportedMetadata {
        signing_certificates: vec![certificate("a")],
        encryption_certificates: vec![certificate("e")],
        signs_requests: true,
        ..new
    };
    let application = Application {
        id: id(),
        slug: Slug::parse("sp").unwrap(),
        name: "SP".to_owned(),
        kind: ApplicationKind::Other,
        enabled: true,
        access: ApplicationAccess::Everyone,
        second_factor: None,
        tile_url: None,
        protocol: Protocol::from(ServiceProvider {
            signing_certificates: new.signing_certificates.clone(),
            encryption_certificates: new.encryption_certificates.clone(),
            require_signed_requests: true,
            ..ServiceProvider::with_defaults(new.entity_id.clone(), new.acs_endpoints.clone())
        }),
        version: 1,
        created_at: now(),
        updated_at: now(),
    };
    let from = ApplicationMetadataSource {
        application: id(),
        source: MetadataSourceId::new(now(), [2; 10]),
        entity_id: new.entity_id.clone(),
        applied_sha256: "before".to_owned(),
        signs_requests: true,
        valid_until: None,
        delisted_at: None,
        pending_change: None,
        rejected_sha256: None,
    };
    (application, from, new)
}

fn acs_endpoint(location: &str) -> AssertionConsumerService {
    AssertionConsumerService {
        location: SpUrl::parse(location).unwrap(),
        index: None,
    }
}

fn received_metadata(vouching: MetadataTrust) -> ReceivedMetadata {
    ReceivedMetadata {
        own_valid_until: None,
        remedy_words: |remedy| format!(" ({remedy:?})"),
        trust: vouching,
        change_id: "c0ffee".to_owned(),
        now: now(),
    }
}

fn review_reason(change: impl FnOnce(&mut Application, &mut ImportedMetadata)) -> Option<String> {
    review_reason_with_trust(MetadataTrust::TlsOnly, change)
}

fn review_reason_with_trust(
    vouching: MetadataTrust,
    change: impl FnOnce(&mut Application, &mut ImportedMetadata),
) -> Option<String> {
    let (mut application, from, mut new) = test_application();
    change(&mut application, &mut new);
    match decide(&application, &from, &new, received_metadata(vouching)) {
        ChangeDecision::HoldForReview { change, .. } => Some(change.reason),
        ChangeDecision::Apply { .. } => None,
        other @ (ChangeDecision::Unchanged | ChangeDecision::Withdrawn { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn a_change_that_redirects_assertions_or_weakens_checks_needs_review() {
    let assert_reason = |part: &str, change: fn(&mut Application, &mut ImportedMetadata)| {
        let reason = review_reason(change).unwrap_or_default();
        assert!(reason.contains(part), "{part}: {reason}");
    };
    assert_reason("evil.example", |_, new| {
        new.acs_endpoints.push(acs_endpoint("https://evil.example/acs"));
    });
    assert_reason("new address", |_, new| {
        new.acs_endpoints = vec![acs_endpoint("https://sp.example.evil.example/")];
    });
    assert_reason("logout messages at a new address", |_, new| {
        new.logout = Some(LogoutEndpoint {
            binding: Binding::Redirect,
            location: SpUrl::parse("https://sp.example/slo").unwrap(),
            response_location: Some(SpUrl::parse("https://evil.example/slo").unwrap()),
        });
    });
    assert_reason("signed", |_, new| new.signs_requests = false);
    assert_reason("no certificate for signing", |_, new| {
        new.signing_certificates.clear();
    });
    assert_reason("urn:other", |_, new| {
        new.entity_id = EntityId::parse("urn:other").unwrap();
    });
    assert_reason("encrypt", |application, new| {
        application.saml_mut().unwrap().response_options.encryption = Some(ContentCipher::Aes256Gcm);
        new.encryption_certificates.clear();
    });
}

/// An origin is trusted only for the purpose that it was registered for.
#[test]
fn another_port_and_a_logout_only_address_need_review() {
    let logout = |location: &str| {
        Some(LogoutEndpoint {
            binding: Binding::Redirect,
            location: SpUrl::parse(location).unwrap(),
            response_location: None,
        })
    };
    for vouching in [MetadataTrust::TlsOnly, MetadataTrust::PinnedKey] {
        let why = |change: &dyn Fn(&mut Application, &mut ImportedMetadata)| {
            review_reason_with_trust(vouching, change).unwrap_or_default()
        };
        let port = why(&|_, new| new.acs_endpoints = vec![acs_endpoint("https://sp.example:8443/acs")]);
        assert!(port.contains("sp.example:8443"), "{port}");
        let moved = why(&|application, new| {
            application.saml_mut().unwrap().logout = logout("https://logout.example/slo");
            new.logout.clone_from(&application.saml().unwrap().logout);
            new.acs_endpoints.push(acs_endpoint("https://logout.example/acs"));
        });
        assert!(
            moved.contains("takes responses at a new address, https://logout.example/"),
            "{moved}"
        );
        let port = why(&|application, new| {
            application.saml_mut().unwrap().logout = logout("https://logout.example/slo");
            new.logout = logout("https://logout.example:444/slo");
        });
        assert!(port.contains("takes logout messages at a new address"), "{port}");
    }
}

#[test]
fn replacing_all_keys_needs_review_unless_a_pinned_key_signed() {
    let signing =
        |_: &mut Application, new: &mut ImportedMetadata| new.signing_certificates = vec![certificate("b")];
    let encryption = |_: &mut Application, new: &mut ImportedMetadata| {
        new.encryption_certificates = vec![certificate("f")];
    };
    let reason = review_reason(signing).unwrap();
    assert!(reason.contains("keys for signing"), "{reason}");
    let reason = review_reason(encryption).unwrap();
    assert!(reason.contains("keys for encryption"), "{reason}");
    assert_eq!(
        review_reason_with_trust(MetadataTrust::PinnedKey, encryption),
        None
    );
    let (application, from, mut new) = test_application();
    new.signing_certificates = vec![certificate("b")];
    match decide(
        &application,
        &from,
        &new,
        received_metadata(MetadataTrust::PinnedKey),
    ) {
        ChangeDecision::Apply {
            differences: lines, ..
        } => assert!(
            lines
                .iter()
                .any(|line| line.contains("its federation's signature")),
            "{lines:?}"
        ),
        other @ (ChangeDecision::Unchanged
        | ChangeDecision::Withdrawn { .. }
        | ChangeDecision::HoldForReview { .. }) => {
            panic!("{other:?}")
        }
    }
}

#[test]
fn everyday_changes_are_applied_without_review() {
    for change in [
        (|_, new| new.acs_endpoints.push(acs_endpoint("https://sp.example/acs2")))
            as fn(&mut Application, &mut ImportedMetadata),
        |_, new| new.acs_endpoints = vec![acs_endpoint("https://sp.example/other")],
        |_, new| new.signing_certificates.push(certificate("b")),
        |_, new| new.signing_certificates = vec![certificate("b"), certificate("a")],
        |_, new| new.acs_endpoints = vec![acs_endpoint("https://SP.example:443/acs")],
        |_, new| new.encryption_certificates.clear(),
        |_, new| new.display_name = Some("Another".to_owned()),
    ] {
        assert_eq!(review_reason(change), None);
    }
}

#[test]
fn what_an_administrator_chose_stays() {
    let (mut application, mut from, mut new) = test_application();
    "My name".clone_into(&mut application.name);
    application.saml_mut().unwrap().require_signed_requests = false;
    application.saml_mut().unwrap().allow_idp_initiated = true;
    application.saml_mut().unwrap().audience = EntityId::parse("urn:audience").unwrap();
    new.signing_certificates.push(certificate("b"));
    let changed = apply_metadata(&application, &from, &new);
    assert_eq!(changed.name, "My name");
    assert!(
        changed.saml().unwrap().allow_idp_initiated && !changed.saml().unwrap().require_signed_requests,
        "{changed:?}"
    );
    assert_eq!(changed.saml().unwrap().audience.as_str(), "urn:audience");
    assert_eq!(changed.saml().unwrap().signing_certificates.len(), 2);
    from.signs_requests = false;
    assert!(
        apply_metadata(&application, &from, &new)
            .saml()
            .unwrap()
            .require_signed_requests,
        "it is new that they are signed"
    );
    new.signing_certificates.clear();
    assert!(
        !apply_metadata(&application, &from, &new)
            .saml()
            .unwrap()
            .require_signed_requests,
        "nothing could be checked"
    );
    assert_eq!(
        differences(&application, &apply_metadata(&application, &from, &new)).len(),
        1,
        "the certificate goes"
    );
}

#[test]
fn a_decision_is_made_once() {
    let (application, mut from, new) = test_application();
    from.rejected_sha256 = Some(new.sha256.clone());
    let decision = decide(
        &application,
        &from,
        &new,
        received_metadata(MetadataTrust::TlsOnly),
    );
    assert!(matches!(decision, ChangeDecision::Unchanged), "{decision:?}");
    from.rejected_sha256 = None;
    from.applied_sha256.clone_from(&new.sha256);
    let decision = decide(
        &application,
        &from,
        &new,
        received_metadata(MetadataTrust::TlsOnly),
    );
    assert!(matches!(decision, ChangeDecision::Unchanged), "{decision:?}");
    from.pending_change = Some(PendingChange {
        id: "c0ffee".to_owned(),
        metadata: String::new(),
        sha256: "other".to_owned(),
        reason: String::new(),
        pending_since: now(),
    });
    let decision = decide(
        &application,
        &from,
        &new,
        received_metadata(MetadataTrust::TlsOnly),
    );
    assert!(
        matches!(decision, ChangeDecision::Withdrawn { .. }),
        "{decision:?}"
    );
}
