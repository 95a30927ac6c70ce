//! What an application would receive about a user: as a sign-in would write it, but useless to anybody.

use hallpass::{
    model::{
        application::SpUrl,
        name_id::NameIdFormat,
        response_options::{ContentCipher, DefaultClass, ResponseOptions, SignatureAlgorithm, SignedParts},
    },
    provider::saml::preview::{IN_RESPONSE_TO, PLACEHOLDER_NAME_ID, Verification},
    saml::second_opinion,
};
use roxmltree::Document;
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_matches},
        browser::Browser,
        inspect::{self, elements, only_element},
        sp_keys::SpKey,
        sql,
        sso_setup::{ACS, ADA, SsoSetup, WIKI},
        test_server::{Database, on_each_database},
        test_sp::posted_response,
    },
};

fn cli(setup: &SsoSetup, database: &Database) -> Cli {
    Cli::new(&setup.server.settings.data_dir, database)
}

fn preview(cli: &Cli) -> Value {
    cli.json(&["app", "preview", "wiki", ADA, "--json"])
}

fn row_count(setup: &SsoSetup, table: &str) -> i64 {
    sql::number(
        &setup.server.settings,
        &format!("SELECT count(*) AS n FROM {table}"),
    )
}

/// How many rows each table has that a sign-in writes, except the audit log.
fn written_row_counts(setup: &SsoSetup) -> [i64; 5] {
    [
        "sessions",
        "session_participants",
        "app_identities",
        "persistent_name_ids",
        "answered_requests",
    ]
    .map(|table| row_count(setup, table))
}

fn sign_in_at_wiki(setup: &SsoSetup, browser: &mut Browser, id: &str) -> String {
    posted_response(&browser.get(&setup.sso_url(id))).0
}

fn session_index(xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    only_element(&document, "AuthnStatement")
        .attribute("SessionIndex")
        .unwrap()
        .to_owned()
}

#[test]
fn a_preview_is_what_a_sign_in_sends_and_signs_nobody_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = cli(&setup, database);
        let mut browser = setup.signed_in_browser();
        let before = written_row_counts(&setup);
        let shown = preview(&cli);
        assert_eq!(written_row_counts(&setup), before, "nothing was told to anybody");
        let real = sign_in_at_wiki(&setup, &mut browser, "_r1");
        let (xml, response) = (shown["response"]["xml"].as_str().unwrap(), &shown["response"]);
        assert_eq!(shown["refusals"], Value::Array(Vec::new()));
        assert_eq!(inspect::saml_attributes(xml), inspect::saml_attributes(&real));
        let listed: Vec<_> = response["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|attribute| {
                let values = attribute["values"].as_array().unwrap().iter();
                (
                    attribute["name"].as_str().unwrap().to_owned(),
                    values
                        .map(|value| value.as_str().unwrap().to_owned())
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(listed, inspect::saml_attributes(&real));
        assert_eq!(
            (
                &response["acs"],
                &response["audience"],
                &response["name_id"]["value"]
            ),
            (&Value::from(ACS), &Value::from(WIKI), &Value::from(ADA))
        );
        assert_eq!(
            (&response["signatures_verified"], &response["encrypt"]),
            (&2.into(), &"none".into())
        );

        // The same message except for what is unique to this sign-in.
        let elements = |xml: &str| -> Vec<String> {
            let document = Document::parse(xml).unwrap();
            let named = document.descendants().filter(roxmltree::Node::is_element);
            named.map(|node| node.tag_name().name().to_owned()).collect()
        };
        assert_eq!(elements(xml), elements(&real));
        assert_ne!(session_index(xml), session_index(&real));
        assert_contains(xml, &format!("InResponseTo=\"{IN_RESPONSE_TO}\""));
        assert_ne!(
            session_index(&sign_in_at_wiki(&setup, &mut browser, "_r2")),
            session_index(xml)
        );

        let output = cli.expect_success(&["app", "preview", "wiki", ADA]);
        assert!(
            output.contains("2 signatures by xmlsec") && output.contains("</samlp:Response>"),
            "{output}"
        );
        let rows = sql::texts(
            &setup.server.settings,
            "SELECT action || ' ' || outcome || ' ' || user_id || ' ' || application_id AS t FROM audit_events WHERE action = 'app.preview'",
        );
        assert_eq!(
            rows,
            vec![format!("app.preview ok {} {}", setup.ada.id, setup.wiki.id); 2]
        );
        for bad in [
            ["app", "preview", "nothing", ADA],
            ["app", "preview", "wiki", "x@y.example"],
        ] {
            cli.expect_failure(&bad);
        }
    });
}

#[test]
fn no_signature_of_a_preview_can_be_used() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let certificate = setup.server.provider.saml().certificate_pem().unwrap().0.der;
        for (signs, algorithm, count) in [
            (SignedParts::Both, SignatureAlgorithm::RsaSha256, 2),
            (SignedParts::Assertion, SignatureAlgorithm::RsaSha384, 1),
            (SignedParts::Response, SignatureAlgorithm::RsaSha512, 1),
        ] {
            let mut wiki = setup.wiki.clone();
            wiki.saml_mut().unwrap().response_options = ResponseOptions {
                default_class: DefaultClass::Proven,
                signed_parts: signs,
                signature_algorithm: algorithm,
                encryption: None,
            };
            let preview = setup
                .server
                .applications()
                .preview(&wiki.into(), &setup.ada)
                .unwrap();
            let response = preview.response.unwrap();
            assert_eq!(response.verified, Verification::Verified(count), "{signs:?}");
            let document = Document::parse(&response.xml).unwrap();
            let values = elements(&document, "SignatureValue");
            assert_eq!(values.len(), count);
            for value in values {
                let digest = value.text().unwrap().strip_prefix("SHA-256:").unwrap();
                assert_eq!(digest.len(), 64);
            }
            assert_matches!(second_opinion::verify(&response.xml, &certificate), Err(_));
            for xpath in [
                inspect::RESPONSE_SIGNATURE_XPATH,
                inspect::ASSERTION_SIGNATURE_XPATH,
            ] {
                assert_matches!(
                    inspect::verify_with_xmlsec1(&response.xml, &certificate, xpath),
                    Err(_)
                );
            }
        }
    });
}

