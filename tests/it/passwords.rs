//! People choose their own password: when a sign-in asks for one, and on their page.

use chrono::TimeDelta;
use hallpass::{credential::password::Password, model::user::Email};

use crate::support::{
    assertions::{assert_contains, assert_lacks, assert_starts_with},
    browser::Browser,
    http::Response,
    sign_in_attempts::{attempt_sign_in, browser_from, password_hashes_during},
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
    test_sp::posted_response,
};

const INITIAL: &str = "vier igel im nebel";
const OWN: &str = "seven plums by a river";

fn setup_with_initial_password(database: &crate::support::test_server::Database) -> SsoSetup {
    let setup = SsoSetup::new(database);
    set_password(&setup, INITIAL, true);
    setup
}

fn set_password(setup: &SsoSetup, password: &str, must_change: bool) {
    let password = Password::parse(password).unwrap();
    let email = Email::parse(ADA).unwrap();
    setup
        .server
        .people()
        .set_password(&email, &password, must_change)
        .unwrap();
}

/// Sends the form of `page`, which asks for a new password.
fn choose(browser: &mut Browser, page: &Response, new: &str) -> Response {
    let values = ["csrf", "ticket", "continue"].map(|name| (name, page.field(name)));
    let mut fields = vec![("new", new)];
    for (name, value) in &values {
        fields.extend(value.as_deref().map(|value| (*name, value)));
    }
    browser.post("/login/password", &fields)
}

/// Sends the form of the user's own page.
fn change(browser: &mut Browser, current: &str, new: &str) -> Response {
    let page = browser.get("/account/password");
    let csrf = page.field("csrf").unwrap_or_else(|| panic!("{}", page.body));
    browser.post(
        "/account/password",
        &[("csrf", &csrf), ("current", current), ("new", new)],
    )
}

fn audit_rows(setup: &SsoSetup, condition: &str) -> i64 {
    let query = format!("SELECT count(*) AS n FROM audit_events WHERE {condition}");
    sql::number(&setup.server.settings, &query)
}

#[test]
fn a_sign_in_with_an_initial_password_asks_for_another_and_goes_on() {
    on_each_database(|database| {
        let setup = setup_with_initial_password(database);
        let mut browser = setup.server.browser();
        let waits = browser.get(&setup.sso_url("_r1")).location().to_owned();
        let login = browser.get(&waits);
        let asked = browser.submit_password(&login, ADA, INITIAL);
        assert_eq!(asked.status, 200, "{}", asked.body);
        assert_contains(&asked.body, "Choose your own password");
        assert_contains(&asked.body, "On your way to <bdi>Wiki</bdi>");
        assert_contains(&asked.body, "autocomplete=\"new-password\"");
        SsoSetup::assert_signed_out(&browser);
        assert_contains(&browser.get(&waits).body, "autocomplete=\"current-password\"");
        for (refused, why) in [
            ("kurz und knapp", "15 characters or more"),
            ("ada.lovelace.1815", "your own name or address"),
            ("Willkommen2026!!", "too common"),
            (INITIAL, "your current password. Choose"),
        ] {
            let page = choose(&mut browser, &asked, refused);
            assert_eq!(page.status, 200, "{refused}");
            assert_contains(&page.body, why);
            assert_lacks(&page.body, refused);
            SsoSetup::assert_signed_out(&browser);
        }
        assert_eq!(audit_rows(&setup, "action = 'user.change_password'"), 0);

        let done = choose(&mut browser, &asked, OWN);
        assert_eq!(done.status, 303, "{}", done.body);
        let page = browser.get_following_redirects(done.location());
        assert_contains(&posted_response(&page).0, "InResponseTo=\"_r1\"");
        SsoSetup::assert_signed_in(&browser);
        let of_ada = format!(
            "outcome = 'ok' AND session_id IS NOT NULL AND user_id = '{}'",
            setup.ada.id
        );
        for action in ["user.change_password", "login"] {
            assert_eq!(
                audit_rows(&setup, &format!("action = '{action}' AND {of_ada}")),
                1,
                "{action}"
            );
        }
        let again = choose(&mut browser, &asked, "another four plain words");
        assert_starts_with(again.location(), "/continue/");
        let mut later = browser_from(&setup, "198.51.100.9");
        assert_eq!(
            attempt_sign_in(&mut later, ADA, INITIAL).status,
            200,
            "the old one is gone"
        );
        assert_eq!(
            attempt_sign_in(&mut later, ADA, OWN).status,
            303,
            "and the new one is kept"
        );
    });
}

