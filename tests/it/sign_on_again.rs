//! Tabs, reloads, waits: the same sign-on again, and sign-ons that wait.

use chrono::TimeDelta;
use hallpass::{
    model::{
        application::{AcsUrl, Consumer},
        user::Email,
    },
    provider::{applications::ApplicationEdit, users::UserEdit},
    server,
};

use crate::support::{
    browser::Browser,
    house::{PASSWORD, on_each_database},
    http::Response,
    rows,
    scene::{ADA, Scene},
    sp::posted,
};

const EVE: &str = "eve@fernweh.example";

fn consumer(location: &str) -> Consumer {
    let location = AcsUrl::parse(location).unwrap();
    Consumer {
        location,
        index: None,
    }
}

fn is_refused(page: &Response, code: &str) {
    assert!(page.field("SAMLResponse").is_none(), "{}", page.body);
    assert!(page.body.contains(code), "{code}: {} {}", page.status, page.body);
}

#[test]
fn several_tabs_go_on_each_by_itself() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let tabs: Vec<_> = (0..3)
            .map(|n| {
                browser
                    .get(&scene.address(&format!("_t{n}")))
                    .location()
                    .to_owned()
            })
            .collect();
        let forms: Vec<_> = tabs.iter().map(|tab| browser.get(tab)).collect();
        for (n, form) in forms.iter().enumerate() {
            let page = browser.sign_in(form, ADA, PASSWORD);
            assert!(posted(&page).0.contains(&format!("InResponseTo=\"_t{n}\"")));
        }
        let sessions = rows::number(
            &scene.house.settings,
            "SELECT count(*) AS n FROM sessions WHERE ended_at IS NULL",
        );
        assert_eq!(
            sessions, 1,
            "a login in another tab goes on with the same session"
        );
    });
}

#[test]
fn the_same_browser_and_person_are_answered_again() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let address = scene.address("_r1");
        let wait = browser.get(&address).location().to_owned();
        let login = browser.get(&wait);
        let first = browser.sign_in(&login, ADA, PASSWORD);
        let reload = browser.get(&wait);
        let back_and_again = browser.sign_in(&login, ADA, PASSWORD);
        let anew = browser.get(&address);
        let double_click = browser.get(&address);
        for page in [first, reload, back_and_again, anew, double_click] {
            assert!(posted(&page).0.contains("InResponseTo=\"_r1\""));
        }
    });
}

#[test]
fn from_another_browser_session_or_person_an_answered_request_is_never_answered() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        scene.house.add_person(EVE, "Eve", "Other");
        let mut browser = scene.house.browser();
        let address = scene.address("_r1");
        let wait = browser.get(&address).location().to_owned();
        let login = browser.get(&wait);
        posted(&browser.sign_in(&login, ADA, PASSWORD));

        let mut elsewhere = scene.signed_in();
        is_refused(&elsewhere.get(&address), "REQUEST-ANSWERED");
        let mut unknown = scene.house.browser();
        let login = unknown.follow(&address);
        is_refused(&unknown.sign_in(&login, ADA, PASSWORD), "REQUEST-ANSWERED");
        let mut eve = scene.house.browser();
        let login = eve.follow(&address);
        is_refused(&eve.sign_in(&login, EVE, PASSWORD), "REQUEST-ANSWERED");

        // The same browser after a change of person, and after a logout.
        let login = browser.clone().get("/login");
        assert_eq!(login.status, 303);
        let portal = browser.get("/");
        browser.post("/logout", &[("csrf", &portal.field("csrf").unwrap())]);
        let login = browser.get(&wait);
        is_refused(&browser.sign_in(&login, EVE, PASSWORD), "REQUEST-ANSWERED");
        is_refused(&browser.get(&address), "REQUEST-ANSWERED");
        assert_eq!(
            rows::number(
                &scene.house.settings,
                "SELECT count(*) AS n FROM audit_events WHERE action = 'sign_on' AND outcome = 'ok'"
            ),
            1
        );
    });
}

#[test]
fn a_waiting_sign_on_belongs_to_its_browser_and_ends_after_ten_minutes() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let wait = browser.get(&scene.address("_r1")).location().to_owned();
        for mut thief in [scene.house.browser(), scene.signed_in()] {
            let page = thief.get(&wait);
            assert_eq!(page.status, 410, "{}", page.body);
            assert!(page.field("SAMLResponse").is_none() && page.field("password").is_none());
        }
        let mut other = scene.house.browser();
        let foreign = other.get(&scene.address("_r2")).location().to_owned();
        other.jar.clone_from(&browser.jar);
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
        scene.house.clock.advance(TimeDelta::seconds(599));
        let login = browser.get(&wait);
        assert_eq!(login.status, 200);
        scene.house.clock.advance(TimeDelta::seconds(2));
        assert_eq!(browser.get(&wait).status, 410);
        let late = browser.submit_login(&login, ADA, PASSWORD);
        assert_eq!(browser.get(late.location()).status, 410);
        scene.house.provider.keep_house().unwrap();
        assert_eq!(
            rows::number(
                &scene.house.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}

#[test]
fn what_strangers_begin_costs_nobody_a_sign_in_and_keeps_nothing_here() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut victim = scene.house.browser();
        let wait = victim.get(&scene.address("_v")).location().to_owned();
        let form = victim.get(&wait);
        // The same browser too, as a page with many images of ours would have it.
        for n in 0..600 {
            let mut other = victim.clone();
            if n % 2 == 0 {
                other.extra = vec![("Sec-Fetch-Dest".to_owned(), "image".to_owned())];
            }
            other.get(&scene.address(&format!("_f{n}")));
        }
        assert_eq!(victim.get(&wait).status, 200);
        let page = victim.sign_in(&form, ADA, PASSWORD);
        assert!(posted(&page).0.contains("InResponseTo=\"_v\""));
        assert_eq!(
            rows::number(
                &scene.house.settings,
                "SELECT count(*) AS n FROM waiting_sign_ons"
            ),
            0
        );
    });
}

