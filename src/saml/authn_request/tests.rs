use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::prelude::*;

use super::*;
use crate::{
    model::{
        application::{AssertionConsumerService, Binding, EntityId, ServiceProvider, SpUrl},
        authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext},
        name_id::{self, NameIdFormat, UNSPECIFIED},
        policy::Policy,
        sign_in::Subject,
    },
    saml::{
        binding::inbound::{InboundMessage, MessageKind},
        refusal::Refusal,
        signature::VerificationOutcome,
        urn::{ASSERTION, PROTOCOL},
    },
};

const SSO: &str = "https://idp.example/saml/sso";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn our_entity_id() -> EntityId {
    EntityId::parse("https://idp.example/saml/metadata").unwrap()
}

fn sp() -> ServiceProvider {
    let endpoint = |location: &str, index| AssertionConsumerService {
        location: SpUrl::parse(location).unwrap(),
        index,
    };
    ServiceProvider::with_defaults(
        EntityId::parse("urn:auth0:openai:org-TEST").unwrap(),
        vec![
            endpoint("https://sp.example/acs?connection=org-TEST", Some(3)),
            endpoint("https://sp.example/other", Some(4)),
        ],
    )
}

fn validate_for(
    request: VerificationOutcome<AuthnRequest>,
    sp: &ServiceProvider,
) -> Result<ValidRequest, RefusedRequest> {
    let against = ValidationContext {
        sp,
        formats: &NameIdFormat::ALL,
        entity_id: &our_entity_id(),
        sso: SSO,
        policy: &Policy::default(),
        now: noon(),
    };
    validate(request, &against)
}

fn xml(attributes: &str, inside: &str) -> String {
    format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\"\t ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-11-21T12:00:00Z\" {attributes}><saml:Issuer xmlns:saml=\"{ASSERTION}\">urn:auth0:openai:org-TEST</saml:Issuer>{inside}</samlp:AuthnRequest>"
    )
}

fn read_xml(xml: String) -> Result<AuthnRequest, Refusal> {
    let inbound = InboundMessage {
        binding: Binding::Redirect,
        kind: MessageKind::Request,
        xml,
        relay_state: None,
        login_hint: None,
        signature: None,
    };
    read(&inbound).map(|unverified| unverified.unverified().clone())
}

fn validate_xml(xml: String) -> Result<ValidRequest, RefusedRequest> {
    let request = VerificationOutcome::Unsigned(read_xml(xml).unwrap());
    validate_for(request, &sp())
}

fn refusal_of(attributes: &str, inside: &str) -> (Refusal, bool) {
    let refused = validate_xml(xml(attributes, inside)).unwrap_err();
    (refused.refusal, refused.acs.is_some())
}

#[test]
fn a_request_from_auth0_is_valid() {
    for binding in ["HTTP-POST", "HTTP-Redirect"] {
        let attributes = format!(
            "Destination=\"{SSO}\" ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\""
        );
        let accepted = validate_xml(xml(&attributes, "")).unwrap();
        assert_eq!(
            accepted.acs.as_str(),
            "https://sp.example/acs?connection=org-TEST"
        );
        assert_eq!(accepted.request_id, "_1");
    }
}

