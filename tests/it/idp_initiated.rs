//! IdP-initiated SSO: `/saml/start`.

use hallpass::model::{
    application::{ApplicationKind, SpUrl},
    name_id::{NameIdFormat, TRANSIENT},
};

use crate::support::{
    assertions::{assert_contains, assert_lacks},
    http::Response,
    inspect,
    sso_setup::{ACS, ADA, SsoSetup, WIKI},
    test_server::{PASSWORD, on_each_database},
    test_sp::posted_response,
};

fn allow_idp_initiated(application: &mut hallpass::provider::applications::NewApplication) {
    application.saml.allow_idp_initiated = true;
    application.saml.default_relay_state = Some("deep/link?a=\"b\"".to_owned());
    application.saml.name_id_format = NameIdFormat::Transient;
}

#[test]
fn idp_initiated_sso_works_where_it_is_allowed() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| allow_idp_initiated(new));
        let mut browser = setup.signed_in_browser();
        for address in ["/saml/start/wiki".to_owned(), format!("/saml/start?sp={WIKI}")] {
            let page = browser.get(&address);
            let (xml, action) = posted_response(&page);
            assert_eq!(action, ACS);
            assert_eq!(page.field("RelayState").as_deref(), Some("deep/link?a=\"b\""));
            assert_lacks(&xml, "InResponseTo");
            assert_contains(&xml, TRANSIENT);
            assert_eq!(inspect::status_codes(&xml).0, "Success");
        }
    });
}

#[test]
fn idp_initiated_sso_without_a_session_asks_for_sign_in_first() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| allow_idp_initiated(new));
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects("/saml/start/wiki");
        assert!(
            !login.body.contains("Wiki"),
            "nobody asked: strangers are told nothing"
        );
        let page = browser.sign_in(&login, ADA, PASSWORD);
        let (xml, action) = posted_response(&page);
        assert_eq!(action, ACS);
        assert_lacks(&xml, "InResponseTo");
        assert_eq!(page.field("RelayState").as_deref(), Some("deep/link?a=\"b\""));

        // It was allowed at the start, and is not at the end.
        let mut late = setup.server.browser();
        let login = late.get_following_redirects("/saml/start/wiki");
        let edit = hallpass::provider::applications::ApplicationEdit {
            allow_idp_initiated: Some(false),
            ..Default::default()
        };
        setup
            .server
            .applications()
            .edit_application(&setup.wiki.slug, edit)
            .unwrap()
            .unwrap();
        let page = late.sign_in(&login, ADA, PASSWORD);
        assert_eq!(page.field("SAMLResponse"), None);
        assert_contains(&page.body, "START-NOT-ALLOWED");
    });
}

#[test]
fn where_idp_initiated_sso_is_not_allowed_a_page_says_what_to_do() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        for address in ["/saml/start/wiki".to_owned(), format!("/saml/start?sp={WIKI}")] {
            let page = browser.get(&address);
            assert_eq!(page.status, 400);
            assert_contains(&page.body, "START-NOT-ALLOWED");
            assert_contains(&page.body, "own address");
            assert!(!page.body.contains("wiki.example"), "no registered value");
        }
        for (address, status) in [
            ("/saml/start/nowhere", 404),
            ("/saml/start/%22%3E", 404),
            ("/saml/start", 404),
            ("/saml/start?sp=", 404),
            ("/saml/start?sp=urn:nobody", 400),
        ] {
            assert_eq!(browser.get(address).status, status, "{address}");
        }
    });
}

#[test]
fn an_application_with_a_launch_url_is_opened_there() {
    on_each_database(|database| {
        let tile = "https://wiki.example/sign-in";
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.tile_url = Some(SpUrl::parse(tile).unwrap());
        });
        let page = setup.signed_in_browser().get("/saml/start/wiki");
        assert_eq!((page.status, page.location()), (303, tile));
        let login = setup.server.browser().get_following_redirects("/saml/start/wiki");
        assert_contains(&login.body, "name=\"password\"");
        assert_lacks(&login.body, "wiki.example");
    });
}

#[test]
fn two_applications_of_one_name_are_distinguished_by_slug() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| allow_idp_initiated(new));
        setup
            .server
            .add_application("Wiki", WIKI, "https://other.example/acs", allow_idp_initiated);
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&format!("/saml/start?sp={WIKI}"));
        assert!(page.body.contains("ISSUER-AMBIGUOUS"), "{}", page.body);
        assert_eq!(
            posted_response(&browser.get("/saml/start/wiki-2")).1,
            "https://other.example/acs"
        );
    });
}

