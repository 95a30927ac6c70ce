//! What an application would receive of a person: as a sign-in makes it, and of no use to anybody.

use hallpass::{
    model::{
        application::AcsUrl,
        making::{ContentCipher, Making, SignatureAlgorithm, Signs},
        name_id::NameIdFormat,
    },
    provider::saml::preview::{IN_RESPONSE_TO, UNMADE_NAME},
    saml::second_opinion,
};
use roxmltree::Document;
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        browser::Browser,
        house::{Database, on_each_database},
        judge::{self, all, only},
        rows,
        scene::{ACS, ADA, Scene, WIKI},
        signing::Key,
        sp::posted,
    },
};

fn cli(scene: &Scene, database: &Database) -> Cli {
    Cli::of(&scene.house.settings.data_dir, database)
}

fn preview(cli: &Cli) -> Value {
    cli.json(&["app", "preview", "wiki", ADA, "--json"])
}

fn count(scene: &Scene, table: &str) -> i64 {
    rows::number(
        &scene.house.settings,
        &format!("SELECT count(*) AS n FROM {table}"),
    )
}

/// Everything that a sign-in writes, but the audit log.
fn told(scene: &Scene) -> [i64; 5] {
    [
        "sessions",
        "session_participants",
        "app_identities",
        "persistent_name_ids",
        "answered_requests",
    ]
    .map(|table| count(scene, table))
}

fn signed_on(scene: &Scene, browser: &mut Browser, id: &str) -> String {
    posted(&browser.get(&scene.address(id))).0
}

fn session_index(xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    only(&document, "AuthnStatement")
        .attribute("SessionIndex")
        .unwrap()
        .to_owned()
}

#[test]
fn a_preview_is_what_the_sign_in_sends_and_nobody_is_signed_in_by_it() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = cli(&scene, database);
        let mut browser = scene.signed_in();
        let before = told(&scene);
        let shown = preview(&cli);
        assert_eq!(told(&scene), before, "nothing was told to anybody");
        let real = signed_on(&scene, &mut browser, "_r1");
        let (xml, response) = (shown["response"]["xml"].as_str().unwrap(), &shown["response"]);
        assert_eq!(shown["refusals"], Value::Array(Vec::new()));
        assert_eq!(judge::attributes(xml), judge::attributes(&real));
        let listed: Vec<_> = response["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let values = one["values"].as_array().unwrap().iter();
                (
                    one["name"].as_str().unwrap().to_owned(),
                    values
                        .map(|value| value.as_str().unwrap().to_owned())
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(listed, judge::attributes(&real));
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

        // The same message but for what is of this one sign-in.
        let elements = |xml: &str| -> Vec<String> {
            let document = Document::parse(xml).unwrap();
            let named = document.descendants().filter(roxmltree::Node::is_element);
            named.map(|node| node.tag_name().name().to_owned()).collect()
        };
        assert_eq!(elements(xml), elements(&real));
        assert_ne!(session_index(xml), session_index(&real));
        assert!(xml.contains(&format!("InResponseTo=\"{IN_RESPONSE_TO}\"")));
        assert_ne!(
            session_index(&signed_on(&scene, &mut browser, "_r2")),
            session_index(xml)
        );

        let said = cli.says(&["app", "preview", "wiki", ADA]);
        assert!(
            said.contains("2 signatures by xmlsec") && said.contains("</samlp:Response>"),
            "{said}"
        );
        let rows = rows::texts(
            &scene.house.settings,
            "SELECT action || ' ' || outcome || ' ' || user_id || ' ' || application_id AS t FROM audit_events WHERE action = 'app.preview'",
        );
        assert_eq!(
            rows,
            vec![format!("app.preview ok {} {}", scene.ada.id, scene.wiki.id); 2]
        );
        for bad in [
            ["app", "preview", "nothing", ADA],
            ["app", "preview", "wiki", "x@y.example"],
        ] {
            cli.refuses(&bad);
        }
    });
}

#[test]
fn no_signature_of_a_preview_can_be_used() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let certificate = scene.house.provider.certificate_pem().unwrap().0.der;
        for (signs, algorithm, count) in [
            (Signs::Both, SignatureAlgorithm::RsaSha256, 2),
            (Signs::Assertion, SignatureAlgorithm::RsaSha384, 1),
            (Signs::Response, SignatureAlgorithm::RsaSha512, 1),
        ] {
            let mut wiki = scene.wiki.clone();
            wiki.saml.making = Making {
                signs,
                algorithm,
                encryption: None,
            };
            let preview = scene.house.provider.preview(&wiki.into(), &scene.ada).unwrap();
            let response = preview.response.unwrap();
            assert_eq!(response.verified, Ok(count), "{signs:?}");
            let document = Document::parse(&response.xml).unwrap();
            let values = all(&document, "SignatureValue");
            assert_eq!(values.len(), count);
            for value in values {
                let digest = value.text().unwrap().strip_prefix("SHA-256:").unwrap();
                assert_eq!(digest.len(), 64);
            }
            assert!(second_opinion::verify(&response.xml, &certificate).is_err());
            for xpath in [judge::RESPONSE_SIGNATURE, judge::ASSERTION_SIGNATURE] {
                assert!(judge::xmlsec1_verifies(&response.xml, &certificate, xpath).is_err());
            }
        }
    });
}

