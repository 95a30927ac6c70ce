//! In which language people are spoken to.

use chrono::TimeDelta;
use hallpass::model::language::Language;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        authenticator::{Authenticator, enrol, give_code},
        browser::Browser,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
    },
};

fn language_of(body: &str) -> &str {
    let (_, rest) = body
        .split_once("<html lang=\"")
        .unwrap_or_else(|| panic!("{body}"));
    rest.split('"').next().unwrap()
}

fn with_header(mut browser: Browser, header: &str) -> Browser {
    browser
        .extra_headers
        .push(("Accept-Language".to_owned(), header.to_owned()));
    browser
}

#[test]
fn a_browser_is_spoken_to_in_its_language_until_another_is_chosen() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut plain = setup.server.browser();
        assert_eq!(language_of(&plain.get("/login").body), "en");
        let mut browser = with_header(setup.server.browser(), "fr-CH, fr;q=0.9, de;q=0.8");
        let page = browser.get("/login");
        assert_eq!(language_of(&page.body), "fr");
        for language in Language::ALL {
            assert_contains(&page.body, language.own_name());
        }
        // A link of the page, which the browser remembers.
        let chosen = browser.get("/login?ui_locales=ar");
        assert_contains(&chosen.body, "<html lang=\"ar\" dir=\"rtl\">");
        let cookie = chosen.header("set-cookie").unwrap_or_default();
        assert_contains(cookie, "hallpass-language=ar");
        assert_contains(cookie, "HttpOnly");
        assert_eq!(language_of(&browser.get("/login").body), "ar");
        // Pages that are no handler's, too.
        assert_eq!(language_of(&browser.get("/nothing-here").body), "ar");
        assert_eq!(
            language_of(&browser.get("/nothing-here?ui_locales=tlh").body),
            "ar"
        );
    });
}

#[test]
fn a_sign_in_to_an_application_keeps_its_state_when_the_language_is_changed() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = with_header(setup.server.browser(), "ja");
        let page = browser.get_following_redirects(&setup.sso_url("_r1"));
        assert_eq!(language_of(&page.body), "ja");
        let (before, _) = page.body.split_once("\" lang=\"de\"").unwrap();
        let (_, address) = before.rsplit_once("href=\"").unwrap();
        let address = address.replace("&#38;", "&");
        let german = browser.get(&address);
        assert_eq!(german.status, 200, "{address}");
        assert_eq!(language_of(&german.body), "de");
        let posted = browser.sign_in(&german, ADA, PASSWORD);
        assert!(posted.field("SAMLResponse").is_some(), "{}", posted.body);
        assert_eq!(language_of(&posted.body), "de");
        // A page that carries a message is not loaded again in another language.
        assert_lacks(&posted.body, "ui_locales");
    });
}

#[test]
fn what_is_spoken_to_those_who_ask_for_nothing_is_a_setting() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[("HALLPASS_LANGUAGE", "es")], |_, _| {});
        let mut browser = setup.server.browser();
        assert_eq!(language_of(&browser.get("/login").body), "es");
        let mut other = with_header(setup.server.browser(), "de");
        assert_eq!(language_of(&other.get("/login").body), "de");
        // A wrong password, which is the answer to a form.
        let page = other.get("/login");
        let wrong = other.submit_password(&page, ADA, "no password of hers");
        assert_eq!(language_of(&wrong.body), "de");
        assert_lacks(&wrong.body, "ui_locales");
    });
}

#[test]
fn a_person_who_chose_a_language_is_spoken_to_in_it_wherever_they_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let sign_in = |browser: &mut Browser| {
            let page = browser.get("/login");
            let signed_in = browser.submit_password(&page, ADA, PASSWORD);
            assert_eq!(signed_in.status, 303, "{}", signed_in.body);
            language_of(&browser.get("/").body).to_owned()
        };
        // Nothing was chosen for her: what the browser says, and it keeps nothing.
        let mut french = with_header(setup.server.browser(), "fr");
        assert_eq!(sign_in(&mut french), "fr");
        assert!(
            !french
                .cookies
                .keys()
                .any(|name| name.ends_with("hallpass-language"))
        );

        cli.expect_success(&["user", "edit", ADA, "--language", "de"]);
        let mut french = with_header(setup.server.browser(), "fr");
        assert_eq!(language_of(&french.get("/login").body), "fr");
        assert_eq!(sign_in(&mut french), "de");
        // Hers goes before what was chosen in the browser, by somebody before her.
        let mut arabic = setup.server.browser();
        assert_eq!(language_of(&arabic.get("/login?ui_locales=ar").body), "ar");
        assert_eq!(sign_in(&mut arabic), "de");
        // What she chooses in it afterwards stays.
        assert_eq!(language_of(&arabic.get("/?ui_locales=ja").body), "ja");
        assert_eq!(language_of(&arabic.get("/").body), "ja");
    });
}

