//! Passkeys: added, used as the second factor and alone, and refused.

use std::sync::Arc;

use chrono::TimeDelta;
use hallpass::{
    credential::password::Password,
    model::{actor::Actor, second_factor::SecondFactorPolicy, user::Email},
    provider::applications::ApplicationEdit,
    server,
};

use crate::cli::Cli;
use crate::support::{
    assertions::{assert_contains, assert_lacks},
    authenticator::{Authenticator, enrol, give_code, recovery_codes},
    browser::Browser,
    http::Response,
    passkey::{ORIGIN, Passkey, add_passkey, asks_for_passkey, give_passkey, options, sign_in_with},
    sign_in_attempts::{attempt_sign_in, browser_from},
    sql,
    sso_setup::{ADA, RELAY_STATE, SsoSetup},
    test_server::{Database, PASSWORD, TestServer, on_each_database, settings},
    test_sp::posted_response,
};

const MFA: &str = "https://refeds.org/profile/mfa";
const ADD: &str = "/account/second-factors/add-passkey";

/// Ada with a passkey.
fn setup_with_passkey(database: &Database, environment: &[(&str, &str)]) -> (SsoSetup, Passkey) {
    let setup = SsoSetup::with(database, environment, |_, _| {});
    let mut browser = setup.signed_in_browser();
    let (passkey, done) = with_passkey(&mut browser);
    assert_eq!(recovery_codes(&done).len(), 10);
    (setup, passkey)
}

/// Adds one in a session.
fn with_passkey(browser: &mut Browser) -> (Passkey, Response) {
    let page = browser.get(ADD);
    let mut passkey = Passkey::new();
    let answer = passkey.create(&page);
    let done = add_passkey(browser, &page, &answer);
    assert!([200, 303].contains(&done.status), "{}", done.body);
    (passkey, done)
}

/// What the application receives, with its RelayState.
fn answered(page: &Response) -> String {
    let (response, _acs) = posted_response(page);
    assert_eq!(page.field("RelayState").as_deref(), Some(RELAY_STATE));
    response
}

fn audit_rows(setup: &SsoSetup, condition: &str) -> i64 {
    let query = format!("SELECT count(*) AS n FROM audit_events WHERE {condition}");
    sql::number(&setup.server.settings, &query)
}

fn passkeys(setup: &SsoSetup) -> i64 {
    let query = "SELECT count(*) AS n FROM second_factors WHERE kind = 'passkey'";
    sql::number(&setup.server.settings, query)
}

fn requested(class: &str) -> String {
    format!(
        "<samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{class}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
    )
}

fn set_rule(setup: &SsoSetup, rule: &str) {
    let edit = ApplicationEdit {
        second_factor: Some(Some(SecondFactorPolicy::parse(rule).unwrap())),
        ..ApplicationEdit::default()
    };
    let applications = setup.server.applications();
    applications
        .edit_application(&setup.wiki.slug, edit)
        .unwrap()
        .unwrap();
}

#[test]
fn a_passkey_is_added_and_signs_in_alone_with_two_factors() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        assert!(
            !asks_for_passkey(&setup.server.browser().get("/login")),
            "nobody has one"
        );
        let mut browser = setup.signed_in_browser();
        let listed = browser.get("/account/second-factors");
        assert_contains(&listed.body, "Add a passkey");
        let (passkey, done) = with_passkey(&mut browser);
        assert_eq!(recovery_codes(&done).len(), 10);
        let listed = browser.get("/account/second-factors");
        assert_contains(&listed.body, "<bdi>Laptop</bdi>");
        assert_contains(&listed.body, "Passkey · last used on");
        assert_eq!(
            audit_rows(
                &setup,
                "action = 'user.second_factor.add' AND detail = 'passkey: Laptop'"
            ),
            1
        );

        let mut later = browser_from(&setup, "198.51.100.9");
        let pending = later.get(&setup.sso_url("_r1")).location().to_owned();
        let login = later.get(&pending);
        assert_contains(&login.body, "autocomplete=\"username webauthn\"");
        assert_contains(&login.body, "data-conditional");
        assert_eq!(options(&login)["allowCredentials"].as_array().unwrap().len(), 0);
        let done = sign_in_with(&mut later, &login, &passkey.answer(&login));
        assert_eq!(done.status, 303, "{}", done.body);
        let response = answered(&later.get_following_redirects(done.location()));
        assert_contains(&response, "InResponseTo=\"_r1\"");
        assert_contains(&response, MFA);
        assert_eq!(
            audit_rows(
                &setup,
                "action = 'login' AND outcome = 'ok' AND detail = 'by hwk'"
            ),
            1
        );
    });
}

