//! `hallpass app …`

use std::fs;

use chrono::Utc;
use serde_json::Value;

use crate::{
    cli::{house_and_cli, log_in},
    support::{
        browser::Browser,
        house::{PASSWORD, on_each_database},
        scene::ADA,
        signing::Key,
        sp::{TestSp, posted},
    },
};

const LEGACY: [&str; 4] = [
    "--acs",
    "https://auth0.openai.com/login/callback?connection=org-X",
    "--audience",
    "urn:auth0:openai:org-X",
];
const CURRENT: [&str; 4] = [
    "--acs",
    "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
    "--audience",
    "ATZB94xJKf9F",
];

fn add_chatgpt(values: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [&["app", "add", "chatgpt"][..], values, more].concat()
}

#[test]
fn chatgpt_is_registered_in_both_shapes_and_signs_on_at_once() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        let (mut browser, _) = log_in(&house, ADA, PASSWORD);
        for (n, (values, kind, slug)) in [
            (LEGACY, "chatgpt-legacy", "chatgpt"),
            (CURRENT, "chatgpt", "chatgpt-2"),
        ]
        .into_iter()
        .enumerate()
        {
            let shown: Value = serde_json::from_str(&cli.says(&add_chatgpt(&values, &["--json"]))).unwrap();
            assert_eq!(
                (&shown["kind"], &shown["slug"], &shown["audience"]),
                (&kind.into(), &slug.into(), &values[3].into())
            );
            assert_eq!(
                shown["paste"]["sign_in_url"],
                "https://login.fernweh.example/saml/sso"
            );
            assert_eq!(
                shown["paste"]["sign_out_url"],
                "https://login.fernweh.example/saml/slo"
            );
            assert_eq!(
                shown["paste"]["entity_id"],
                "https://login.fernweh.example/saml/metadata"
            );
            assert_eq!(
                shown["paste"]["certificate_sha256"],
                house.provider.certificate_pem().unwrap().0.sha256.as_str()
            );
            let sp = TestSp::new(values[3], values[1]);
            let (_, action) = posted(&browser.get(&sp.sign_on_address(&format!("_r{n}"), Utc::now())));
            assert_eq!(action, values[1]);
        }
        let said = cli.says(&["app", "show", "chatgpt"]);
        let order = [
            "Identity Provider Name",
            "Metadata URL",
            "Entity ID",
            "Sign-in URL",
            "Sign-out URL",
            "X.509 certificate",
            "ACS URL",
            "Audience",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|value| said.find(value).unwrap_or_else(|| panic!("{value}: {said}")))
            .collect();
        assert!(places.is_sorted(), "{said}");
        assert!(
            said.contains("signed logout requests are refused")
                && said.contains("Every active person may use it"),
            "{said}"
        );
        assert!(
            !cli.says(&["app", "show", "chatgpt-2"])
                .contains("logout requests are refused")
        );
        cli.says(&[
            "app",
            "edit",
            "chatgpt",
            "--tile-url",
            "https://chatgpt.com/auth/login?sso=true&connection=conn_1",
        ]);
        assert_eq!(
            browser.get("/launch/chatgpt").location(),
            "https://chatgpt.com/auth/login?sso=true&connection=conn_1"
        );
        assert!(
            cli.refuses(&["app", "edit", "chatgpt", "--acs", CURRENT[1]])
                .contains("paste both")
        );
        cli.says(&[
            "app",
            "edit",
            "chatgpt",
            "--acs",
            "https://external.auth.openai.com/sso/saml/acs/NEW1",
            "--audience",
            "NEW1audience",
        ]);
        let edited = cli.json(&["app", "show", "chatgpt", "--json"]);
        assert_eq!(
            (&edited["kind"], &edited["slug"]),
            (&"chatgpt".into(), &"chatgpt".into())
        );
        let sp = TestSp::new(
            "NEW1audience",
            "https://external.auth.openai.com/sso/saml/acs/NEW1",
        );
        posted(&browser.get(&sp.sign_on_address("_new", Utc::now())));
        assert!(
            cli.refuses(&["app", "edit", "chatgpt", "--allow-idp-initiated", "true"])
                .contains("did not ask for")
        );
    });
}

