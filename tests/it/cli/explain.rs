//! `hallpass explain …` and `hallpass audit …`

use chrono::TimeDelta;
use serde_json::Value;

use crate::{
    cli::{Cli, server_and_cli, sign_in},
    errors::code_and_reference,
    support::{
        assertions::{assert_contains, assert_empty},
        sso_setup::{ACS, ADA, SsoSetup, WIKI},
        test_server::on_each_database,
        test_sp::TestSp,
    },
};

#[test]
fn a_code_is_explained_without_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli(vec![(
        "HALLPASS_DATA_DIR".to_owned(),
        dir.path().join("nothing").display().to_string(),
    )]);
    let output = cli.expect_success(&["explain", "acs-unknown"]);
    for expected in [
        "ACS-UNKNOWN",
        "not registered",
        "the administrator here",
        "saml-profiles, 4.1.4.1",
    ] {
        assert!(output.contains(expected), "{expected}: {output}");
    }
    let explained = cli.json(&["explain", "NAMEID-POLICY", "--json"]);
    assert_eq!(explained["code"], "NAMEID-POLICY");
    assert_eq!(
        explained["status"][1],
        "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
    );
    assert!(!dir.path().join("nothing").exists());
}

#[test]
fn a_reference_explains_the_request_and_how_to_fix_it() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let page = setup.server.browser().get(&setup.sso_url_with(
            "_a",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=new\"",
            "",
        ));
        let (code, reference) = code_and_reference(&page);
        let text = reference.to_string();
        let output = cli.expect_success(&["explain", &text]);
        for expected in [
            "ACS-UNKNOWN",
            &text,
            "Wiki (wiki)",
            "127.0.0.1",
            "https://wiki.example/acs?connection=new",
            "differs only in what follows the question mark",
            &format!("hallpass app edit wiki --acs '{ACS}' --acs 'ACS URL'"),
        ] {
            assert!(output.contains(expected), "{expected}: {output}");
        }
        for spelling in [
            vec![text.to_lowercase().replace('-', "")],
            vec![code.clone(), text.clone()],
            vec![format!("{code} {text}")],
            vec![page.header("x-request-id").unwrap().to_owned()],
        ] {
            let mut arguments = vec!["explain"];
            arguments.extend(spelling.iter().map(String::as_str));
            assert_eq!(cli.expect_success(&arguments), output, "{spelling:?}");
        }
        let explained = cli.json(&["explain", &text, "--json"]);
        assert_eq!(explained[0]["outcome"], "ACS-UNKNOWN");
        assert_eq!(explained[0]["application"]["slug"], "wiki");
        assert_eq!(explained[0]["application"]["registered"]["ACS URL"][0], ACS);
        assert_eq!(explained[0]["explanation"]["who_fixes"], "the administrator here");
        let details = explained[0]["asked"].as_array().unwrap();
        assert!(
            details
                .iter()
                .any(|detail| detail["name"] == "issuer" && detail["value"] == WIKI),
            "{details:?}"
        );

        let unknown = cli.expect_failure(&["explain", "0000-0000"]);
        assert!(
            unknown.contains("no row with the reference 0000-0000") && unknown.contains("log"),
            "{unknown}"
        );
        let neither = cli.expect_failure(&["explain", "ACS-UNKNWON"]);
        assert!(neither.contains("neither a code nor a reference"), "{neither}");
        let other = cli.expect_failure(&["explain", "ISSUER-UNKNOWN", &text]);
        assert!(other.contains("no row"), "{other}");
    });
}

#[test]
fn repeated_refusals_are_explained_as_one() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let address = TestSp::new("urn:nobody", ACS).sso_url("_r", setup.now());
        let mut browser = setup.server.browser();
        for _n in 0..8 {
            browser.get(&address);
        }
        let last = browser.get(&address);
        setup.server.provider.flush_audit().unwrap();
        let output = cli.expect_success(&["explain", &code_and_reference(&last).1.to_string()]);
        assert!(output.contains("one of 4 such refusals"), "{output}");
        let listed = cli.expect_success(&["audit", "--code", "ISSUER-UNKNOWN"]);
        assert!(listed.contains("(4 times)"), "{listed}");
    });
}

