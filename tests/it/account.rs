//! The page of one's own account: what it shows, and what people change of themselves.

use std::{
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        http::Response,
        mail_server::MailServer,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
    },
};

const FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0";

fn with_agent(mut browser: Browser, agent: &str) -> Browser {
    browser
        .extra_headers
        .push(("User-Agent".to_owned(), agent.to_owned()));
    browser
}

fn sign_in(browser: &mut Browser) {
    let page = browser.get_following_redirects("/login");
    assert_eq!(browser.sign_in(&page, ADA, PASSWORD).status, 200);
}

fn setup_with_mail(database: &Database) -> (SsoSetup, MailServer) {
    let mail = MailServer::start();
    let environment = mail.environment();
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    (SsoSetup::with(database, &environment, |_, _| {}), mail)
}

/// Waits until nothing waits, and returns the mails.
fn mails(setup: &SsoSetup, server: &MailServer) -> Vec<String> {
    let open = "SELECT count(*) AS n FROM jobs WHERE done_at IS NULL";
    let end = Instant::now() + Duration::from_mins(1);
    while sql::number(&setup.server.settings, open) > 0 {
        assert!(Instant::now() < end, "jobs are left");
        thread::sleep(Duration::from_millis(20));
    }
    server.messages()
}

fn save(browser: &mut Browser, fields: &[(&str, &str)]) -> Response {
    let page = browser.get("/account/profile");
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.field("csrf").unwrap();
    browser.post("/account/profile", &[&[("csrf", csrf.as_str())], fields].concat())
}

#[test]
fn the_page_shows_sessions_and_what_each_application_was_told() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = with_agent(setup.server.browser(), FIREFOX);
        let asked = browser.get("/account");
        assert_eq!(asked.status, 303);
        sign_in(&mut browser);
        let page = browser.get("/account");
        assert_eq!(page.status, 200);
        for part in [
            "<bdi>Ada Lovelace</bdi>",
            ADA,
            "Last changed on",
            "None: you sign in with your password alone.",
            "<b>Firefox on Windows</b>",
            "Network address <bdi>127.0.0.1</bdi>",
            "This one",
            "You have not opened any application yet.",
            "href=\"/account/password\"",
            "href=\"/account/second-factors\"",
            "href=\"/account/profile\"",
        ] {
            assert_contains(&page.body, part);
        }
        assert_lacks(&page.body, "End all others");
        browser.get(&setup.sso_url("_r1"));
        let page = browser.get("/account");
        assert_contains(&page.body, "Opened from there: <bdi>Wiki</bdi>");
        assert_contains(&page.body, "Knows you as <bdi>ada@fernweh.example</bdi>");
        // Nobody else's.
        setup.server.add_user("grace@fernweh.example", "Grace", "H");
        let mut grace = setup.server.browser();
        let login = grace.get_following_redirects("/login");
        grace.sign_in(&login, "grace@fernweh.example", PASSWORD);
        let page = grace.get("/account");
        assert_lacks(&page.body, "Wiki");
        assert_lacks(&page.body, "Firefox");
        assert_lacks(&page.body, ADA);
    });
}

#[test]
fn one_ends_ones_own_sessions_in_other_browsers_and_nobody_elses() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        sign_in(&mut browser);
        let mut left = with_agent(setup.server.browser(), FIREFOX);
        sign_in(&mut left);
        let mut third = setup.server.browser();
        sign_in(&mut third);
        setup.server.add_user("grace@fernweh.example", "Grace", "H");
        let mut grace = setup.server.browser();
        let login = grace.get_following_redirects("/login");
        grace.sign_in(&login, "grace@fernweh.example", PASSWORD);

        let page = browser.get("/account");
        let (before, _) = page
            .body
            .split_once("aria-label=\"End the session in Firefox on Windows\"")
            .unwrap_or_else(|| panic!("{}", page.body));
        let (_, id) = before.rsplit_once("name=\"id\" value=\"").unwrap();
        let id = id.split('"').next().unwrap().to_owned();
        let csrf = page.field("csrf").unwrap();
        // A form of another browser ends nothing, nor does one about somebody else's session.
        let foreign = grace.post("/account/sessions/end", &[("csrf", &csrf), ("id", &id)]);
        assert_eq!(foreign.status, 303);
        let own = grace.get("/account").field("csrf").unwrap();
        grace.post("/account/sessions/end", &[("csrf", &own), ("id", &id)]);
        SsoSetup::assert_signed_in(&left);

        let ended = browser.post("/account/sessions/end", &[("csrf", &csrf), ("id", &id)]);
        assert_eq!(ended.status, 303);
        let said = browser.get(ended.location());
        assert_contains(&said.body, "It is ended.");
        SsoSetup::assert_signed_out(&left);
        SsoSetup::assert_signed_in(&third);
        // The address alone, as a link, says nothing.
        assert_lacks(&browser.get("/account?done=x").body, "It is ended.");

        let ended = browser.post("/account/sessions/end", &[("csrf", &csrf)]);
        assert_contains(&browser.get(ended.location()).body, "All others are ended.");
        SsoSetup::assert_signed_out(&third);
        SsoSetup::assert_signed_in(&browser);
        SsoSetup::assert_signed_in(&grace);
        let audit = sql::texts(
            &setup.server.settings,
            "SELECT detail AS t FROM audit_events WHERE action = 'session.end'",
        );
        assert_eq!(audit, ["ended by the person, from another browser"; 2]);
    });
}

