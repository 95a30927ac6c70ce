//! Second factors: set up, asked for, and judged.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use hallpass::model::{
    application::Slug,
    group::GroupName,
    second_factor::{SecondFactorPolicy, SecondFactorRule},
    user::Email,
};
use hallpass::provider::{applications::ApplicationEdit, groups::GroupEdit};
use hallpass::{
    clock::Clock,
    credential::{password::Password, recovery_code::RecoveryCode},
    model::actor::Actor,
    server,
};

use crate::cli::Cli;
use crate::support::{
    assertions::{assert_contains, assert_lacks, assert_starts_with},
    authenticator::{Authenticator, enrol, give_code, recovery_codes},
    browser::Browser,
    http::Response,
    mail_server::MailServer,
    sign_in_attempts::{attempt_sign_in, browser_from},
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{Database, PASSWORD, TestServer, on_each_database},
    test_sp::posted_response,
};

const MFA: &str = "https://refeds.org/profile/mfa";
const PPT: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
const TIME_SYNC: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";

/// Ada with an authenticator application, and her recovery codes.
fn setup_with_factor(
    database: &Database,
    environment: &[(&str, &str)],
) -> (SsoSetup, Authenticator, Vec<String>) {
    let setup = SsoSetup::with(database, environment, |_, _| {});
    let mut browser = setup.signed_in_browser();
    let page = browser.get("/account/second-factors/add");
    let phone = Authenticator::from_page(&page);
    let done = enrol(&mut browser, &page, &phone.code(setup.now()));
    let codes = recovery_codes(&done);
    // The step of that code is used up.
    setup.server.clock.advance(TimeDelta::seconds(60));
    (setup, phone, codes)
}

fn requested(class: &str, comparison: &str) -> String {
    format!(
        "<samlp:RequestedAuthnContext Comparison=\"{comparison}\"><saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">{class}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
    )
}

fn set_rule(setup: &SsoSetup, rule: &str) {
    let policy = SecondFactorPolicy::parse(rule).unwrap();
    let edit = ApplicationEdit {
        second_factor: Some(Some(policy)),
        ..ApplicationEdit::default()
    };
    let slug = Slug::parse("wiki").unwrap();
    setup
        .server
        .applications()
        .edit_application(&slug, edit)
        .unwrap()
        .unwrap();
}

/// What the application receives at the end of the redirects from `target`.
fn response_at(browser: &mut Browser, target: &str) -> String {
    posted_response(&browser.get_following_redirects(target)).0
}

/// The page at the end of the redirects of a request.
fn asked_at(browser: &mut Browser, target: &str) -> Response {
    browser.get_following_redirects(target)
}

fn audit_rows(setup: &SsoSetup, condition: &str) -> i64 {
    let query = format!("SELECT count(*) AS n FROM audit_events WHERE {condition}");
    sql::number(&setup.server.settings, &query)
}

#[test]
fn a_phone_is_added_and_then_asked_for_at_every_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let page = browser.get("/account/second-factors/add");
        assert_contains(&page.body, "<svg xmlns");
        let phone = Authenticator::from_page(&page);
        let wrong = enrol(&mut browser, &page, &phone.wrong_code(setup.now()));
        assert_contains(&wrong.body, "That is not the code of this key");
        assert_eq!(
            Authenticator::from_page(&wrong).code(setup.now()),
            phone.code(setup.now())
        );
        let listed = browser.get("/account/second-factors");
        assert_contains(&listed.body, "You sign in with your password alone");

        let done = enrol(&mut browser, &page, &phone.code(setup.now()));
        assert_eq!(recovery_codes(&done).len(), 10);
        let listed = browser.get("/account/second-factors");
        assert_contains(&listed.body, "<bdi>Work phone</bdi>");
        assert_contains(&listed.body, "10 of 10 left");
        let stored = "SELECT count(*) AS n FROM second_factors WHERE kind = 'totp'";
        assert_eq!(sql::number(&setup.server.settings, stored), 1);
        assert_eq!(
            audit_rows(&setup, "action = 'user.second_factor.add' AND outcome = 'ok'"),
            1
        );

        let mut later = browser_from(&setup, "198.51.100.9");
        let pending = later.get(&setup.sso_url("_r1")).location().to_owned();
        let login = later.get(&pending);
        let asked = later.submit_password(&login, ADA, PASSWORD);
        assert_eq!(asked.status, 200, "{}", asked.body);
        assert_contains(&asked.body, "Signing in to <bdi>Wiki</bdi>");
        SsoSetup::assert_signed_out(&later);
        let reused = give_code(&mut later, &asked, &phone.code(setup.now()), false);
        assert_contains(&reused.body, "was used before");
        SsoSetup::assert_signed_out(&later);
        assert_eq!(
            audit_rows(&setup, "action = 'login' AND outcome = 'FACTOR-WRONG'"),
            1
        );

        setup.server.clock.advance(TimeDelta::seconds(60));
        let done = give_code(&mut later, &asked, &phone.code(setup.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
        let response = response_at(&mut later, done.location());
        assert_contains(&response, "InResponseTo=\"_r1\"");
        assert_contains(&response, MFA);
        SsoSetup::assert_signed_in(&later);
        let again = give_code(&mut later, &asked, &phone.code(setup.now()), false);
        assert_contains(&again.body, "was used before");
    });
}