#[test]
fn a_required_password_is_taken_from_the_browser_that_proved_the_old_one_alone() {
    on_each_database(|database| {
        let setup = setup_with_initial_password(database);
        let mut browser = setup.server.browser();
        let asked = attempt_sign_in(&mut browser, ADA, INITIAL);
        assert!(asked.field("ticket").is_some(), "{}", asked.body);

        let mut other = setup.server.browser();
        let csrf = other.get("/login").field("csrf").unwrap();
        let ticket = asked.field("ticket").unwrap();
        let stolen = other.post(
            "/login/password",
            &[("csrf", &csrf), ("ticket", &ticket), ("new", OWN)],
        );
        assert_eq!(stolen.location(), "/login");
        let forged = browser.post("/login/password", &[("ticket", &ticket), ("new", OWN)]);
        assert_eq!(forged.location(), "/login");
        for ticket in ["", "x", "AAAA", &ticket[1..]] {
            let csrf = asked.field("csrf").unwrap();
            let hashes = password_hashes_during(&setup, || {
                let fields = [("csrf", csrf.as_str()), ("ticket", ticket), ("new", OWN)];
                assert_eq!(browser.post("/login/password", &fields).location(), "/login");
            });
            assert_eq!(hashes, 0, "{ticket}");
        }
        assert_eq!(browser.get("/login/password").location(), "/login");

        set_password(&setup, "a newer initial one", true);
        assert_eq!(
            choose(&mut browser, &asked, OWN).location(),
            "/login",
            "it was set anew"
        );
        let asked = attempt_sign_in(&mut browser, ADA, "a newer initial one");
        setup.server.clock.advance(TimeDelta::minutes(10));
        assert_eq!(
            choose(&mut browser, &asked, OWN).location(),
            "/login",
            "it took too long"
        );
        SsoSetup::assert_signed_out(&browser);
        let asked = attempt_sign_in(&mut browser, ADA, "a newer initial one");
        assert_eq!(choose(&mut browser, &asked, OWN).location(), "/");
        SsoSetup::assert_signed_in(&browser);
    });
}

#[test]
fn an_initial_password_refunds_no_attempt_before_the_sign_in_has_succeeded() {
    on_each_database(|database| {
        let setup = setup_with_initial_password(database);
        let mut browser = browser_from(&setup, "198.51.100.7");
        let mut asked = attempt_sign_in(&mut browser, ADA, INITIAL);
        for _ in 0..4 {
            asked = attempt_sign_in(&mut browser, ADA, INITIAL);
        }
        assert_eq!(attempt_sign_in(&mut browser, ADA, INITIAL).status, 429);
        assert_eq!(choose(&mut browser, &asked, OWN).status, 303);
        let mut neighbour = browser_from(&setup, "198.51.100.7");
        assert_eq!(
            attempt_sign_in(&mut neighbour, ADA, OWN).status,
            303,
            "it was refunded"
        );
    });
}

