//! Tabs, reloads, waiting: the same SSO request again, and sign-ins that are pending.

use chrono::TimeDelta;
use hallpass::{
    model::{
        actor::Actor,
        application::{AssertionConsumerService, SpUrl},
        user::Email,
    },
    provider::{applications::ApplicationEdit, people::user_edit::UserEdit},
    server,
};

use crate::support::{
    assertions::assert_contains,
    browser::Browser,
    http::Response,
    sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
    test_sp::posted_response,
};

const EVE: &str = "eve@fernweh.example";

fn acs(location: &str) -> AssertionConsumerService {
    let location = SpUrl::parse(location).unwrap();
    AssertionConsumerService {
        location,
        index: None,
    }
}

fn assert_refused(page: &Response, code: &str) {
    assert!(page.field("SAMLResponse").is_none(), "{}", page.body);
    assert!(page.body.contains(code), "{code}: {} {}", page.status, page.body);
}

#[test]
fn each_tab_resumes_its_own_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let tabs: Vec<_> = (0..3)
            .map(|n| {
                browser
                    .get(&setup.sso_url(&format!("_t{n}")))
                    .location()
                    .to_owned()
            })
            .collect();
        let forms: Vec<_> = tabs.iter().map(|tab| browser.get(tab)).collect();
        for (n, form) in forms.iter().enumerate() {
            let page = browser.sign_in(form, ADA, PASSWORD);
            assert_contains(&posted_response(&page).0, &format!("InResponseTo=\"_t{n}\""));
        }
        let sessions = sql::number(
            &setup.server.settings,
            "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL",
        );
        assert_eq!(
            sessions, 1,
            "a login in another tab goes on with the same session"
        );
    });
}

#[test]
fn a_repeated_request_of_the_same_browser_and_user_gets_a_response_again() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let address = setup.sso_url("_r1");
        let wait = browser.get(&address).location().to_owned();
        let login = browser.get(&wait);
        let first = browser.sign_in(&login, ADA, PASSWORD);
        let reload = browser.get(&wait);
        let back_and_again = browser.sign_in(&login, ADA, PASSWORD);
        let anew = browser.get(&address);
        let double_click = browser.get(&address);
        for page in [first, reload, back_and_again, anew, double_click] {
            assert_contains(&posted_response(&page).0, "InResponseTo=\"_r1\"");
        }
    });
}

#[test]
fn a_request_is_never_answered_again_for_another_browser_session_or_user() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user(EVE, "Eve", "Other");
        let mut browser = setup.server.browser();
        let address = setup.sso_url("_r1");
        let wait = browser.get(&address).location().to_owned();
        let login = browser.get(&wait);
        posted_response(&browser.sign_in(&login, ADA, PASSWORD));

        let mut elsewhere = setup.signed_in_browser();
        assert_refused(&elsewhere.get(&address), "REQUEST-ANSWERED");
        let mut unknown = setup.server.browser();
        let login = unknown.get_following_redirects(&address);
        assert_refused(&unknown.sign_in(&login, ADA, PASSWORD), "REQUEST-ANSWERED");
        let mut eve = setup.server.browser();
        let login = eve.get_following_redirects(&address);
        assert_refused(&eve.sign_in(&login, EVE, PASSWORD), "REQUEST-ANSWERED");

        // The same browser after a change of user, and after a logout.
        let login = browser.clone().get("/login");
        assert_eq!(login.status, 303);
        let portal = browser.get("/");
        browser.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        let login = browser.get(&wait);
        assert_refused(&browser.sign_in(&login, EVE, PASSWORD), "REQUEST-ANSWERED");
        assert_refused(&browser.get(&address), "REQUEST-ANSWERED");
        assert_eq!(
            sql::number(
                &setup.server.settings,
                "SELECT count(*) AS n FROM audit_events WHERE action = 'sign_on' AND outcome = 'ok'"
            ),
            1
        );
    });
}