#[test]
fn a_name_that_does_not_exist_yet_is_not_made() {
    on_each_database(|database| {
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.name_id_format = NameIdFormat::Persistent;
        });
        let cli = cli(&scene, database);
        for _ in 0..2 {
            let name = preview(&cli)["response"]["name_id"].clone();
            assert_eq!(
                (&name["value"], &name["origin"]),
                (&Value::from(UNMADE_NAME), &Value::from("first-sign-in"))
            );
        }
        assert_eq!(count(&scene, "persistent_name_ids"), 0);
        assert!(
            cli.says(&["app", "preview", "wiki", ADA])
                .contains("the first sign-in makes one")
        );
        let real = signed_on(&scene, &mut scene.signed_in(), "_r1");
        let document = Document::parse(&real).unwrap();
        let name = preview(&cli)["response"]["name_id"].clone();
        assert_eq!(
            (name["value"].as_str(), &name["origin"]),
            (only(&document, "NameID").text(), &Value::from("known"))
        );

        cli.says(&["app", "edit", "wiki", "--name-id", "transient"]);
        let transient = || preview(&cli)["response"]["name_id"].clone();
        assert_eq!(transient()["origin"], "session");
        assert_ne!(transient()["value"], transient()["value"]);
    });
}

#[test]
fn an_assertion_is_shown_as_it_is_before_it_is_encrypted() {
    on_each_database(|database| {
        let key = Key::rsa(2048);
        let scene = Scene::with(database, &[], |_, new| {
            new.saml.making.encryption = Some(ContentCipher::Aes256Gcm);
            new.saml.encryption_certificates = vec![key.certificate.clone()];
        });
        let cli = cli(&scene, database);
        let shown = preview(&cli);
        let response = &shown["response"];
        assert_eq!(
            (&response["encrypt"], &response["signatures_verified"]),
            (&"aes256-gcm".into(), &2.into())
        );
        assert_eq!(judge::attributes(response["xml"].as_str().unwrap()).len(), 8);
        assert!(signed_on(&scene, &mut scene.signed_in(), "_r1").contains("EncryptedAssertion"));
    });
}

#[test]
fn what_a_sign_in_would_be_refused_for_is_told() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = cli(&scene, database);
        cli.says(&[
            "app",
            "attribute",
            "set",
            "wiki",
            "surname",
            "family-name",
            "--required",
        ]);
        cli.says(&["user", "disable", ADA]);
        cli.says(&["app", "disable", "wiki"]);
        let codes = |shown: &Value| -> Vec<String> {
            let all = shown["refusals"].as_array().unwrap().iter();
            all.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
        };
        let shown = preview(&cli);
        assert_eq!(codes(&shown), ["LOGIN-WRONG", "APPLICATION-DISABLED"]);
        assert_eq!(
            shown["response"]["signatures_verified"], 2,
            "what comes after it is put right"
        );
        let said = cli.says(&["app", "preview", "wiki", ADA]);
        assert!(
            said.contains("switched off") && said.contains("(APPLICATION-DISABLED)"),
            "{said}"
        );
        let detail =
            "SELECT detail AS t FROM audit_events WHERE action = 'app.preview' AND detail IS NOT NULL";
        assert_eq!(
            rows::texts(&scene.house.settings, detail)[0],
            "would be refused: LOGIN-WRONG, APPLICATION-DISABLED"
        );

        cli.says(&["user", "enable", ADA]);
        cli.says(&["app", "enable", "wiki"]);
        cli.says(&["user", "delete", ADA]);
        cli.says(&["user", "edit", ADA, "--family-name", ""]);
        let shown = preview(&cli);
        assert_eq!(codes(&shown), ["LOGIN-WRONG", "ATTRIBUTE-MISSING"]);
        assert_eq!(shown["response"], Value::Null, "no response with a hole in it");
        assert!(cli.says(&["app", "preview", "wiki", ADA]).contains("surname"));

        let mut expired = scene.wiki.clone();
        expired.metadata_until = Some(scene.now());
        expired.saml.making.encryption = Some(ContentCipher::Aes128Gcm);
        expired.saml.consumers[0].location = AcsUrl::parse("https://wiki.example/other").unwrap();
        let preview = scene.house.provider.preview(&expired.into(), &scene.ada).unwrap();
        let found: Vec<_> = preview.obstacles.iter().map(|one| one.code).collect();
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
