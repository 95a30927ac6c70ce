//! Attacks by a SAML message.

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    model::application::AcsUrl,
    provider::applications,
    saml::{
        binding::redirect::{deflated, percent_encode},
        urn::{ASSERTION, PROTOCOL, RSA_SHA256},
    },
};

use crate::support::{
    browser::Browser,
    house::Database,
    http::{self, Response},
    scene::{ACS, Scene, WIKI},
    sp::{TestSp, posted},
};

fn send(browser: &mut Browser, xml: &str) -> Response {
    browser.get(&format!(
        "/saml/sso?SAMLRequest={}",
        percent_encode(&deflated(xml))
    ))
}

fn is_refused(page: &Response, what: &str) {
    assert!(
        (400..500).contains(&page.status),
        "{what}: {} {}",
        page.status,
        page.body
    );
    assert!(
        page.field("SAMLResponse").is_none() && page.header("location").is_none(),
        "{what}"
    );
}

pub(super) fn a_response_goes_only_where_it_is_registered(database: &Database) {
    let scene = Scene::new(database);
    scene
        .house
        .add_application("Other", "urn:test:other", "https://other.example/acs", |_| {});
    let mut browser = scene.signed_in();
    for bad in [
        "https://evil.example/acs",
        "https://other.example/acs",
        "https://wiki.example/acs",
        "https://wiki.example/acs?connection=a&amp;b=c&amp;d=e",
        "https://wiki.example/acs?connection=a&amp;b=c#",
        "https://wiki.example/acs?b=c&amp;connection=a",
        "https://wiki.example/acs?connection=a&amp;b=c ",
        " https://wiki.example/acs?connection=a&amp;b=c",
        "https://wiki.example.evil.example/acs?connection=a&amp;b=c",
        "https://wiki.example@evil.example/acs?connection=a&amp;b=c",
        "https://evil.example#@wiki.example/acs?connection=a&amp;b=c",
        "https://evil.example\\@wiki.example/acs?connection=a&amp;b=c",
        "https://wiki.example:443/acs?connection=a&amp;b=c",
        "https://wiki.example:8443/acs?connection=a&amp;b=c",
        "https://WIKI.example/acs?connection=a&amp;b=c",
        "https://wiki.example/ACS?connection=a&amp;b=c",
        "https://wiki.example/acs/../acs?connection=a&amp;b=c",
        "https://wiki.example//acs?connection=a&amp;b=c",
        "https://wiki.example/%61cs?connection=a&amp;b=c",
        "http://wiki.example/acs?connection=a&amp;b=c",
        "//wiki.example/acs?connection=a&amp;b=c",
        "/acs",
        "",
    ] {
        let attributes = format!("AssertionConsumerServiceURL=\"{bad}\"");
        is_refused(&browser.get(&scene.ask("_r1", &attributes, "")), bad);
    }
    let both = format!(
        "AssertionConsumerServiceURL=\"{}\" AssertionConsumerServiceIndex=\"0\"",
        ACS.replace('&', "&amp;")
    );
    is_refused(&browser.get(&scene.ask("_r1", &both, "")), "URL and index");
    // Nor can the form on the way change it.
    let mut fresh = scene.house.browser();
    let login = fresh.follow(&scene.address("_r2"));
    let fields = [
        ("csrf", login.field("csrf").unwrap()),
        ("continue", login.field("continue").unwrap()),
        ("email", crate::support::scene::ADA.to_owned()),
        ("password", crate::support::house::PASSWORD.to_owned()),
        ("acs", "https://evil.example/".to_owned()),
        ("AssertionConsumerServiceURL", "https://evil.example/".to_owned()),
        ("RelayState", "https://evil.example/".to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let after = fresh.post("/login", &fields);
    let (_, action) = posted(&fresh.get(after.location()));
    assert_eq!(action, ACS);
}

pub(super) fn a_consumer_is_never_a_script(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    let scripts = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "java\tscript:alert(1)",
        "file:///etc/passwd",
        "blob:https://wiki.example/x",
        "https:javascript:alert(1)",
        "http://wiki.example/acs",
    ];
    for bad in scripts {
        let attributes = format!("AssertionConsumerServiceURL=\"{}\"", bad.replace('\t', "&#9;"));
        is_refused(&browser.get(&scene.ask("_r1", &attributes, "")), bad);
        assert!(AcsUrl::parse(bad).is_err() || bad.starts_with("https:"), "{bad}");
        let metadata = format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"x\"><md:SPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\"><md:AssertionConsumerService index=\"0\" Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{bad}\"/></md:SPSSODescriptor></md:EntityDescriptor>"
        );
        if let Ok(imported) = applications::import(&metadata, None, scene.now()) {
            assert!(
                imported
                    .consumers
                    .iter()
                    .all(|consumer| consumer.location.as_str().starts_with("https:")),
                "{bad}"
            );
        }
    }
}

