//! People change their own e-mail address: verified by the new one, undone by the old one.

use std::{
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use hallpass::{
    model::user::Email,
    provider::people::{
        email_decisions::{EmailDecision, EmailDecisions},
        user_edit::UserEdit,
        users::ChangeOutcome,
    },
};

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        authenticator::{Authenticator, enrol},
        browser::Browser,
        http::Response,
        mail_server::MailServer,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
        test_sp::posted_response,
    },
};

pub(crate) const NEW: &str = "ada.king@fernweh.example";
pub(crate) const THIRD: &str = "mallory@fernweh.example";
pub(crate) const GRACE: &str = "grace@fernweh.example";
pub(crate) const PAGE: &str = "/account/email";

/// A daemon that lets people change their address, with a mail server.
pub(crate) struct Setup {
    pub(crate) sso: SsoSetup,
    mail: MailServer,
}

impl Setup {
    pub(crate) fn new(database: &Database) -> Self {
        let mail = MailServer::start();
        let environment = mail.environment();
        let mut environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        environment.extend([
            ("HALLPASS_PEOPLE_EMAIL_CHANGE", "verified"),
            ("HALLPASS_PEOPLE_EMAIL_DOMAINS", "fernweh.example"),
        ]);
        let sso = SsoSetup::with(database, &environment, |_, _| {});
        Self { sso, mail }
    }

    /// Waits until nothing waits, and returns the mails to this address.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<String> {
        let open = "SELECT count(*) AS n FROM jobs WHERE done_at IS NULL";
        let end = Instant::now() + Duration::from_mins(1);
        while sql::number(&self.sso.server.settings, open) > 0 {
            assert!(Instant::now() < end, "jobs are left");
            thread::sleep(Duration::from_millis(20));
        }
        let messages = self.mail.messages().into_iter();
        messages
            // Long lines are broken.
            .map(|message| message.replace("=\r\n", ""))
            .filter(|message| {
                let to = message.lines().find(|line| line.starts_with("To:"));
                to.is_some_and(|to| to.contains(address)) || message.contains(&format!("<{address}>\r\n"))
            })
            .collect()
    }

    /// The link below `path` in the newest mail to this address.
    fn link_to(&self, address: &str, path: &str) -> String {
        let mails = self.mails_to(address);
        let mail = mails.last().unwrap_or_else(|| panic!("no mail to {address}"));
        let (_, rest) = mail
            .split_once(&format!("https://login.fernweh.example{path}"))
            .unwrap_or_else(|| panic!("no link: {mail}"));
        format!("{path}{}", &rest[..43])
    }

    pub(crate) fn confirm_link(&self, address: &str) -> String {
        self.link_to(address, "/account/email/")
    }

    pub(crate) fn undo_link(&self, address: &str) -> String {
        self.link_to(address, "/email/undo/")
    }

    pub(crate) fn browser_of(&self, email: &str) -> Browser {
        let mut browser = self.sso.server.browser();
        let login = browser.get("/login");
        let done = browser.submit_password(&login, email, PASSWORD);
        assert_eq!(done.status, 303, "{}", done.body);
        browser
    }

    fn can_sign_in(&self, email: &str) -> bool {
        let mut browser = self.sso.server.browser();
        let login = browser.get("/login");
        browser.submit_password(&login, email, PASSWORD).status == 303
    }

    /// Changes the address of whoever is signed in, from the form to the link.
    pub(crate) fn change(&self, browser: &mut Browser, new: &str) {
        assert_contains(&ask(browser, new).body, "Look into the mail");
        let done = press(browser, &self.confirm_link(new));
        assert_eq!(done.status, 200, "{}", done.body);
        assert_contains(&done.body, "Your address is changed");
    }

    pub(crate) fn address(&self) -> String {
        let id = self.sso.ada.id;
        sql::texts(
            &self.sso.server.settings,
            &format!("SELECT email AS t FROM users WHERE id = '{id}'"),
        )
        .remove(0)
    }

    pub(crate) fn rows(&self) -> i64 {
        sql::number(
            &self.sso.server.settings,
            "SELECT count(*) AS n FROM email_changes",
        )
    }
}

