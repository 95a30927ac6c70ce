//! What a person sees when something is refused, and what an administrator finds under it.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    model::{
        application::{AcsUrl, Binding, LogoutEndpoint, Slug},
        name_id::EMAIL_ADDRESS,
        reference::Reference,
    },
    provider::{applications::ApplicationEdit, codes, explain::Decision},
    saml::binding::redirect::{self, percent_encode},
};

use crate::support::{
    browser::Browser,
    enveloped::{behind_issuer, into_signature, over, xmlsec1_signs},
    house::on_each_database,
    http::Response,
    rows,
    scene::{ACS, ADA, Scene, WIKI},
    signing::Key,
    sp::{TestSp, posted},
};

/// Code and reference as they stand on a page, or in the message that it posts.
pub(crate) fn shown(page: &Response) -> (String, Reference) {
    let text = if page.field("SAMLResponse").is_some() {
        let (xml, _) = posted(page);
        let (_, rest) = xml.split_once("<samlp:StatusMessage>").unwrap();
        let (message, _) = rest.split_once("</samlp:StatusMessage>").unwrap();
        let (words, code) = message.rsplit_once(" (").unwrap();
        assert!(
            !words.is_empty() && !words.contains(". ") && !message.contains('\n'),
            "{message}"
        );
        code.strip_suffix(").").unwrap().to_owned()
    } else {
        let (_, rest) = page.body.split_once("id=\"code\">").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    let (code, reference) = text.split_once(' ').unwrap();
    (code.to_owned(), Reference::parse(reference).unwrap())
}

fn decision(scene: &Scene, page: &Response) -> Decision {
    let (code, reference) = shown(page);
    let mut found = scene.house.provider.decisions(&reference).unwrap();
    assert_eq!(found.len(), 1, "{code} {reference}");
    let one = found.remove(0);
    assert_eq!(one.row.outcome, code);
    one
}

fn fact<'d>(decision: &'d Decision, wanted: &str) -> Vec<&'d str> {
    let (_, facts) = decision.told();
    facts
        .into_iter()
        .filter_map(|(name, value)| (name == wanted).then_some(value))
        .collect()
}

#[test]
fn every_refused_message_shows_a_code_and_a_reference_that_lead_to_its_row() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
        });
        let mut browser = scene.house.browser();
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let other_key = TestSp::new(WIKI, ACS);
        let (now, sso) = (scene.now(), format!("{}/saml/sso", scene.house.origin));
        let signed = |sp: &TestSp, id: &str, destination: &str| {
            let xml = sp.authn_request(id, now, &format!("Destination=\"{destination}\""), "");
            format!("/saml/sso?{}", sp.query(&xml, None, true))
        };
        let sha1 = {
            let xml = scene.sp.authn_request("_w", now, "", "");
            format!(
                "/saml/sso?{}&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1&Signature=AAAA",
                scene.sp.query(&xml, None, false)
            )
        };
        let xml_of_another_version = scene
            .sp
            .authn_request("_v", now, "", "")
            .replace("\"2.0\"", "\"1.1\"");
        let policy =
            "<samlp:NameIDPolicy Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\"/>";
        let cases = [
            ("REQUEST-MALFORMED", "/saml/sso?SAMLRequest=x%00".to_owned()),
            (
                "REQUEST-TOO-LARGE",
                format!("/saml/sso?SAMLRequest=eA&RelayState={}", "x".repeat(4200)),
            ),
            ("REQUEST-MISSING", "/saml/sso".to_owned()),
            ("ISSUER-UNKNOWN", stranger.sign_on_address("_u", now)),
            (
                "ACS-UNKNOWN",
                scene.ask(
                    "_a",
                    "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=other\"",
                    "",
                ),
            ),
            (
                "DESTINATION-WRONG",
                scene.ask("_d", "Destination=\"https://elsewhere.example/sso\"", ""),
            ),
            ("SIGNATURE-WRONG", signed(&other_key, "_s", &sso)),
            ("SIGNATURE-ALGORITHM", sha1),
            (
                "VERSION-MISMATCH",
                format!(
                    "/saml/sso?{}",
                    scene.sp.query(&xml_of_another_version, None, false)
                ),
            ),
            (
                "BINDING-UNSUPPORTED",
                scene.ask(
                    "_b",
                    "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"",
                    "",
                ),
            ),
            ("NAMEID-POLICY", scene.ask("_n", "", policy)),
            ("NO-PASSIVE", scene.ask("_p", "IsPassive=\"true\"", "")),
        ];
        for (code, address) in cases {
            let page = browser.get(&address);
            let found = decision(&scene, &page);
            assert_eq!(found.row.outcome, code);
            assert_eq!(found.explanation.unwrap().code, code);
            assert_eq!(found.row.action, "sign_on");
            assert!(
                page.header("x-request-id")
                    .unwrap()
                    .starts_with(found.reference().unwrap().prefix())
            );
            // Nobody learns from a page what is registered.
            if page.field("SAMLResponse").is_none() {
                assert_eq!(page.status, 400);
                for registered in [ACS, "wiki.example", WIKI] {
                    assert!(!page.body.contains(registered), "{code}: {}", page.body);
                }
                let told = codes::explained(code).unwrap();
                assert!(
                    page.body.contains(&told.who.words().replace('\'', "&#39;")),
                    "{code}"
                );
            }
            // A registered application is named in the row, and what it asked for stands there.
            if found.application.is_some() {
                assert_eq!(fact(&found, "issuer"), [WIKI], "{code}");
            }
        }
    });
}

