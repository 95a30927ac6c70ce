//! Attacks by what users and their browsers send.

use std::thread;

use hallpass::model::{
    application::EntityId,
    user::{Email, NameComponent, StableId},
};

use crate::support::{
    assertions::assert_lacks,
    http, sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{Database, PASSWORD},
    test_sp::posted_response,
};

pub(super) fn nothing_echoed_becomes_markup(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.signed_in_browser();
    for (n, relay) in [
        "\"><script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "\" autofocus onfocus=\"alert(1)",
        "</form><form action=https://evil.example>",
        "<img src=x onerror=alert(1)>",
        "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
        "a\u{2028}b\u{2029}c",
        "javascript:alert(1)",
        "&quot;&gt;&#60;script&#62;",
    ]
    .into_iter()
    .enumerate()
    {
        let xml = setup.sp.authn_request(&format!("_r{n}"), setup.now(), "", "");
        let page = browser.get(&format!(
            "/saml/sso?{}",
            setup.sp.redirect_query(&xml, Some(relay), false)
        ));
        posted_response(&page);
        assert_eq!(page.field("RelayState").as_deref(), Some(relay));
        let mut nobody = setup.server.browser();
        let login = nobody.get("/login");
        let echoed = nobody.submit_password(&login, relay, "wrong password");
        assert_eq!(echoed.field("email").as_deref(), Some(relay));
        for page in [&page.body, &echoed.body] {
            for live in [
                "<script>alert",
                "<img",
                "onfocus=\"",
                "onmouseover='",
                "</form><form",
            ] {
                assert!(!page.contains(live), "{live}: {page}");
            }
            assert_eq!(page.matches("<form").count(), 1);
        }
    }
}

pub(super) fn control_characters_are_rejected(database: &Database) {
    let setup = SsoSetup::new(database);
    for bad in [
        "a\u{1}b",
        "a\u{8}b",
        "a\0b",
        "a\u{1b}[31m",
        "a\nb",
        "a\r\nb",
        "a\tb",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{2028}b",
        "\u{fffe}",
        "a\u{ffff}",
    ] {
        assert!(NameComponent::parse("first", bad).is_err(), "{bad:?}");
        assert!(Email::parse(&format!("{bad}@x.example")).is_err(), "{bad:?}");
        assert!(StableId::parse(bad).is_err(), "{bad:?}");
        assert!(EntityId::parse(bad).is_err(), "{bad:?}");
    }
    // A name that was not checked when it was stored is never written as broken XML.
    sql::execute(
        &setup.server.settings,
        "UPDATE users SET given_name = 'a' || CASE WHEN 1 = 1 THEN chr1 ELSE '' END FROM (SELECT '\u{1}' AS chr1) AS x",
    );
    let mut browser = setup.server.browser();
    let login = browser.get_following_redirects(&setup.sso_url("_r1"));
    let page = browser.sign_in(&login, ADA, PASSWORD);
    assert!(
        page.field("SAMLResponse").is_none() || !posted_response(&page).0.contains('\u{1}'),
        "{}",
        page.body
    );
}

pub(super) fn concurrent_sign_ins_do_not_block_other_requests(database: &Database) {
    let setup = SsoSetup::new(database);
    let before = setup.server.provider.hash_count();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let logins: Vec<_> = (0..40)
            .map(|n| {
                let mut browser = setup.server.browser();
                browser.extra_headers = vec![("X-Forwarded-For".to_owned(), format!("203.0.113.{n}"))];
                scope.spawn(move || {
                    let login = browser.get("/login");
                    browser
                        .submit_password(&login, &format!("n{n}@x.example"), "wrong password")
                        .status
                })
            })
            .collect();
        for _ in 0..20 {
            for target in ["/saml/metadata", "/login", "/health/ready"] {
                assert_eq!(setup.server.browser().get(target).status, 200);
            }
        }
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    let judged = statuses.iter().filter(|status| **status == 200).count();
    assert!(
        statuses.iter().all(|status| [200, 429, 503].contains(status)),
        "{statuses:?}"
    );
    assert_eq!(
        setup.server.provider.hash_count() - before,
        u64::try_from(judged).unwrap(),
        "one hash a try that was judged"
    );
}