#[test]
fn a_right_password_alone_reaches_nothing_and_its_ticket_is_good_for_one_browser_and_step() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let ticket = asked.field("ticket").unwrap();
        let csrf = asked.field("csrf").unwrap();
        for target in [
            "/",
            "/account/second-factors",
            "/account/password",
            "/account/second-factors/add",
        ] {
            assert_eq!(browser.get(target).status, 303, "{target}");
        }
        let as_password = [
            ("csrf", csrf.as_str()),
            ("ticket", ticket.as_str()),
            ("new", "seven plums by a river"),
        ];
        assert_eq!(browser.post("/login/password", &as_password).location(), "/login");
        let code = phone.code(setup.now());
        let mut other = browser_from(&setup, "198.51.100.10");
        let page = other.get("/login");
        let stolen = [
            ("csrf", page.field("csrf").unwrap()),
            ("ticket", ticket.clone()),
            ("code", code.clone()),
        ];
        let stolen: Vec<_> = stolen
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(other.post("/login/second-factor", &stolen).location(), "/login");
        for ticket in ["x", "AAAA", &ticket[1..]] {
            let fields = [
                ("csrf", csrf.as_str()),
                ("ticket", ticket),
                ("code", code.as_str()),
            ];
            assert_eq!(
                browser.post("/login/second-factor", &fields).location(),
                "/login",
                "{ticket}"
            );
        }
        // Without a ticket it is for a session, and there is none.
        let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
        assert_eq!(browser.post("/login/second-factor", &fields).location(), "/login");

        let email = Email::parse(ADA).unwrap();
        let new = Password::parse("seven plums by a river").unwrap();
        setup.server.people().set_password(&email, &new, false).unwrap();
        let late = give_code(&mut browser, &asked, &code, false);
        assert_eq!(late.location(), "/login", "the password was changed meanwhile");
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn wrong_codes_pause_the_account_and_a_right_password_refunds_nothing() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let wrong = phone.wrong_code(setup.now());
        let mut paused = None;
        for attempt in 0..12 {
            // The password is typed anew each time.
            let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
            if asked.status == 429 {
                paused = Some((attempt, asked));
                break;
            }
            let answer = give_code(&mut browser, &asked, &wrong, false);
            if answer.status == 429 {
                assert_contains(&answer.body, "There were too many wrong codes");
                assert!(answer.header("retry-after").is_some());
                paused = Some((attempt, asked));
                break;
            }
            assert_contains(&answer.body, "That code is not right");
        }
        let (attempt, asked) = paused.expect("no pause after twelve wrong codes");
        assert!((4..=6).contains(&attempt), "{attempt}");
        if asked.field("ticket").is_some() {
            let right = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
            assert_eq!(right.status, 429, "a pause is a pause");
        }
        SsoSetup::assert_signed_out(&browser);
    });
}