#[test]
fn start_urls_reveal_no_application_without_a_session() {
    on_each_database(|database| {
        let setup = SsoSetup::with(database, &[], |_, new| {
            new.tile_url = Some(SpUrl::parse("https://wiki.example/sign-in").unwrap());
        });
        setup.server.add_application(
            "Desk",
            "urn:test:desk",
            "https://desk.example/acs",
            allow_idp_initiated,
        );
        let off = setup.server.add_application(
            "Off",
            "urn:test:off",
            "https://off.example/acs",
            allow_idp_initiated,
        );
        let edit = hallpass::provider::applications::ApplicationEdit {
            enabled: Some(false),
            ..Default::default()
        };
        setup
            .server
            .applications()
            .edit_application(&off.slug, edit)
            .unwrap()
            .unwrap();
        for (address, status) in [
            ("/saml/start/wiki", 303),
            ("/saml/start/desk", 200),
            ("/saml/start/off", 400),
            ("/saml/start/nowhere", 404),
            ("/saml/start/%22%3E", 404),
            ("/saml/start?sp=urn:test:desk", 200),
            ("/saml/start?sp=", 404),
            ("/launch/wiki", 303),
            ("/launch/desk", 200),
            ("/launch/off", 404),
            ("/launch/nowhere", 404),
            ("/launch/%22%3E", 404),
        ] {
            let mut browser = setup.server.browser();
            browser.get_following_redirects("/login");
            let wait = browser.get(address);
            assert!(
                wait.status == 303 && wait.location().starts_with("/continue/"),
                "{address}: {} {}",
                wait.status,
                wait.body
            );
            let login = browser.get(wait.location());
            // What is different each time, and the address of the page in its links to other languages.
            let same = |page: &Response| {
                let mut body = page.body.clone();
                for name in ["continue", "csrf", "state"] {
                    body = page
                        .field(name)
                        .map_or(body.clone(), |value| body.replace(&value, ""));
                }
                if let Some((before, options)) = body.split_once("data-options=\"") {
                    let (_, after) = options.split_once('"').unwrap();
                    body = format!("{before}{after}");
                }
                body.replace("\"/continue/?ui_locales=", "\"/login?ui_locales=")
                    .replace("<input type=\"hidden\" name=\"continue\" value=\"\">\n", "")
            };
            let (sign_in_page, bare) = (same(&login), same(&setup.server.browser().get("/login")));
            let lines = |page: &str| {
                let filled = page.lines().filter(|line| !line.is_empty());
                filled.map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(
                lines(&sign_in_page),
                lines(&bare),
                "{address}: the sign-in page is the same as any"
            );

            let done = browser.submit_password(&login, ADA, PASSWORD);
            let back = browser.get(done.location());
            assert_eq!((back.status, back.location()), (303, address));
            assert_eq!(
                browser.get(address).status,
                status,
                "{address}: its target is kept"
            );
        }
        // A link on another site signs nobody in anywhere, not even by way of the sign-in page.
        let mut browser = setup.server.browser();
        browser.extra_headers = vec![("Sec-Fetch-Site".to_owned(), "cross-site".to_owned())];
        assert_eq!(browser.get("/launch/desk").location(), "/");
    });
}

#[test]
fn a_refusal_names_the_application_only_with_a_session_or_a_valid_request() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let elsewhere = "AssertionConsumerServiceURL=\"https://evil.example/acs\"";
        let names = |page: &Response| page.body.contains("<bdi>Wiki</bdi>");
        let refused = |page: &Response| {
            assert!(page.body.contains("ACS-UNKNOWN"), "{}", page.body);
        };
        let page = setup
            .server
            .browser()
            .get(&setup.sso_url_with("_r1", elsewhere, ""));
        refused(&page);
        assert!(!names(&page), "{}", page.body);
        let mut browser = setup.signed_in_browser();
        let page = browser.get(&setup.sso_url_with("_r2", elsewhere, ""));
        refused(&page);
        assert!(names(&page), "{}", page.body);
        // A valid request that was answered before.
        posted_response(&browser.get(&setup.sso_url("_r3")));
        let mut other = setup.server.browser();
        let login = other.get_following_redirects(&setup.sso_url("_r3"));
        assert!(login.body.contains("Wiki"), "the sign-in page of a valid request");
        let page = other.sign_in(&login, ADA, PASSWORD);
        assert!(
            page.body.contains("REQUEST-ANSWERED") && names(&page),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_tile_opens_the_launch_url_of_an_application() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        setup.server.add_application(
            "Chat",
            "ATZB94xJ",
            "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
            |new| {
                new.kind = ApplicationKind::ChatGptCurrent;
            },
        );
        let page = browser.get("/");
        for site in ["https://wiki.example/", "https://chatgpt.com/"] {
            let link = format!("<a class=\"tile\" href=\"{site}\">");
            assert!(page.body.contains(&link), "{site}: {}", page.body);
        }
    });
}