#[test]
fn a_passkey_is_the_second_factor_after_a_password() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let pending = browser.get(&setup.sso_url("_r1")).location().to_owned();
        let login = browser.get(&pending);
        let asked = browser.submit_password(&login, ADA, PASSWORD);
        assert_contains(&asked.body, "Confirm with your passkey");
        assert_contains(&asked.body, "Recovery code");
        assert_lacks(&asked.body, "Six-digit code");
        let allowed = options(&asked)["allowCredentials"].clone();
        assert_eq!(allowed.as_array().unwrap().len(), 1);
        SsoSetup::assert_signed_out(&browser);
        let done = give_passkey(&mut browser, &asked, &passkey.answer(&asked));
        assert_eq!(done.status, 303, "{}", done.body);
        let response = answered(&browser.get_following_redirects(done.location()));
        assert_contains(&response, MFA);
        assert_eq!(
            audit_rows(&setup, "action = 'login' AND detail = 'by pwd, hwk'"),
            1
        );

        // Whoever has both chooses.
        let page = browser.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        let added = enrol(&mut browser, &page, &phone.code(setup.now()));
        assert_eq!(added.status, 303, "recovery codes are there already");
        setup.server.clock.advance(TimeDelta::seconds(60));
        let mut later = browser_from(&setup, "198.51.100.10");
        let asked = attempt_sign_in(&mut later, ADA, PASSWORD);
        assert_contains(&asked.body, "Use my passkey");
        assert_contains(&asked.body, "Six-digit code");
        let done = give_code(&mut later, &asked, &phone.code(setup.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
    });
}

#[test]
fn what_is_not_the_answer_of_the_persons_own_passkey_here_is_refused() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        setup.server.add_user("bob@fernweh.example", "Bob", "B");
        let mut bobs = browser_from(&setup, "198.51.100.20");
        assert_eq!(
            attempt_sign_in(&mut bobs, "bob@fernweh.example", PASSWORD).status,
            303
        );
        let (of_bob, _) = with_passkey(&mut bobs);
        let wrong = |change: &dyn Fn(&mut Passkey)| {
            let mut wrong = passkey.clone();
            change(&mut wrong);
            wrong
        };
        let mut forged = Passkey::new();
        forged.credential_id.clone_from(&passkey.credential_id);
        forged.user_handle.clone_from(&passkey.user_handle);
        let all = [
            (
                "origin",
                wrong(&|key| key.origin = "https://evil.example".to_owned()),
            ),
            ("port", wrong(&|key| key.origin.push_str(":8443"))),
            ("domain", wrong(&|key| key.rp_id = "evil.example".to_owned())),
            ("no user verification", wrong(&|key| key.verifies_user = false)),
            ("another key", forged),
            ("unknown", Passkey::new()),
            (
                "handle",
                wrong(&|key| key.user_handle.clone_from(&of_bob.user_handle)),
            ),
        ];
        for (number, (what, key)) in all.iter().enumerate() {
            let address = format!("203.0.113.{number}");
            let mut browser = browser_from(&setup, &address);
            let login = browser.get("/login");
            let refused = sign_in_with(&mut browser, &login, &key.answer(&login));
            assert_contains(&refused.body, "That passkey did not work here");
            assert_contains(&refused.body, "PASSKEY-REFUSED");
            SsoSetup::assert_signed_out(&browser);
            setup.server.clock.advance(TimeDelta::hours(25));
            let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
            let refused = give_passkey(&mut browser, &asked, &key.answer(&asked));
            assert_contains(&refused.body, "That passkey did not work");
            assert!(!SsoSetup::is_signed_in(&browser), "{what}");
            setup.server.clock.advance(TimeDelta::hours(25));
        }
        // A passkey without a handle says nothing about who is there, and does as a second factor.
        let nameless = wrong(&|key| key.user_handle = None);
        let mut browser = browser_from(&setup, "203.0.113.40");
        let login = browser.get("/login");
        let refused = sign_in_with(&mut browser, &login, &nameless.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let other = give_passkey(&mut browser, &asked, &of_bob.answer(&asked));
        assert_contains(&other.body, "That passkey did not work");
        SsoSetup::assert_signed_out(&browser);
        let done = give_passkey(&mut browser, &other, &nameless.answer(&other));
        assert_eq!(done.status, 303, "{}", done.body);
        for bad in ["", "{}", "x", "[1]"] {
            let mut browser = browser_from(&setup, "203.0.113.41");
            let login = browser.get("/login");
            let refused = sign_in_with(&mut browser, &login, bad);
            assert_contains(&refused.body, "That passkey did not work here");
        }
    });
}