#[test]
fn a_preview_creates_no_persistent_name_id() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.name_id_format = NameIdFormat::Persistent;
        });
        let cli = cli(&setup, database);
        for _ in 0..2 {
            let name = preview(&cli)["response"]["name_id"].clone();
            assert_eq!(
                (&name["value"], &name["origin"]),
                (&Value::from(PLACEHOLDER_NAME_ID), &Value::from("first-sign-in"))
            );
        }
        assert_eq!(row_count(&setup, "persistent_name_ids"), 0);
        assert_contains(
            &cli.expect_success(&["app", "preview", "wiki", ADA]),
            "the first sign-in makes one",
        );
        let real = sign_in_at_wiki(&setup, &mut setup.signed_in_browser(), "_r1");
        let document = Document::parse(&real).unwrap();
        let name = preview(&cli)["response"]["name_id"].clone();
        assert_eq!(
            (name["value"].as_str(), &name["origin"]),
            (only_element(&document, "NameID").text(), &Value::from("known"))
        );

        cli.expect_success(&["app", "edit", "wiki", "--name-id", "transient"]);
        let transient = || preview(&cli)["response"]["name_id"].clone();
        assert_eq!(transient()["origin"], "session");
        assert_ne!(transient()["value"], transient()["value"]);
    });
}

#[test]
fn an_assertion_is_shown_as_it_is_before_it_is_encrypted() {
    on_each_database(|database| {
        let key = SpKey::rsa(2048);
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.response_options.encryption = Some(ContentCipher::Aes256Gcm);
            new.saml.encryption_certificates = vec![key.certificate.clone()];
        });
        let cli = cli(&setup, database);
        let shown = preview(&cli);
        let response = &shown["response"];
        assert_eq!(
            (&response["encrypt"], &response["signatures_verified"]),
            (&"aes256-gcm".into(), &2.into())
        );
        assert_eq!(
            inspect::saml_attributes(response["xml"].as_str().unwrap()).len(),
            8
        );
        assert_contains(
            &sign_in_at_wiki(&setup, &mut setup.signed_in_browser(), "_r1"),
            "EncryptedAssertion",
        );
    });
}

#[test]
fn the_preview_shows_the_refusal_of_a_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = cli(&setup, database);
        cli.expect_success(&[
            "app",
            "attribute",
            "set",
            "wiki",
            "surname",
            "family-name",
            "--required",
        ]);
        cli.expect_success(&["user", "disable", ADA]);
        cli.expect_success(&["app", "disable", "wiki"]);
        let codes = |shown: &Value| -> Vec<String> {
            let all = shown["refusals"].as_array().unwrap().iter();
            all.map(|obstacle| obstacle["code"].as_str().unwrap().to_owned())
                .collect()
        };
        let shown = preview(&cli);
        assert_eq!(codes(&shown), ["LOGIN-WRONG", "APPLICATION-DISABLED"]);
        assert_eq!(
            shown["response"]["signatures_verified"], 2,
            "what comes after it is put right"
        );
        let output = cli.expect_success(&["app", "preview", "wiki", ADA]);
        assert!(
            output.contains("switched off") && output.contains("(APPLICATION-DISABLED)"),
            "{output}"
        );
        let detail =
            "SELECT detail AS t FROM audit_events WHERE action = 'app.preview' AND detail IS NOT NULL";
        assert_eq!(
            sql::texts(&setup.server.settings, detail)[0],
            "would be refused: LOGIN-WRONG, APPLICATION-DISABLED"
        );

        cli.expect_success(&["user", "enable", ADA]);
        cli.expect_success(&["app", "enable", "wiki"]);
        cli.expect_success(&["user", "delete", ADA]);
        cli.expect_success(&["user", "edit", ADA, "--family-name", ""]);
        let shown = preview(&cli);
        assert_eq!(codes(&shown), ["LOGIN-WRONG", "ATTRIBUTE-MISSING"]);
        assert_eq!(shown["response"], Value::Null, "no response with a hole in it");
        assert_contains(&cli.expect_success(&["app", "preview", "wiki", ADA]), "surname");

        let mut expired = setup.wiki.clone();
        expired.saml_mut().unwrap().metadata_valid_until = Some(setup.now());
        expired.saml_mut().unwrap().response_options.encryption = Some(ContentCipher::Aes128Gcm);
        expired.saml_mut().unwrap().acs_endpoints[0].location =
            SpUrl::parse("https://wiki.example/other").unwrap();
        let preview = setup
            .server
            .applications()
            .preview(&expired.into(), &setup.ada)
            .unwrap();
        let found: Vec<_> = preview.obstacles.iter().map(|obstacle| obstacle.code).collect();
        assert_eq!(
            found,
            ["METADATA-EXPIRED", "FAILURE"],
            "no certificate to encrypt to"
        );
        assert_eq!(
            preview.response.unwrap().acs.as_str(),
            "https://wiki.example/other"
        );
    });
}
