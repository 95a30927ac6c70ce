//! A change of address that is refused, given up, or decided by an administrator.

use chrono::TimeDelta;

use crate::{
    cli::Cli,
    email_change::{GRACE, NEW, PAGE, Setup, THIRD, ask},
    support::{
        assertions::{assert_contains, assert_lacks},
        sql,
        sso_setup::ADA,
        test_server::on_each_database,
    },
};

fn audit_details(setup: &Setup, action: &str, code: &str) -> Vec<String> {
    let query = format!(
        "SELECT coalesce(detail, '') AS t FROM audit_events WHERE action = '{action}' AND outcome = '{code}'"
    );
    sql::texts(&setup.sso.server.settings, &query)
}

#[test]
fn what_is_refused_is_in_the_audit_log_with_its_code() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.sso.server.add_user(GRACE, "Grace", "Hopper");
        let mut ada = setup.sso.signed_in_browser();
        ask(&mut ada, "ada@evil.example");
        let refused = |action, code| audit_details(&setup, action, code);
        let asked = "user.email_change.request";
        assert_eq!(refused(asked, "EMAIL-DOMAIN"), ["an address of evil.example"]);

        ask(&mut ada, NEW);
        let link = setup.confirm_link(NEW);
        let mut grace = setup.browser_of(GRACE);
        let of_another = grace.get(&link);
        assert_eq!(of_another.status, 403);
        assert_eq!(refused("user.email_change", "EMAIL-LINK-OTHER").len(), 1);
        let who = "SELECT count(*) AS n FROM audit_events JOIN users ON users.id = audit_events.user_id \
             WHERE outcome = 'EMAIL-LINK-OTHER' AND users.email = 'grace@fernweh.example'";
        assert_eq!(sql::number(&setup.sso.server.settings, who), 1);

        for _ in 0..2 {
            assert_eq!(ask(&mut ada, NEW).status, 200);
        }
        assert_eq!(refused(asked, "EMAIL-THROTTLED"), [""; 0]);
        assert_eq!(ask(&mut ada, THIRD).status, 429);
        assert_eq!(refused(asked, "EMAIL-THROTTLED").len(), 1);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        for code in ["EMAIL-DOMAIN", "EMAIL-LINK-OTHER", "EMAIL-THROTTLED"] {
            assert_contains(&cli.expect_success(&["explain", code]), code);
        }
    });
}

#[test]
fn nobody_can_use_up_what_others_may_ask_for() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.sso.server.add_user(GRACE, "Grace", "Hopper");
        setup.sso.server.add_user(THIRD, "Mallory", "M");
        let mut mallory = setup.browser_of(THIRD);
        for _ in 0..3 {
            assert_eq!(ask(&mut mallory, NEW).status, 200);
        }
        assert_eq!(ask(&mut mallory, NEW).status, 429);
        // Who is to have that address gets a link all the same.
        let mut ada = setup.sso.signed_in_browser();
        setup.change(&mut ada, NEW);
        assert_eq!(setup.address(), NEW);

        // Somebody's mailbox is not filled by many who ask for it, and none of them sees that it is somebody's.
        setup.sso.server.clock.advance(TimeDelta::minutes(61));
        for who in [NEW, THIRD] {
            let mut browser = setup.browser_of(who);
            for _ in 0..3 {
                assert_contains(&ask(&mut browser, GRACE).body, "Look into the mail");
            }
        }
        assert_eq!(setup.mails_to(GRACE).len(), 3);
    });
}

#[test]
fn a_link_that_is_none_gets_a_page_that_says_so() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut ada = setup.sso.signed_in_browser();
        let csrf = ada.get(PAGE).field("csrf").unwrap();
        let none = "A".repeat(43);
        for token in [
            "x",
            "%00",
            "a%2Fb",
            "%C3%A4",
            "%FF",
            none.as_str(),
            &"A".repeat(900),
        ] {
            for base in ["/account/email/", "/email/undo/"] {
                for csrf in [csrf.as_str(), "x", ""] {
                    let answer = ada.post(&format!("{base}{token}"), &[("csrf", csrf)]);
                    assert!(
                        [303, 404, 410].contains(&answer.status),
                        "{base}{token}: {} {}",
                        answer.status,
                        answer.body
                    );
                    assert_lacks(&answer.body, "Something went wrong on our side");
                }
            }
        }
        let expired = ada.post(&format!("/account/email/{none}"), &[("csrf", &csrf)]);
        assert_eq!(expired.status, 410);
        assert_contains(&expired.body, "<h1");
        // Without its form at all.
        let empty = ada.post_body(&format!("/account/email/{none}"), "text/plain", "x");
        assert!((400..500).contains(&empty.status), "{}", empty.status);
        assert_eq!(setup.address(), ADA);
    });
}

#[test]
fn links_end_when_the_person_is_deactivated() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let mut ada = setup.sso.signed_in_browser();
        setup.change(&mut ada, NEW);
        let undo = setup.undo_link(ADA);
        ask(&mut ada, THIRD);
        let confirm = setup.confirm_link(THIRD);
        assert_eq!(setup.rows(), 2);
        cli.expect_success(&["user", "deactivate", NEW]);
        assert_eq!(setup.rows(), 0);
        let mut anybody = setup.sso.server.browser();
        assert_eq!(anybody.get(&undo).status, 410);
        // Also once they are on again.
        cli.expect_success(&["user", "enable", NEW]);
        assert_eq!(anybody.get(&undo).status, 410);
        let mut ada = setup.browser_of(NEW);
        assert_eq!(ada.get(&confirm).status, 410);
        assert_eq!(setup.address(), NEW);
    });
}

#[test]
fn an_administrator_who_gives_the_same_address_again_ends_the_links() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let mut ada = setup.sso.signed_in_browser();
        setup.change(&mut ada, NEW);
        let undo = setup.undo_link(ADA);
        ask(&mut ada, THIRD);
        let confirm = setup.confirm_link(THIRD);
        // Another value says nothing about the address.
        cli.expect_success(&["user", "edit", NEW, "--last-name", "King"]);
        assert_eq!(setup.rows(), 2);
        cli.expect_success(&["user", "edit", NEW, "--email", NEW]);
        assert_eq!(setup.rows(), 0);
        assert_eq!(setup.sso.server.browser().get(&undo).status, 410);
        assert_eq!(ada.get(&confirm).status, 410);
        let ended = audit_details(&setup, "user.edit", "ok").join("\n");
        assert_contains(&ended, "links that would change it were ended");
        // With another change beside it, and with nothing left to end.
        ask(&mut ada, THIRD);
        cli.expect_success(&["user", "edit", NEW, "--email", NEW, "--last-name", "Byron"]);
        assert_eq!(setup.rows(), 0);
        let told = cli.expect_success(&["user", "edit", NEW, "--email", NEW]);
        assert_contains(&told, "nothing was changed");
        assert_eq!(setup.address(), NEW);
    });
}