#[test]
fn only_a_page_of_its_own_waits_for_its_person() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        for dest in ["image", "iframe", "empty", "script", "embed"] {
            let mut browser = scene.house.browser();
            browser.extra = vec![("Sec-Fetch-Dest".to_owned(), dest.to_owned())];
            let page = browser.get(&scene.address(&format!("_{dest}")));
            assert_eq!((page.status, page.header("location")), (403, None), "{dest}");
            assert!(page.set_cookies().count() == 0 && page.field("password").is_none());
            let silent = browser.get(&scene.ask(&format!("_p-{dest}"), "IsPassive=\"true\"", ""));
            assert!(posted(&silent).0.contains("status:NoPassive"), "{}", silent.body);
        }
        let mut browser = scene.house.browser();
        browser.extra = vec![("Sec-Fetch-Dest".to_owned(), "document".to_owned())];
        let login = browser.follow(&scene.address("_r1"));
        posted(&browser.sign_in(&login, ADA, PASSWORD));
    });
}

#[test]
fn another_replica_goes_on_with_what_the_browser_carries() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let wait = browser.get(&scene.address("_r1")).location().to_owned();
        let replica = scene.house.replica();
        let mut there = Browser::new(replica.address, "https://login.fernweh.example");
        assert_eq!(there.get(&wait).status, 410, "not in another browser");
        there.jar.clone_from(&browser.jar);
        let login = there.get(&wait);
        let page = there.sign_in(&login, ADA, PASSWORD);
        assert!(posted(&page).0.contains("InResponseTo=\"_r1\""));
    });
}

#[test]
fn a_disabled_application_or_person_is_refused_at_the_next_request() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let (mut browser, mut waiting) = (scene.signed_in(), scene.house.browser());
        let wait = waiting.get(&scene.address("_w")).location().to_owned();
        let login = waiting.get(&wait);
        let switch = |enabled| {
            let edit = ApplicationEdit {
                enabled: Some(enabled),
                ..ApplicationEdit::default()
            };
            scene
                .house
                .provider
                .edit_application(&scene.wiki.slug, edit)
                .unwrap()
                .unwrap();
        };
        switch(false);
        is_refused(&browser.get(&scene.address("_r1")), "APPLICATION-DISABLED");
        is_refused(&waiting.sign_in(&login, ADA, PASSWORD), "APPLICATION-DISABLED");
        assert!(!browser.get("/").body.contains("Wiki"), "its tile is gone");
        assert_eq!(browser.get("/launch/wiki").status, 404);
        switch(true);
        posted(&browser.get(&scene.address("_r2")));

        let edit = UserEdit {
            enabled: Some(false),
            ..UserEdit::default()
        };
        scene
            .house
            .provider
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        assert!(!Scene::is_signed_in(&browser));
        let login = browser.follow(&scene.address("_r3"));
        assert!(login.field("SAMLResponse").is_none());
        let refused = browser.sign_in(&login, ADA, PASSWORD);
        assert!(refused.field("SAMLResponse").is_none() && refused.body.contains("do not belong together"));
        let edit = UserEdit {
            enabled: Some(true),
            ..UserEdit::default()
        };
        scene
            .house
            .provider
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        assert!(
            !Scene::is_signed_in(&browser),
            "the session ended with the person"
        );
    });
}

#[test]
fn what_another_process_changes_holds_at_the_next_sign_on() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.signed_in();
        posted(&browser.get(&scene.address("_r1")));
        let beside = server::open(&scene.house.settings).unwrap();
        let new = "https://wiki.example/new";
        let edit = ApplicationEdit {
            consumers: Some(vec![consumer(new)]),
            ..ApplicationEdit::default()
        };
        beside.edit_application(&scene.wiki.slug, edit).unwrap().unwrap();
        assert_eq!(posted(&browser.get(&scene.address("_r2"))).1, new);
        let name = hallpass::model::user::PersonName::parse("last", "Byron").unwrap();
        let edit = UserEdit {
            family_name: Some(Some(name)),
            ..UserEdit::default()
        };
        beside
            .edit_user(&Email::parse(ADA).unwrap(), &edit)
            .unwrap()
            .unwrap();
        assert!(posted(&browser.get(&scene.address("_r3"))).0.contains(">Byron<"));
        let off = ApplicationEdit {
            enabled: Some(false),
            ..ApplicationEdit::default()
        };
        beside.edit_application(&scene.wiki.slug, off).unwrap().unwrap();
        is_refused(&browser.get(&scene.address("_r4")), "APPLICATION-DISABLED");
        beside.remove_application(&scene.wiki.slug).unwrap();
        is_refused(&browser.get(&scene.address("_r5")), "ISSUER-UNKNOWN");
    });
}

#[test]
fn a_consumer_that_is_taken_away_while_a_person_types_gets_nothing() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let login = browser.follow(&scene.address("_r1"));
        let edit = ApplicationEdit {
            consumers: Some(vec![consumer("https://wiki.example/new")]),
            ..ApplicationEdit::default()
        };
        scene
            .house
            .provider
            .edit_application(&scene.wiki.slug, edit)
            .unwrap()
            .unwrap();
        is_refused(&browser.sign_in(&login, ADA, PASSWORD), "ACS-UNKNOWN");
    });
}