#[test]
fn a_challenge_is_good_once_for_one_browser_one_purpose_and_five_minutes() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let replica = setup.server.replica();
        let mut browser = browser_from(&setup, "198.51.100.9");
        let login = browser.get("/login");
        let answer = passkey.answer(&login);
        let mut at_replica = browser.clone().at(replica.address);
        assert_eq!(sign_in_with(&mut browser, &login, &answer).status, 303);
        // The same answer, and another one to the same challenge, wherever they arrive.
        for (browser, answer) in [
            (&mut at_replica.clone(), answer.clone()),
            (&mut at_replica, passkey.answer(&login)),
        ] {
            let again = sign_in_with(browser, &login, &answer);
            assert_contains(&again.body, "That passkey did not work here");
            SsoSetup::assert_signed_out(browser);
        }
        assert_eq!(
            audit_rows(&setup, "detail = 'the question was answered before'"),
            2
        );

        let mut stolen_in = browser_from(&setup, "198.51.100.10");
        let own = stolen_in.get("/login");
        let mut other = browser_from(&setup, "198.51.100.11");
        let login = other.get("/login");
        let (csrf, state) = (own.field("csrf").unwrap(), login.field("state").unwrap());
        let answer = passkey.answer(&login);
        let fields = [
            ("csrf", csrf.as_str()),
            ("state", state.as_str()),
            ("credential", answer.as_str()),
        ];
        let stolen = stolen_in.post("/login/passkey", &fields);
        assert_contains(&stolen.body, "That took too long");
        SsoSetup::assert_signed_out(&stolen_in);

        // That of the second step signs nobody in alone, and the other way round.
        let asked = attempt_sign_in(&mut other, ADA, PASSWORD);
        let alone = sign_in_with(&mut other, &asked, &passkey.answer(&asked));
        assert_contains(&alone.body, "That took too long");
        let (ticket, csrf) = (asked.field("ticket").unwrap(), asked.field("csrf").unwrap());
        let fields = [
            ("csrf", csrf.as_str()),
            ("ticket", ticket.as_str()),
            ("state", state.as_str()),
            ("credential", answer.as_str()),
        ];
        let second = other.post("/login/second-factor", &fields);
        assert_contains(&second.body, "That passkey did not work");
        SsoSetup::assert_signed_out(&other);

        let login = other.get("/login");
        setup.server.clock.advance(TimeDelta::minutes(5));
        let late = sign_in_with(&mut other, &login, &passkey.answer(&login));
        assert_contains(&late.body, "That took too long");
        let done = sign_in_with(&mut other, &late, &passkey.answer(&late));
        assert_eq!(done.status, 303, "{}", done.body);
        let forged = other.post("/login/passkey", &[("state", "x"), ("credential", "{}")]);
        assert_eq!(forged.location(), "/login");
        assert_eq!(other.get("/login/passkey").location(), "/login");
    });
}

#[test]
fn a_counter_that_does_not_rise_is_told_and_lets_its_person_in() {
    on_each_database(|database| {
        let (setup, mut passkey) = setup_with_passkey(database, &[]);
        let told = |counter: i64| {
            audit_rows(
                &setup,
                "action = 'user.passkey.counter' AND detail LIKE 'Laptop: %'",
            ) == counter
        };
        for (counter, expected) in [(0, 0), (7, 0), (8, 0), (8, 1), (3, 2), (9, 2), (0, 3)] {
            passkey.counter = counter;
            let mut browser = browser_from(&setup, "198.51.100.9");
            let login = browser.get("/login");
            let done = sign_in_with(&mut browser, &login, &passkey.answer(&login));
            assert_eq!(done.status, 303, "{counter}: {}", done.body);
            assert!(told(expected), "{counter}");
        }
    });
}

