//! In which language people are spoken to.

use hallpass::model::language::Language;

use crate::support::{
    assertions::{assert_contains, assert_lacks},
    browser::Browser,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
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