/// Sends the form with another address.
pub(crate) fn ask(browser: &mut Browser, new: &str) -> Response {
    let page = browser.get(PAGE);
    assert_eq!(page.status, 200, "{} {}", page.status, page.body);
    let csrf = page.field("csrf").unwrap();
    browser.post(PAGE, &[("csrf", &csrf), ("email", new)])
}

/// Opens a link and presses its button.
pub(crate) fn press(browser: &mut Browser, link: &str) -> Response {
    let page = browser.get(link);
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.field("csrf").unwrap();
    browser.post(link, &[("csrf", &csrf)])
}

#[test]
fn a_new_address_holds_once_its_link_was_opened_by_the_person_who_asked() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.sso.server.add_user(GRACE, "Grace", "Hopper");
        let mut ada = setup.sso.signed_in_browser();
        posted_response(&ada.get(&setup.sso.sso_url("_r1")));
        let mut elsewhere = setup.browser_of(ADA);
        assert_contains(&ada.get("/account").body, "href=\"/account/email\"");
        assert_contains(&ask(&mut ada, NEW).body, "Look into the mail");
        let link = setup.confirm_link(NEW);
        assert_eq!(setup.address(), ADA, "not before");

        // A mail scanner, and somebody else.
        let scanner = setup.sso.server.browser().get(&link);
        assert_eq!(scanner.status, 303);
        let mut grace = setup.browser_of(GRACE);
        let other = grace.get(&link);
        assert_eq!(other.status, 403);
        assert_contains(&other.body, "another account");
        let csrf = grace.get("/account/password").field("csrf").unwrap();
        assert_eq!(grace.post(&link, &[("csrf", &csrf)]).status, 410);
        assert_eq!(setup.address(), ADA);

        let page = ada.get(&link);
        for words in [NEW, "keep receiving the address of before", "Wiki"] {
            assert_contains(&page.body, words);
        }
        assert_eq!(ada.post(&link, &[("csrf", "x")]).status, 303, "not its form");
        assert_contains(&press(&mut ada, &link).body, "Your address is changed");
        assert_eq!(setup.address(), NEW);
        assert_eq!(ada.get(&link).status, 410, "once");
        SsoSetup::assert_signed_in(&ada);
        assert_eq!(elsewhere.get("/").status, 200, "other sessions stay");
        assert!(setup.can_sign_in(NEW) && !setup.can_sign_in(ADA));
        let (xml, _) = posted_response(&ada.get(&setup.sso.sso_url("_r2")));
        assert_contains(&xml, &format!(">{ADA}</"));
        assert_lacks(&xml, NEW);
        let told = setup.mails_to(ADA);
        assert_contains(told.last().unwrap(), "Your e-mail address was changed");
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let log = cli.expect_success(&["audit", "--action", "user.email_change"]);
        for words in [
            &format!("e-mail: {ADA} -> {NEW}"),
            "pinned e-mail for wiki",
            "e-mail asked for",
        ] {
            assert_contains(&log, words);
        }
    });
}

#[test]
fn whoever_is_not_signed_in_signs_in_and_then_sees_the_link() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        ask(&mut setup.sso.signed_in_browser(), NEW);
        let link = setup.confirm_link(NEW);
        let mut browser = setup.sso.server.browser();
        let login = browser.get_following_redirects(&link);
        let page = browser.sign_in(&login, ADA, PASSWORD);
        assert_contains(&page.body, "Use this address?");
        setup.sso.server.clock.advance(TimeDelta::minutes(31));
        assert_eq!(browser.get(&link).status, 410, "after half an hour");
        assert_eq!(setup.address(), ADA);
        setup.sso.server.provider.run_housekeeping().unwrap();
        assert_eq!(setup.rows(), 0);
    });
}