#[test]
fn a_new_passkey_is_stored_only_if_it_is_what_the_page_asked_for() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        for what in ["origin", "domain", "no user verification"] {
            let page = browser.get(ADD);
            let mut passkey = Passkey::new();
            match what {
                "origin" => passkey.origin = "https://evil.example".to_owned(),
                "domain" => passkey.rp_id = "evil.example".to_owned(),
                _ => passkey.verifies_user = false,
            }
            let answer = passkey.create(&page);
            let refused = add_passkey(&mut browser, &page, &answer);
            assert_contains(&refused.body, "Nothing was added");
            assert_eq!(passkeys(&setup), 0, "{what}");
        }
        let page = browser.get(ADD);
        let mut passkey = Passkey::new();
        let answer = passkey.create(&page);
        assert_eq!(add_passkey(&mut browser, &page, &answer).status, 200);
        assert_eq!(passkeys(&setup), 1);
        // The same page once more, and the same passkey on another one.
        let again = add_passkey(&mut browser, &page, &answer);
        assert_contains(&again.body, "The page was open for too long");
        let page = browser.get(ADD);
        let excluded = options(&page)["excludeCredentials"].clone();
        assert_eq!(excluded.as_array().unwrap().len(), 1);
        let known = passkey.create(&page);
        let known = add_passkey(&mut browser, &page, &known);
        assert_contains(
            &known.body,
            "There is a passkey for this account on that device already",
        );

        setup.server.add_user("bob@fernweh.example", "Bob", "B");
        let mut bobs = browser_from(&setup, "198.51.100.20");
        assert_eq!(
            attempt_sign_in(&mut bobs, "bob@fernweh.example", PASSWORD).status,
            303
        );
        let page = bobs.get(ADD);
        let taken = passkey.create(&page);
        assert_contains(&add_passkey(&mut bobs, &page, &taken).body, "already");
        assert_eq!(passkeys(&setup), 1);

        setup.server.clock.advance(TimeDelta::minutes(6));
        let stale = browser.get(ADD);
        assert_eq!(stale.status, 303, "a session that is not fresh adds nothing");
    });
}

#[test]
fn a_required_second_factor_is_set_up_as_a_passkey_inside_the_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        set_rule(&setup, "required");
        let mut browser = browser_from(&setup, "198.51.100.9");
        let pending = browser.get(&setup.sso_url("_r1")).location().to_owned();
        let login = browser.get(&pending);
        let page = browser.sign_in(&login, ADA, PASSWORD);
        let (_, link) = page
            .body
            .split_once("href=\"/account/second-factors/add-passkey?")
            .unwrap();
        let (query, _) = link.split_once('"').unwrap();
        let page = browser.get(&format!("{ADD}?{}", query.replace("&amp;", "&")));
        assert_contains(&page.body, "From now on you need more than your password");
        let mut passkey = Passkey::new();
        let answer = passkey.create(&page);
        let done = add_passkey(&mut browser, &page, &answer);
        assert_eq!(recovery_codes(&done).len(), 10);
        let next = done.form_action().unwrap();
        let response = answered(&browser.get_following_redirects(&next));
        assert_contains(&response, "InResponseTo=\"_r1\"");
        assert_contains(&response, MFA);

        let mut later = browser_from(&setup, "198.51.100.10");
        let pending = later.get(&setup.sso_url("_r2")).location().to_owned();
        let login = later.get(&pending);
        let done = sign_in_with(&mut later, &login, &passkey.answer(&login));
        let response = answered(&later.get_following_redirects(done.location()));
        assert_contains(&response, MFA);
    });
}