pub(super) fn a_bad_signature_is_never_ignored(database: &Database) {
    let scene = Scene::with(database, &[], |sp, new| {
        new.saml.certificates = vec![sp.certificate()]
    });
    let mut browser = scene.signed_in();
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let foreign = TestSp::new(WIKI, ACS);
    let xml = scene.sp.authn_request("_r1", scene.now(), sso, "");
    is_refused(
        &browser.get(&format!("/saml/sso?{}", foreign.query(&xml, None, true))),
        "optional and wrong",
    );
    // Another binding is no way around it.
    let form = [
        ("SAMLRequest", STANDARD.encode(&xml)),
        ("RelayState", "x".to_owned()),
    ];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    is_refused(&browser.post("/saml/sso", &form), "POST");
    is_refused(&browser.post("/saml/slo", &form), "POST to logout");
}

pub(super) fn parameters_are_never_ambiguous(database: &Database) {
    let scene = Scene::with(database, &[], |sp, new| {
        new.saml.certificates = vec![sp.certificate()]
    });
    let mut browser = scene.signed_in();
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let good = scene.sp.query(
        &scene.sp.authn_request("_r1", scene.now(), sso, ""),
        Some("a"),
        true,
    );
    let evil = format!(
        "SAMLRequest={}",
        percent_encode(&deflated(&scene.sp.authn_request("_evil", scene.now(), sso, "")))
    );
    let evil_value = evil.split_once('=').unwrap().1;
    let plain = good.split_once("&SigAlg").unwrap().0;
    for bad in [
        format!("{evil}&{good}"),
        format!("{good}&{evil}"),
        format!("SAML%52equest={evil_value}&{good}"),
        format!("{good}&SAML%52equest={evil_value}"),
        format!("{good}&%53AMLRequest={evil_value}"),
        format!("{good}&samlrequest={evil_value}"),
        format!("{good}&+SAMLRequest={evil_value}"),
        format!("{good}&SAMLRequest%20={evil_value}"),
        format!("{good}&SAMLResponse={evil_value}"),
        format!("SAMLResponse={evil_value}&{good}"),
        format!("{good}&RelayState=b"),
        format!("RelayState=b&{good}"),
        format!("{good}&Relay%53tate=b"),
        format!("{good}&SigAlg={}", percent_encode(RSA_SHA256)),
        format!("{good}&Signature=AAAA"),
        format!("{good}&SAMLEncoding=urn:x"),
        format!("{evil};{good}"),
        plain.replace('&', ";"),
        good.replacen("SAMLRequest", "SAMLResponse", 1),
    ] {
        is_refused(
            &browser.get(&format!("/saml/sso?{bad}")),
            &bad[..bad.len().min(60)],
        );
    }
    // Parameters of others, and another order, do no harm.
    let mut parts: Vec<_> = good.split('&').collect();
    parts.reverse();
    for fine in [format!("tenant=1&{good}&utm=x"), parts.join("&")] {
        posted(&browser.get(&format!("/saml/sso?{fine}")));
    }
}