#[test]
fn an_address_is_asked_for_soon_after_a_sign_in_and_only_of_a_listed_domain() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut ada = setup.sso.signed_in_browser();
        for (typed, words) in [
            ("ada@evil.example", "Addresses of this domain are not taken here"),
            (
                "ada@fernweh.example.evil.example",
                "Addresses of this domain are not taken here",
            ),
            (
                "ada@mail.fernweh.example",
                "Addresses of this domain are not taken here",
            ),
            ("ada king", "This is not an e-mail address"),
            ("ADA@fernweh.example", "This is the address that you have"),
        ] {
            assert_contains(&ask(&mut ada, typed).body, words);
        }
        assert_eq!(setup.rows(), 0);
        setup.sso.server.clock.advance(TimeDelta::minutes(6));
        let stale = ada.get(PAGE);
        assert_eq!(stale.status, 303, "{}", stale.body);
        let login = ada.get_following_redirects(PAGE);
        assert_contains(&ada.sign_in(&login, ADA, PASSWORD).body, "New address");
        // The form of a page that was open for long.
        let csrf = ada.get(PAGE).field("csrf").unwrap();
        setup.sso.server.clock.advance(TimeDelta::minutes(16));
        let late = ada.post(PAGE, &[("csrf", &csrf), ("email", NEW)]);
        assert_eq!(late.status, 303, "{}", late.body);
        assert_eq!(setup.rows(), 0);
    });
}

#[test]
fn who_asks_does_not_learn_whether_somebody_has_the_address_and_cannot_flood_them() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.sso.server.add_user(GRACE, "Grace", "Hopper");
        let mut ada = setup.sso.signed_in_browser();
        let free = ask(&mut ada, NEW);
        let taken = ask(&mut ada, GRACE);
        assert_eq!((free.status, &free.body), (taken.status, &taken.body));
        let told = setup.mails_to(GRACE);
        assert_eq!(told.len(), 1);
        assert_contains(&told[0], "Somebody asked for your e-mail address");
        assert_lacks(&told[0], "/account/email/");
        assert_eq!(
            (setup.address().as_str(), setup.rows()),
            (ADA, 0),
            "whoever has it: the link of before is gone"
        );
        assert_eq!(ask(&mut ada, GRACE).status, 200);
        let flooded = ask(&mut ada, GRACE);
        assert_eq!(flooded.status, 429);
        assert_contains(&flooded.body, "Too many links were asked for");
        assert_eq!(setup.mails_to(GRACE).len(), 2);
        let link = setup.confirm_link(NEW);
        assert_eq!(ada.get(&link).status, 410);

        // The address is given to somebody else before the link is opened.
        setup.sso.server.clock.advance(TimeDelta::minutes(61));
        let mut ada = setup.browser_of(ADA);
        assert_eq!(ask(&mut ada, NEW).status, 200);
        setup.sso.server.add_user(NEW, "Eve", "E");
        let link = setup.confirm_link(NEW);
        let taken = press(&mut ada, &link);
        assert_eq!(taken.status, 409);
        assert_eq!(setup.address(), ADA);
    });
}

#[test]
fn the_old_address_undoes_a_change_for_a_week_and_ends_every_session() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut ada = setup.sso.signed_in_browser();
        posted_response(&ada.get(&setup.sso.sso_url("_r1")));
        setup.change(&mut ada, NEW);
        let link = setup.undo_link(ADA);
        setup
            .sso
            .server
            .clock
            .advance(TimeDelta::days(7) - TimeDelta::minutes(2));
        let thief = setup.browser_of(NEW);
        let mut anybody = setup.sso.server.browser();
        let page = anybody.get(&link);
        assert_contains(&page.body, ADA);
        assert_eq!(anybody.post(&link, &[("csrf", "x")]).status, 403);
        assert_eq!(setup.address(), NEW, "opening it changes nothing");
        assert_contains(&press(&mut anybody, &link).body, "The change is undone");
        assert_eq!(setup.address(), ADA);
        SsoSetup::assert_signed_out(&thief);
        assert_eq!(anybody.get(&link).status, 410, "once");
        for address in [ADA, NEW] {
            let mails = setup.mails_to(address);
            assert_contains(mails.last().unwrap(), "A change of e-mail address was undone");
        }
        let pinned = "SELECT count(*) AS n FROM app_identities WHERE pinned_email IS NOT NULL";
        assert_eq!(sql::number(&setup.sso.server.settings, pinned), 0);
        assert!(setup.can_sign_in(ADA) && !setup.can_sign_in(NEW));

        let mut ada = setup.browser_of(ADA);
        setup.change(&mut ada, NEW);
        let late = setup.undo_link(ADA);
        setup
            .sso
            .server
            .clock
            .advance(TimeDelta::days(7) + TimeDelta::minutes(1));
        assert_eq!(anybody.get(&late).status, 410, "after a week");
        setup.sso.server.provider.run_housekeeping().unwrap();
        assert_eq!(setup.rows(), 0);
    });
}

