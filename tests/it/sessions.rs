//! Where people are signed in, as an administrator sees it, and ending that.

use hallpass::model::{
    actor::Actor,
    application::{Binding, LogoutEndpoint, SpUrl},
    role::Role,
};
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::assert_contains,
        browser::Browser,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{PASSWORD, on_each_database},
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn signed_in_with_firefox(setup: &SsoSetup) -> Browser {
    let mut browser = setup.server.browser();
    browser
        .extra_headers
        .push(("User-Agent".to_owned(), FIREFOX.to_owned()));
    let page = browser.get_following_redirects("/login");
    assert_eq!(browser.sign_in(&page, ADA, PASSWORD).status, 200);
    browser
}

fn list(cli: &Cli, more: &[&str]) -> Vec<Value> {
    let said = cli.expect_success(&[&["session", "list", "--json"], more].concat());
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_session_says_where_and_how_somebody_is_signed_in_and_where_they_have_been() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        assert_contains(&cli.expect_success(&["session", "list"]), "Nobody is signed in.");
        let mut browser = signed_in_with_firefox(&setup);
        setup.signed_in_browser();
        let page = browser.get(&setup.sso_url("_r1"));
        assert!(page.field("SAMLResponse").is_some(), "{}", page.body);
        let sessions = list(&cli, &[]);
        assert_eq!(sessions.len(), 2, "{sessions:?}");
        let named: Vec<&Value> = sessions
            .iter()
            .filter(|session| session["device"] == "Firefox on Linux")
            .collect();
        let [session] = named.as_slice() else {
            panic!("{sessions:?}")
        };
        assert_eq!(session["email"], ADA);
        assert_eq!(session["address"], "127.0.0.1");
        assert_eq!(session["methods"], serde_json::json!(["pwd"]));
        assert_eq!(session["applications"], serde_json::json!(["wiki"]));
        let said = cli.expect_success(&["session", "list", "--user", ADA]);
        assert_contains(&said, "Firefox on Linux from 127.0.0.1, by password");
        assert_contains(&said, "entered wiki");
        setup.server.add_user("grace@fernweh.example", "Grace", "H");
        assert!(list(&cli, &["--user", "grace@fernweh.example"]).is_empty());
        assert_eq!(list(&cli, &["--limit", "1"]).len(), 1);
        let first = sessions[0]["id"].as_str().unwrap();
        let rest = list(&cli, &["--after", first]);
        assert_eq!(rest, sessions[1..]);
        // Nothing of the header but the words.
        let stored = sql::texts(
            &setup.server.settings,
            "SELECT coalesce(device, '') AS t FROM sessions WHERE device IS NOT NULL",
        );
        assert_eq!(stored, ["Firefox on Linux"]);
    });
}

#[test]
fn ending_a_session_says_which_applications_were_not_told_and_lets_its_browser_tell_them() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.saml.logout = Some(LogoutEndpoint {
                location: SpUrl::parse("https://wiki.fernweh.example/slo").unwrap(),
                response_location: None,
                binding: Binding::Redirect,
            });
        });
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let (mut browser, other) = (signed_in_with_firefox(&setup), setup.signed_in_browser());
        browser.get(&setup.sso_url("_r1"));
        let sessions = list(&cli, &[]);
        let with = |name: &Value| sessions.iter().find(|one| one["device"] == *name).unwrap()["id"].clone();
        let id = with(&Value::from("Firefox on Linux"));
        let said = cli.expect_success(&["session", "end", id.as_str().unwrap()]);
        assert_contains(&said, "1 session was ended.");
        assert_contains(&said, "Not told: wiki.");
        SsoSetup::assert_signed_in(&other);
        // The browser comes here again, and is led to the logout that waits for it.
        let led = browser.get("/login");
        assert_eq!(led.status, 303);
        assert_contains(led.location(), "/logout/");
        let again = cli.expect_failure(&["session", "end", id.as_str().unwrap()]);
        assert_contains(&again, "there is no session");
        let said = cli.expect_success(&["session", "end", "--user", ADA]);
        assert_contains(&said, "1 session was ended.");
        SsoSetup::assert_signed_out(&other);
        let said = cli.expect_success(&["session", "end", "--user", ADA]);
        assert_contains(&said, "nothing was ended");
        let audit = sql::texts(
            &setup.server.settings,
            "SELECT detail AS t FROM audit_events WHERE action = 'session.end' ORDER BY detail",
        );
        assert_eq!(
            audit,
            [
                "ended by an administrator",
                "ended by an administrator; not told yet: wiki"
            ]
        );
    });
}

#[test]
fn the_help_desk_ends_no_session_of_an_owner() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.signed_in_browser();
        let people = setup.server.people();
        let email = hallpass::model::user::Email::parse(ADA).unwrap();
        people.set_role(&email, Some(Role::Owner)).unwrap();
        let actor = Actor::Person {
            id: setup.ada.id,
            role: Some(Role::HelpDesk),
            authenticated_at: setup.server.provider.now(),
        };
        let help_desk = setup.server.provider.people(&actor);
        assert!(help_desk.end_sessions_of(&email).is_err());
        let query = hallpass::provider::people::sessions::SessionQuery::default();
        let sessions = help_desk.sessions(&query, 10).unwrap();
        assert!(help_desk.end_session(sessions[0].id).is_err());
        assert_eq!(people.end_sessions_of(&email).unwrap().unwrap().len(), 1);
    });
}
