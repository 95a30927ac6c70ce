//! `hallpass app …`

use std::fs;

use chrono::Utc;
use serde_json::Value;

use crate::{
    cli::{server_and_cli, sign_in},
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        inspect,
        sp_keys::SpKey,
        sso_setup::ADA,
        test_server::{PASSWORD, on_each_database},
        test_sp::{TestSp, posted_response},
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
#[expect(clippy::too_many_lines, reason = "one flow, step after step")]
fn both_chatgpt_connections_can_be_registered_and_used_at_once() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        let (mut browser, _) = sign_in(&server, ADA, PASSWORD);
        for (n, (values, kind, slug)) in [
            (LEGACY, "chatgpt-legacy", "chatgpt"),
            (CURRENT, "chatgpt", "chatgpt-2"),
        ]
        .into_iter()
        .enumerate()
        {
            let shown: Value = serde_json::from_str(
                &cli.expect_success(&add_chatgpt(&values, &["--access", "everyone", "--json"])),
            )
            .unwrap();
            assert_eq!(
                (&shown["kind"], &shown["slug"], &shown["audience"]),
                (&kind.into(), &slug.into(), &values[3].into())
            );
            for (key, path) in [
                ("sign_in_url", "sso"),
                ("sign_out_url", "slo"),
                ("entity_id", "metadata"),
            ] {
                let url = format!("https://login.fernweh.example/saml/{path}");
                assert_eq!(shown["paste"][key], url, "{key}");
            }
            assert_eq!(
                shown["paste"]["certificate_sha256"],
                server
                    .provider
                    .saml()
                    .certificate_pem()
                    .unwrap()
                    .0
                    .sha256
                    .as_str()
            );
            let sp = TestSp::new(values[3], values[1]);
            let (xml, action) = posted_response(&browser.get(&sp.sso_url(&format!("_r{n}"), Utc::now())));
            assert_eq!(action, values[1]);
            assert_eq!(inspect::status_codes(&xml).0, "Success");
        }
        let output = cli.expect_success(&["app", "show", "chatgpt"]);
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
            .map(|value| output.find(value).unwrap_or_else(|| panic!("{value}: {output}")))
            .collect();
        assert!(places.is_sorted(), "{output}");
        assert!(
            output.contains("signed logout requests are refused")
                && output.contains("Every active person may use it"),
            "{output}"
        );
        assert_lacks(
            &cli.expect_success(&["app", "show", "chatgpt-2"]),
            "logout requests are refused",
        );
        cli.expect_success(&[
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
        assert_contains(
            &cli.expect_failure(&["app", "edit", "chatgpt", "--acs", CURRENT[1]]),
            "paste both",
        );
        cli.expect_success(&[
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
        posted_response(&browser.get(&sp.sso_url("_new", Utc::now())));
        assert_contains(
            &cli.expect_failure(&["app", "edit", "chatgpt", "--allow-idp-initiated", "true"]),
            "did not ask for",
        );
    });
}

#[test]
fn an_incomplete_paste_is_refused_with_what_is_missing() {
    on_each_database(|database| {
        let (_server, cli) = server_and_cli(database);
        for (acs, audience, expected) in [
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
            let output = cli.expect_failure(&["app", "add", "chatgpt", "--acs", acs, "--audience", audience]);
            assert!(output.contains(expected), "{acs} {audience}: {output}");
        }
        assert_eq!(cli.json(&["app", "list", "--json"]), Value::Array(Vec::new()));
    });
}

#[test]
fn a_generic_application_is_registered_edited_disabled_and_removed() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        let (mut browser, _) = sign_in(&server, ADA, PASSWORD);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs?x=1");
        let mut n = 0;
        let mut ask = |browser: &mut Browser| {
            n += 1;
            browser.get(&sp.sso_url(&format!("_r{n}"), Utc::now()))
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
        assert_contains(&cli.expect_failure(&demanding), "--certificate");
        let shown: Value = serde_json::from_str(
            &cli.expect_success(&[&add[..], &["--slo", "https://wiki.example/slo", "--json"]].concat()),
        )
        .unwrap();
        assert_eq!(
            (&shown["slug"], &shown["slo"]),
            (&"wiki".into(), &"https://wiki.example/slo".into())
        );
        posted_response(&ask(&mut browser));
        assert_eq!(
            browser.get("/launch/wiki").status,
            404,
            "nothing unsolicited by default"
        );
        cli.expect_success(&["app", "edit", "wiki", "--allow-idp-initiated", "true"]);
        let (unsolicited, _) = posted_response(&browser.get("/launch/wiki"));
        assert!(!unsolicited.contains("InResponseTo"), "{unsolicited}");
        cli.expect_success(&["app", "edit", "wiki", "--relay-state", "reports/today?a=b"]);
        let page = browser.get("/saml/start/wiki");
        assert_eq!(page.field("RelayState").as_deref(), Some("reports/today?a=b"));
        let output = cli.expect_success(&["app", "show", "wiki"]);
        assert!(
            output.contains("/saml/start/wiki") && output.contains("reports/today?a=b"),
            "{output}"
        );
        cli.expect_success(&["app", "edit", "wiki", "--relay-state", ""]);
        assert_eq!(browser.get("/saml/start/wiki").field("RelayState"), None);

        let file = server.dir.path().join("two.pem");
        let keys = [SpKey::rsa(2048), SpKey::p256()];
        fs::write(&file, [keys[0].pem.clone(), keys[1].pem.clone()].concat()).unwrap();
        let file = file.display().to_string();
        cli.expect_success(&[
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
        assert_contains(&posted_response(&ask(&mut browser)).0, "RequestDenied");
        cli.expect_success(&[
            "app",
            "edit",
            "wiki",
            "--require-signed-requests",
            "false",
            "--acs",
            "https://wiki.example/new",
        ]);
        assert_eq!(posted_response(&ask(&mut browser)).1, "https://wiki.example/new");
        cli.expect_success(&["app", "disable", "wiki"]);
        assert_contains(&ask(&mut browser).body, "APPLICATION-DISABLED");
        assert_contains(&cli.expect_success(&["app", "list"]), "switched off");
        cli.expect_success(&["app", "enable", "wiki"]);
        posted_response(&ask(&mut browser));
        cli.expect_success(&["app", "remove", "wiki"]);
        assert_contains(&ask(&mut browser).body, "ISSUER-UNKNOWN");
        for gone in [
            ["app", "show", "wiki"],
            ["app", "remove", "wiki"],
            ["app", "disable", "wiki"],
            ["app", "show", "../x"],
        ] {
            cli.expect_failure(&gone);
        }
    });
}