#[test]
fn a_session_steps_up_with_a_passkey_and_a_password_is_asked_for_where_only_that_will_do() {
    on_each_database(|database| {
        let (setup, passkey) =
            setup_with_passkey(database, &[("HALLPASS_SECOND_FACTOR_REMEMBER_DEVICE", "30d")]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let (csrf, ticket) = (asked.field("csrf").unwrap(), asked.field("ticket").unwrap());
        let (state, answer) = (asked.field("state").unwrap(), passkey.answer(&asked));
        let fields = [
            ("csrf", csrf.as_str()),
            ("ticket", ticket.as_str()),
            ("state", state.as_str()),
            ("credential", answer.as_str()),
            ("remember", "yes"),
        ];
        assert_eq!(browser.post("/login/second-factor", &fields).status, 303);
        let csrf = browser.get("/").field("csrf").unwrap();
        browser.post("/logout", &[("csrf", &csrf)]);
        assert_eq!(
            attempt_sign_in(&mut browser, ADA, PASSWORD).status,
            303,
            "remembered"
        );
        // A remembered device is no second factor for who asks for one.
        let wants_two = setup.sso_url_with("_r1", "", &requested(MFA));
        let asked = browser.get_following_redirects(&wants_two);
        assert_contains(&asked.body, "Confirm with your passkey");
        let done = give_passkey(&mut browser, &asked, &passkey.answer(&asked));
        let response = answered(&browser.get_following_redirects(done.location()));
        assert_contains(&response, MFA);
        assert_eq!(
            audit_rows(&setup, "action = 'login.second_factor' AND outcome = 'ok'"),
            1
        );

        let password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        let mut alone = browser_from(&setup, "198.51.100.10");
        let login = alone.get("/login");
        assert_eq!(
            sign_in_with(&mut alone, &login, &passkey.answer(&login)).status,
            303
        );
        let wants_password = setup.sso_url_with("_r2", "", &requested(password));
        let form = alone.get_following_redirects(&wants_password);
        assert_contains(&form.body, "asks you to sign in again");
        assert!(!asks_for_passkey(&form), "{}", form.body);
        let asked = alone.submit_password(&form, ADA, PASSWORD);
        let done = give_passkey(&mut alone, &asked, &passkey.answer(&asked));
        let response = answered(&alone.get_following_redirects(done.location()));
        assert_contains(&response, password);
        let response = answered(&alone.get_following_redirects(&setup.sso_url("_r3")));
        assert_contains(&response, MFA);
    });
}

#[test]
fn a_passkey_lets_in_only_who_may_sign_in() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let email = Email::parse(ADA).unwrap();
        let people = setup.server.people();
        people
            .set_password(&email, &Password::parse("seven plums by a river").unwrap(), true)
            .unwrap();
        let mut browser = browser_from(&setup, "198.51.100.9");
        let login = browser.get("/login");
        let asked = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_contains(&asked.body, "action=\"/login/password\"");
        SsoSetup::assert_signed_out(&browser);
        let (csrf, ticket) = (asked.field("csrf").unwrap(), asked.field("ticket").unwrap());
        let chosen = [
            ("csrf", csrf.as_str()),
            ("ticket", &ticket),
            ("new", "eight plums by a river"),
        ];
        assert_eq!(browser.post("/login/password", &chosen).status, 303);
        SsoSetup::assert_signed_in(&browser);

        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["user", "disable", ADA]);
        SsoSetup::assert_signed_out(&browser);
        let login = browser.get("/login");
        let refused = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        SsoSetup::assert_signed_out(&browser);
        cli.expect_success(&["user", "enable", ADA]);
        let done = sign_in_with(&mut browser, &refused, &passkey.answer(&refused));
        assert_eq!(done.status, 303, "{}", done.body);
        let shown = cli.expect_success(&["user", "second-factor", ADA]);
        assert_contains(&shown, "passkey  Laptop");
    });
}

#[test]
fn nobody_signs_in_with_a_passkey_alone_where_second_factors_are_never_used() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["group", "add", "Guests", "--second-factor", "never"]);
        cli.expect_success(&["group", "add-member", "Guests", ADA]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let login = browser.get("/login");
        let refused = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        SsoSetup::assert_signed_out(&browser);
        assert_eq!(attempt_sign_in(&mut browser, ADA, PASSWORD).status, 303);
    });
    on_each_database(|database| {
        let never = [
            ("HALLPASS_SECOND_FACTOR_RULE", "never"),
            ("HALLPASS_SECOND_FACTOR_ADMINISTRATORS", "never"),
        ];
        let (setup, _) = setup_with_passkey(database, &never);
        assert!(!asks_for_passkey(&setup.server.browser().get("/login")));
    });
}