#[test]
fn what_lets_somebody_in_and_was_set_since_the_change_is_gone_with_it() {
    const STOLEN: &str = "seven plums by a river";
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut thief = setup.sso.signed_in_browser();
        setup.change(&mut thief, NEW);
        let link = setup.undo_link(ADA);
        setup.sso.server.clock.advance(TimeDelta::minutes(1));
        let page = thief.get("/account/second-factors/add");
        let phone = Authenticator::from_page(&page);
        let done = enrol(&mut thief, &page, &phone.code(setup.sso.now()));
        assert_eq!(done.status, 200, "{}", done.body);
        let page = thief.get("/account/password");
        let csrf = page.field("csrf").unwrap();
        let changed = thief.post(
            "/account/password",
            &[("csrf", &csrf), ("current", PASSWORD), ("new", STOLEN)],
        );
        assert_eq!(changed.status, 303, "{}", changed.body);

        assert_contains(
            &press(&mut setup.sso.server.browser(), &link).body,
            "The change is undone",
        );
        let left = |table: &str| {
            let query = format!("SELECT count(*) AS n FROM {table}");
            sql::number(&setup.sso.server.settings, &query)
        };
        assert_eq!(
            (
                left("second_factors"),
                left("recovery_codes"),
                left("user_passwords")
            ),
            (0, 0, 0)
        );
        for password in [STOLEN, PASSWORD] {
            let mut browser = setup.sso.server.browser();
            let login = browser.get("/login");
            assert_ne!(browser.submit_password(&login, ADA, password).status, 303);
        }
        let mails = setup.mails_to(ADA);
        assert_contains(
            mails.last().unwrap(),
            "that were set since the change no longer work",
        );
        let details = sql::texts(
            &setup.sso.server.settings,
            "SELECT detail AS t FROM audit_events WHERE action = 'user.email_change.undo'",
        );
        assert_eq!(
            details,
            ["removed: second factors set up since the change: 1, the password set since the change"]
        );
        // The way back: a link to the old address.
        let mut ada = setup.sso.server.browser();
        let page = ada.get("/recover");
        let csrf = page.field("csrf").unwrap();
        ada.post("/recover", &[("csrf", &csrf), ("email", ADA)]);
        let link = setup.link_to(ADA, "/link/");
        let page = ada.get(&link);
        let csrf = page.field("csrf").unwrap();
        let chosen = ada.post(&link, &[("csrf", &csrf), ("new", "a password of her own again")]);
        assert_eq!(chosen.status, 303, "{}", chosen.body);
        let login = ada.get("/login");
        let done = ada.submit_password(&login, ADA, "a password of her own again");
        assert_eq!(done.status, 303, "{}", done.body);
    });
}