#[test]
fn a_recovery_code_works_once_and_a_new_set_ends_the_old_one() {
    on_each_database(|database| {
        let (setup, phone, codes) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let typed = codes[3].to_lowercase().replace('-', " ");
        assert_eq!(give_code(&mut browser, &asked, &typed, false).status, 303);
        assert_contains(&browser.get("/account/second-factors").body, "9 of 10 left");
        let response = response_at(&mut browser, &setup.sso_url("_r1"));
        assert_contains(&response, MFA);

        let mut again = browser_from(&setup, "198.51.100.10");
        let asked = attempt_sign_in(&mut again, ADA, PASSWORD);
        let used = give_code(&mut again, &asked, &codes[3], false);
        assert_contains(&used.body, "was used before");

        let csrf = browser.get("/account/second-factors").field("csrf").unwrap();
        let page = browser.post("/account/recovery-codes", &[("csrf", &csrf)]);
        let new = recovery_codes(&page);
        assert!(new.iter().all(|code| !codes.contains(code)), "{new:?}");
        let old = give_code(&mut again, &asked, &codes[4], false);
        assert_contains(&old.body, "was used before");
        assert_eq!(give_code(&mut again, &asked, &new[0], false).status, 303);
        let hashes = "SELECT count(*) AS n FROM recovery_codes";
        assert_eq!(sql::number(&setup.server.settings, hashes), 9);
        drop(phone);
    });
}

#[test]
fn an_application_that_asks_for_two_factors_gets_them_within_the_session() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let url = setup.sso_url_with("_r1", "", &requested(MFA, "exact"));
        let page = asked_at(&mut browser, &url);
        assert_contains(
            &page.body,
            "From now on you sign in with your password and a code",
        );
        let phone = Authenticator::from_page(&page);
        let done = enrol(&mut browser, &page, &phone.code(setup.now()));
        let next = done.form_action().unwrap_or_else(|| panic!("{}", done.body));
        assert_starts_with(&next, "/continue/");
        let response = response_at(&mut browser, &next);
        assert_contains(&response, "InResponseTo=\"_r1\"");
        assert_contains(&response, MFA);

        // Somebody who signed in before there was a phone: only the code is missing.
        setup.server.clock.advance(TimeDelta::minutes(30));
        let sessions = "UPDATE sessions SET authentications = 'pwd:1'";
        sql::execute(&setup.server.settings, sessions);
        for (class, comparison, expected) in [
            (PPT, "exact", None),
            (PPT, "maximum", None),
            (MFA, "exact", Some(MFA)),
        ] {
            let url = setup.sso_url_with("_r2", "", &requested(class, comparison));
            let page = asked_at(&mut browser, &url);
            let Some(expected) = expected else {
                assert_contains(&posted_response(&page).0, PPT);
                sql::execute(&setup.server.settings, "DELETE FROM answered_requests");
                continue;
            };
            assert_contains(&page.body, "Enter your code");
            let before = setup.now();
            let stepped = give_code(&mut browser, &page, &phone.code(before), false);
            let response = response_at(&mut browser, stepped.location());
            assert_contains(&response, expected);
            let instant = before.format("AuthnInstant=\"%Y-%m-%dT%H:%M:%S").to_string();
            assert_contains(&response, &instant);
        }
        assert_eq!(
            audit_rows(&setup, "action = 'login.second_factor' AND outcome = 'ok'"),
            1
        );
        for (class, comparison, expected) in [
            (TIME_SYNC, "exact", TIME_SYNC),
            (PPT, "better", MFA),
            (PPT, "exact", PPT),
        ] {
            let url = setup.sso_url_with("_r3", "", &requested(class, comparison));
            assert_contains(&response_at(&mut browser, &url), expected);
            sql::execute(&setup.server.settings, "DELETE FROM answered_requests");
        }
        let url = setup.sso_url_with("_r4", "IsPassive=\"true\"", &requested(MFA, "exact"));
        assert_contains(&response_at(&mut browser, &url), MFA);
    });
}