pub(super) fn a_name_with_line_breaks_stays_one_value(database: &Database) {
    let setup = SsoSetup::new(database);
    let mut browser = setup.server.browser();
    let login = browser.get("/login");
    for name in [
        "x\r\nSet-Cookie: a=b",
        "x\nlevel=error forged",
        "\u{1b}[31mred\u{1b}[0m",
        "x\0y",
        "a\u{202e}b",
    ] {
        let page = browser.submit_password(&login, name, "secret password");
        assert_eq!(page.status, 200, "{name:?}");
        assert!(!page.set_cookies().any(|line| line.contains("a=b")), "{name:?}");
    }
    let audit = sql::texts(
        &setup.server.settings,
        "SELECT coalesce(detail, '') AS t FROM audit_events",
    );
    for detail in &audit {
        assert_lacks(detail, "Set-Cookie");
        assert_lacks(detail, "secret password");
    }
}

pub(super) fn pending_sign_ins_cost_little(database: &Database) {
    let setup = SsoSetup::new(database);
    let size = if setup.server.settings.sqlite_path().is_some() {
        "SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()"
    } else {
        "SELECT CAST(sum(pg_total_relation_size(c.oid)) AS BIGINT) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace WHERE s.nspname = current_schema() AND c.relkind = 'r'"
    };
    let settings = &setup.server.settings;
    let (before, audit) = (
        sql::number(settings, size),
        "SELECT count(*) AS n FROM audit_events",
    );
    let events = sql::number(settings, audit);
    for n in 0..1000 {
        let mut browser = setup.server.browser();
        browser.extra_headers = vec![("X-Forwarded-For".to_owned(), format!("203.0.113.{}", n % 4))];
        let target = if n % 2 == 0 {
            "/login".to_owned()
        } else {
            setup.sso_url(&format!("_w{n}"))
        };
        let status = browser.get(&target).status;
        assert!(status < 400, "{target}: {status}");
    }
    let grown = sql::number(settings, size) - before;
    assert!(
        grown < 100_000,
        "{grown} bytes for 500 sign-ins that wait: they lie in the browser"
    );
    assert_eq!(
        sql::number(settings, "SELECT count(*) AS n FROM waiting_sign_ons"),
        0
    );
    assert_eq!(sql::number(settings, audit), events);
}

pub(super) fn no_parameter_redirects_off_site(database: &Database) {
    let setup = SsoSetup::new(database);
    let names = [
        "ReturnTo",
        "returnTo",
        "return_to",
        "RelayState",
        "next",
        "url",
        "redirect",
        "redirect_uri",
        "continue",
        "goto",
        "target",
        "dest",
        "service",
        "post_logout_redirect_uri",
    ];
    let spellings = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https:evil.example",
        "javascript:alert(1)//evil.example",
        "/%09/evil.example",
    ];
    let mut signed_in = setup.signed_in_browser();
    let mut nobody = setup.server.browser();
    let login = nobody.get("/login");
    let csrf = login.field("csrf").unwrap();
    let stays = |page: &http::Response, what: &str| {
        let location = page.header("location").unwrap_or("/");
        let continues = location
            .strip_prefix("/continue/")
            .is_some_and(|sealed| !sealed.contains(['/', '?', '%']));
        assert!(
            continues || location == "/" || location == "/login",
            "{what}: {location}"
        );
        assert!(
            !page.body.contains("evil.example") && page.header("refresh").is_none(),
            "{what}: {}",
            page.body
        );
    };
    for name in names {
        for spelling in spellings {
            let what = format!("{name}={spelling}");
            let query = http::form_body(&[(name, spelling)]);
            for path in [
                "/",
                "/login",
                "/logout",
                "/saml/slo",
                "/launch/none",
                "/continue/none",
            ] {
                stays(&signed_in.get(&format!("{path}?{query}")), &what);
                stays(&nobody.get(&format!("{path}?{query}")), &what);
            }
        }
        // After a sign-in and after a logout, by form field, by query and by Referer.
        let query = http::form_body(&[(name, spellings[0])]);
        let mut fresh = nobody.clone();
        fresh.extra_headers = vec![("Referer".to_owned(), "https://evil.example/".to_owned())];
        let fields = [
            ("csrf", csrf.as_str()),
            ("email", ADA),
            ("password", PASSWORD),
            (name, spellings[0]),
        ];
        let after = fresh.post(&format!("/login?{query}"), &fields);
        assert_eq!(after.status, 303);
        stays(&after, name);
        stays(
            &fresh.post(
                &format!("/logout?{query}"),
                &[("csrf", &csrf), (name, spellings[0])],
            ),
            name,
        );
    }
}