#[test]
fn failed_passkeys_are_counted_before_they_are_looked_at() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let mut bad = passkey.clone();
        bad.origin = "https://evil.example".to_owned();
        let mut paused = None;
        for attempt in 0..12_u8 {
            let mut browser = browser_from(&setup, &format!("203.0.113.{attempt}"));
            let login = browser.get("/login");
            let answer = sign_in_with(&mut browser, &login, &bad.answer(&login));
            if answer.status == 429 {
                assert_contains(&answer.body, "FACTOR-THROTTLED");
                assert!(answer.header("retry-after").is_some());
                paused = Some(attempt);
                break;
            }
        }
        assert_eq!(paused, Some(5), "five free attempts for one account");
        let mut browser = browser_from(&setup, "198.51.100.9");
        let login = browser.get("/login");
        let right = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_eq!(right.status, 429, "a pause is a pause");

        // Passkeys that nobody has are counted by address, apart from passwords.
        let mut stranger = browser_from(&setup, "192.0.2.7");
        let mut statuses = Vec::new();
        for _attempt in 0..25 {
            let login = stranger.get("/login");
            statuses.push(sign_in_with(&mut stranger, &login, &Passkey::new().answer(&login)).status);
        }
        assert_eq!(
            statuses.iter().filter(|status| **status == 429).count(),
            5,
            "{statuses:?}"
        );
        setup.server.clock.advance(TimeDelta::hours(2));
        let mut browser = browser_from(&setup, "198.51.100.9");
        for _success in 0..30 {
            let mut again = browser.clone();
            let login = again.get("/login");
            let done = sign_in_with(&mut again, &login, &passkey.answer(&login));
            assert_eq!(done.status, 303, "a success counts for nothing: {}", done.body);
        }
        assert_eq!(browser.get("/login").status, 200);
    });
}