#[test]
fn a_user_changes_the_password_and_is_signed_out_everywhere_else() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (mut here, there) = (setup.signed_in_browser(), setup.signed_in_browser());
        assert_contains(&here.get("/").body, "href=\"/account\"");
        assert_contains(&here.get("/account").body, "href=\"/account/password\"");
        let before = here.clone();
        let done = change(&mut here, PASSWORD, OWN);
        assert_starts_with(done.location(), "/account/password?changed=");
        let shown = here.get(done.location());
        assert_contains(
            &shown.body,
            "Your new password is set. You have been signed out everywhere else.",
        );
        assert_lacks(&here.get("/account/password").body, "is set");
        assert_lacks(&here.get("/account/password?changed=x").body, "is set");
        SsoSetup::assert_signed_in(&here);
        SsoSetup::assert_signed_out(&there);
        SsoSetup::assert_signed_out(&before);
        let row =
            "action = 'user.change_password' AND outcome = 'ok' AND detail = 'other sessions that ended: 1'";
        assert_eq!(audit_rows(&setup, row), 1);
        let mut later = browser_from(&setup, "198.51.100.9");
        assert_eq!(attempt_sign_in(&mut later, ADA, PASSWORD).status, 200);
        assert_eq!(attempt_sign_in(&mut later, ADA, OWN).status, 303);
    });
}

#[test]
fn a_new_password_of_ones_own_is_judged_before_the_current_one() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let hashes = password_hashes_during(&setup, || {
            for _ in 0..12 {
                let page = change(&mut browser, "a guess at the current", "short");
                assert_contains(&page.body, "15 characters or more");
                assert_lacks(&page.body, "not your current password");
            }
            let same = change(&mut browser, PASSWORD, PASSWORD);
            assert_contains(&same.body, "your current password. Choose");
        });
        assert_eq!(hashes, 0);
    });
}

#[test]
fn guessing_the_current_password_is_throttled_as_a_sign_in_is() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut thief = setup.signed_in_browser();
        let mut attempts = 0;
        let hashes = password_hashes_during(&setup, || {
            loop {
                let page = change(&mut thief, "a guess at the current", OWN);
                if page.status == 429 {
                    assert!(page.header("retry-after").is_some());
                    assert_contains(&page.body, "Your password is as it was.");
                    break;
                }
                assert_eq!(page.status, 200);
                assert_contains(&page.body, "This is not your current password.");
                attempts += 1;
                assert!(attempts < 20);
            }
        });
        assert_eq!(hashes, attempts);
        assert_eq!(
            change(&mut thief, PASSWORD, OWN).status,
            429,
            "the right one waits too"
        );
        let wrong = "action = 'user.change_password' AND outcome = 'LOGIN-WRONG'";
        assert_eq!(audit_rows(&setup, wrong), i64::try_from(attempts).unwrap());
        let mut elsewhere = browser_from(&setup, "198.51.100.9");
        assert_eq!(attempt_sign_in(&mut elsewhere, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn the_form_for_a_new_password_is_for_whoever_is_signed_in_here() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let fields = [("csrf", "x"), ("current", PASSWORD), ("new", OWN)];
        let forged = browser.post("/account/password", &fields);
        assert_eq!(forged.status, 403);
        assert_contains(&forged.body, "Nothing was changed");
        let csrf = browser.get("/account/password").field("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("current", PASSWORD), ("new", OWN)];
        let foreign = browser.post_with_headers(
            "/account/password",
            &[("Sec-Fetch-Site", "cross-site")],
            &fields,
            true,
        );
        assert_eq!(foreign.status, 403);

        let mut nobody = setup.server.browser();
        assert_eq!(
            nobody.post("/account/password", &fields).location(),
            "/account/password"
        );
        let login = nobody.get_following_redirects("/account/password");
        let page = nobody.sign_in(&login, ADA, PASSWORD);
        assert_contains(&page.body, "Current password");
        assert_eq!(change(&mut nobody, PASSWORD, OWN).status, 303);
    });
}

#[test]
fn a_password_that_stands_stays_whatever_the_rules_are() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_PASSWORDS_MIN_LENGTH", "30")], |_, _| {});
        set_password(&setup, "hunter2", false);
        let mut browser = setup.server.browser();
        assert_eq!(attempt_sign_in(&mut browser, ADA, "hunter2").status, 303);
        assert_contains(
            &change(&mut browser, "hunter2", OWN).body,
            "Take 30 characters or more",
        );
        let long = "seven plums by a river, and a boat";
        assert_eq!(change(&mut browser, "hunter2", long).status, 303);
    });
}
