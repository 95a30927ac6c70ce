use super::*;
use chrono::TimeZone;
use proptest::prelude::*;

const LEGACY: &str = include_str!("../../../../fixtures/sp/chatgpt-legacy.xml");
const CURRENT: &str = include_str!("../../../../fixtures/sp/chatgpt-current.xml");
const SHIBBOLETH: &str = include_str!("../../../../fixtures/sp/shibboleth.xml");
const AGGREGATE: &str = include_str!("../../../../fixtures/sp/aggregate.xml");
const HEAD: &str = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"a\">";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn of(text: &str, wanted: Option<&str>) -> Entity {
    read(text, wanted, noon()).unwrap()
}

fn locations(entity: &Entity) -> Vec<&str> {
    entity.consumers.iter().map(|one| one.location.as_str()).collect()
}

/// One service provider with `attributes` on its entity and `inside` its role.
fn sp(attributes: &str, inside: &str) -> String {
    format!(
        "<EntityDescriptor xmlns=\"{METADATA}\" entityID=\"a\" {attributes}><SPSSODescriptor protocolSupportEnumeration=\"x\">{inside}</SPSSODescriptor></EntityDescriptor>"
    )
}

fn consumer(at: &str, more: &str) -> String {
    format!("<AssertionConsumerService Binding=\"{HTTP_POST}\" Location=\"https://sp.example/{at}\" {more}/>")
}

fn key(usage: &str) -> String {
    format!(
        "<KeyDescriptor {usage}><KeyInfo xmlns=\"{DSIG}\"><X509Data><X509Certificate> QU\nJD </X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    )
}

#[test]
fn both_shapes_of_chatgpt_are_read() {
    let legacy = of(LEGACY, None);
    assert_eq!(legacy.entity_id, "urn:auth0:openai:org-TEST");
    assert_eq!(
        locations(&legacy),
        ["https://auth0.openai.com/login/callback?connection=org-TEST"]
    );
    assert_eq!(
        legacy.certificates.len(),
        1,
        "the key for encryption does not sign"
    );
    let logout = legacy.logout_by_redirect().unwrap();
    assert_eq!(logout.location, "https://auth0.openai.com/logout");
    assert!(!legacy.signs_requests);

    let current = of(CURRENT, None);
    assert_eq!(current.entity_id, "ATZB94xJKf9FsbARIruJxTv5f");
    assert!(current.certificates.is_empty() && current.logout.is_empty());
}

#[test]
fn out_of_many_endpoints_those_for_us_are_taken() {
    let wiki = of(SHIBBOLETH, None);
    assert!(wiki.signs_requests, "xs:boolean has a 1 too");
    assert_eq!(
        locations(&wiki),
        [
            "https://wiki.example/Shibboleth.sso/SAML2/POST",
            "https://wiki.example/Shibboleth.sso/SAML2/Spare"
        ]
    );
    assert_eq!(wiki.consumers.first().unwrap().index, Some(1));
    let logout = wiki.logout_by_redirect().unwrap();
    assert_eq!(
        logout.response_location.as_deref(),
        Some("https://wiki.example/Shibboleth.sso/SLO/Done")
    );
    assert_eq!(wiki.certificates.len(), 1);
}

#[test]
fn one_is_taken_out_of_an_aggregate() {
    let board = of(AGGREGATE, Some("https://board.example/sp"));
    assert_eq!(
        board.valid_until,
        ["2036-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]
    );
    assert_eq!(board.certificates.len(), 1, "a key without use signs too (E62)");
    assert!(board.signs_requests);
    let both = of(AGGREGATE, Some("https://both.example/"));
    assert_eq!(
        both.certificates, board.certificates,
        "the key of its other role is not taken"
    );
    assert_eq!(
        locations(&both),
        ["https://both.example/acs", "https://both.example/acs/old"]
    );
    for (wanted, words) in [
        (None, "several service providers"),
        (Some("https://idp.example/idp"), "called https://idp.example/idp"),
        (Some("https://nobody.example/"), "no service provider"),
    ] {
        let said = read(AGGREGATE, wanted, noon()).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn the_default_consumer_comes_first() {
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
            .map(|(more, at)| consumer(&format!("{at}"), more))
            .collect();
        let entity = of(&sp("", &inside), None);
        assert_eq!(entity.consumers.len(), 3);
        assert_eq!(
            locations(&entity).first(),
            Some(&&*format!("https://sp.example/{first}")),
            "{more:?}"
        );
    }
}

#[test]
fn a_key_signs_unless_it_says_otherwise() {
    for (usage, count) in [("", 1), ("use=\"signing\"", 1), ("use=\"encryption\"", 0)] {
        let entity = of(&sp("", &key(usage)), None);
        assert_eq!(entity.certificates, vec![b"ABC".to_vec(); count], "{usage}");
    }
}

#[test]
fn what_is_over_is_refused_and_a_cache_duration_is_not_an_end() {
    let until = |time: &str| format!("validUntil=\"{time}\"");
    assert!(read(&sp(&until("2026-11-21T12:00:01Z"), ""), None, noon()).is_ok());
    assert!(read(&sp("cacheDuration=\"PT1S\"", ""), None, noon()).is_ok());
    assert!(matches!(
        read(&sp(&until("2026-11-21T12:00:00Z"), ""), None, noon()),
        Err(BadMetadata::Expired(_))
    ));
    assert!(matches!(
        read(&sp(&until("tomorrow"), ""), None, noon()),
        Err(BadMetadata::Malformed(_))
    ));
    let nested = format!(
        "<EntitiesDescriptor xmlns=\"{METADATA}\" {}><EntitiesDescriptor {}>{}</EntitiesDescriptor></EntitiesDescriptor>",
        until("2026-11-20T00:00:00Z"),
        until("2030-01-01T00:00:00Z"),
        sp("", "")
    );
    assert!(matches!(
        read(&nested, None, noon()),
        Err(BadMetadata::Expired(_))
    ));
}

#[test]
fn what_a_tokenizer_lets_through_is_refused() {
    let good = sp("", &consumer("acs", ""));
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
        sp("entityID=\"b\"", ""),
        sp("", &consumer("a&nothing;", "")),
        sp("", &deep),
        sp("", &consumer("<acs", "")),
        sp("x=\"<\"", ""),
        sp("x=\"&#1;\"", ""),
        sp("", "<NameIDFormat a=\"1\" a=\"2\"/>"),
        sp("", "<NameIDFormat>\u{1}</NameIDFormat>"),
        sp("", "<NameIDFormat>]]></NameIDFormat>"),
        format!("{good}<?xml version=\"1.0\"?>"),
        format!("<?xml version=\"1.0\"?><?xml version=\"1.0\"?>{good}"),
        sp("", HEAD),
        sp("", &key("").replace("QU", "<x/>")),
        sp("", &key("").replace("QU", "<![CDATA[QU]]>")),
        sp("", &key("").replace("QU", "&#81;U")),
        sp("", &key("").replace("QU", "!!")),
        format!("{good}{}", " ".repeat(MAX_FILE)),
    ] {
        let short: String = bad.chars().take(200).collect();
        assert!(read(&bad, None, noon()).is_err(), "{short}");
    }
    assert!(
        read(
            &format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- x -->{good}\n<!-- y -->\n"),
            None,
            noon()
        )
        .is_ok()
    );
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[<>/a-zE=\"'&; !?\\[\\]-]{0,200}") {
        let _whatever = read(&text, None, noon());
        let _whatever = read(&sp("", &text), None, noon());
        let _whatever = read(&sp(&text, ""), None, noon());
    }
}