pub(super) fn broken_combinations_are_refused_without_a_fault(database: &Database) {
    let scene = Scene::with(database, &[], |sp, new| {
        new.saml.certificates = vec![sp.certificate()]
    });
    let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
    let good = scene.sp.query(
        &scene.sp.authn_request("_r1", scene.now(), sso, ""),
        Some("a"),
        true,
    );
    let without = |name: &str| {
        good.split('&')
            .filter(|part| !part.starts_with(&format!("{name}=")))
            .collect::<Vec<_>>()
            .join("&")
    };
    let with = |name: &str, value: &str| format!("{}&{name}={value}", without(name));
    let mut browser = scene.signed_in();
    for path in ["/saml/sso", "/saml/slo"] {
        for bad in [
            without("SigAlg"),
            without("Signature"),
            without("SAMLRequest"),
            with("Signature", ""),
            with("SigAlg", ""),
            with("Signature", "%"),
            with("Signature", "%ZZ"),
            with("Signature", "!!!!"),
            with("SigAlg", "%ff"),
            with("SAMLRequest", ""),
            with("SAMLRequest", "%"),
            with("SAMLRequest", "AAAA"),
            with("SAMLRequest", "%00"),
            with("SAMLRequest", "PA%3D%3D"),
            with("RelayState", "%f"),
            with("RelayState", "%ff"),
            "SAMLRequest".to_owned(),
            "SAMLRequest=".to_owned(),
            "=".to_owned(),
            "&&&".to_owned(),
            "%".to_owned(),
        ] {
            let page = browser.get(&format!("{path}?{bad}"));
            assert!(
                page.status < 500 && page.status >= 200,
                "{path}?{bad}: {}",
                page.status
            );
            assert!(
                page.field("SAMLResponse").is_none() && Scene::is_signed_in(&browser),
                "{path}?{bad}"
            );
        }
    }
}

pub(super) fn nothing_is_fetched_or_expanded(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x", canary.local_addr().unwrap());
    let request = scene.sp.authn_request("_r1", scene.now(), "", "");
    let evil_issuer = request.replace(WIKI, "&x;");
    let in_root = |attributes: &str| {
        request.replacen(
            "<samlp:AuthnRequest ",
            &format!("<samlp:AuthnRequest {attributes} "),
            1,
        )
    };
    for bad in [
        format!("<!DOCTYPE a SYSTEM \"{url}\">{request}"),
        format!("<!DOCTYPE a PUBLIC \"-//x\" \"{url}\">{request}"),
        format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"{url}\">]>{evil_issuer}"),
        format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>{evil_issuer}"),
        format!("<!DOCTYPE a [<!ENTITY % p SYSTEM \"{url}\"> %p;]>{request}"),
        format!("<!DOCTYPE a [<!ENTITY x \"{WIKI}\">]>{evil_issuer}"),
        format!("<?xml-stylesheet href=\"{url}\"?>{request}"),
        format!("\u{feff}<!DOCTYPE a>{request}"),
        evil_issuer.clone(),
    ] {
        is_refused(&send(&mut browser, &bad), &bad[..60]);
    }
    let harmless = [
        in_root(&format!("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"{PROTOCOL} {url}\"")),
        scene.sp.authn_request("_r2", scene.now(), "", &format!("<samlp:Extensions><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{url}\"/></samlp:Extensions>")),
        scene.sp.authn_request("_r3", scene.now(), "", &format!("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:Reference URI=\"{url}\"/></ds:SignedInfo></ds:Signature>")),
    ];
    for fine in harmless {
        assert!(send(&mut browser, &fine).status < 500);
    }
    assert!(canary.accept().is_err(), "somebody came to the canary");
}

pub(super) fn entity_bombs_are_refused(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    let request = scene
        .sp
        .authn_request("_r1", scene.now(), "", "")
        .replace(WIKI, "&lol9;");
    let mut laughs = "<!ENTITY lol0 \"lol\">".to_owned();
    for n in 1..10 {
        laughs.push_str(&format!(
            "<!ENTITY lol{n} \"{}\">",
            format!("&lol{};", n - 1).repeat(10)
        ));
    }
    let quadratic = format!("<!ENTITY lol9 \"{}\">", "a".repeat(20_000));
    for bomb in [
        format!("<!DOCTYPE a [{laughs}]>{request}"),
        format!(
            "<!DOCTYPE a [{quadratic}]>{}",
            request.replace("&lol9;", &"&lol9;".repeat(2000))
        ),
        format!(
            "<!DOCTYPE a [{quadratic}]>{}",
            request.replace("ID=\"_r1\"", &format!("ID=\"{}\"", "&lol9;".repeat(2000)))
        ),
    ] {
        is_refused(&send(&mut browser, &bomb), "a bomb");
    }
}