#[test]
fn the_row_keeps_what_was_asked_for_and_nothing_that_is_secret() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
        });
        let mut browser = scene.house.browser();
        let asked = "https://ada:secret@evil.example/acs?login_hint=ada@fernweh.example";
        let page = browser.get(&scene.ask("_a", &format!("AssertionConsumerServiceURL=\"{asked}\""), ""));
        let found = decision(&scene, &page);
        assert_eq!(
            fact(&found, "answer wanted at"),
            ["https://…@evil.example/acs?login_hint=…@fernweh.example"]
        );
        assert_eq!(found.application.as_ref().unwrap().slug.as_str(), "wiki");
        assert_eq!(
            found.command().unwrap(),
            format!("hallpass app edit wiki --acs '{ACS}' --acs 'ACS URL'")
        );

        let forger = TestSp::new(WIKI, ACS);
        let xml = forger.authn_request("_s", scene.now(), "", "");
        let page = browser.get(&format!(
            "/saml/sso?{}",
            forger.query(&xml, Some("relay-secret"), true)
        ));
        let found = decision(&scene, &page);
        assert_eq!(fact(&found, "certificate tried"), [scene.sp.certificate().sha256]);
        assert_eq!(
            fact(&found, "signed with"),
            ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
        );

        let slo = format!("{}/saml/slo", scene.house.origin);
        let xml = scene
            .sp
            .logout_request("_l", scene.now(), &slo, (ADA, "urn:x"), Some("secret-index"));
        browser.get(&format!(
            "/saml/slo?{}",
            scene.sp.query(&xml, Some("relay-secret"), false)
        ));
        let details = rows::texts(
            &scene.house.settings,
            "SELECT COALESCE(detail, '') AS t FROM audit_events WHERE outcome <> 'ok' ORDER BY id",
        );
        assert_eq!(details.len(), 3);
        assert!(
            details
                .iter()
                .any(|detail| detail.contains("\nsession indexes: 1")),
            "{details:?}"
        );
        for detail in details {
            for secret in ["ada@", "ada:", "secret", "relay", "SAMLRequest", "<"] {
                assert!(!detail.contains(secret), "{secret}: {detail}");
            }
        }
    });
}

#[test]
fn what_the_registration_says_now_is_told_beside_what_was_asked_for_then() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let page = browser.get(&scene.ask(
            "_a",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs/\"",
            "",
        ));
        let hints = decision(&scene, &page).hints;
        assert!(hints.is_empty(), "{hints:?}");
        let page = browser.get(&scene.ask(
            "_b",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=z\"",
            "",
        ));
        let hints = decision(&scene, &page).hints;
        assert!(
            hints[0].contains("question mark") && hints[0].contains(ACS),
            "{hints:?}"
        );

        let shouting = TestSp::new("URN:TEST:WIKI", ACS);
        let page = browser.get(&shouting.sign_on_address("_i", scene.now()));
        let hints = decision(&scene, &page).hints;
        assert!(
            hints[0].contains("wiki") && hints[0].contains("lower case"),
            "{hints:?}"
        );

        let slug = Slug::parse("wiki").unwrap();
        let switch = |enabled| {
            let edit = ApplicationEdit {
                enabled: Some(enabled),
                ..ApplicationEdit::default()
            };
            scene
                .house
                .provider
                .edit_application(&slug, edit)
                .unwrap()
                .unwrap();
        };
        switch(false);
        let page = browser.get(&scene.address("_e"));
        assert!(decision(&scene, &page).hints.is_empty());
        switch(true);
        assert_eq!(decision(&scene, &page).hints, ["it is enabled by now"]);
    });
}

