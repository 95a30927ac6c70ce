//! What a user sees when something is refused, and what an administrator finds under the reference.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass::{
    api_model::remedy,
    model::{
        actor::Actor,
        application::{Binding, LogoutEndpoint, Slug, SpUrl},
        name_id::EMAIL_ADDRESS,
        reference::Reference,
        remedy::Remediable,
    },
    provider::{applications::ApplicationEdit, audit::codes, audit::explain::AuditEntry},
    saml::binding::redirect::{self, percent_encode},
};

use crate::support::{
    assertions::{assert_empty, assert_lacks, assert_starts_with},
    browser::Browser,
    http::Response,
    sp_keys::SpKey,
    sql,
    sso_setup::{ACS, ADA, SsoSetup, WIKI},
    test_server::on_each_database,
    test_sp::{TestSp, posted_response},
    xml_signature::{append_to_signature, insert_after_issuer, saml_template, sign_with_xmlsec1},
};

/// Code and reference on a page, or in the message that it posts.
pub(crate) fn code_and_reference(page: &Response) -> (String, Reference) {
    let text = if page.field("SAMLResponse").is_some() {
        let (xml, _) = posted_response(page);
        let (_, rest) = xml.split_once("<samlp:StatusMessage>").unwrap();
        let (message, _) = rest.split_once("</samlp:StatusMessage>").unwrap();
        let (sentence, code) = message.rsplit_once(" (").unwrap();
        assert!(
            !sentence.is_empty() && !sentence.contains(". ") && !message.contains('\n'),
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

fn decision(setup: &SsoSetup, page: &Response) -> AuditEntry {
    let (code, reference) = code_and_reference(page);
    let mut found = setup
        .server
        .provider
        .audit(&Actor::Itself)
        .audit_entries_by_reference(&reference)
        .unwrap();
    assert_eq!(found.len(), 1, "{code} {reference}");
    let entry = found.remove(0);
    assert_eq!(entry.row.outcome, code);
    entry
}

/// The hints, in the words of the command line.
fn hints_of(setup: &SsoSetup, page: &Response) -> Vec<String> {
    let found = decision(setup, page).hints;
    found.iter().map(|hint| hint.with_words(remedy::words)).collect()
}

fn request_detail<'d>(decision: &'d AuditEntry, label: &str) -> Vec<&'d str> {
    let (_, values) = decision.parsed_detail();
    values
        .into_iter()
        .filter_map(|(name, value)| (name == label).then_some(value))
        .collect()
}

#[test]
fn every_refusal_shows_a_code_and_a_reference_that_find_its_audit_row() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
        });
        let mut browser = setup.server.browser();
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let other_key = TestSp::new(WIKI, ACS);
        let (now, sso) = (setup.now(), format!("{}/saml/sso", setup.server.origin));
        let signed = |sp: &TestSp, id: &str, destination: &str| {
            let xml = sp.authn_request(id, now, &format!("Destination=\"{destination}\""), "");
            format!("/saml/sso?{}", sp.redirect_query(&xml, None, true))
        };
        let sha1 = {
            let xml = setup.sp.authn_request("_w", now, "", "");
            format!(
                "/saml/sso?{}&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1&Signature=AAAA",
                setup.sp.redirect_query(&xml, None, false)
            )
        };
        let xml_of_another_version = setup
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
            ("ISSUER-UNKNOWN", stranger.sso_url("_u", now)),
            (
                "ACS-UNKNOWN",
                setup.sso_url_with(
                    "_a",
                    "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=other\"",
                    "",
                ),
            ),
            (
                "DESTINATION-WRONG",
                setup.sso_url_with("_d", "Destination=\"https://elsewhere.example/sso\"", ""),
            ),
            ("SIGNATURE-WRONG", signed(&other_key, "_s", &sso)),
            ("SIGNATURE-ALGORITHM", sha1),
            (
                "VERSION-MISMATCH",
                format!(
                    "/saml/sso?{}",
                    setup.sp.redirect_query(&xml_of_another_version, None, false)
                ),
            ),
            (
                "BINDING-UNSUPPORTED",
                setup.sso_url_with(
                    "_b",
                    "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"",
                    "",
                ),
            ),
            ("NAMEID-POLICY", setup.sso_url_with("_n", "", policy)),
            ("NO-PASSIVE", setup.sso_url_with("_p", "IsPassive=\"true\"", "")),
        ];
        for (code, address) in cases {
            let page = browser.get(&address);
            let found = decision(&setup, &page);
            assert_eq!(found.row.outcome, code);
            assert_eq!(found.explanation.unwrap().code, code);
            assert_eq!(found.row.action, "sign_on");
            assert_starts_with(
                page.header("x-request-id").unwrap(),
                found.reference().unwrap().prefix(),
            );
            // No page reveals what is registered.
            if page.field("SAMLResponse").is_none() {
                assert_eq!(page.status, 400);
                for registered in [ACS, "wiki.example", WIKI] {
                    assert!(!page.body.contains(registered), "{code}: {}", page.body);
                }
                let explanation = codes::explanation(code).unwrap();
                assert!(
                    page.body
                        .contains(&explanation.responsible.description().replace('\'', "&#39;")),
                    "{code}"
                );
            }
            // The row names a registered application, and contains what was requested.
            if found.application.is_some() {
                assert_eq!(request_detail(&found, "issuer"), [WIKI], "{code}");
            }
        }
    });
}

