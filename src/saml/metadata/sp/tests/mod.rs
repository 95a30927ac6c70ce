mod findings;
mod products;

use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{TimeDelta, TimeZone};
use openssl::{
    asn1::Asn1Time,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{Id, PKey, Private},
    rsa::Rsa,
    x509::{X509, X509NameBuilder},
};
use proptest::prelude::*;

use crate::{
    model::application::{Binding, SpUrl},
    saml::urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    xml::reader::token_reader::MAX_DEPTH,
};

const LEGACY: &str = include_str!("../../../../../fixtures/sp/chatgpt-legacy.xml");
const CURRENT: &str = include_str!("../../../../../fixtures/sp/chatgpt-current.xml");
const SHIBBOLETH: &str = include_str!("../../../../../fixtures/sp/shibboleth.xml");
const AGGREGATE: &str = include_str!("../../../../../fixtures/sp/aggregate.xml");
const HEAD: &str = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"a\">";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn read_entity(text: &str, wanted: Option<&str>) -> Entity {
    read(text, wanted, noon()).unwrap()
}

fn locations(entity: &Entity) -> Vec<&str> {
    entity
        .acs_endpoints
        .iter()
        .map(|endpoint| endpoint.location.as_str())
        .collect()
}

/// The codes of the findings.
fn codes(entity: &Entity) -> Vec<&'static str> {
    entity.findings.iter().map(MetadataFinding::code).collect()
}

/// One service provider with `attributes` on its entity and `inside` in its role.
fn sp_metadata(attributes: &str, inside: &str) -> String {
    format!(
        "<EntityDescriptor xmlns=\"{METADATA}\" entityID=\"a\" {attributes}><SPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{inside}</SPSSODescriptor></EntityDescriptor>"
    )
}

fn acs(at: &str, more: &str) -> String {
    format!("<AssertionConsumerService Binding=\"{HTTP_POST}\" Location=\"https://sp.example/{at}\" {more}/>")
}

fn key(declared_use: &str) -> String {
    key_with(declared_use, "QU\nJD")
}