#[test]
fn what_an_application_requires_holds_at_the_next_request_and_from_its_day_on() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r1")), PPT);
        let tomorrow = (setup.now() + TimeDelta::days(1)).format("%Y-%m-%d");
        set_rule(&setup, &format!("required from {tomorrow}"));
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r2")), PPT);
        set_rule(&setup, "required");
        let passive = setup.sso_url_with("_r3", "IsPassive=\"true\"", "");
        assert_contains(&response_at(&mut browser, &passive), "NoPassive");
        // At every way in: a request, the start URL, the tile.
        for entrance in [
            setup.sso_url("_r4"),
            "/saml/start/wiki".to_owned(),
            "/launch/wiki".to_owned(),
        ] {
            let page = asked_at(&mut browser, &entrance);
            assert_contains(&page.body, "Add your phone");
        }
        // Whoever has been away for a while must show first that it is them.
        setup.server.clock.advance(TimeDelta::minutes(6));
        let page = asked_at(&mut browser, &setup.sso_url("_r5"));
        assert_contains(&page.body, "Please confirm that it is you");
        let signed_in = browser.submit_password(&page, ADA, PASSWORD);
        let page = browser.get_following_redirects(signed_in.location());
        let phone = Authenticator::from_page(&page);
        let done = enrol(&mut browser, &page, &phone.code(setup.now()));
        let response = response_at(&mut browser, &done.form_action().unwrap());
        assert_contains(&response, "InResponseTo=\"_r5\"");
        set_rule(&setup, "never");
        let url = setup.sso_url_with(
            "_r6",
            "",
            &requested("urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "exact"),
        );
        assert_contains(&response_at(&mut browser, &url), "NoAuthnContext");
    });
}

#[test]
fn what_an_installation_or_a_group_requires_is_set_up_inside_the_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::with(
            database,
            &[("HALLPASS_SECOND_FACTOR_RULE", "required")],
            |_, _| {},
        );
        let mut browser = setup.server.browser();
        let done = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_eq!(done.location(), "/");
        let page = asked_at(&mut browser, "/");
        assert_contains(&page.body, "Add your phone");
        let refused = asked_at(&mut browser, &setup.sso_url("_r1"));
        assert_contains(&refused.body, "Add your phone");

        let actor = Actor::CommandLine("test".to_owned());
        let groups = setup.server.provider.groups(&actor);
        let (kiosk, board) = (
            GroupName::parse("kiosk").unwrap(),
            GroupName::parse("board").unwrap(),
        );
        let never = SecondFactorPolicy::new(SecondFactorRule::Never, None);
        groups.add_group(&kiosk, None, Some(never)).unwrap();
        groups
            .add_members(&kiosk, std::slice::from_ref(&setup.ada.email))
            .unwrap();
        SsoSetup::assert_signed_in(&browser);
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r2")), PPT);

        let required = SecondFactorPolicy::new(SecondFactorRule::Required, None);
        groups.add_group(&board, None, Some(required)).unwrap();
        groups
            .add_members(&board, std::slice::from_ref(&setup.ada.email))
            .unwrap();
        assert_contains(&asked_at(&mut browser, "/").body, "Add your phone");
        let edit = GroupEdit {
            second_factor: Some(None),
            ..GroupEdit::default()
        };
        groups.edit_group(&board, edit).unwrap();
        SsoSetup::assert_signed_in(&browser);
    });
}