#[test]
fn each_way_of_signing_in_brings_the_language_along() {
    on_each_database(|database| {
        let (setup, phone) = setup_with_app(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        cli.expect_success(&["user", "edit", ADA, "--language", "es"]);
        let mut browser = setup.server.browser();
        let page = browser.get("/login");
        let asked = browser.submit_password(&page, ADA, PASSWORD);
        assert_eq!(language_of(&asked.body), "en", "nobody is signed in yet");
        let done = give_code(&mut browser, &asked, &phone.code(setup.now()), false);
        assert_eq!(done.status, 303, "{}", done.body);
        assert_eq!(language_of(&browser.get("/").body), "es");

        // A password that an administrator chose.
        let bob = "bob@fernweh.example";
        setup.server.add_user(bob, "Bob", "Berg");
        cli.expect_success(&["user", "edit", bob, "--language", "ja"]);
        let set = ["user", "set-password", bob, "--password-stdin", "--must-change"];
        cli.expect_success_with_input(&set, &format!("{PASSWORD}\n"));
        let mut browser = setup.server.browser();
        let page = browser.get("/login");
        let asked = browser.submit_password(&page, bob, PASSWORD);
        let fields: Vec<(&str, String)> = ["csrf", "ticket", "email"]
            .into_iter()
            .filter_map(|name| Some((name, asked.field(name)?)))
            .chain([("new", "orbit kettle winter lamp".to_owned())])
            .collect();
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let done = browser.post("/login/password", &fields);
        assert_eq!(done.status, 303, "{}", done.body);
        assert_eq!(language_of(&browser.get("/").body), "ja");
    });
}

#[test]
fn a_second_factor_without_a_name_of_its_own_is_named_in_the_language_of_the_page() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        let page = browser.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        let (csrf, enrolment) = (page.field("csrf").unwrap(), page.field("enrolment").unwrap());
        let code = phone.code(setup.now());
        let fields = [
            ("csrf", csrf.as_str()),
            ("enrolment", &enrolment),
            ("code", &code),
            ("name", ""),
        ];
        browser.post("/account/second-factors/add", &fields);
        // As it was always stored.
        let names = sql::texts(&setup.server.settings, "SELECT name AS t FROM second_factors");
        assert_eq!(names, ["Authenticator app"]);
        for (tag, name) in [
            ("en", "Authenticator app"),
            ("de", "Authenticator-App"),
            ("ja", "認証アプリ"),
        ] {
            let page = browser.get(&format!("/account/second-factors?ui_locales={tag}"));
            assert_contains(&page.body, &format!("<b><bdi>{name}</bdi></b>"));
        }
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let told = cli.expect_success(&["user", "second-factor", ADA]);
        assert_contains(&told, "Authenticator app");
    });
}

#[test]
fn a_language_in_the_address_is_kept_by_pages_and_redirects_alone() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let is_kept = |browser: &Browser| {
            let mut cookies = browser.cookies.iter();
            cookies.any(|(name, value)| name.ends_with("hallpass-language") && value == "de")
        };
        let chosen = |address: &str| {
            let mut browser = setup.server.browser();
            let answer = browser.get(&format!("{address}?ui_locales=de"));
            (answer.status, is_kept(&browser))
        };
        for (address, status) in [
            ("/login", 200),
            ("/nothing-here", 404),
            ("/account", 303),
            ("/", 303),
        ] {
            assert_eq!(chosen(address), (status, true), "{address}");
        }
        for address in [
            "/assets/style.css",
            "/saml/certificate.pem",
            "/saml/metadata",
            "/health/live",
            "/health/ready",
        ] {
            assert_eq!(chosen(address), (200, false), "{address}");
        }
        // Who sends a form has not opened a link.
        let mut browser = setup.server.browser();
        let page = browser.get("/login");
        let csrf = page.field("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("email", ADA), ("password", "wrong")];
        browser.post("/login?ui_locales=de", &fields);
        assert!(!is_kept(&browser));
    });
}

/// Ada with an authenticator application.
fn setup_with_app(database: &Database) -> (SsoSetup, Authenticator) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    let page = browser.get("/account/second-factors/add");
    let phone = Authenticator::from_page(&page);
    enrol(&mut browser, &page, &phone.code(setup.now()));
    // The step of that code is used up.
    setup.server.clock.advance(TimeDelta::seconds(60));
    (setup, phone)
}