#[test]
fn the_audit_row_keeps_the_request_details_and_no_secret() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
        });
        let mut browser = setup.server.browser();
        let acs_url = "https://ada:secret@evil.example/acs?login_hint=ada@fernweh.example";
        let page =
            browser.get(&setup.sso_url_with("_a", &format!("AssertionConsumerServiceURL=\"{acs_url}\""), ""));
        let found = decision(&setup, &page);
        assert_eq!(
            request_detail(&found, "answer wanted at"),
            ["https://…@evil.example/acs?login_hint=…@fernweh.example"]
        );
        assert_eq!(found.application.as_ref().unwrap().slug.as_str(), "wiki");
        assert_eq!(
            remedy::command_of(&found).unwrap(),
            format!("hallpass app edit wiki --acs '{ACS}' --acs 'ACS URL'")
        );

        let forger = TestSp::new(WIKI, ACS);
        let xml = forger.authn_request("_s", setup.now(), "", "");
        let page = browser.get(&format!(
            "/saml/sso?{}",
            forger.redirect_query(&xml, Some("relay-secret"), true)
        ));
        let found = decision(&setup, &page);
        assert_eq!(
            request_detail(&found, "certificate tried"),
            [setup.sp.certificate().sha256]
        );
        assert_eq!(
            request_detail(&found, "signed with"),
            ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
        );

        let slo = format!("{}/saml/slo", setup.server.origin);
        let xml = setup
            .sp
            .logout_request("_l", setup.now(), &slo, (ADA, "urn:x"), Some("secret-index"));
        browser.get(&format!(
            "/saml/slo?{}",
            setup.sp.redirect_query(&xml, Some("relay-secret"), false)
        ));
        let details = sql::texts(
            &setup.server.settings,
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
fn the_current_registration_is_shown_with_the_recorded_request() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let page = browser.get(&setup.sso_url_with(
            "_a",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs/\"",
            "",
        ));
        let hints = hints_of(&setup, &page);
        assert!(hints.is_empty(), "{hints:?}");
        let page = browser.get(&setup.sso_url_with(
            "_b",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=z\"",
            "",
        ));
        let hints = hints_of(&setup, &page);
        assert!(
            hints[0].contains("question mark") && hints[0].contains(ACS),
            "{hints:?}"
        );

        let shouting = TestSp::new("URN:TEST:WIKI", ACS);
        let page = browser.get(&shouting.sso_url("_i", setup.now()));
        let hints = hints_of(&setup, &page);
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
            setup
                .server
                .applications()
                .edit_application(&slug, edit)
                .unwrap()
                .unwrap();
        };
        switch(false);
        let page = browser.get(&setup.sso_url("_e"));
        assert_empty(&hints_of(&setup, &page));
        switch(true);
        assert_eq!(hints_of(&setup, &page), ["it is enabled by now"]);
    });
}

