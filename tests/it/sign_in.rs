//! Signing in: which forms are accepted, which cookies count, and how long a session lasts.

use chrono::TimeDelta;

use crate::support::{
    assertions::assert_contains,
    browser::Browser,
    http, sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, TestServer, on_each_database},
};

const SESSION: &str = "__Host-hallpass-session";
const ORIGIN: &str = "https://login.fernweh.example";

#[test]
fn only_our_own_form_in_the_same_browser_is_accepted() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let csrf = browser.get("/login").field("csrf").unwrap();
        let foreign = setup.server.browser().get("/login").field("csrf").unwrap();
        let before = setup.server.provider.hash_count();
        let try_with = |browser: &Browser, headers: &[(&str, &str)], csrf: &str, cookies: bool| {
            let mut browser = browser.clone();
            let fields = [("csrf", csrf), ("email", ADA), ("password", PASSWORD)];
            let page = browser.post_with_headers("/login", headers, &fields, cookies);
            if page.status == 303 && page.location() == "/login" {
                // The password was not checked: no cookie is set, and no field is returned.
                assert_eq!(page.set_cookies().count(), 0);
                assert!(!page.body.contains(ADA), "{}", page.body);
                return (0, SsoSetup::is_signed_in(&browser));
            }
            (page.status, SsoSetup::is_signed_in(&browser))
        };
        let same = [("Sec-Fetch-Site", "same-origin")];
        for (what, headers, csrf, cookies) in [
            ("a bare POST", &[][..], "", true),
            ("no token", &same[..], "", true),
            ("the token of another browser", &same[..], foreign.as_str(), true),
            ("no cookie", &same[..], &csrf, false),
            ("no header", &[][..], &csrf, true),
            ("cross-site", &[("Sec-Fetch-Site", "cross-site")][..], &csrf, true),
            ("same-site", &[("Sec-Fetch-Site", "same-site")][..], &csrf, true),
            ("typed", &[("Sec-Fetch-Site", "none")][..], &csrf, true),
            (
                "cross-site with our Origin",
                &[("Sec-Fetch-Site", "cross-site"), ("Origin", ORIGIN)][..],
                &csrf,
                true,
            ),
            (
                "both at once",
                &[
                    ("Sec-Fetch-Site", "same-origin"),
                    ("Sec-Fetch-Site", "cross-site"),
                ][..],
                &csrf,
                true,
            ),
            (
                "a foreign Origin",
                &[("Origin", "https://evil.example")][..],
                &csrf,
                true,
            ),
            (
                "an Origin like ours",
                &[("Origin", "https://login.fernweh.example.evil.example")][..],
                &csrf,
                true,
            ),
            (
                "http",
                &[("Origin", "http://login.fernweh.example")][..],
                &csrf,
                true,
            ),
            ("null", &[("Origin", "null")][..], &csrf, true),
            ("an empty Origin", &[("Origin", "")][..], &csrf, true),
        ] {
            let is_ours = *headers == same[..];
            let expected = (if is_ours { 403 } else { 0 }, false);
            assert_eq!(try_with(&browser, headers, csrf, cookies), expected, "{what}");
        }
        assert_eq!(
            setup.server.provider.hash_count(),
            before,
            "nothing was hashed for them"
        );
        assert_eq!(try_with(&browser, &same, &csrf, true), (303, true));
        assert_eq!(
            try_with(&browser, &[("Origin", ORIGIN)], &csrf, true),
            (303, true)
        );
        let json = http::request(
            setup.server.address,
            "POST",
            "/login",
            &[("Content-Type", "application/json"), same[0]],
            "{}",
        );
        assert!((400..500).contains(&json.status), "{} {}", json.status, json.body);
    });
}

#[test]
fn cookies_have_the_host_prefix_on_https_and_none_on_loopback() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let browser = setup.signed_in_browser();
        let names: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["__Host-hallpass-browser", "__Host-hallpass-device", SESSION]
        );
        for value in browser.cookies.values() {
            assert!(value.len() >= 43, "256 bits: {value}");
        }
        let test_server = TestServer::start(
            &crate::support::test_server::fresh_database_like(database),
            &[("HALLPASS_BASE_URL", "http://127.0.0.1:8080")],
        );
        test_server.add_user(ADA, "Ada", "Lovelace");
        let mut plain = test_server.browser();
        let login = plain.get_following_redirects("/login");
        assert_eq!(plain.sign_in(&login, ADA, PASSWORD).status, 200);
        let names: Vec<_> = plain.cookies.keys().map(String::as_str).collect();
        assert_eq!(names, ["hallpass-browser", "hallpass-device", "hallpass-session"]);
    });
}