#[test]
fn requested_options_are_honoured_or_refused_with_their_status() {
    let policy = |format: &str| format!("<samlp:NameIDPolicy Format=\"{format}\" AllowCreate=\"1\"/>");
    let context = |comparison: &str, class: &str| {
        format!(
            "<samlp:RequestedAuthnContext {comparison}><saml:AuthnContextClassRef xmlns:saml=\"{ASSERTION}\">{class}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
        )
    };
    let ppt = AuthnContextClass::PasswordProtectedTransport.uri();
    let scoping = |id: &str| {
        format!(
            "<samlp:Scoping ProxyCount=\"0\"><samlp:IDPList><samlp:IDPEntry ProviderID=\"{id}\"/></samlp:IDPList></samlp:Scoping>"
        )
    };
    for fine in [
        policy(name_id::EMAIL_ADDRESS),
        policy(UNSPECIFIED),
        policy(name_id::PERSISTENT),
        policy(name_id::TRANSIENT),
        "<samlp:NameIDPolicy SPNameQualifier=\"urn:auth0:openai:org-TEST\"/>".to_owned(),
        "<samlp:NameIDPolicy AllowCreate=\"true\"/>".to_owned(),
        context("Comparison=\"exact\"", ppt),
        context("", ppt),
        scoping(our_entity_id().as_str()),
        "<samlp:Scoping ProxyCount=\"1\"/>".to_owned(),
        "<samlp:Extensions><x:y xmlns:x=\"urn:x\">z</x:y></samlp:Extensions>".to_owned(),
    ] {
        assert!(validate_xml(xml("", &fine)).is_ok(), "{fine}");
    }
    let better = validate_xml(xml("", &context("Comparison=\"better\"", ppt))).unwrap();
    assert_eq!(
        better.authn_context,
        Some(RequestedAuthnContext::new(
            Comparison::Better,
            [AuthnContextClass::PasswordProtectedTransport]
        ))
    );
    for (inside, refusal) in [
        (
            policy("urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"),
            Refusal::NameIdPolicy,
        ),
        (
            policy("urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"),
            Refusal::NameIdPolicy,
        ),
        (
            "<samlp:NameIDPolicy SPNameQualifier=\"other\"/>".to_owned(),
            Refusal::NameIdPolicy,
        ),
        (scoping("https://other.example"), Refusal::Scoping),
        (
            format!("<saml:Conditions xmlns:saml=\"{ASSERTION}\"/>"),
            Refusal::Unsupported("Conditions"),
        ),
        (
            format!("<saml:Subject xmlns:saml=\"{ASSERTION}\"><saml:EncryptedID/></saml:Subject>"),
            Refusal::Subject,
        ),
    ] {
        assert_eq!(refusal_of("", &inside), (refusal, true), "{inside}");
    }
    let artifact = "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"";
    assert_eq!(refusal_of(artifact, ""), (Refusal::UnsupportedBinding, true));
}

#[test]
fn an_acs_is_a_registered_one_or_none() {
    let with_acs = |url: &str| xml(&format!("AssertionConsumerServiceURL=\"{url}\""), "");
    let valid = validate_xml(with_acs("https://sp.example/other"));
    assert!(valid.is_ok(), "{valid:?}");
    for evil in [
        "https://evil.example/acs",
        "https://sp.example/acs",
        "https://sp.example/acs?connection=org-TEST&amp;x=1",
        "https://sp.example/otherwise",
        "https://sp.example/other/",
        "https://sp.example:8443/other",
        "https://sp.example@evil.example/other",
        "https://evil.example/#@sp.example/other",
        "https://evil.example\\@sp.example/other",
        "HTTPS://sp.example/other",
        " https://sp.example/other",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
    ] {
        let refused = validate_xml(with_acs(evil)).unwrap_err();
        assert_eq!(
            (refused.refusal, refused.acs),
            (Refusal::UnknownAcs, None),
            "{evil}"
        );
    }
    let index = |n: &str| xml(&format!("AssertionConsumerServiceIndex=\"{n}\""), "");
    assert_eq!(
        validate_xml(index("4")).unwrap().acs.as_str(),
        "https://sp.example/other"
    );
    let refused = validate_xml(index("9")).unwrap_err();
    assert_eq!(refused.refusal, Refusal::UnknownAcsIndex);
    assert_eq!(
        refused.acs.unwrap().as_str(),
        "https://sp.example/acs?connection=org-TEST"
    );
}