#[test]
fn a_passkey_is_removed_by_its_person_or_by_an_administrator() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let login = browser.get("/login");
        sign_in_with(&mut browser, &login, &passkey.answer(&login));
        // The list begins with the older one.
        setup.server.clock.advance(TimeDelta::seconds(1));
        let (second, _) = with_passkey(&mut browser);
        let page = browser.get("/account/second-factors");
        let (csrf, id) = (page.field("csrf").unwrap(), page.field("id").unwrap());
        let removed = browser.post(
            "/account/second-factors/remove",
            &[("csrf", csrf.as_str()), ("id", id.as_str())],
        );
        assert_contains(&browser.get(removed.location()).body, "It is removed");
        assert_eq!(passkeys(&setup), 1);
        assert_eq!(
            audit_rows(
                &setup,
                "action = 'user.second_factor.remove' AND detail = 'passkey: Laptop'"
            ),
            1
        );
        let mut gone = browser_from(&setup, "198.51.100.10");
        let login = gone.get("/login");
        let refused = sign_in_with(&mut gone, &login, &passkey.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        let done = sign_in_with(&mut gone, &refused, &second.answer(&refused));
        assert_eq!(done.status, 303, "{}", done.body);

        assert_eq!(
            setup.server.people().remove_second_factors(&setup.ada).unwrap(),
            1
        );
        SsoSetup::assert_signed_out(&gone);
        let login = gone.get("/login");
        let refused = sign_in_with(&mut gone, &login, &second.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        assert_eq!(attempt_sign_in(&mut gone, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn passkeys_open_with_another_sealing_key_and_what_cannot_be_read_is_counted() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        assert_eq!(setup.server.provider.count_unreadable_passkeys().unwrap(), (1, 0));
        let (settings, now) = (Arc::clone(&setup.server.settings), setup.now());
        let dir = setup.server.stop();
        server::reseal(&settings, None, &Actor::Itself).unwrap();
        let server = TestServer::start_in_dir(dir, database, &[]);
        server
            .clock
            .advance(now - hallpass::clock::Clock::now(&server.clock));
        let mut browser = server.browser();
        let login = browser.get("/login");
        let done = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_eq!(done.status, 303, "{}", done.body);

        sql::execute(
            &server.settings,
            "UPDATE second_factors SET sealed = credential_id",
        );
        assert_eq!(server.provider.count_unreadable_passkeys().unwrap(), (1, 1));
        let mut later = server.browser();
        let login = later.get("/login");
        let refused = sign_in_with(&mut later, &login, &passkey.answer(&login));
        assert_contains(&refused.body, "That passkey did not work here");
        let asked = later.submit_password(&refused, ADA, PASSWORD);
        assert_contains(&asked.body, "Recovery code");
        let cli = Cli::new(&server.settings.data_dir, database);
        assert_contains(&cli.expect_success(&["passkey", "show"]), "Unreadable");
        assert_contains(
            &later.get("/health/ready").body,
            "1 of the stored passkeys cannot be read",
        );
    });
}

#[test]
fn an_address_that_would_lose_passkeys_is_refused_until_it_is_said_to_be_meant() {
    on_each_database(|database| {
        let (setup, passkey) = setup_with_passkey(database, &[]);
        let address = setup.server.address;
        let data_dir = setup.server.settings.data_dir.clone();
        let now = setup.now();
        let dir = setup.server.stop();
        let at = |environment: &[(&str, &str)]| settings(&data_dir, database, address, environment);
        let moved = at(&[("HALLPASS_BASE_URL", "https://sso.fernweh.example")]);
        let refused = server::prepare(&moved).unwrap_err().to_string();
        assert_contains(&refused, "1 person has passkeys for login.fernweh.example");
        assert_contains(&refused, "hallpass passkey move --force");
        // Below the domain, and while the old address leads here too.
        server::prepare(&at(&[("HALLPASS_BASE_URL", "https://eu.login.fernweh.example")])).unwrap();
        let both = [
            ("HALLPASS_BASE_URL", "https://sso.fernweh.example"),
            ("HALLPASS_SECOND_FACTOR_PASSKEY_ORIGINS", ORIGIN),
        ];
        let server = TestServer::start_in_dir(dir, database, &both);
        server
            .clock
            .advance(now - hallpass::clock::Clock::now(&server.clock));
        let mut browser = server.browser();
        let related = browser.get("/.well-known/webauthn");
        assert_eq!(
            related.body,
            "{\"origins\":[\"https://sso.fernweh.example\",\"https://login.fernweh.example\"]}"
        );
        assert_contains(related.header("content-type").unwrap(), "application/json");
        let mut there = passkey.clone();
        there.origin = "https://sso.fernweh.example".to_owned();
        let login = browser.get("/login");
        assert_eq!(options(&login)["rpId"], "login.fernweh.example");
        let done = sign_in_with(&mut browser, &login, &there.answer(&login));
        assert_eq!(done.status, 303, "{}", done.body);
        let dir = server.stop();

        let cli = Cli::new(&data_dir, database);
        let shown = cli.expect_success(&["passkey", "show"]);
        assert_contains(&shown, "login.fernweh.example  passkeys: 1, people: 1");
        let refused = cli.expect_failure(&["passkey", "move"]);
        assert_contains(&refused, "1 of the people here");
        cli.expect_success(&["passkey", "move", "--force"]);
        let new = [("HALLPASS_BASE_URL", "https://sso.fernweh.example")];
        let server = TestServer::start_in_dir(dir, database, &new);
        server
            .clock
            .advance(now - hallpass::clock::Clock::now(&server.clock));
        let mut browser = server.browser();
        assert_eq!(browser.get("/.well-known/webauthn").status, 404);
        let login = browser.get("/login");
        assert!(!asks_for_passkey(&login), "{}", login.body);
        // A password is no more than it was: what cannot be given is asked for.
        let asked = browser.submit_password(&login, ADA, PASSWORD);
        assert_contains(&asked.body, "Recovery code");
        assert!(!asks_for_passkey(&asked), "{}", asked.body);
        let recorded = "SELECT count(*) AS n FROM audit_events WHERE action = 'passkey.move'";
        assert_eq!(sql::number(&server.settings, recorded), 1);

        // Back at the old address, they work again.
        let dir = server.stop();
        let server = TestServer::start_in_dir(dir, database, &[]);
        server
            .clock
            .advance(now - hallpass::clock::Clock::now(&server.clock));
        let mut browser = server.browser();
        let login = browser.get("/login");
        let done = sign_in_with(&mut browser, &login, &passkey.answer(&login));
        assert_eq!(done.status, 303, "{}", done.body);
    });
}

#[test]
fn the_last_owner_keeps_a_way_in_when_the_domain_of_passkeys_is_given_up() {
    on_each_database(|database| {
        let (setup, _passkey) = setup_with_passkey(database, &[]);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["user", "role", ADA, "owner"]);
        // Her recovery codes are a way in.
        let refused = cli.expect_failure(&["passkey", "move"]);
        assert_contains(&refused, "1 of the people here");
        assert_lacks(&refused, "recovery code, and could not");
        let settings = &setup.server.settings;
        sql::execute(settings, "DELETE FROM recovery_codes");
        let refused = cli.expect_failure(&["passkey", "move"]);
        assert_contains(
            &refused,
            "1 owner has neither another second step nor a recovery code",
        );
        let refused = cli.expect_failure(&["passkey", "move", "--force"]);
        assert_contains(&refused, "no owner who can sign in");
        assert_contains(&refused, "hallpass user role EMAIL owner");
        let domain = "SELECT count(*) AS n FROM installation WHERE passkey_rp_id = 'login.fernweh.example'";
        assert_eq!(sql::number(settings, domain), 1);
        assert_eq!(audit_rows(&setup, "action = 'passkey.move'"), 0);

        // Another owner, who has a password and nothing else yet.
        let grace = "grace@fernweh.example";
        setup.server.add_user(grace, "Grace", "Hopper");
        cli.expect_success(&["user", "role", grace, "owner"]);
        cli.expect_success(&["passkey", "move", "--force"]);
        assert_eq!(sql::number(settings, domain), 0);
        // She is the only one who can sign in now, and stays.
        let refused = cli.expect_failure(&["user", "deactivate", grace]);
        assert_contains(&refused, "no owner who can sign in");
        cli.expect_success(&["user", "second-factor", ADA, "--remove-all"]);
        cli.expect_success(&["user", "deactivate", grace]);
    });
}

