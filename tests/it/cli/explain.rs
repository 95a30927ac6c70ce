//! `hallpass explain …` and `hallpass audit …`

use chrono::TimeDelta;
use serde_json::Value;

use crate::{
    cli::{Cli, house_and_cli, log_in},
    errors::shown,
    support::{
        house::on_each_database,
        scene::{ACS, ADA, Scene, WIKI},
        sp::TestSp,
    },
};

#[test]
fn a_code_is_explained_without_a_database() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli(vec![(
        "HALLPASS_DATA_DIR".to_owned(),
        dir.path().join("nothing").display().to_string(),
    )]);
    let said = cli.says(&["explain", "acs-unknown"]);
    for words in [
        "ACS-UNKNOWN",
        "not registered",
        "the administrator here",
        "saml-profiles, 4.1.4.1",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let told = cli.json(&["explain", "NAMEID-POLICY", "--json"]);
    assert_eq!(told["code"], "NAMEID-POLICY");
    assert_eq!(
        told["status"][1],
        "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
    );
    assert!(!dir.path().join("nothing").exists());
}

#[test]
fn a_reference_leads_from_the_page_to_what_was_asked_and_how_to_fix_it() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = Cli::of(&scene.house.settings.data_dir, database);
        let page = scene.house.browser().get(&scene.ask(
            "_a",
            "AssertionConsumerServiceURL=\"https://wiki.example/acs?connection=new\"",
            "",
        ));
        let (code, reference) = shown(&page);
        let text = reference.to_string();
        let said = cli.says(&["explain", &text]);
        for words in [
            "ACS-UNKNOWN",
            &text,
            "Wiki (wiki)",
            "127.0.0.1",
            "https://wiki.example/acs?connection=new",
            "differs only in what follows the question mark",
            &format!("hallpass app edit wiki --acs '{ACS}' --acs 'ACS URL'"),
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        for typed in [
            vec![text.to_lowercase().replace('-', "")],
            vec![code.clone(), text.clone()],
            vec![format!("{code} {text}")],
            vec![page.header("x-request-id").unwrap().to_owned()],
        ] {
            let mut arguments = vec!["explain"];
            arguments.extend(typed.iter().map(String::as_str));
            assert_eq!(cli.says(&arguments), said, "{typed:?}");
        }
        let told = cli.json(&["explain", &text, "--json"]);
        assert_eq!(told[0]["outcome"], "ACS-UNKNOWN");
        assert_eq!(told[0]["application"]["slug"], "wiki");
        assert_eq!(told[0]["application"]["registered"]["ACS URL"][0], ACS);
        assert_eq!(told[0]["explanation"]["who_fixes"], "the administrator here");
        let asked = told[0]["asked"].as_array().unwrap();
        assert!(
            asked
                .iter()
                .any(|one| one["name"] == "issuer" && one["value"] == WIKI),
            "{asked:?}"
        );

        let unknown = cli.refuses(&["explain", "0000-0000"]);
        assert!(
            unknown.contains("no row with the reference 0000-0000") && unknown.contains("log"),
            "{unknown}"
        );
        let neither = cli.refuses(&["explain", "ACS-UNKNWON"]);
        assert!(neither.contains("neither a code nor a reference"), "{neither}");
        let other = cli.refuses(&["explain", "ISSUER-UNKNOWN", &text]);
        assert!(other.contains("no row"), "{other}");
    });
}

#[test]
fn a_flood_is_explained_as_one() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = Cli::of(&scene.house.settings.data_dir, database);
        let address = TestSp::new("urn:nobody", ACS).sign_on_address("_r", scene.now());
        let mut browser = scene.house.browser();
        for _n in 0..8 {
            browser.get(&address);
        }
        let last = browser.get(&address);
        scene.house.provider.flush_audit().unwrap();
        let said = cli.says(&["explain", &shown(&last).1.to_string()]);
        assert!(said.contains("one of 4 such refusals"), "{said}");
        let listed = cli.says(&["audit", "--code", "ISSUER-UNKNOWN"]);
        assert!(listed.contains("(4 times)"), "{listed}");
    });
}