#[test]
fn issue_instant_version_and_destination_are_checked() {
    let at = |text: &str| xml("", "").replace("2026-11-21T12:00:00Z", text);
    for (instant, fits) in [
        ("2026-11-21T11:55:00Z", true),
        ("2026-11-21T11:54:59Z", false),
        ("2026-11-21T12:03:00Z", true),
        ("2026-11-21T12:03:01Z", false),
    ] {
        assert_eq!(validate_xml(at(instant)).is_ok(), fits, "{instant}");
    }
    let old = validate_xml(xml("", "").replace("\"2.0\"", "\"1.1\"")).unwrap_err();
    assert_eq!((old.refusal, old.acs.is_some()), (Refusal::Version, true));
    for elsewhere in [
        "https://idp.example/saml/ssox",
        "https://evil.example/saml/sso",
        "",
    ] {
        let attributes = format!("Destination=\"{elsewhere}\"");
        assert_eq!(
            refusal_of(&attributes, ""),
            (Refusal::WrongDestination, false),
            "{elsewhere}"
        );
    }
}

#[test]
fn a_missing_signature_is_answered_at_the_registered_acs() {
    let demanding = ServiceProvider {
        require_signed_requests: true,
        ..sp()
    };
    for request in [
        VerificationOutcome::Unsigned(read_xml(xml("", "")).unwrap()),
        VerificationOutcome::Unchecked(read_xml(xml("", "")).unwrap()),
    ] {
        let refused = validate_for(request, &demanding).unwrap_err();
        assert_eq!(refused.refusal, Refusal::SignatureMissing);
        assert!(refused.acs.is_some(), "{refused:?}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let plain = xml("", "");
    for bad in [
        plain.replace("ID=\"_1\"", ""),
        plain.replace("\"_1\"", "\"1\""),
        plain.replace("\"_1\"", "\"_1&quot; x=&quot;\""),
        plain.replace("IssueInstant=\"2026-11-21T12:00:00Z\"", ""),
        plain.replace("samlp:AuthnRequest", "samlp:LogoutRequest"),
        plain.replace(PROTOCOL, "urn:other"),
        plain.replace(ASSERTION, "urn:other"),
        plain.replace("org-TEST</saml", "org<!-- -->-TEST</saml"),
        plain.replace(
            "<saml:Issuer ",
            "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\" ",
        ),
        xml("ForceAuthn=\"yes\"", ""),
        xml("AssertionConsumerServiceIndex=\"x\"", ""),
        xml(
            "AssertionConsumerServiceIndex=\"3\" AssertionConsumerServiceURL=\"https://sp.example/other\"",
            "",
        ),
        xml("", "<x/>"),
        xml("", "<samlp:NameIDPolicy/><samlp:NameIDPolicy/>"),
        xml("", "text"),
    ] {
        assert!(read_xml(bad.clone()).is_err(), "{bad}");
    }
    let twice = plain.replace(
        "</samlp:",
        &format!("<saml:Issuer xmlns:saml=\"{ASSERTION}\">x</saml:Issuer></samlp:"),
    );
    let read = read_xml(twice);
    assert!(read.is_err(), "{read:?}");
}

#[test]
fn booleans_have_two_spellings() {
    for (text, value) in [("1", true), ("true", true), ("0", false), ("false", false)] {
        let accepted = validate_xml(xml(&format!("ForceAuthn=\"{text}\" IsPassive=\"{text}\""), "")).unwrap();
        assert_eq!((accepted.force_authn, accepted.is_passive), (value, value));
    }
}

proptest! {
    #[test]
    fn a_response_goes_only_to_a_registered_acs(
        url in "(https://sp\\.example/(other|acs\\?connection=org-TEST)|https://[a-z.@/#?]{0,30}|\\PC{0,30})",
        index in proptest::option::of(0u16..6),
        minutes in -10i64..10,
        with_url: bool,
    ) {
        let request = AuthnRequest {
            id: "_1".to_owned(),
            version: "2.0".to_owned(),
            issued_at: noon() + TimeDelta::minutes(minutes),
            issuer: sp().entity_id,
            destination: None,
            acs_url: with_url.then_some(url),
            acs_index: if with_url { None } else { index },
            protocol_binding: None,
            force_authn: false,
            is_passive: false,
            options: RequestedOptions::default(),
        };
        let destination = match validate_for(VerificationOutcome::Unsigned(request), &sp()) {
            Ok(accepted) => Some(accepted.acs),
            Err(refused) => refused.acs,
        };
        if let Some(acs) = destination {
            prop_assert!(sp().acs_endpoints.iter().any(|known| known.location == acs));
        }
    }
}

#[test]
fn a_name_id_has_the_requested_or_the_registered_format() {
    let policy = |format: &str| format!("<samlp:NameIDPolicy Format=\"{format}\"/>");
    let accepted = |inside: &str, formats: &[NameIdFormat], registered| {
        let sp = ServiceProvider {
            name_id_format: registered,
            ..sp()
        };
        let against = ValidationContext {
            sp: &sp,
            formats,
            entity_id: &our_entity_id(),
            sso: SSO,
            policy: &Policy::default(),
            now: noon(),
        };
        let request = read_xml(xml("", inside)).unwrap();
        validate(VerificationOutcome::Unsigned(request), &against)
            .map(|accepted| accepted.name_id_format)
            .map_err(|refused| refused.refusal)
    };
    let all = &NameIdFormat::ALL;
    for registered in NameIdFormat::ALL {
        assert_eq!(accepted("", all, registered), Ok(registered));
        assert_eq!(accepted(&policy(UNSPECIFIED), all, registered), Ok(registered));
        for requested in [
            NameIdFormat::EmailAddress,
            NameIdFormat::Persistent,
            NameIdFormat::Transient,
        ] {
            assert_eq!(accepted(&policy(requested.urn()), all, registered), Ok(requested));
        }
    }
    let email = NameIdFormat::EmailAddress;
    assert_eq!(
        accepted(&policy(name_id::PERSISTENT), &[email], email),
        Err(Refusal::NameIdPolicy)
    );
}

#[test]
fn a_subject_is_a_name_id_that_a_user_here_could_have() {
    let subject = |attributes: &str, value: &str| {
        format!(
            "<saml:Subject xmlns:saml=\"{ASSERTION}\"><saml:NameID {attributes}>{value}</saml:NameID></saml:Subject>"
        )
    };
    let of = |inside: &str| {
        validate_xml(xml("", inside))
            .map(|accepted| accepted.subject)
            .map_err(|no| no.refusal)
    };
    let named = |format, value: &str| {
        Ok(Some(Subject {
            format,
            value: value.to_owned(),
        }))
    };
    assert_eq!(
        of(&subject("", " Mira@X.example\n")),
        named(NameIdFormat::Unspecified, "mira@x.example")
    );
    assert_eq!(of(&subject("", "")), Ok(None));
    let persistent = format!("Format=\"{}\"", name_id::PERSISTENT);
    assert_eq!(
        of(&subject(&persistent, "aB")),
        named(NameIdFormat::Persistent, "aB")
    );
    let qualified = format!(
        "{persistent} NameQualifier=\"{}\" SPNameQualifier=\"urn:auth0:openai:org-TEST\"",
        our_entity_id()
    );
    assert_eq!(
        of(&subject(&qualified, "aB")),
        named(NameIdFormat::Persistent, "aB")
    );
    for other in ["NameQualifier=\"urn:other\"", "SPNameQualifier=\"urn:other\""] {
        assert_eq!(
            of(&subject(&format!("{persistent} {other}"), "aB")),
            Err(Refusal::Subject)
        );
    }
    assert_eq!(of(&subject("Format=\"urn:x\"", "aB")), Err(Refusal::Subject));
    assert_eq!(of(&subject("", &"x".repeat(2000))), Err(Refusal::Subject));
}