#[test]
fn a_name_is_changed_after_signing_in_again_and_is_mailed_and_audited() {
    on_each_database(|database| {
        let (setup, mail) = setup_with_mail(database);
        let mut browser = setup.server.browser();
        sign_in(&mut browser);
        setup.server.clock.advance(TimeDelta::minutes(6));
        let asked = browser.get("/account/profile");
        assert_eq!(asked.status, 303, "asks for a fresh sign-in");
        let form = browser.get_following_redirects(asked.location());
        assert_contains(&form.body, "Please confirm that it is you");
        let back = browser.submit_password(&form, ADA, PASSWORD);
        assert_eq!(back.status, 303, "{}", back.body);
        let form = browser.get_following_redirects(back.location());
        assert_contains(&form.body, "action=\"/account/profile\"");

        let refused = save(&mut browser, &[("given", ""), ("family", "Byron")]);
        assert_contains(&refused.body, "cannot be left out here");
        let long = "x".repeat(257);
        let refused = save(&mut browser, &[("given", &long), ("family", "Byron")]);
        assert_contains(&refused.body, "A name has up to 256 characters");
        let saved = save(
            &mut browser,
            &[("given", "Augusta Ada"), ("family", "Byron"), ("language", "de")],
        );
        assert_eq!(saved.status, 303, "{}", saved.body);
        // From then on the browser is spoken to in that language.
        let page = browser.get(saved.location());
        assert_contains(&page.body, "<html lang=\"de\" dir=\"ltr\">");
        assert_contains(&page.body, "<bdi>Augusta Ada Byron</bdi>");
        let mails = mails(&setup, &mail);
        assert_eq!(mails.len(), 1, "{mails:#?}");
        assert_contains(&mails[0], "<html lang=3D\"de\" dir=3D\"ltr\">");
        let audit = sql::texts(
            &setup.server.settings,
            "SELECT coalesce(changes, '') AS t FROM audit_events WHERE action = 'user.edit'",
        );
        assert_eq!(audit.len(), 1);
        for part in ["first name", "Augusta Ada", "last name", "language"] {
            assert_contains(&audit[0], part);
        }
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        assert_contains(&cli.expect_success(&["user", "show", ADA]), "Augusta Ada");

        // A form that was open for long.
        let page = browser.get("/account/profile");
        let csrf = page.field("csrf").unwrap();
        setup.server.clock.advance(TimeDelta::minutes(16));
        let late = browser.post(
            "/account/profile",
            &[("csrf", &csrf), ("given", "Eve"), ("family", "E")],
        );
        assert_eq!(late.status, 303);
        assert_lacks(&cli.expect_success(&["user", "show", ADA]), "Eve");
        // One that another site made up.
        let foreign = browser.post(
            "/account/profile",
            &[("csrf", "x"), ("given", "Eve"), ("family", "E")],
        );
        assert_eq!(foreign.status, 403);
    });
}

#[test]
fn a_name_that_would_be_a_link_or_turns_the_text_around_it_is_refused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        for name in [
            "https://evil.example",
            "evil://x",
            "ada@evil.example",
            "evil.example/login",
            "Ada\u{202e}ecalevoL",
            "\u{2066}Ada",
            "Ada\u{2069}",
            "\u{202a}Ada\u{202c}",
        ] {
            for fields in [
                [("given", name), ("family", "Byron")],
                [("given", "Ada"), ("family", name)],
            ] {
                let refused = save(&mut browser, &fields);
                assert_eq!(refused.status, 200, "{name:?}");
                assert_contains(&refused.body, "A name has up to 256 characters");
            }
        }
        let page = browser.get("/account");
        assert_contains(&page.body, "Ada Lovelace");
        // What is in names.
        for (given, family) in [
            ("Ada-Marie", "O\u{2019}Neill"),
            ("\u{645}\u{631}\u{64a}\u{645}", "St. John"),
        ] {
            let saved = save(&mut browser, &[("given", given), ("family", family)]);
            assert_eq!(saved.status, 303, "{given} {family}: {}", saved.body);
        }
    });
}

#[test]
fn a_sign_in_from_a_new_device_is_mailed_to_those_who_want_it() {
    on_each_database(|database| {
        let (setup, mail) = setup_with_mail(database);
        let mut browser = setup.server.browser();
        sign_in(&mut browser);
        sign_in(&mut with_agent(setup.server.browser(), FIREFOX));
        assert!(mails(&setup, &mail).is_empty(), "nobody asked for it");
        let saved = save(
            &mut browser,
            &[
                ("given", "Ada"),
                ("family", "Lovelace"),
                ("new_device_mail", "yes"),
            ],
        );
        assert_eq!(saved.status, 303, "{}", saved.body);
        assert_contains(
            &browser.get("/account").body,
            "You get a mail when you sign in on a new device.",
        );
        let told = mails(&setup, &mail).len();
        // On a device that is known nothing is mailed.
        let page = browser.get("/account");
        browser.post("/logout", &[("csrf", &page.field("csrf").unwrap())]);
        sign_in(&mut browser);
        assert_eq!(mails(&setup, &mail).len(), told);
        sign_in(&mut with_agent(setup.server.browser(), FIREFOX));
        let mails = mails(&setup, &mail);
        assert_eq!(mails.len(), told + 1);
        let last = mails[told].replace("=\r\n", "");
        assert_contains(&last, "Subject: Fernweh Instruments: sign-in from a new device");
        assert_contains(&last, "Firefox on Windows");
        assert_contains(&last, "127.0.0.1");
    });
}