#[test]
fn the_user_of_a_pending_sign_in_is_named_in_the_audit_row_of_its_refusal() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let inside = format!(
            "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:NameID>{ADA}</saml:NameID></saml:Subject>"
        );
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects(&setup.sso_url_with("_x", "", &inside));
        let page = browser.sign_in(
            &login,
            "eve@fernweh.example",
            crate::support::test_server::PASSWORD,
        );
        let late = decision(&setup, &page);
        // The same from an existing session.
        let at_once = decision(&setup, &browser.get(&setup.sso_url_with("_y", "", &inside)));
        for found in [late, at_once] {
            assert_eq!(found.row.outcome, "SUBJECT-OTHER");
            assert_eq!(found.user.as_ref().unwrap().email.as_str(), "eve@fernweh.example");
            assert_eq!(found.application.as_ref().unwrap().slug.as_str(), "wiki");
            assert!(!request_detail(&found, "request").is_empty(), "{found:?}");
        }
    });
}

#[test]
fn references_of_repeated_refusals_find_the_row_that_counts_them() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let mut browser = setup.server.browser();
        let address = stranger.sso_url("_r1", setup.now());
        let pages: Vec<Response> = (0..12).map(|_n| browser.get(&address)).collect();
        // At once, before the audit log is flushed.
        for page in &pages {
            assert_eq!(decision(&setup, page).row.occurrences, 1);
        }
        setup.server.provider.flush_audit().unwrap();
        let counted: Vec<i64> = pages
            .iter()
            .map(|page| decision(&setup, page).row.occurrences)
            .collect();
        assert_eq!(counted, [1, 1, 1, 1, 1, 7, 7, 7, 7, 7, 7, 7]);
    });
}

#[test]
fn a_throttled_sign_in_and_an_internal_error_have_a_reference_too() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut ada: Browser = setup.signed_in_browser();
        let mut browser = setup.server.browser();
        let mut page = browser.get("/login");
        for _n in 0..20 {
            if page.status == 429 {
                break;
            }
            let login = browser.get("/login");
            page = browser.submit_password(&login, ADA, "wrong password");
        }
        let (_, rest) = page.body.split_once("LOGIN-THROTTLED ").unwrap();
        let reference = Reference::parse(rest.split_once('<').unwrap().0).unwrap();
        let found = setup
            .server
            .provider
            .audit(&Actor::Itself)
            .audit_entries_by_reference(&reference)
            .unwrap();
        assert_eq!(found[0].row.outcome, "LOGIN-THROTTLED");

        sql::execute(&setup.server.settings, "ALTER TABLE users RENAME TO users_away");
        let page = ada.get("/");
        sql::execute(&setup.server.settings, "ALTER TABLE users_away RENAME TO users");
        assert!(page.status >= 500, "{}", page.status);
        let (code, reference) = code_and_reference(&page);
        assert_eq!(code, codes::FAILURE);
        assert_starts_with(page.header("x-request-id").unwrap(), reference.prefix());
    });
}

#[test]
fn a_shared_reference_finds_both_rows_and_a_full_request_id_finds_one() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        for id in ["_1", "_2"] {
            browser.get(&setup.sso_url_with(id, "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        }
        for (n, old) in sql::texts(
            &setup.server.settings,
            "SELECT id AS t FROM audit_events WHERE outcome = 'ACS-UNKNOWN' ORDER BY id",
        )
        .iter()
        .enumerate()
        {
            sql::execute(
                &setup.server.settings,
                &format!("UPDATE audit_events SET request_id = '7f3a92c10000000{n}' WHERE id = '{old}'"),
            );
        }
        let provider = &setup.server.provider;
        let found = |text: &str| {
            provider
                .audit(&Actor::Itself)
                .audit_entries_by_reference(&Reference::parse(text).unwrap())
                .unwrap()
        };
        let both = found("7f3A92c1");
        assert_eq!(both.len(), 2);
        assert!(both[0].row.id < both[1].row.id, "the oldest first");
        assert_eq!(found("7F3A92C100000001").len(), 1);
        assert_empty(&found("7F3A-92C2"));
        // An answered request has no code; its whole id, from the log, finds it all the same.
        let mut ada = setup.signed_in_browser();
        let page = ada.get(&setup.sso_url("_ok"));
        let done = found(page.header("x-request-id").unwrap());
        assert_eq!(done[0].row.outcome, "ok");
        assert_eq!(done[0].user.as_ref().unwrap().email.as_str(), ADA);
    });
}