#[test]
fn a_half_paste_is_told_what_to_paste() {
    on_each_database(|database| {
        let (_house, cli) = house_and_cli(database);
        for (acs, audience, words) in [
            (
                "https://auth0.openai.com/login/callback",
                LEGACY[3],
                "connection=",
            ),
            (
                "https://auth0.openai.com/login/callback?connection=",
                LEGACY[3],
                "connection=",
            ),
            (
                "https://external.auth.openai.com/sso/saml/acs/",
                CURRENT[3],
                "/acs/",
            ),
            ("external.auth.openai.com/sso/saml/acs/A", CURRENT[3], "whole"),
            (
                "https://external.auth.openai.com/sso/saml/acs/A B",
                CURRENT[3],
                "white space",
            ),
            (
                "http://external.auth.openai.com/sso/saml/acs/A",
                CURRENT[3],
                "http",
            ),
            ("javascript:alert(1)", CURRENT[3], "ACS URL"),
            (
                "https://chatgpt.com/auth/login?sso=true&connection=conn_1",
                CURRENT[3],
                "page of ChatGPT",
            ),
            (CURRENT[1], CURRENT[1], "ACS URL once more"),
            (CURRENT[1], "", "Audience"),
            (LEGACY[1], "org-X", "urn:auth0:openai:"),
        ] {
            let said = cli.refuses(&["app", "add", "chatgpt", "--acs", acs, "--audience", audience]);
            assert!(said.contains(words), "{acs} {audience}: {said}");
        }
        assert_eq!(cli.json(&["app", "list", "--json"]), Value::Array(Vec::new()));
    });
}

#[test]
fn any_other_application_is_registered_edited_switched_and_removed() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        let (mut browser, _) = log_in(&house, ADA, PASSWORD);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs?x=1");
        let mut n = 0;
        let mut ask = |browser: &mut Browser| {
            n += 1;
            browser.get(&sp.sign_on_address(&format!("_r{n}"), Utc::now()))
        };
        let add = [
            "app",
            "add",
            "saml",
            "--entity-id",
            "urn:test:wiki",
            "--acs",
            "https://wiki.example/acs?x=1",
            "--name",
            "Wiki",
        ];
        let demanding = [&add[..], &["--require-signed-requests"]].concat();
        assert!(cli.refuses(&demanding).contains("--certificate"));
        let shown: Value = serde_json::from_str(
            &cli.says(&[&add[..], &["--slo", "https://wiki.example/slo", "--json"]].concat()),
        )
        .unwrap();
        assert_eq!(
            (&shown["slug"], &shown["slo"]),
            (&"wiki".into(), &"https://wiki.example/slo".into())
        );
        posted(&ask(&mut browser));
        assert_eq!(
            browser.get("/launch/wiki").status,
            404,
            "nothing unsolicited by default"
        );
        cli.says(&["app", "edit", "wiki", "--allow-idp-initiated", "true"]);
        let (unsolicited, _) = posted(&browser.get("/launch/wiki"));
        assert!(!unsolicited.contains("InResponseTo"), "{unsolicited}");
        cli.says(&["app", "edit", "wiki", "--relay-state", "reports/today?a=b"]);
        let page = browser.get("/saml/start/wiki");
        assert_eq!(page.field("RelayState").as_deref(), Some("reports/today?a=b"));
        let said = cli.says(&["app", "show", "wiki"]);
        assert!(
            said.contains("/saml/start/wiki") && said.contains("reports/today?a=b"),
            "{said}"
        );
        cli.says(&["app", "edit", "wiki", "--relay-state", ""]);
        assert_eq!(browser.get("/saml/start/wiki").field("RelayState"), None);

        let file = house.dir.path().join("two.pem");
        let keys = [Key::rsa(2048), Key::p256()];
        fs::write(&file, [keys[0].pem.clone(), keys[1].pem.clone()].concat()).unwrap();
        let file = file.display().to_string();
        cli.says(&[
            "app",
            "edit",
            "wiki",
            "--certificate",
            &file,
            "--require-signed-requests",
            "true",
            "--name",
            "The <Wiki>",
        ]);
        let shown = cli.json(&["app", "show", "wiki", "--json"]);
        assert_eq!(
            (shown["certificates"].as_array().unwrap().len(), &shown["name"]),
            (2, &"The <Wiki>".into())
        );
        assert!(posted(&ask(&mut browser)).0.contains("RequestDenied"));
        cli.says(&[
            "app",
            "edit",
            "wiki",
            "--require-signed-requests",
            "false",
            "--acs",
            "https://wiki.example/new",
        ]);
        assert_eq!(posted(&ask(&mut browser)).1, "https://wiki.example/new");
        cli.says(&["app", "disable", "wiki"]);
        assert!(ask(&mut browser).body.contains("APPLICATION-DISABLED"));
        assert!(cli.says(&["app", "list"]).contains("switched off"));
        cli.says(&["app", "enable", "wiki"]);
        posted(&ask(&mut browser));
        cli.says(&["app", "remove", "wiki"]);
        assert!(ask(&mut browser).body.contains("ISSUER-UNKNOWN"));
        for gone in [
            ["app", "show", "wiki"],
            ["app", "remove", "wiki"],
            ["app", "disable", "wiki"],
            ["app", "show", "../x"],
        ] {
            cli.refuses(&gone);
        }
    });
}