#[test]
fn a_device_is_remembered_only_where_that_is_allowed_and_wished_and_proves_nothing() {
    on_each_database(|database| {
        let (plain, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&plain, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_lacks(&asked.body, "Do not ask on this device");
        give_code(&mut browser, &asked, &phone.code(plain.now()), true);
        browser.post(
            "/logout",
            &[("csrf", &browser.clone().get("/").field("csrf").unwrap())],
        );
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_contains(&asked.body, "Enter your code");
    });
    on_each_database(|database| {
        let environment = [
            ("HALLPASS_SECOND_FACTOR_REMEMBER_DEVICE", "30d"),
            ("HALLPASS_SECOND_FACTOR_RULE", "required"),
        ];
        let setup = SsoSetup::with(database, &environment, |_, _| {});
        let mut browser = setup.server.browser();
        attempt_sign_in(&mut browser, ADA, PASSWORD);
        let page = asked_at(&mut browser, "/");
        let phone = Authenticator::from_page(&page);
        enrol(&mut browser, &page, &phone.code(setup.now()));
        let sign_out = |browser: &mut Browser| {
            let csrf = browser.get("/").field("csrf").unwrap();
            browser.post("/logout", &[("csrf", &csrf)]);
            setup.server.clock.advance(TimeDelta::seconds(60));
        };
        sign_out(&mut browser);
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_contains(&asked.body, "Do not ask on this device for 30 days");
        assert_eq!(
            give_code(&mut browser, &asked, &phone.code(setup.now()), true).status,
            303
        );
        sign_out(&mut browser);
        assert_eq!(
            attempt_sign_in(&mut browser, ADA, PASSWORD).status,
            303,
            "remembered"
        );
        SsoSetup::assert_signed_in(&browser);
        // It satisfies our own rule; an application that asks for two factors is told no untruth.
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r1")), PPT);
        let url = setup.sso_url_with("_r2", "", &requested(MFA, "exact"));
        assert_contains(&asked_at(&mut browser, &url).body, "Enter your code");
        // Nor does it let anybody change second factors.
        let csrf = browser.get("/account/second-factors").field("csrf").unwrap();
        let changed = browser.post("/account/recovery-codes", &[("csrf", &csrf)]);
        assert_starts_with(changed.location(), "/login/second-factor?continue=");

        let page = browser.get("/account/second-factors");
        assert_contains(&page.body, "Ask everywhere again");
        let forgot = browser.post("/account/second-factors/forget-devices", &[("csrf", &csrf)]);
        assert_contains(&browser.get(forgot.location()).body, "every device is asked");
        sign_out(&mut browser);
        assert_contains(
            &attempt_sign_in(&mut browser, ADA, PASSWORD).body,
            "Enter your code",
        );
        // Another browser of somebody who knows the password was never remembered.
        let mut other = browser_from(&setup, "198.51.100.9");
        assert_contains(
            &attempt_sign_in(&mut other, ADA, PASSWORD).body,
            "Enter your code",
        );
    });
}

#[test]
fn an_initial_password_is_replaced_after_the_code_and_never_before() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let initial = Password::parse("vier igel im nebel").unwrap();
        let email = Email::parse(ADA).unwrap();
        setup
            .server
            .people()
            .set_password(&email, &initial, true)
            .unwrap();
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, "vier igel im nebel");
        assert_contains(&asked.body, "Enter your code");
        let page = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        assert_contains(&page.body, "Choose your own password");
        let values = ["csrf", "ticket"].map(|name| (name, page.field(name).unwrap()));
        let mut fields = vec![("new", "seven plums by a river")];
        fields.extend(values.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(browser.post("/login/password", &fields).status, 303);
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r1")), MFA);
    });
}

#[test]
fn what_was_proved_by_a_phone_that_was_removed_begins_no_session() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let initial = Password::parse("vier igel im nebel").unwrap();
        let email = Email::parse(ADA).unwrap();
        setup
            .server
            .people()
            .set_password(&email, &initial, true)
            .unwrap();
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, "vier igel im nebel");
        let page = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        let user = setup.server.people().user_by_email(&email).unwrap().unwrap();
        assert_eq!(setup.server.people().remove_second_factors(&user).unwrap(), 1);
        let values = ["csrf", "ticket"].map(|name| (name, page.field(name).unwrap()));
        let mut fields = vec![("new", "seven plums by a river")];
        fields.extend(values.iter().map(|(name, value)| (*name, value.as_str())));
        browser.post("/login/password", &fields);
        SsoSetup::assert_signed_out(&browser);
        let mut other = browser_from(&setup, "198.51.100.10");
        let again = attempt_sign_in(&mut other, ADA, "vier igel im nebel");
        assert_contains(&again.body, "Choose your own password");
    });
}

