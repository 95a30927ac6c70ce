//! The audit log, as an administrator sees it.

use crate::support::{
    http, sql,
    sso_setup::{ADA, SsoSetup},
    test_server::{PASSWORD, on_each_database},
    test_sp::TestSp,
};

#[test]
fn every_decision_is_audited() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects(&setup.sso_url("_r1"));
        browser.submit_password(&login, ADA, "wrong password");
        browser.sign_in(&login, ADA, PASSWORD);
        browser.get(&setup.sso_url_with("_r2", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        let form = browser.get("/logout");
        browser.post("/logout", &[("csrf", &form.field("csrf").unwrap())]);
        let audit_rows = sql::texts(
            &setup.server.settings,
            "SELECT action || ' ' || outcome AS t FROM audit_events ORDER BY id",
        );
        for row in [
            "user.add ok",
            "app.add ok",
            "login LOGIN-WRONG",
            "login ok",
            "sign_on ok",
            "sign_on ACS-UNKNOWN",
            "logout ok",
        ] {
            assert_eq!(
                audit_rows.iter().filter(|line| *line == row).count(),
                1,
                "{row}: {audit_rows:?}"
            );
        }
        let bare = "SELECT count(*) AS n FROM audit_events WHERE detail LIKE '%fernweh.example%' OR detail LIKE '%<%'";
        assert_eq!(sql::number(&setup.server.settings, bare), 0);
    });
}

#[test]
fn repeated_anonymous_refusals_make_few_counting_rows() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let address = stranger.sso_url("_r1", setup.now());
        for _n in 0..1000 {
            let page = http::request(
                setup.server.address,
                "GET",
                &address,
                &[("Host", "login.fernweh.example")],
                "",
            );
            assert_eq!(page.status, 400);
        }
        setup.server.provider.flush_audit().unwrap();
        let settings = &setup.server.settings;
        let about = "FROM audit_events WHERE outcome = 'ISSUER-UNKNOWN'";
        let rows = sql::number(settings, &format!("SELECT count(*) AS n {about}"));
        assert!(rows <= 6, "{rows} rows");
        assert_eq!(
            sql::number(
                settings,
                &format!("SELECT CAST(sum(occurrences) AS BIGINT) AS n {about}")
            ),
            1000
        );
    });
}