#[test]
fn the_audit_trail_is_listed_by_application_code_and_time() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        scene
            .house
            .add_application("Other", "urn:other", "https://other.example/acs", |_| {});
        let cli = Cli::of(&scene.house.settings.data_dir, database);
        // Rows of one millisecond have no order.
        let tick = || scene.house.clock.advance(TimeDelta::seconds(1));
        tick();
        let mut ada = scene.signed_in();
        tick();
        ada.get(&scene.address("_ok"));
        tick();
        ada.get(&scene.ask("_a", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        let outcomes = |arguments: &[&str]| -> Vec<String> {
            let told = cli.json(&[&["audit", "--json"], arguments].concat());
            let rows = told.as_array().unwrap().iter();
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
        assert!(all.contains(&"app.add ok".to_owned()) && all.contains(&"login ok".to_owned()));
        assert_eq!(outcomes(&["-n", "1"]), ["sign_on ACS-UNKNOWN"]);
        assert_eq!(outcomes(&["--code", "acs-unknown"]), ["sign_on ACS-UNKNOWN"]);
        assert_eq!(
            outcomes(&["--app", "wiki"]),
            ["sign_on ACS-UNKNOWN", "sign_on ok", "app.add ok"]
        );
        assert_eq!(outcomes(&["--app", "other"]), ["app.add ok"]);
        assert_eq!(outcomes(&["--since", "1h"]).len(), all.len());
        let later = (scene.now() + TimeDelta::hours(1)).to_rfc3339();
        assert!(outcomes(&["--since", &later]).is_empty());
        let said = cli.says(&["audit", "--code", "ok", "--app", "wiki"]);
        assert_eq!(said.lines().count(), 2, "{said}");
        assert!(said.contains(ADA), "who it was about: {said}");
        for (arguments, words) in [
            (["audit", "--app", "nothing"], "no application nothing"),
            (["audit", "--code", "ACS"], "no code"),
            (["audit", "--since", "soon"], "no time"),
        ] {
            let refused = cli.refuses(&arguments);
            assert!(refused.contains(words), "{refused}");
        }
        assert!(
            cli.says(&["audit", "--code", "SCOPING-OTHER"])
                .contains("Nothing that fits")
        );
    });
}

#[test]
fn the_audit_trail_shows_who_and_from_where_and_tells_failures_apart() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        house.add_person("off@fernweh.example", "Otto", "Off");
        cli.says(&["user", "disable", "off@fernweh.example"]);
        for email in [ADA, "off@fernweh.example", "nobody@fernweh.example"] {
            // Rows of one millisecond have no order.
            house.clock.advance(TimeDelta::seconds(1));
            log_in(&house, email, "wrong wrong wrong wrong");
        }
        let refused = cli.says(&["audit", "--refused"]);
        assert_eq!(refused.lines().count(), 3, "{refused}");
        let of_ada = cli.says(&["audit", "--refused", "--user", ADA]);
        assert!(
            of_ada.contains("LOGIN-WRONG") && of_ada.contains(ADA) && of_ada.contains("127.0.0.1"),
            "{of_ada}"
        );
        assert_eq!(of_ada.lines().count(), 1, "{of_ada}");
        let people = cli.says(&["audit", "--action", "user"]);
        assert!(
            people.contains("user.add") && people.contains("user.disable") && !people.contains("login"),
            "{people}"
        );
        assert!(
            cli.says(&["audit", "--until", "2020-01-01"])
                .contains("Nothing that fits")
        );
        assert!(
            cli.refuses(&["audit", "--user", "nobody@fernweh.example"])
                .contains("nobody here has the address")
        );
        assert!(
            cli.refuses(&["audit", "--action", "App!"])
                .contains("is no action")
        );
        let rows = cli.json(&["audit", "--refused", "--json"]);
        for (row, words) in rows.as_array().unwrap().iter().zip([
            "Nobody here has the address that was typed",
            "off@fernweh.example is switched off",
            "the password was wrong",
        ]) {
            let reference = row["reference"].as_str().unwrap();
            let said = cli.says(&["explain", reference]);
            assert!(said.contains(words), "{words}: {said}");
        }
    });
}