#[test]
fn a_pending_sign_in_is_bound_to_its_browser_and_expires_after_ten_minutes() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let wait = browser.get(&setup.sso_url("_r1")).location().to_owned();
        for mut thief in [setup.server.browser(), setup.signed_in_browser()] {
            let page = thief.get(&wait);
            assert_eq!(page.status, 410, "{}", page.body);
            assert_eq!(page.field("SAMLResponse"), None);
            assert_eq!(page.field("password"), None);
        }
        let mut other = setup.server.browser();
        let foreign = other.get(&setup.sso_url("_r2")).location().to_owned();
        other.cookies.clone_from(&browser.cookies);
        assert_eq!(
            other.get(&foreign).status,
            410,
            "another sign-on's cookie does not do"
        );
        for broken in [
            "/continue/",
            "/continue/x",
            "/continue/%00",
            &format!("{wait}x"),
            &wait[..wait.len() - 1],
        ] {
            assert!([404, 410].contains(&browser.get(broken).status), "{broken}");
        }
        setup.server.clock.advance(TimeDelta::seconds(599));
        let login = browser.get(&wait);
        assert_eq!(login.status, 200);
        setup.server.clock.advance(TimeDelta::seconds(2));
        assert_eq!(browser.get(&wait).status, 410);
        let late = browser.submit_password(&login, ADA, PASSWORD);
        assert_eq!(browser.get(late.location()).status, 410);
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(
            sql::number(
                &setup.server.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}

#[test]
fn anonymous_requests_evict_no_pending_sign_in_and_store_nothing() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut victim = setup.server.browser();
        let wait = victim.get(&setup.sso_url("_v")).location().to_owned();
        let form = victim.get(&wait);
        // From the same browser too, as a page with many images from our site would send them.
        for n in 0..600 {
            let mut other = victim.clone();
            if n % 2 == 0 {
                other.extra_headers = vec![("Sec-Fetch-Dest".to_owned(), "image".to_owned())];
            }
            other.get(&setup.sso_url(&format!("_f{n}")));
        }
        assert_eq!(victim.get(&wait).status, 200);
        let page = victim.sign_in(&form, ADA, PASSWORD);
        assert_contains(&posted_response(&page).0, "InResponseTo=\"_v\"");
        assert_eq!(
            sql::number(
                &setup.server.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}

#[test]
fn only_a_top_level_navigation_becomes_a_pending_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        for dest in ["image", "iframe", "empty", "script", "embed"] {
            let mut browser = setup.server.browser();
            browser.extra_headers = vec![("Sec-Fetch-Dest".to_owned(), dest.to_owned())];
            let page = browser.get(&setup.sso_url(&format!("_{dest}")));
            assert_eq!((page.status, page.header("location")), (403, None), "{dest}");
            assert_eq!(page.set_cookies().count(), 0, "{dest}");
            assert_eq!(page.field("password"), None);
            let silent = browser.get(&setup.sso_url_with(&format!("_p-{dest}"), "IsPassive=\"true\"", ""));
            assert!(
                posted_response(&silent).0.contains("status:NoPassive"),
                "{}",
                silent.body
            );
        }
        let mut browser = setup.server.browser();
        browser.extra_headers = vec![("Sec-Fetch-Dest".to_owned(), "document".to_owned())];
        let login = browser.get_following_redirects(&setup.sso_url("_r1"));
        posted_response(&browser.sign_in(&login, ADA, PASSWORD));
    });
}

#[test]
fn another_replica_resumes_the_pending_sign_in_from_the_browser() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let wait = browser.get(&setup.sso_url("_r1")).location().to_owned();
        let replica = setup.server.replica();
        let mut there = Browser::new(replica.address, "https://login.fernweh.example");
        assert_eq!(there.get(&wait).status, 410, "not in another browser");
        there.cookies.clone_from(&browser.cookies);
        let login = there.get(&wait);
        let page = there.sign_in(&login, ADA, PASSWORD);
        assert_contains(&posted_response(&page).0, "InResponseTo=\"_r1\"");
    });
}

