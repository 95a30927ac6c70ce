//! Attacks on the XML reader: bombs, floods, and texts that two readers would read in two ways.

use std::net::TcpListener;

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::saml::{
    binding::redirect::{deflate_base64, percent_encode},
    urn::{ASSERTION, PROTOCOL},
};

use crate::{
    attacks::{
        message::{assert_refused, send_authn_request},
        signed_setup::post_authn_request,
    },
    support::{
        http,
        sso_setup::{SsoSetup, WIKI},
        test_server::Database,
        test_sp::posted_response,
    },
};

pub(super) fn nothing_is_fetched_or_expanded(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x", canary.local_addr().unwrap());
    let request = setup.sp.authn_request("_r1", setup.now(), "", "");
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
        assert_refused(&send_authn_request(&mut browser, &bad), &bad[..60]);
        assert_refused(&post_authn_request(&mut browser, &bad), &bad[..60]);
    }
    let harmless = [
        in_root(&format!("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"{PROTOCOL} {url}\"")),
        setup.sp.authn_request("_r2", setup.now(), "", &format!("<samlp:Extensions><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{url}\"/></samlp:Extensions>")),
        setup.sp.authn_request("_r3", setup.now(), "", &format!("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:Reference URI=\"{url}\"/></ds:SignedInfo></ds:Signature>")),
    ];
    for fine in harmless {
        for page in [
            send_authn_request(&mut browser, &fine),
            post_authn_request(&mut browser, &fine),
        ] {
            assert!(page.status < 500, "{} for {fine}", page.status);
        }
    }
    assert!(canary.accept().is_err(), "somebody came to the canary");
}

pub(super) fn entity_bombs_are_refused(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let request = setup
        .sp
        .authn_request("_r1", setup.now(), "", "")
        .replace(WIKI, "&lol9;");
    let mut billion_laughs = "<!ENTITY lol0 \"lol\">".to_owned();
    for n in 1..10 {
        billion_laughs.push_str(&format!(
            "<!ENTITY lol{n} \"{}\">",
            format!("&lol{};", n - 1).repeat(10)
        ));
    }
    let quadratic = format!("<!ENTITY lol9 \"{}\">", "a".repeat(20_000));
    for bomb in [
        format!("<!DOCTYPE a [{billion_laughs}]>{request}"),
        format!(
            "<!DOCTYPE a [{quadratic}]>{}",
            request.replace("&lol9;", &"&lol9;".repeat(2000))
        ),
        format!(
            "<!DOCTYPE a [{quadratic}]>{}",
            request.replace("ID=\"_r1\"", &format!("ID=\"{}\"", "&lol9;".repeat(2000)))
        ),
    ] {
        assert_refused(&send_authn_request(&mut browser, &bomb), "a bomb");
        assert_refused(&post_authn_request(&mut browser, &bomb), "a bomb");
    }
}

pub(super) fn deflate_bombs_are_refused_as_too_large(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let request = setup.sp.authn_request("_r1", setup.now(), "", "");
    for size in [70_000, 5_000_000, 10_000_000] {
        let bomb = format!("{request}{}", " ".repeat(size));
        let query = percent_encode(&deflate_base64(&bomb));
        assert!(
            query.len() < 16_000,
            "the address itself is short: {}",
            query.len()
        );
        let page = browser.get(&format!("/saml/sso?SAMLRequest={query}"));
        assert_refused(&page, "a bomb");
        assert!(page.body.contains("REQUEST-TOO-LARGE"), "{size}: {}", page.body);
        let form = format!("SAMLRequest={query}");
        let page = browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &form);
        assert_refused(&page, "a bomb in a form");
        assert!(page.body.contains("REQUEST-TOO-LARGE"), "{size}: {}", page.body);
    }
    let long = http::request(
        setup.server.address,
        "GET",
        &format!("/saml/sso?SAMLRequest={}", "A".repeat(20_000)),
        &[("Host", "x")],
        "",
    );
    assert_eq!(long.status, 414);
    let plain = STANDARD.encode(format!("{request}{}", " ".repeat(9_000)));
    let page = browser.get(&format!("/saml/sso?SAMLRequest={}", percent_encode(&plain)));
    assert!(page.status < 500, "{} {}", page.status, page.body);
}

pub(super) fn floods_of_depth_and_attributes_are_refused(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let inside = |text: &str| {
        setup.sp.authn_request(
            "_r1",
            setup.now(),
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
        assert_refused(&send_authn_request(&mut browser, &flood), what);
        assert_refused(&post_authn_request(&mut browser, &flood), what);
    }
    // A message at all limits at once is answered as any other.
    let (levels, names) = (30, 60);
    let declared: String = (0..names).map(|n| format!(" xmlns:a{n}=\"urn:{n}\"")).collect();
    let largest = inside(&format!(
        "<a0:a{declared}>{}{}{}</a0:a>",
        "<a1:a>".repeat(levels),
        "<a2:a a3:b=\"\"/>".repeat(1_800),
        "</a1:a>".repeat(levels)
    ));
    for answer in [
        send_authn_request(&mut browser, &largest),
        post_authn_request(&mut browser, &largest),
    ] {
        assert!(
            answer.status < 400 && !answer.body.contains("REQUEST-"),
            "{}",
            answer.body
        );
    }
    assert_eq!(browser.get("/").status, 200);
}

pub(super) fn one_id_twice_is_refused(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    for name in ["ID", "Id", "id"] {
        let twice = format!("<samlp:Extensions><a {name}=\"_r1\"/></samlp:Extensions>");
        assert_refused(&browser.get(&setup.sso_url_with("_r1", "", &twice)), name);
    }
}

pub(super) fn a_truncated_issuer_is_another_issuer(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
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
        let xml = setup
            .sp
            .authn_request("_r1", setup.now(), "", "")
            .replace(WIKI, &bad);
        assert_refused(&send_authn_request(&mut browser, &xml), &bad);
        assert_refused(&post_authn_request(&mut browser, &xml), &bad);
    }
    let whole = setup
        .sp
        .authn_request("_r1", setup.now(), "", "")
        .replace(WIKI, &format!("<![CDATA[{WIKI}]]>"));
    posted_response(&send_authn_request(&mut browser, &whole));
}

pub(super) fn an_id_is_an_ncname(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
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
        assert_refused(&browser.get(&setup.sso_url_with(bad, "", "")), bad);
    }
    for fine in ["_1", "id-1.2_3", "pfx\u{e9}", &"a".repeat(256)] {
        let (xml, _) = posted_response(&browser.get(&setup.sso_url_with(fine, "", "")));
        assert_eq!(xml.matches(&format!("InResponseTo=\"{fine}\"")).count(), 2);
    }
}