#[test]
fn the_old_address_wins_over_whoever_changed_it_twice() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut thief = setup.sso.signed_in_browser();
        setup.change(&mut thief, NEW);
        let first = setup.undo_link(ADA);
        setup.sso.server.clock.advance(TimeDelta::seconds(5));
        setup.change(&mut thief, THIRD);
        let second = setup.undo_link(NEW);
        ask(&mut thief, "fourth@fernweh.example");
        let pending = setup.confirm_link("fourth@fernweh.example");
        assert_eq!(setup.address(), THIRD);
        let mut anybody = setup.sso.server.browser();
        // The thief brings the second one back; that takes nothing from the first.
        press(&mut anybody, &second);
        assert_eq!(setup.address(), NEW);
        let mut thief = setup.browser_of(NEW);
        assert_eq!(thief.get(&pending).status, 410);
        // More than three requests an hour are not taken.
        setup.sso.server.clock.advance(TimeDelta::minutes(61));
        let mut thief = setup.browser_of(NEW);
        setup.change(&mut thief, THIRD);
        let second = setup.undo_link(NEW);
        assert_contains(&press(&mut anybody, &first).body, "The change is undone");
        assert_eq!(setup.address(), ADA);
        SsoSetup::assert_signed_out(&thief);
        for over in [&first, &second] {
            assert_eq!(anybody.get(over).status, 410);
        }
        assert_eq!(setup.rows(), 0);
    });
}

#[test]
fn an_address_that_can_be_brought_back_is_nobody_elses_and_an_administrator_decides_last() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        setup.sso.server.add_user(GRACE, "Grace", "Hopper");
        let mut ada = setup.sso.signed_in_browser();
        setup.change(&mut ada, NEW);
        let link = setup.undo_link(ADA);
        let email = |text: &str| Email::parse(text).unwrap();
        let edit = |new: &str| UserEdit {
            email: Some(email(new)),
            email_decisions: EmailDecisions::all(EmailDecision::SendNew),
            ..UserEdit::default()
        };
        let people = setup.sso.server.people();
        let taken = people.edit_user(&email(GRACE), &edit(ADA)).unwrap().unwrap();
        assert_eq!(taken, ChangeOutcome::Taken);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let add = ["user", "add", ADA, "--given-name", "Eve", "--password-stdin"];
        assert_contains(
            &cli.expect_failure_with_input(&add, PASSWORD),
            "can have it back for 7 days",
        );
        let mut grace = setup.browser_of(GRACE);
        let silent = ask(&mut grace, ADA);
        assert_contains(&silent.body, "Look into the mail");
        assert_eq!(setup.rows(), 1);
        people.edit_user(&email(NEW), &edit(THIRD)).unwrap().unwrap();
        assert_eq!(setup.sso.server.browser().get(&link).status, 410);
        assert_eq!((setup.address().as_str(), setup.rows()), (THIRD, 0));
        people.edit_user(&email(GRACE), &edit(ADA)).unwrap().unwrap();
    });
}

#[test]
fn by_default_an_administrator_alone_changes_addresses() {
    on_each_database(|database| {
        let sso = SsoSetup::new(database);
        let mut ada = sso.signed_in_browser();
        assert_lacks(&ada.get("/account").body, PAGE);
        assert_eq!(ada.get(PAGE).status, 404);
        assert_eq!(ada.post(PAGE, &[("email", NEW)]).status, 404);
    });
}

#[test]
fn of_an_erased_person_no_address_of_before_is_left() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut ada = setup.sso.signed_in_browser();
        posted_response(&ada.get(&setup.sso.sso_url("_r1")));
        setup.change(&mut ada, NEW);
        ask(&mut ada, THIRD);
        let settings = &setup.sso.server.settings;
        sql::execute(
            settings,
            &format!("UPDATE audit_events SET detail = 'was {ADA}' WHERE action = 'app.add'"),
        );
        let people = setup.sso.server.people();
        people.delete_user(&Email::parse(NEW).unwrap()).unwrap();
        setup.mails_to(ADA);
        setup.sso.server.clock.advance(TimeDelta::days(31));
        setup.sso.server.provider.run_housekeeping().unwrap();
        for table in ["users", "email_changes", "app_identities"] {
            let count = format!("SELECT count(*) AS n FROM {table}");
            assert_eq!(sql::number(settings, &count), 0, "{table}");
        }
        let kept = "SELECT coalesce(detail, '') || coalesce(changes, '') AS t FROM audit_events";
        let kept = sql::texts(settings, kept).join("\n");
        for address in [ADA, NEW, THIRD] {
            assert_lacks(&kept, address);
        }
    });
}