#[test]
fn whoever_sets_a_password_is_told_of_passkeys_that_need_none() {
    on_each_database(|database| {
        let (setup, _passkey) = setup_with_passkey(database, &[]);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let set = |more: &[&str]| {
            let arguments = [&["user", "set-password", ADA, "--password-stdin"], more].concat();
            cli.expect_success_with_input(&arguments, &format!("{PASSWORD}\n"))
        };
        let told = set(&[]);
        assert_contains(&told, "A passkey of theirs still signs in without any password");
        assert_contains(&told, &format!("hallpass user second-factor {ADA} --remove-all"));
        let json: serde_json::Value = serde_json::from_str(&set(&["--json"])).unwrap();
        assert_eq!(json["passkeys"], 1);
        cli.expect_success(&["user", "second-factor", ADA, "--remove-all"]);
        assert_lacks(&set(&[]), "passkey");
    });
}

#[test]
fn the_last_owner_does_not_remove_what_alone_lets_them_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let mut browser = setup.signed_in_browser();
        with_passkey(&mut browser);
        let page = browser.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        enrol(&mut browser, &page, &phone.code(setup.now()));
        cli.expect_success(&["user", "role", ADA, "owner"]);
        let settings = &setup.server.settings;
        sql::execute(settings, "DELETE FROM recovery_codes");
        // She has the app still.
        cli.expect_success(&["passkey", "move", "--force"]);
        let app = sql::texts(settings, "SELECT id AS t FROM second_factors WHERE kind = 'totp'").remove(0);
        let mut remove = || {
            let csrf = browser.get("/account/second-factors").field("csrf").unwrap();
            let fields = [("csrf", csrf.as_str()), ("id", app.as_str())];
            let answer = browser.post("/account/second-factors/remove", &fields);
            assert_eq!(answer.status, 303, "{}", answer.body);
            browser.get(answer.location()).body
        };
        assert_contains(&remove(), "Nothing was removed: nobody else is an owner");
        let refused = cli.expect_failure(&["user", "second-factor", ADA, "--remove", &app]);
        assert_contains(&refused, "no owner who can sign in");
        assert_eq!(audit_rows(&setup, "action = 'user.second_factor.remove'"), 0);

        let grace = "grace@fernweh.example";
        setup.server.add_user(grace, "Grace", "Hopper");
        cli.expect_success(&["user", "role", grace, "owner"]);
        assert_contains(&remove(), "It is removed");
    });
}