fn key_with(declared_use: &str, certificate: &str) -> String {
    format!(
        "<KeyDescriptor {declared_use}><KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate> {certificate} </X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    )
}

/// A self-signed certificate, valid from `from` to `until`, in days relative to noon of the test day, as base64.
fn certificate(private: &PKey<Private>, from: i64, until: i64) -> String {
    build_certificate(private, private, "sp.example", from, until)
}

/// A certificate of `private` for `subject`, issued by the authority `sp.example`.
fn issued_certificate(private: &PKey<Private>, authority: &PKey<Private>, subject: &str) -> String {
    build_certificate(private, authority, subject, -1, 30)
}

fn build_certificate(
    private: &PKey<Private>,
    authority: &PKey<Private>,
    subject: &str,
    from: i64,
    until: i64,
) -> String {
    let day = |days: i64| Asn1Time::from_unix((noon() + TimeDelta::days(days)).timestamp()).unwrap();
    let named = |name: &str| {
        let mut builder = X509NameBuilder::new().unwrap();
        builder.append_entry_by_text("CN", name).unwrap();
        builder.build()
    };
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_subject_name(&named(subject)).unwrap();
    builder.set_issuer_name(&named("sp.example")).unwrap();
    builder.set_pubkey(private).unwrap();
    builder.set_not_before(&day(from)).unwrap();
    builder.set_not_after(&day(until)).unwrap();
    let digest = match authority.id() {
        Id::ED25519 => MessageDigest::null(),
        _ => MessageDigest::sha256(),
    };
    builder.sign(authority, digest).unwrap();
    STANDARD.encode(builder.build().to_der().unwrap())
}

fn rsa_key(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

fn ec_key(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

#[test]
fn both_shapes_of_chatgpt_are_read() {
    // One day later, their certificates are valid.
    let legacy = read(LEGACY, None, noon() + TimeDelta::days(1)).unwrap();
    assert_eq!(legacy.entity_id.as_str(), "urn:auth0:openai:org-TEST");
    assert_eq!(
        locations(&legacy),
        ["https://auth0.openai.com/login/callback?connection=org-TEST"]
    );
    assert_eq!(
        legacy.signing_certificates.len(),
        1,
        "the key for encryption does not sign"
    );
    assert_eq!(legacy.encryption_certificates.len(), 1);
    let logout: Vec<_> = legacy
        .logout_endpoints
        .iter()
        .map(|endpoint| endpoint.binding)
        .collect();
    assert_eq!(logout, [Binding::Redirect, Binding::Post]);
    let logout = legacy.logout_by_redirect().unwrap();
    assert_eq!(logout.location.as_str(), "https://auth0.openai.com/logout");
    assert!(!legacy.signs_requests, "{legacy:?}");
    assert_eq!(legacy.name_id_formats.len(), 3);
    assert_eq!(codes(&legacy), Vec::<&str>::new());

    let current = read_entity(CURRENT, None);
    assert_eq!(current.entity_id.as_str(), "ATZB94xJKf9FsbARIruJxTv5f");
    assert!(
        current.signing_certificates.is_empty()
            && current.logout_endpoints.is_empty()
            && current.wants_assertions_signed,
        "{current:?}"
    );
    assert_eq!(current.cache_duration, Some(TimeDelta::days(7)));
    assert_eq!(codes(&current), ["no-signing-certificate", "no-logout"]);
}

#[test]
fn of_many_endpoints_only_the_supported_are_kept() {
    let wiki = read_entity(SHIBBOLETH, None);
    assert!(wiki.signs_requests, "xs:boolean has a 1 too");
    assert_eq!(
        locations(&wiki),
        [
            "https://wiki.example/Shibboleth.sso/SAML2/POST",
            "https://wiki.example/Shibboleth.sso/SAML2/Spare"
        ]
    );
    assert_eq!(wiki.acs_endpoints.first().unwrap().index, Some(1));
    let logout = wiki.logout_by_redirect().unwrap();
    assert_eq!(
        logout.response_location.as_ref().map(SpUrl::as_str),
        Some("https://wiki.example/Shibboleth.sso/SLO/Done")
    );
    assert_eq!(wiki.signing_certificates.len(), 1);
    assert_eq!(wiki.display_name.as_deref(), Some("Wiki & more"));
    let skipped: Vec<String> = wiki.findings.iter().map(ToString::to_string).collect();
    for word in ["HTTP-POST-SimpleSign", "HTTP-Artifact", "PAOS", "SOAP"] {
        assert!(
            skipped.iter().any(|message| message.contains(word)),
            "{word}: {skipped:?}"
        );
    }
}

#[test]
fn one_entity_is_read_from_an_aggregate() {
    let board = read_entity(AGGREGATE, Some("https://board.example/sp"));
    assert_eq!(
        board.valid_until,
        Some(Utc.with_ymd_and_hms(2030, 1, 1, 0, 0, 0).unwrap()),
        "the earliest of all that it stands in"
    );
    assert_eq!(board.cache_duration, Some(TimeDelta::hours(6)));
    assert_eq!(
        board.signing_certificates.len(),
        1,
        "a key without use signs too (E62)"
    );
    assert!(board.signs_requests, "{board:?}");
    let both = read_entity(AGGREGATE, Some("https://both.example/"));
    assert_eq!(
        both.signing_certificates, board.signing_certificates,
        "the key of its other role is not taken"
    );
    assert_eq!(
        locations(&both),
        ["https://both.example/acs", "https://both.example/acs/old"]
    );
    for (wanted, expected) in [
        (None, "several service providers"),
        (Some("https://idp.example/idp"), "called https://idp.example/idp"),
        (Some("https://nobody.example/"), "no service provider"),
    ] {
        let message = read(AGGREGATE, wanted, noon()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_default_acs_comes_first() {
    let (yes, no) = ("isDefault=\"true\"", "isDefault=\"0\"");
    for (more, first) in [
        (["", "", ""], "0"),
        ([no, "", ""], "1"),
        ([no, no, no], "0"),
        (["", "", yes], "2"),
        ([no, yes, yes], "1"),
    ] {
        let inside: String = more
            .iter()
            .zip(0..)
            .map(|(more, at)| acs(&format!("{at}"), more))
            .collect();
        let entity = read_entity(&sp_metadata("", &inside), None);
        assert_eq!(entity.acs_endpoints.len(), 3);
        assert_eq!(
            locations(&entity).first(),
            Some(&&*format!("https://sp.example/{first}")),
            "{more:?}"
        );
    }
}

#[test]
fn a_key_signs_unless_it_says_otherwise() {
    let text = certificate(&rsa_key(2048), -1, 30);
    let der = STANDARD.decode(&text).unwrap();
    for (declared_use, signs, encrypts) in [
        ("", 1, 1),
        ("use=\"signing\"", 1, 0),
        ("use=\"encryption\"", 0, 1),
        ("use=\"elsewhere\"", 0, 0),
    ] {
        // A repeated key counts once; and some senders write the line ends in base64 as character references.
        let inside = key_with(declared_use, &format!("{text}&#13;\n")).repeat(2);
        let entity = read_entity(&sp_metadata("", &inside), None);
        assert_eq!(
            entity.signing_certificates,
            vec![der.clone(); signs],
            "{declared_use}"
        );
        assert_eq!(
            entity.encryption_certificates,
            vec![der.clone(); encrypts],
            "{declared_use}"
        );
        assert_eq!(
            codes(&entity).contains(&"no-signing-certificate"),
            signs == 0,
            "{declared_use}"
        );
    }
}

#[test]
fn a_role_for_another_protocol_is_ignored() {
    let old = sp_metadata("", &acs("old", "")).replace(PROTOCOL, "urn:oasis:names:tc:SAML:1.1:protocol");
    let found = read(&old, None, noon());
    assert!(
        matches!(found, Err(BadMetadata::NoServiceProvider(_))),
        "{found:?}"
    );
    let role = |protocol: &str, at: &str| {
        format!(
            "<SPSSODescriptor protocolSupportEnumeration=\"{protocol}\">{}</SPSSODescriptor>",
            acs(at, "")
        )
    };
    let both = format!(
        "{HEAD}{}{}</EntityDescriptor>",
        role("urn:oasis:names:tc:SAML:1.1:protocol", "old"),
        role(&format!("urn:x {PROTOCOL}"), "new")
    );
    let entity = read_entity(&both, None);
    assert_eq!(locations(&entity), ["https://sp.example/new"]);
    let found_codes = codes(&entity);
    assert!(found_codes.contains(&"other-protocol"), "{found_codes:?}");
}

#[test]
fn an_element_counts_only_in_its_place() {
    // In an extension, in a signature, in another role: none of these belongs to the service provider.
    for wrong in [
        format!("<Extensions>{}{}</Extensions>", acs("evil", ""), key("")),
        format!(
            "<Signature xmlns=\"{DSIG}\"><Object xmlns:m=\"{METADATA}\"><m:SPSSODescriptor>{}</m:SPSSODescriptor></Object></Signature>",
            acs("evil", "")
        ),
        format!(
            "<x xmlns=\"urn:x\"><AssertionConsumerService xmlns=\"{METADATA}\" Binding=\"{HTTP_POST}\" Location=\"https://evil.example/\"/></x>"
        ),
        format!("<KeyDescriptor><X509Certificate xmlns=\"{DSIG}\">!!</X509Certificate></KeyDescriptor>"),
    ] {
        let entity = read_entity(&sp_metadata("", &format!("{wrong}{}", acs("acs", ""))), None);
        assert_eq!(locations(&entity), ["https://sp.example/acs"], "{wrong}");
        assert!(entity.signing_certificates.is_empty(), "{wrong}");
    }
    // An entity inside an element that is otherwise ignored could be mistaken for a top-level one.
    let hidden = sp_metadata(
        "",
        &format!("<Extensions>{}</Extensions>", sp_metadata("", &acs("evil", ""))),
    );
    let found = read(&hidden, None, noon());
    assert!(found.is_err(), "{found:?}");
}

#[test]
fn expired_metadata_is_refused_and_a_cache_duration_is_no_expiry() {
    let until = |time: &str| format!("validUntil=\"{time}\"");
    let read_with = |attributes: &str| read(&sp_metadata(attributes, ""), None, noon());
    for good in [until("2026-11-21T12:00:01Z").as_str(), "cacheDuration=\"PT1S\""] {
        let found = read_with(good);
        assert!(found.is_ok(), "{good}: {found:?}");
    }
    let found = read_with(&until("2026-11-21T12:00:00Z"));
    assert!(matches!(found, Err(BadMetadata::Expired(_))), "{found:?}");
    let found = read_with(&until("tomorrow"));
    assert!(matches!(found, Err(BadMetadata::Malformed(_))), "{found:?}");
    let nested = format!(
        "<EntitiesDescriptor xmlns=\"{METADATA}\" {}><EntitiesDescriptor {}>{}</EntitiesDescriptor></EntitiesDescriptor>",
        until("2026-11-20T00:00:00Z"),
        until("2030-01-01T00:00:00Z"),
        sp_metadata("", "")
    );
    let found = read(&nested, None, noon());
    assert!(matches!(found, Err(BadMetadata::Expired(_))), "{found:?}");
}

#[test]
fn what_a_tokenizer_lets_through_is_refused() {
    let good = sp_metadata("", &acs("acs", ""));
    let deep = format!("{}{}", "<x>".repeat(MAX_DEPTH), "</x>".repeat(MAX_DEPTH));
    for bad in [
        String::new(),
        "rubbish".to_owned(),
        HEAD.to_owned(),
        format!("{good}{good}"),
        format!("{good}<!-- --> x"),
        format!("x{good}"),
        format!("{good}&amp;"),
        format!("{good}<![CDATA[x]]>"),
        format!("<!DOCTYPE a>{good}"),
        format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>{good}"),
        format!("<?xml-stylesheet href=\"x\"?>{good}"),
        good.replace("</SPSSODescriptor>", ""),
        good.replace("</SPSSODescriptor>", "</IDPSSODescriptor>"),
        sp_metadata("entityID=\"b\"", ""),
        sp_metadata("", &acs("a&nothing;", "")),
        sp_metadata("", &deep),
        sp_metadata("", &acs("<acs", "")),
        sp_metadata("x=\"<\"", ""),
        sp_metadata("x=\"&#1;\"", ""),
        sp_metadata("", "<NameIDFormat a=\"1\" a=\"2\"/>"),
        sp_metadata("", "<NameIDFormat>\u{1}</NameIDFormat>"),
        sp_metadata("", "<NameIDFormat>]]></NameIDFormat>"),
        sp_metadata("", "<n:NameIDFormat/>"),
        sp_metadata("", "<1/>"),
        sp_metadata("", "<NameIDFormat a=\"1\"b=\"2\"/>"),
        sp_metadata("", "<NameIDFormat a=1/>"),
        sp_metadata("", "<NameIDFormat xmlns:p=\"\"/>"),
        sp_metadata(
            "",
            "<NameIDFormat xmlns:p=\"urn:p\" xmlns:q=\"urn:p\" p:a=\"1\" q:a=\"2\"/>",
        ),
        sp_metadata("", "<!-- a -- b -->"),
        sp_metadata("", "<!-- \u{1} -->"),
        format!("<?xml version=\"1.1\"?>{good}"),
        format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?>{good}"),
        format!(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}",
            good.replace("acs", "ä")
        ),
        good.replace(METADATA, "urn:other"),
        format!("{good}<?xml version=\"1.0\"?>"),
        format!("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>{good}"),
        sp_metadata("", HEAD),
        sp_metadata("", &key("").replace("QU", "<x/>")),
        sp_metadata("", &key("").replace("QU", "!!")),
        format!("{good}{}", " ".repeat(MAX_FILE)),
    ] {
        let short: String = bad.chars().take(200).collect();
        assert!(read(&bad, None, noon()).is_err(), "{short}");
    }
    let odd = format!(
        "\u{feff}<?xml version=\"1.0\" encoding='iso-8859-1' standalone=\"yes\" ?>\n<!-- x -->{good}\n<!-- y -->\n"
    );
    let found = read(&odd, None, noon());
    assert!(found.is_ok(), "{found:?}");
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[<>/a-zE=\"'&; !?\\[\\]-]{0,200}") {
        let _whatever = read(&text, None, noon());
        let _whatever = read(&sp_metadata("", &text), None, noon());
        let _whatever = read(&sp_metadata(&text, ""), None, noon());
    }
}