#[test]
fn the_person_who_waited_is_named_in_the_row_of_their_refusal() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        scene.house.add_person("eve@fernweh.example", "Eve", "Other");
        let inside = format!(
            "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID>{ADA}</saml:NameID></saml:Subject>"
        );
        let mut browser = scene.house.browser();
        let login = browser.follow(&scene.ask("_x", "", &inside));
        let page = browser.sign_in(&login, "eve@fernweh.example", crate::support::house::PASSWORD);
        let late = decision(&scene, &page);
        // The same, from a session that was there before.
        let at_once = decision(&scene, &browser.get(&scene.ask("_y", "", &inside)));
        for found in [late, at_once] {
            assert_eq!(found.row.outcome, "SUBJECT-OTHER");
            assert_eq!(
                found.person.as_ref().unwrap().email.as_str(),
                "eve@fernweh.example"
            );
            assert_eq!(found.application.as_ref().unwrap().slug.as_str(), "wiki");
            assert!(!fact(&found, "request").is_empty());
        }
    });
}

#[test]
fn the_references_of_a_flood_lead_to_the_row_that_counts_it() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let mut browser = scene.house.browser();
        let address = stranger.sign_on_address("_r1", scene.now());
        let pages: Vec<Response> = (0..12).map(|_n| browser.get(&address)).collect();
        // At once, before anything was flushed.
        for page in &pages {
            assert_eq!(decision(&scene, page).row.occurrences, 1);
        }
        scene.house.provider.flush_audit().unwrap();
        let counted: Vec<i64> = pages
            .iter()
            .map(|page| decision(&scene, page).row.occurrences)
            .collect();
        assert_eq!(counted, [1, 1, 1, 1, 1, 7, 7, 7, 7, 7, 7, 7]);
    });
}

#[test]
fn a_pause_at_login_and_a_failure_of_ours_have_a_reference_too() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut ada: Browser = scene.signed_in();
        let mut browser = scene.house.browser();
        let mut page = browser.get("/login");
        for _n in 0..20 {
            if page.status == 429 {
                break;
            }
            let login = browser.get("/login");
            page = browser.submit_login(&login, ADA, "wrong password");
        }
        let (_, rest) = page.body.split_once("LOGIN-THROTTLED ").unwrap();
        let reference = Reference::parse(rest.split_once('<').unwrap().0).unwrap();
        let found = scene.house.provider.decisions(&reference).unwrap();
        assert_eq!(found[0].row.outcome, "LOGIN-THROTTLED");

        rows::execute(&scene.house.settings, "ALTER TABLE users RENAME TO users_away");
        let page = ada.get("/");
        rows::execute(&scene.house.settings, "ALTER TABLE users_away RENAME TO users");
        assert!(page.status >= 500, "{}", page.status);
        let (code, reference) = shown(&page);
        assert_eq!(code, codes::FAILURE);
        assert!(
            page.header("x-request-id")
                .unwrap()
                .starts_with(reference.prefix())
        );
    });
}