#[test]
fn second_factors_are_changed_only_soon_after_a_whole_sign_in() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        let page = browser.get("/account/second-factors");
        let (csrf, id) = (page.field("csrf").unwrap(), page.field("id").unwrap());
        let forged = browser.post("/account/second-factors/remove", &[("id", &id)]);
        assert_contains(&browser.get(forged.location()).body, "Nothing was changed");

        setup.server.clock.advance(TimeDelta::minutes(16));
        let remove = [("csrf", csrf.as_str()), ("id", id.as_str())];
        let stale = browser.post("/account/second-factors/remove", &remove);
        let form = browser.get(stale.location());
        assert_contains(&form.body, "Please confirm that it is you");
        let asked = browser.submit_password(&form, ADA, PASSWORD);
        let done = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        let page = browser.get_following_redirects(done.location());
        assert_contains(&page.body, "<bdi>Work phone</bdi>");

        let csrf = page.field("csrf").unwrap();
        for other in ["x", "01890000-0000-7000-8000-000000000000"] {
            let fields = [("csrf", csrf.as_str()), ("id", other)];
            browser.post("/account/second-factors/remove", &fields);
        }
        let remove = [("csrf", csrf.as_str()), ("id", id.as_str())];
        let removed = browser.post("/account/second-factors/remove", &remove);
        let page = browser.get(removed.location());
        assert_contains(&page.body, "It is removed");
        assert_contains(&page.body, "You sign in with your password alone");
        let left = "SELECT count(*) AS n FROM recovery_codes";
        assert_eq!(sql::number(&setup.server.settings, left), 0);
        assert_eq!(audit_rows(&setup, "action = 'user.second_factor.remove'"), 1);
        let mut later = browser_from(&setup, "198.51.100.10");
        assert_eq!(attempt_sign_in(&mut later, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn an_administrator_removes_what_somebody_has_lost_and_the_sessions_end() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        SsoSetup::assert_signed_in(&browser);
        let people = setup.server.people();
        let found = people.second_factors_of(&setup.ada).unwrap();
        assert_eq!((found.factors.len(), found.recovery_codes), (1, 10));
        assert_eq!(people.remove_second_factors(&setup.ada).unwrap(), 1);
        SsoSetup::assert_signed_out(&browser);
        let mut later = browser_from(&setup, "198.51.100.10");
        assert_eq!(attempt_sign_in(&mut later, ADA, PASSWORD).status, 303);
    });
}

#[test]
fn a_second_factor_opens_with_the_sealing_key_that_replaces_the_one_before() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let sealed = "SELECT count(*) AS n FROM second_factors";
        let settings = Arc::clone(&setup.server.settings);
        let now = setup.now();
        let dir = setup.server.stop();
        server::reseal(&settings, None, &Actor::Itself).unwrap();
        assert_eq!(sql::number(&settings, sealed), 1);
        let server = TestServer::start_in_dir(dir, database, &[]);
        server.clock.advance(now - server.clock.now());
        let mut browser = server.browser();
        let login = browser.get("/login");
        let asked = browser.submit_password(&login, ADA, PASSWORD);
        let done = give_code(&mut browser, &asked, &phone.code(server.clock.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
    });
}

#[test]
fn owners_and_administrators_need_one_whatever_else_is_said_and_a_rescue_lifts_it() {
    on_each_database(|database| {
        let environment = [("HALLPASS_SECOND_FACTOR_RULE", "never")];
        let (setup, phone, codes) = setup_with_factor(database, &environment);
        let mut plain = browser_from(&setup, "198.51.100.9");
        assert_eq!(attempt_sign_in(&mut plain, ADA, PASSWORD).status, 303, "never");
        set_rule(&setup, "never");
        assert_contains(&response_at(&mut plain, &setup.sso_url("_r1")), PPT);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["user", "role", ADA, "owner"]);
        let asked = asked_at(&mut plain, &setup.sso_url("_r2"));
        assert_contains(&asked.body, "Enter your code");
        assert_contains(&asked_at(&mut plain, "/").body, "Enter your code");

        let shown = cli.expect_success(&["user", "second-factor", ADA]);
        assert_contains(&shown, "required");
        assert_contains(&shown, "10 left");
        let link = cli.expect_success(&["rescue", "--lift-second-factors"]);
        let (_, rest) = link.split_once("https://login.fernweh.example").unwrap();
        let link = rest.split_whitespace().next().unwrap();
        let mut browser = browser_from(&setup, "198.51.100.10");
        let page = browser.get(link);
        let csrf = page.field("csrf").unwrap();
        browser.post(link, &[("csrf", &csrf), ("new", "seven plums by a river")]);
        assert_eq!(
            attempt_sign_in(&mut browser, ADA, "seven plums by a river").status,
            303
        );
        assert_contains(&asked_at(&mut browser, "/").body, "Add your phone");
        let gone = give_code(&mut plain, &asked, &codes[0], false);
        assert_starts_with(gone.location(), "/continue/");
        SsoSetup::assert_signed_out(&plain);
        drop(phone);
    });
}