#[test]
fn the_audit_log_is_listed_by_application_code_and_time() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup
            .server
            .add_application("Other", "urn:other", "https://other.example/acs", |_| {});
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        // Rows of the same millisecond have no order.
        let tick = || setup.server.clock.advance(TimeDelta::seconds(1));
        tick();
        let mut ada = setup.signed_in_browser();
        tick();
        ada.get(&setup.sso_url("_ok"));
        tick();
        ada.get(&setup.sso_url_with("_a", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        let outcomes = |arguments: &[&str]| -> Vec<String> {
            let listed = cli.json(&[&["audit", "--json"], arguments].concat());
            let rows = listed.as_array().unwrap().iter();
            rows.map(|row: &Value| {
                format!(
                    "{} {}",
                    row["action"].as_str().unwrap(),
                    row["outcome"].as_str().unwrap()
                )
            })
            .collect()
        };
        let all = outcomes(&[]);
        assert_eq!(all[..2], ["sign_on ACS-UNKNOWN", "sign_on ok"]);
        for outcome in ["app.add ok", "login ok"] {
            assert!(all.contains(&outcome.to_owned()), "{outcome}: {all:?}");
        }
        assert_eq!(outcomes(&["-n", "1"]), ["sign_on ACS-UNKNOWN"]);
        assert_eq!(outcomes(&["--code", "acs-unknown"]), ["sign_on ACS-UNKNOWN"]);
        assert_eq!(
            outcomes(&["--app", "wiki"]),
            ["sign_on ACS-UNKNOWN", "sign_on ok", "app.add ok"]
        );
        assert_eq!(outcomes(&["--app", "other"]), ["app.add ok"]);
        assert_eq!(outcomes(&["--since", "1h"]).len(), all.len());
        let later = (setup.now() + TimeDelta::hours(1)).to_rfc3339();
        assert_empty(&outcomes(&["--since", &later]));
        let output = cli.expect_success(&["audit", "--code", "ok", "--app", "wiki"]);
        assert_eq!(output.lines().count(), 2, "{output}");
        assert!(output.contains(ADA), "who it was about: {output}");
        for (arguments, expected) in [
            (["audit", "--app", "nothing"], "no application nothing"),
            (["audit", "--code", "ACS"], "no code"),
            (["audit", "--since", "soon"], "not a time"),
        ] {
            let refused = cli.expect_failure(&arguments);
            assert!(refused.contains(expected), "{refused}");
        }
        assert_contains(
            &cli.expect_success(&["audit", "--code", "SCOPING-OTHER"]),
            "Nothing that fits",
        );
    });
}

#[test]
fn the_audit_log_shows_user_and_address_and_distinguishes_failures() {
    on_each_database(|database| {
        let (server, cli) = server_and_cli(database);
        server.add_user(ADA, "Ada", "Lovelace");
        server.add_user("off@fernweh.example", "Otto", "Off");
        cli.expect_success(&["user", "disable", "off@fernweh.example"]);
        for email in [ADA, "off@fernweh.example", "nobody@fernweh.example"] {
            // Rows of the same millisecond have no order.
            server.clock.advance(TimeDelta::seconds(1));
            sign_in(&server, email, "wrong wrong wrong wrong");
        }
        let refused = cli.expect_success(&["audit", "--refused"]);
        assert_eq!(refused.lines().count(), 3, "{refused}");
        let of_ada = cli.expect_success(&["audit", "--refused", "--user", ADA]);
        assert!(
            of_ada.contains("LOGIN-WRONG") && of_ada.contains(ADA) && of_ada.contains("127.0.0.1"),
            "{of_ada}"
        );
        assert_eq!(of_ada.lines().count(), 1, "{of_ada}");
        let people = cli.expect_success(&["audit", "--action", "user"]);
        assert!(
            people.contains("user.add") && people.contains("user.disable") && !people.contains("login"),
            "{people}"
        );
        assert_contains(
            &cli.expect_success(&["audit", "--until", "2020-01-01"]),
            "Nothing that fits",
        );
        assert_contains(
            &cli.expect_failure(&["audit", "--user", "nobody@fernweh.example"]),
            "nobody here has the address",
        );
        assert_contains(
            &cli.expect_failure(&["audit", "--action", "App!"]),
            "is not an action",
        );
        let rows = cli.json(&["audit", "--refused", "--json"]);
        for (row, expected) in rows.as_array().unwrap().iter().zip([
            "Nobody here has the address that was typed",
            "off@fernweh.example is switched off",
            "the password was wrong",
        ]) {
            let reference = row["reference"].as_str().unwrap();
            let output = cli.expect_success(&["explain", reference]);
            assert!(output.contains(expected), "{expected}: {output}");
        }
    });
}