#[test]
fn one_reference_of_two_rows_shows_both_and_a_whole_request_id_shows_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        for id in ["_1", "_2"] {
            browser.get(&scene.ask(id, "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        }
        for (n, old) in rows::texts(
            &scene.house.settings,
            "SELECT id AS t FROM audit_events WHERE outcome = 'ACS-UNKNOWN' ORDER BY id",
        )
        .iter()
        .enumerate()
        {
            rows::execute(
                &scene.house.settings,
                &format!("UPDATE audit_events SET request_id = '7f3a92c10000000{n}' WHERE id = '{old}'"),
            );
        }
        let provider = &scene.house.provider;
        let found = |typed: &str| provider.decisions(&Reference::parse(typed).unwrap()).unwrap();
        let both = found("7f3A92c1");
        assert_eq!(both.len(), 2);
        assert!(both[0].row.id < both[1].row.id, "the oldest first");
        assert_eq!(found("7F3A92C100000001").len(), 1);
        assert!(found("7F3A-92C2").is_empty());
        // A request that was answered has no code; its whole id, out of the log, leads to it all the same.
        let mut ada = scene.signed_in();
        let page = ada.get(&scene.address("_ok"));
        let done = found(page.header("x-request-id").unwrap());
        assert_eq!(done[0].row.outcome, "ok");
        assert_eq!(done[0].person.as_ref().unwrap().email.as_str(), ADA);
    });
}

#[test]
fn what_came_by_a_form_and_could_not_be_believed_is_told_with_the_certificate_that_it_brought() {
    on_each_database(|database| {
        let registered = Key::rsa(2048);
        let other = Key::rsa(2048);
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.certificates = vec![registered.certificate.clone()];
        });
        let mut browser = scene.house.browser();
        let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
        let xml = behind_issuer(
            &scene.sp.authn_request("_p", scene.now(), sso, ""),
            &over("_p").xml(),
        );
        let with = |key: &Key, xml: &str| {
            let der = STANDARD.encode(&other.certificate.der);
            let info = format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            );
            into_signature(&xmlsec1_signs(xml, &key.private_pem()), &info)
        };
        let mut post = |xml: &str| {
            let form = format!("SAMLRequest={}", percent_encode(&STANDARD.encode(xml)));
            browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &form)
        };

        let found = decision(&scene, &post(&with(&other, &xml)));
        assert_eq!(found.row.outcome, "SIGNATURE-WRONG");
        assert_eq!(
            fact(&found, "certificate tried"),
            [registered.certificate.sha256.as_str()]
        );
        assert_eq!(
            fact(&found, "certificate in it"),
            [other.certificate.sha256.as_str()]
        );
        assert!(
            found.hints.iter().any(|hint| hint.contains("not registered")),
            "{:?}",
            found.hints
        );

        // Refused before it is known whose it is: what it seems to say is kept all the same.
        let sha1 = with(&registered, &xml).replace(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        );
        let found = decision(&scene, &post(&sha1));
        assert_eq!(found.row.outcome, "SIGNATURE-ALGORITHM");
        assert_eq!(fact(&found, "issuer"), [WIKI]);
        assert_eq!(fact(&found, "request"), ["_p"]);
        assert_eq!(fact(&found, "digest"), ["http://www.w3.org/2000/09/xmldsig#sha1"]);
    });
}

#[test]
fn a_denied_logout_tells_the_application_the_code_and_the_reference() {
    on_each_database(|database| {
        let back = "https://wiki.example/slo";
        let scene = Scene::with(database, &[], |sp, new| {
            new.saml.certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: AcsUrl::parse(back).unwrap(),
                response_location: None,
            });
        });
        let slo = format!("{}/saml/slo", scene.house.origin);
        let nobody = ("nobody@fernweh.example", EMAIL_ADDRESS);
        let xml = scene
            .sp
            .logout_request("_l", scene.now(), &slo, nobody, Some("_none"));
        let query = scene.sp.query(&xml, None, true);
        let sent = scene.house.browser().get(&format!("/saml/slo?{query}"));
        let answer = redirect::decode(&sent.location()[back.len() + 1..]).unwrap().xml;
        let (_, rest) = answer.split_once("<samlp:StatusMessage>").unwrap();
        let (_, code) = rest
            .split_once("</samlp:StatusMessage>")
            .unwrap()
            .0
            .split_once(" (SESSION-UNKNOWN ")
            .unwrap();
        let reference = Reference::parse(code.strip_suffix(").").unwrap()).unwrap();
        let found = scene.house.provider.decisions(&reference).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].row.action.as_str(), found[0].row.outcome.as_str()),
            ("logout", "SESSION-UNKNOWN")
        );
        assert_eq!(found[0].application.as_ref().unwrap().slug.as_str(), "wiki");
        assert!(!found[0].row.detail.as_deref().unwrap().contains("nobody"));
    });
}