#[test]
fn a_change_of_second_factors_is_mailed_and_ends_the_sessions_elsewhere() {
    on_each_database(|database| {
        let mail = MailServer::start();
        let environment = mail.environment();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let setup = SsoSetup::with(database, &environment, |_, _| {});
        let elsewhere = setup.signed_in_browser();
        let mut browser = setup.signed_in_browser();
        let page = browser.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        enrol(&mut browser, &page, &phone.code(setup.now()));
        SsoSetup::assert_signed_out(&elsewhere);
        SsoSetup::assert_signed_in(&browser);
        let page = browser.get("/account/second-factors");
        let (csrf, id) = (page.field("csrf").unwrap(), page.field("id").unwrap());
        browser.post("/account/recovery-codes", &[("csrf", &csrf)]);
        browser.post("/account/second-factors/remove", &[("csrf", &csrf), ("id", &id)]);
        let expected = ["Work phone", "new recovery codes were made", "was removed"];
        let begun = Instant::now();
        while mail.messages().len() < expected.len() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", mail.messages());
            thread::sleep(Duration::from_millis(50));
        }
        let all = mail.messages().join("\n");
        for words in expected {
            assert_contains(&all, words);
        }
        let detail = "SELECT count(*) AS n FROM audit_events WHERE action = 'login' AND detail = 'by pwd'";
        assert_eq!(sql::number(&setup.server.settings, detail), 2);
    });
}

#[test]
fn wrong_codes_are_counted_together_however_many_devices_a_password_makes_known() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        // Known by a password, before there is a second factor.
        let mut devices: Vec<_> = (0..8).map(|_| setup.signed_in_browser()).collect();
        let mut browser = setup.signed_in_browser();
        let page = browser.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        enrol(&mut browser, &page, &phone.code(setup.now()));
        setup.server.clock.advance(TimeDelta::seconds(60));
        let wrong = phone.wrong_code(setup.now());
        let mut checked = 0;
        for device in &mut devices {
            let asked = attempt_sign_in(device, ADA, PASSWORD);
            if give_code(device, &asked, &wrong, false).status == 200 {
                checked += 1;
            }
        }
        assert!(checked <= 5, "{checked} codes were checked");
        // Where the second factor was set up, its owner is not kept out.
        let csrf = browser.get("/").field("csrf").unwrap();
        browser.post("/logout", &[("csrf", &csrf)]);
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let done = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
        // A pause is lifted for the code too.
        setup.server.people().unlock_user(&setup.ada.email).unwrap();
        setup.server.clock.advance(TimeDelta::seconds(60));
        let asked = attempt_sign_in(&mut devices[0], ADA, PASSWORD);
        let done = give_code(&mut devices[0], &asked, &phone.code(setup.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
    });
}

#[test]
fn force_authn_is_answered_by_what_is_proved_after_the_request_alone() {
    on_each_database(|database| {
        let environment = [("HALLPASS_SECOND_FACTOR_REMEMBER_DEVICE", "30d")];
        let (setup, phone, _) = setup_with_factor(database, &environment);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        give_code(&mut browser, &asked, &phone.code(setup.now()), true);
        setup.server.clock.advance(TimeDelta::seconds(60));
        let url = setup.sso_url_with("_r1", "ForceAuthn=\"true\"", &requested(MFA, "exact"));
        let form = asked_at(&mut browser, &url);
        let signed_in = browser.submit_password(&form, ADA, PASSWORD);
        assert_eq!(signed_in.status, 303, "the device is remembered");
        let asked = browser.get_following_redirects(signed_in.location());
        assert_contains(&asked.body, "Enter your code");
        let before = setup.now();
        let done = give_code(&mut browser, &asked, &phone.code(before), false);
        let response = response_at(&mut browser, done.location());
        assert_contains(&response, MFA);
        let instant = before.format("AuthnInstant=\"%Y-%m-%dT%H:%M:%S").to_string();
        assert_contains(&response, &instant);
    });
}