#[test]
fn an_untrusted_posted_signature_is_explained_with_its_certificate() {
    on_each_database(|database| {
        let registered = SpKey::rsa(2048);
        let other = SpKey::rsa(2048);
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.signing_certificates = vec![registered.certificate.clone()];
        });
        let mut browser = setup.server.browser();
        let sso = "Destination=\"https://login.fernweh.example/saml/sso\"";
        let xml = insert_after_issuer(
            &setup.sp.authn_request("_p", setup.now(), sso, ""),
            &saml_template("_p").xml(),
        );
        let with = |key: &SpKey, xml: &str| {
            let der = STANDARD.encode(&other.certificate.der);
            let info = format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            );
            append_to_signature(&sign_with_xmlsec1(xml, &key.private_pem()), &info)
        };
        let mut post = |xml: &str| {
            let form = format!("SAMLRequest={}", percent_encode(&STANDARD.encode(xml)));
            browser.post_body("/saml/sso", "application/x-www-form-urlencoded", &form)
        };

        let found = decision(&setup, &post(&with(&other, &xml)));
        assert_eq!(found.row.outcome, "SIGNATURE-WRONG");
        assert_eq!(
            request_detail(&found, "certificate tried"),
            [registered.certificate.sha256.as_str()]
        );
        assert_eq!(
            request_detail(&found, "certificate in it"),
            [other.certificate.sha256.as_str()]
        );
        assert!(
            found
                .hints
                .iter()
                .any(|hint| hint.message.contains("not registered")),
            "{:?}",
            found.hints
        );

        // Refused before the sender is verified: what the message claims is recorded all the same.
        let sha1 = with(&registered, &xml).replace(
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        );
        let found = decision(&setup, &post(&sha1));
        assert_eq!(found.row.outcome, "SIGNATURE-ALGORITHM");
        assert_eq!(request_detail(&found, "issuer"), [WIKI]);
        assert_eq!(request_detail(&found, "request"), ["_p"]);
        assert_eq!(
            request_detail(&found, "digest"),
            ["http://www.w3.org/2000/09/xmldsig#sha1"]
        );
    });
}

#[test]
fn a_denied_logout_sends_the_application_the_code_and_the_reference() {
    on_each_database(|database| {
        let back = "https://wiki.example/slo";
        let setup = SsoSetup::with(database, &[], |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: SpUrl::parse(back).unwrap(),
                response_location: None,
            });
        });
        let slo = format!("{}/saml/slo", setup.server.origin);
        let nobody = ("nobody@fernweh.example", EMAIL_ADDRESS);
        let xml = setup
            .sp
            .logout_request("_l", setup.now(), &slo, nobody, Some("_none"));
        let query = setup.sp.redirect_query(&xml, None, true);
        let sent = setup.server.browser().get(&format!("/saml/slo?{query}"));
        let answer = redirect::decode(&sent.location()[back.len() + 1..]).unwrap().xml;
        let (_, rest) = answer.split_once("<samlp:StatusMessage>").unwrap();
        let (_, code) = rest
            .split_once("</samlp:StatusMessage>")
            .unwrap()
            .0
            .split_once(" (SESSION-UNKNOWN ")
            .unwrap();
        let reference = Reference::parse(code.strip_suffix(").").unwrap()).unwrap();
        let found = setup
            .server
            .provider
            .audit(&Actor::Itself)
            .audit_entries_by_reference(&reference)
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].row.action.as_str(), found[0].row.outcome.as_str()),
            ("logout", "SESSION-UNKNOWN")
        );
        assert_eq!(found[0].application.as_ref().unwrap().slug.as_str(), "wiki");
        assert_lacks(found[0].row.detail.as_deref().unwrap(), "nobody");
    });
}
