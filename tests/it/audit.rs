//! The audit trail, as an administrator finds it.

use crate::support::{
    house::{PASSWORD, on_each_database},
    http, rows,
    scene::{ADA, Scene},
    sp::TestSp,
};

#[test]
fn every_decision_has_a_row() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let mut browser = scene.house.browser();
        let login = browser.follow(&scene.address("_r1"));
        browser.submit_login(&login, ADA, "wrong password");
        browser.sign_in(&login, ADA, PASSWORD);
        browser.get(&scene.ask("_r2", "AssertionConsumerServiceURL=\"https://evil.example/\"", ""));
        let form = browser.get("/logout");
        browser.post("/logout", &[("csrf", &form.field("csrf").unwrap())]);
        let told = rows::texts(
            &scene.house.settings,
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
                told.iter().filter(|line| *line == row).count(),
                1,
                "{row}: {told:?}"
            );
        }
        let bare = "SELECT count(*) AS n FROM audit_events WHERE detail LIKE '%fernweh.example%' OR detail LIKE '%<%'";
        assert_eq!(rows::number(&scene.house.settings, bare), 0);
    });
}

#[test]
fn a_flood_of_strangers_makes_few_rows_that_count() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let stranger = TestSp::new("urn:nobody", "https://nobody.example/acs");
        let address = stranger.sign_on_address("_r1", scene.now());
        for _n in 0..1000 {
            let page = http::request(
                scene.house.address,
                "GET",
                &address,
                &[("Host", "login.fernweh.example")],
                "",
            );
            assert_eq!(page.status, 400);
        }
        scene.house.provider.flush_audit().unwrap();
        let settings = &scene.house.settings;
        let about = "FROM audit_events WHERE outcome = 'ISSUER-UNKNOWN'";
        assert!(rows::number(settings, &format!("SELECT count(*) AS n {about}")) <= 6);
        assert_eq!(
            rows::number(
                settings,
                &format!("SELECT CAST(sum(occurrences) AS BIGINT) AS n {about}")
            ),
            1000
        );
    });
}