#[test]
fn a_disabled_application_or_user_is_refused_at_the_next_request() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (mut browser, mut waiting) = (setup.signed_in_browser(), setup.server.browser());
        let wait = waiting.get(&setup.sso_url("_w")).location().to_owned();
        let login = waiting.get(&wait);
        let switch = |enabled| {
            let edit = ApplicationEdit {
                enabled: Some(enabled),
                ..ApplicationEdit::default()
            };
            setup
                .server
                .applications()
                .edit_application(&setup.wiki.slug, edit)
                .unwrap()
                .unwrap();
        };
        switch(false);
        assert_refused(&browser.get(&setup.sso_url("_r1")), "APPLICATION-DISABLED");
        assert_refused(&waiting.sign_in(&login, ADA, PASSWORD), "APPLICATION-DISABLED");
        assert!(!browser.get("/").body.contains("Wiki"), "its tile is gone");
        assert_eq!(browser.get("/launch/wiki").status, 404);
        switch(true);
        posted_response(&browser.get(&setup.sso_url("_r2")));

        let edit = UserEdit {
            enabled: Some(false),
            ..UserEdit::default()
        };
        setup
            .server
            .people()
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        SsoSetup::assert_signed_out(&browser);
        let login = browser.get_following_redirects(&setup.sso_url("_r3"));
        assert_eq!(login.field("SAMLResponse"), None);
        let refused = browser.sign_in(&login, ADA, PASSWORD);
        assert_eq!(refused.field("SAMLResponse"), None);
        assert_contains(&refused.body, "do not belong together");
        let edit = UserEdit {
            enabled: Some(true),
            ..UserEdit::default()
        };
        setup
            .server
            .people()
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        assert!(
            !SsoSetup::is_signed_in(&browser),
            "the session ended with the person"
        );
    });
}

#[test]
fn a_change_by_another_process_applies_at_the_next_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.signed_in_browser();
        posted_response(&browser.get(&setup.sso_url("_r1")));
        let beside = server::open(&setup.server.settings).unwrap();
        let new = "https://wiki.example/new";
        let edit = ApplicationEdit {
            acs_endpoints: Some(vec![acs(new)]),
            ..ApplicationEdit::default()
        };
        beside
            .applications(&Actor::Itself)
            .edit_application(&setup.wiki.slug, edit)
            .unwrap()
            .unwrap();
        assert_eq!(posted_response(&browser.get(&setup.sso_url("_r2"))).1, new);
        let name = hallpass::model::user::NameComponent::parse("last", "Byron").unwrap();
        let edit = UserEdit {
            family_name: Some(Some(name)),
            ..UserEdit::default()
        };
        beside
            .people(&Actor::Itself)
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        assert_contains(&posted_response(&browser.get(&setup.sso_url("_r3"))).0, ">Byron<");
        let off = ApplicationEdit {
            enabled: Some(false),
            ..ApplicationEdit::default()
        };
        beside
            .applications(&Actor::Itself)
            .edit_application(&setup.wiki.slug, off)
            .unwrap()
            .unwrap();
        assert_refused(&browser.get(&setup.sso_url("_r4")), "APPLICATION-DISABLED");
        beside
            .applications(&Actor::Itself)
            .remove_application(&setup.wiki.slug)
            .unwrap();
        assert_refused(&browser.get(&setup.sso_url("_r5")), "ISSUER-UNKNOWN");
    });
}

#[test]
fn an_acs_removed_during_sign_in_gets_no_response() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects(&setup.sso_url("_r1"));
        let edit = ApplicationEdit {
            acs_endpoints: Some(vec![acs("https://wiki.example/new")]),
            ..ApplicationEdit::default()
        };
        setup
            .server
            .applications()
            .edit_application(&setup.wiki.slug, edit)
            .unwrap()
            .unwrap();
        assert_refused(&browser.sign_in(&login, ADA, PASSWORD), "ACS-UNKNOWN");
    });
}