#[test]
fn a_planted_cookie_is_replaced_at_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut attacker = setup.server.browser();
        attacker.get("/login");
        let mut victim = setup.server.browser();
        victim.cookies = attacker.cookies.clone();
        let planted = "A".repeat(43);
        victim.cookies.insert(SESSION.to_owned(), planted.clone());
        SsoSetup::sign_in(&mut victim);
        SsoSetup::assert_signed_in(&victim);
        assert_ne!(victim.cookies[SESSION], planted);
        attacker.cookies.insert(SESSION.to_owned(), planted);
        SsoSetup::assert_signed_out(&attacker);
        // Already signed in, then signed in as another user: the first session is over.
        setup.server.add_user("eve@fernweh.example", "Eve", "Other");
        let before = victim.clone();
        let form = victim.get("/logout");
        victim.post(
            "/login",
            &[
                ("csrf", &form.field("csrf").unwrap()),
                ("email", "eve@fernweh.example"),
                ("password", PASSWORD),
            ],
        );
        SsoSetup::assert_signed_in(&victim);
        SsoSetup::assert_signed_out(&before);
        assert_contains(&victim.get("/").body, "Eve");
    });
}

#[test]
fn only_the_exact_cookie_under_its_own_name_is_a_session() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let browser = setup.signed_in_browser();
        let token = browser.cookies[SESSION].clone();
        let flip = |at: usize| {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(bytes).unwrap()
        };
        let status_with = |cookie: &str| {
            http::request(
                setup.server.address,
                "GET",
                "/",
                &[("Host", "login.fernweh.example"), ("Cookie", cookie)],
                "",
            )
            .status
        };
        assert_eq!(status_with(&format!("{SESSION}={token}")), 200);
        assert_eq!(
            status_with(&format!("x=y; {SESSION}={token}; z=%zz; nameless; e=\u{e9}")),
            200,
            "neighbours do no harm"
        );
        for bad in [
            flip(0),
            flip(20),
            flip(41),
            token[..42].to_owned(),
            token[..8].to_owned(),
            format!("{token}A"),
            format!("{token}="),
            format!("{token} x"),
            format!("\"{token}\""),
            token.to_lowercase(),
            token.replace(&token[..1], "%41"),
            String::new(),
        ] {
            assert_ne!(status_with(&format!("{SESSION}={bad}")), 200, "{bad}");
        }
        for cookie in [
            format!("hallpass-session={token}"),
            format!("__host-hallpass-session={token}"),
            format!("__Secure-hallpass-session={token}"),
            // What a neighbouring host may set, since browsers guard the prefix but not its escapes.
            format!("%5F%5FHost-hallpass-session={token}"),
            format!("__Host%2Dhallpass-session={token}"),
            format!("{SESSION}={token}; {SESSION}={}", flip(0)),
            format!("{SESSION}={}; {SESSION}={token}", flip(0)),
        ] {
            assert_ne!(status_with(&cookie), 200, "{cookie}");
        }
    });
}

#[test]
fn a_session_expires_after_8_idle_hours_and_after_24_hours_in_total() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut idle = setup.signed_in_browser();
        setup
            .server
            .clock
            .advance(TimeDelta::hours(8) - TimeDelta::seconds(1));
        SsoSetup::assert_signed_in(&idle);
        idle.get(&setup.sso_url("_r1"));
        setup
            .server
            .clock
            .advance(TimeDelta::hours(8) - TimeDelta::seconds(1));
        assert_eq!(
            idle.get(&setup.sso_url("_r2")).status,
            200,
            "a sign-on is a visit"
        );
        setup
            .server
            .clock
            .advance(TimeDelta::hours(8) + TimeDelta::seconds(1));
        SsoSetup::assert_signed_out(&idle);

        let mut busy = setup.signed_in_browser();
        for hour in 0..23 {
            setup.server.clock.advance(TimeDelta::hours(1));
            assert_eq!(
                busy.get(&setup.sso_url(&format!("_h{hour}"))).status,
                200,
                "hour {hour}"
            );
        }
        setup.server.clock.advance(TimeDelta::minutes(59));
        SsoSetup::assert_signed_in(&busy);
        setup.server.clock.advance(TimeDelta::minutes(2));
        SsoSetup::assert_signed_out(&busy);
        // For a day its applications may still receive logout requests.
        setup.server.clock.advance(TimeDelta::days(1));
        setup.server.provider.run_housekeeping().unwrap();
        assert_eq!(
            sql::number(&setup.server.settings, "SELECT count(*) AS n FROM sessions"),
            0
        );
    });
}