#[test]
fn recovery_codes_are_no_second_factor_by_themselves() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let csrf = browser.get("/account/second-factors").field("csrf").unwrap();
        let refused = browser.post("/account/recovery-codes", &[("csrf", &csrf)]);
        assert_eq!(refused.location(), "/account/second-factors");
        // As if some were left over.
        let code = RecoveryCode::new([7; RecoveryCode::LEN]);
        let hash: String = code
            .hash()
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let blob = if setup.server.settings.sqlite_path().is_some() {
            format!("X'{hash}'")
        } else {
            format!("'\\x{hash}'")
        };
        let insert = format!(
            "INSERT INTO recovery_codes (user_id, sha256, created_at) VALUES ('{}', {blob}, '2026-11-21 14:02:11')",
            setup.ada.id
        );
        sql::execute(&setup.server.settings, &insert);
        let fields = [
            ("csrf", csrf.as_str()),
            ("code", code.to_text().expose().as_str()),
        ]
        .map(|(n, v)| (n, v.to_owned()));
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = browser.post("/login/second-factor", &fields);
        assert_contains(&answer.body, "That code is not right");
        assert_contains(&response_at(&mut browser, &setup.sso_url("_r1")), PPT);
    });
}

#[test]
fn a_factor_of_a_kind_that_is_not_known_here_is_not_overlooked() {
    on_each_database(|database| {
        let (setup, _phone, codes) = setup_with_factor(database, &[]);
        sql::execute(&setup.server.settings, "UPDATE second_factors SET kind = 'newer'");
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        assert_contains(&asked.body, "Enter your code");
        assert_eq!(give_code(&mut browser, &asked, &codes[0], false).status, 303);
    });
}

#[test]
fn a_remembered_device_changes_no_password_and_finds_its_way_to_the_code() {
    on_each_database(|database| {
        let environment = [("HALLPASS_SECOND_FACTOR_REMEMBER_DEVICE", "30d")];
        let (setup, phone, _) = setup_with_factor(database, &environment);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        give_code(&mut browser, &asked, &phone.code(setup.now()), true);
        let csrf = browser.get("/").field("csrf").unwrap();
        browser.post("/logout", &[("csrf", &csrf)]);
        setup.server.clock.advance(TimeDelta::seconds(60));
        assert_eq!(
            attempt_sign_in(&mut browser, ADA, PASSWORD).status,
            303,
            "remembered"
        );
        let csrf = browser.get("/account/password").field("csrf").unwrap();
        let change = [
            ("csrf", csrf.as_str()),
            ("current", PASSWORD),
            ("new", "seven plums by a river"),
        ];
        let instead = browser.post("/account/password", &change);
        assert_starts_with(instead.location(), "/login/second-factor?continue=");
        let asked = asked_at(&mut browser, "/account/second-factors/add");
        assert_contains(&asked.body, "Enter your code");
        let done = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        let page = browser.get_following_redirects(done.location());
        assert_contains(&page.body, "Add your phone");
        let again = enrol(
            &mut browser,
            &page,
            &Authenticator::from_page(&page).code(setup.now()),
        );
        assert_starts_with(again.location(), "/account/second-factors");
        let changed = browser.post("/account/password", &change);
        assert_starts_with(changed.location(), "/account/password?changed=");
    });
}

#[test]
fn a_ticket_ends_when_somebody_is_switched_off_and_a_secret_is_enrolled_once() {
    on_each_database(|database| {
        let (setup, phone, _) = setup_with_factor(database, &[]);
        let mut browser = browser_from(&setup, "198.51.100.9");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["user", "disable", ADA]);
        cli.expect_success(&["user", "enable", ADA]);
        let late = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        assert_eq!(late.location(), "/login");
        let asked = attempt_sign_in(&mut browser, ADA, PASSWORD);
        give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        let page = browser.get("/account/second-factors/add");
        let tablet = Authenticator::from_page(&page);
        let code = tablet.code(setup.now());
        assert_starts_with(
            enrol(&mut browser, &page, &code).location(),
            "/account/second-factors",
        );
        assert_contains(&enrol(&mut browser, &page, &code).body, "Nothing was added");
        let stored = "SELECT count(*) AS n FROM second_factors";
        assert_eq!(sql::number(&setup.server.settings, stored), 2);
    });
}