pub(super) fn deflate_bombs_are_refused_as_too_large(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    let request = scene.sp.authn_request("_r1", scene.now(), "", "");
    for size in [70_000, 5_000_000, 10_000_000] {
        let bomb = format!("{request}{}", " ".repeat(size));
        let query = percent_encode(&deflated(&bomb));
        assert!(
            query.len() < 16_000,
            "the address itself is short: {}",
            query.len()
        );
        let page = browser.get(&format!("/saml/sso?SAMLRequest={query}"));
        is_refused(&page, "a bomb");
        assert!(page.body.contains("REQUEST-TOO-LARGE"), "{size}: {}", page.body);
    }
    let long = http::request(
        scene.house.address,
        "GET",
        &format!("/saml/sso?SAMLRequest={}", "A".repeat(20_000)),
        &[("Host", "x")],
        "",
    );
    assert_eq!(long.status, 414);
    let plain = STANDARD.encode(format!("{request}{}", " ".repeat(9_000)));
    assert!(
        browser
            .get(&format!("/saml/sso?SAMLRequest={}", percent_encode(&plain)))
            .status
            < 500
    );
}

pub(super) fn floods_of_depth_and_attributes_are_refused(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    let inside = |text: &str| {
        scene.sp.authn_request(
            "_r1",
            scene.now(),
            "",
            &format!("<samlp:Extensions>{text}</samlp:Extensions>"),
        )
    };
    let attributes: String = (0..6_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..2_500).map(|n| format!(" xmlns:a{n}=\"u\"")).collect();
    for (what, flood) in [
        (
            "depth",
            inside(&format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000))),
        ),
        ("unclosed depth", inside(&"<a>".repeat(20_000))),
        (
            "60 000 levels",
            inside(&format!("{}{}", "<a>".repeat(60_000), "</a>".repeat(60_000))),
        ),
        ("attributes", inside(&format!("<a{attributes}/>"))),
        ("namespaces", inside(&format!("<a{namespaces}/>"))),
        ("siblings", inside(&"<a/>".repeat(15_000))),
        ("comments", inside(&"<!---->".repeat(9_000))),
        (
            "41 levels",
            inside(&format!("{}{}", "<a>".repeat(41), "</a>".repeat(41))),
        ),
    ] {
        is_refused(&send(&mut browser, &flood), what);
    }
    assert_eq!(browser.get("/").status, 200);
}

pub(super) fn one_id_twice_is_refused(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    for name in ["ID", "Id", "id"] {
        let twice = format!("<samlp:Extensions><a {name}=\"_r1\"/></samlp:Extensions>");
        is_refused(&browser.get(&scene.ask("_r1", "", &twice)), name);
    }
}

pub(super) fn a_cut_issuer_is_another_issuer(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    for bad in [
        format!("{WIKI}<!-- -->.evil"),
        format!("<!-- -->{WIKI}"),
        format!("{WIKI}<!---->"),
        format!("{WIKI}<?x?>.evil"),
        format!("{WIKI}<a/>"),
        format!("{WIKI}<![CDATA[.evil]]>"),
        format!("{WIKI}\u{200b}"),
        format!(" {WIKI}"),
        format!("{WIKI}/"),
        WIKI.to_uppercase(),
        format!("{WIKI}</saml:Issuer><saml:Issuer xmlns:saml=\"{ASSERTION}\">{WIKI}"),
        String::new(),
    ] {
        let xml = scene
            .sp
            .authn_request("_r1", scene.now(), "", "")
            .replace(WIKI, &bad);
        is_refused(&send(&mut browser, &xml), &bad);
    }
    let whole = scene
        .sp
        .authn_request("_r1", scene.now(), "", "")
        .replace(WIKI, &format!("<![CDATA[{WIKI}]]>"));
    posted(&send(&mut browser, &whole));
}

pub(super) fn an_id_is_a_name_and_nothing_more(database: &Database) {
    let scene = Scene::new(database);
    let mut browser = scene.signed_in();
    for bad in [
        "a&quot; b=&quot;c",
        "&lt;x&gt;",
        "a b",
        "1a",
        "",
        "a:b",
        "-a",
        "a&#10;b",
        &"a".repeat(257),
        "${7*7}",
    ] {
        is_refused(&browser.get(&scene.ask(bad, "", "")), bad);
    }
    for fine in ["_1", "id-1.2_3", "pfx\u{e9}", &"a".repeat(256)] {
        let (xml, _) = posted(&browser.get(&scene.ask(fine, "", "")));
        assert_eq!(xml.matches(&format!("InResponseTo=\"{fine}\"")).count(), 2);
    }
}