#[test]
fn the_database_stores_only_hashes_of_browser_tokens() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let browser = setup.signed_in_browser();
        let hash = hallpass::model::secret::Token::parse(&browser.cookies[SESSION])
            .unwrap()
            .hash();
        let hex: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let stored = if setup.server.settings.sqlite_path().is_some() {
            "SELECT lower(hex(token_hash)) AS t FROM sessions"
        } else {
            "SELECT encode(token_hash, 'hex') AS t FROM sessions"
        };
        assert_eq!(sql::texts(&setup.server.settings, stored), [hex]);
    });
}

#[test]
fn unknown_wrong_and_disabled_get_the_same_page_at_the_same_cost() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        setup.server.add_user("off@fernweh.example", "Off", "Switched");
        let off = hallpass::model::user::Email::parse("off@fernweh.example").unwrap();
        let edit = hallpass::provider::people::user_edit::UserEdit {
            enabled: Some(false),
            ..Default::default()
        };
        setup.server.people().edit_user(&off, &edit).unwrap().unwrap();
        let mut pages = Vec::new();
        for (email, password) in [
            (ADA, "wrong password"),
            ("off@fernweh.example", PASSWORD),
            ("off@fernweh.example", "wrong password"),
            ("nobody@fernweh.example", PASSWORD),
            ("no address", PASSWORD),
            ("", PASSWORD),
        ] {
            let mut browser = setup.server.browser();
            let login = browser.get("/login");
            let (csrf, before) = (login.field("csrf").unwrap(), setup.server.provider.hash_count());
            let page = browser.submit_password(&login, email, password);
            assert_eq!(
                setup.server.provider.hash_count() - before,
                1,
                "{email} {password}"
            );
            let mut headers: Vec<_> = page.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
            headers.sort();
            let body = page
                .body
                .replace(&csrf, "")
                .replace(&format!("value=\"{email}\""), "value=\"\"")
                .replace(" autofocus", "");
            // The reference differs each time, as the request's id does.
            let (before, code) = body.split_once("<code>LOGIN-WRONG ").unwrap();
            let body = format!("{before}{}", &code["7F3A-92C1".len()..]);
            pages.push((page.status, headers, body));
        }
        for page in &pages {
            assert_eq!(page, &pages[0]);
        }
    });
}

#[test]
fn a_password_is_never_truncated_and_a_huge_one_never_hashed() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let long = "p".repeat(100);
        let email = hallpass::model::user::Email::parse(ADA).unwrap();
        let set = |text: &str| {
            let password = hallpass::credential::password::Password::parse(text).unwrap();
            setup
                .server
                .people()
                .set_password(&email, &password, false)
                .unwrap();
        };
        let status_with = |password: &str| {
            let mut browser = setup.browser_from_new_address();
            let login = browser.get("/login");
            browser.submit_password(&login, ADA, password).status
        };
        set(&long);
        assert_eq!(status_with(&long), 303);
        for wrong in [
            &long[..72],
            &long[..99],
            &format!("{long}\0"),
            &long.to_uppercase(),
            &format!("{}\0{}", &long[..72], &long[73..]),
        ] {
            assert_ne!(status_with(wrong), 303, "{wrong:?}");
        }
        let before = setup.server.provider.hash_count();
        for size in [1025, 15_000, 1_000_000, 10_000_000] {
            assert_ne!(status_with(&"x".repeat(size)), 303, "{size}");
        }
        assert_eq!(setup.server.provider.hash_count(), before);
    });
}

impl SsoSetup {
    /// A browser at a new address, so that no throttle affects the next attempt.
    fn browser_from_new_address(&self) -> Browser {
        let mut browser = self.server.browser();
        let n = self.server.provider.hash_count();
        browser.extra_headers = vec![("X-Forwarded-For".to_owned(), format!("198.51.100.{n}"))];
        browser
    }
}

#[test]
fn a_browser_without_cookies_gets_an_explanation() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let csrf = browser.get("/login").field("csrf").unwrap();
        browser.cookies.clear();
        let same = [("Sec-Fetch-Site", "same-origin")];
        let fields = [("csrf", csrf.as_str()), ("email", ADA), ("password", PASSWORD)];
        let page = browser.post_with_headers("/login", &same, &fields, false);
        assert_eq!(page.status, 403);
        assert!(page.body.contains("keeps no cookies"), "{}", page.body);
        let wait = setup
            .server
            .browser()
            .get(&setup.sso_url("_r1"))
            .location()
            .to_owned();
        let page = setup.server.browser().get(&wait);
        assert!(
            page.status == 410 && page.body.contains("Your browser sent no cookie"),
            "{}",
            page.body
        );
        // With cookies the page has another reason.
        let mut other = setup.server.browser();
        let foreign = other.get("/login");
        let page = other.post("/login", &fields);
        assert!(page.body.contains("no longer signed in"), "{}", page.body);
        assert_eq!(foreign.status, 200, "{}", foreign.body);
    });
}
