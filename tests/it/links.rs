//! Links by which somebody who cannot sign in chooses a password: invitations, recovery, and the rescue of the last
//! resort.

use std::{
    thread,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use hallpass::model::user::Email;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_empty, assert_lacks},
        browser::Browser,
        http::Response,
        mail_server::MailServer,
        sign_in_attempts::browser_from,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, TestServer, on_each_database},
    },
};

const NEW_PASSWORD: &str = "another good password";
const GRACE: &str = "grace@fernweh.example";

/// The path of the link in a text.
fn link_in(text: &str) -> String {
    // Long lines of a mail are broken.
    let text = text.replace("=\r\n", "");
    let (_, rest) = text
        .split_once("https://login.fernweh.example/link/")
        .unwrap_or_else(|| panic!("no link: {text}"));
    format!("/link/{}", &rest[..43])
}

fn links(server: &TestServer) -> i64 {
    sql::number(&server.settings, "SELECT count(*) AS n FROM one_time_links")
}

fn choose(browser: &mut Browser, link: &str, password: &str) -> Response {
    let page = browser.get(link);
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.field("csrf").unwrap();
    browser.post(link, &[("csrf", &csrf), ("new", password)])
}

/// Chooses a password, and signs in with it.
fn choose_and_sign_in(browser: &mut Browser, link: &str, email: &str) {
    let done = choose(browser, link, NEW_PASSWORD);
    assert_eq!(done.status, 303, "{}", done.body);
    let next = done.location().to_owned();
    let page = browser.get_following_redirects(&next);
    assert_contains(&page.body, "Your password is set");
    let portal = browser.sign_in(&page, email, NEW_PASSWORD);
    assert_eq!(portal.status, 200);
    assert_contains(&portal.body, "Signed in as");
}

/// The same for an owner, who needs a second factor and has none.
fn choose_and_sign_in_as_owner(browser: &mut Browser, link: &str) {
    let done = choose(browser, link, NEW_PASSWORD);
    assert_eq!(done.status, 303, "{}", done.body);
    let next = done.location().to_owned();
    let page = browser.get_following_redirects(&next);
    let asked = browser.sign_in(&page, ADA, NEW_PASSWORD);
    let asked = browser.get_following_redirects(asked.header("location").unwrap_or("/"));
    assert_contains(&asked.body, "Add your phone");
}

/// Asks for a link on the page for a forgotten password.
fn ask(browser: &mut Browser, email: &str) -> Response {
    let page = browser.get("/recover");
    assert_eq!(page.status, 200, "{}", page.body);
    let csrf = page.field("csrf").unwrap();
    browser.post("/recover", &[("csrf", &csrf), ("email", email)])
}

/// A daemon with a mail server, and somebody who has forgotten the password.
struct Setup {
    sso: SsoSetup,
    mail: MailServer,
}

impl Setup {
    fn new(database: &Database) -> Self {
        let mail = MailServer::start();
        let environment = mail.environment();
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let sso = SsoSetup::with(database, &environment, |_, _| {});
        Self { sso, mail }
    }

    /// Waits until nothing waits, and returns the mails.
    fn mails(&self) -> Vec<String> {
        let open = "SELECT count(*) AS n FROM jobs WHERE done_at IS NULL";
        let end = Instant::now() + Duration::from_mins(1);
        while sql::number(&self.sso.server.settings, open) > 0 {
            assert!(Instant::now() < end, "jobs are left");
            thread::sleep(Duration::from_millis(20));
        }
        self.mail.messages()
    }
}

#[test]
fn somebody_who_was_invited_chooses_a_password_once_and_signs_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let server = &setup.server;
        let cli = Cli::new(&server.settings.data_dir, database);
        let said = cli.expect_success(&[
            "user",
            "add",
            GRACE,
            "--first-name",
            "Grace",
            "--last-name",
            "H",
            "--invite",
            "--role",
            "auditor",
        ]);
        assert_contains(&said, "Hand this link over");
        let link = link_in(&said);
        let stored = sql::texts(
            &server.settings,
            "SELECT purpose || ' ' || user_id AS t FROM one_time_links",
        );
        assert_eq!(stored.len(), 1, "{stored:?}");
        // What mail scanners do uses nothing up.
        let mut scanner = server.browser();
        for _ in 0..3 {
            let page = scanner.get(&link);
            assert_eq!(page.status, 200);
            assert_contains(&page.body, "Welcome, <bdi>Grace</bdi>");
        }
        let mut grace = server.browser();
        let page = choose(&mut grace, &link, "short");
        assert_eq!(page.status, 200);
        assert_contains(&page.body, "This is too short");
        // Another browser's form is not taken.
        let foreign = grace.get(&link).field("csrf").unwrap();
        let refused = scanner.post(&link, &[("csrf", &foreign), ("new", NEW_PASSWORD)]);
        assert_eq!(refused.status, 403);
        choose_and_sign_in(&mut grace, &link, GRACE);
        assert_eq!(scanner.get(&link).status, 410);
        assert_eq!(
            scanner
                .post(&link, &[("csrf", &foreign), ("new", PASSWORD)])
                .status,
            410
        );
        let said = cli.expect_failure(&["user", "invite", GRACE]);
        assert_contains(&said, "has a password already");
        let audit = sql::texts(
            &server.settings,
            "SELECT action || ' ' || coalesce(detail, '') AS t FROM audit_events \
             WHERE action IN ('user.invite', 'user.change_password')",
        );
        assert_contains(&audit.join("\n"), "user.invite handed over");
        assert_contains(&audit.join("\n"), "user.change_password by an invitation");
    });
}

#[test]
fn an_invitation_lasts_a_week_and_ends_with_the_account_or_its_address() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let server = &setup.server;
        let cli = Cli::new(&server.settings.data_dir, database);
        let add = |email: &str| {
            let name = ["--first-name", "Grace", "--last-name", "H", "--invite"];
            link_in(&cli.expect_success(&[&["user", "add", email][..], &name].concat()))
        };
        let (first, second, third) = (add(GRACE), add("g2@fernweh.example"), add("g3@fernweh.example"));
        let mut browser = server.browser();
        cli.expect_success(&["user", "disable", "g2@fernweh.example"]);
        assert_eq!(browser.get(&second).status, 410);
        cli.expect_success(&["user", "enable", "g2@fernweh.example"]);
        assert_eq!(browser.get(&second).status, 410);
        cli.expect_success(&[
            "user",
            "edit",
            "g3@fernweh.example",
            "--email",
            "g4@fernweh.example",
        ]);
        assert_eq!(browser.get(&third).status, 410);
        server.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(2));
        assert_eq!(browser.get(&first).status, 200);
        server.clock.advance(TimeDelta::minutes(3));
        assert_eq!(browser.get(&first).status, 410);
        server.provider.run_housekeeping().unwrap();
        assert_eq!(links(server), 0);
    });
}

#[test]
fn a_forgotten_password_is_replaced_by_a_mailed_link_which_ends_other_sessions_and_a_pause() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut elsewhere = setup.sso.signed_in_browser();
        let mut browser = setup.sso.server.browser();
        assert_contains(&browser.get("/login").body, "Forgot your password?");
        for n in 0..12 {
            let mut other = browser_from(&setup.sso, &format!("203.0.113.{n}"));
            let page = other.get("/login");
            other.submit_password(&page, ADA, "wrong password");
        }
        let answer = ask(&mut browser, " ADA@Fernweh.example ");
        assert_contains(&answer.body, "Look into your mail");
        let mails = setup.mails();
        let [mail] = mails.as_slice() else {
            panic!("{mails:?}")
        };
        assert_contains(mail, "To: \"Ada Lovelace\" <ada@fernweh.example>");
        let link = link_in(mail);
        choose_and_sign_in(&mut browser, &link, ADA);
        assert_eq!(elsewhere.get("/").status, 303, "signed out elsewhere");
        let mails = setup.mails();
        assert_contains(&mails[1], "your password was changed");
        assert_eq!(mails.len(), 2);
    });
}

#[test]
fn the_answer_is_the_same_for_an_address_that_nobody_has() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let settings = &setup.sso.server.settings;
        let jobs = "SELECT count(*) AS n FROM jobs";
        let mut answers = Vec::new();
        for (count, email) in [(1, "nobody@fernweh.example"), (2, ADA)] {
            let mut browser = setup.sso.server.browser();
            let before = sql::number(settings, jobs);
            let answer = ask(&mut browser, email);
            assert!(sql::number(settings, jobs) > before, "{count}");
            answers.push((answer.status, answer.body));
        }
        assert_eq!(answers[0], answers[1]);
        let mails = setup.mails();
        assert_eq!(mails.len(), 1, "{mails:?}");
        // Nothing that anybody can cause is recorded for the address that nobody has.
        let recorded = "SELECT count(*) AS n FROM audit_events WHERE action = 'user.recovery_link'";
        assert_eq!(sql::number(settings, recorded), 1);
        let email = Email::parse(ADA).unwrap();
        let off = hallpass::provider::people::user_edit::UserEdit {
            enabled: Some(false),
            ..Default::default()
        };
        setup
            .sso
            .server
            .people()
            .edit_user(&email, &off)
            .unwrap()
            .unwrap();
        ask(&mut setup.sso.server.browser(), ADA);
        assert_eq!(setup.mails().len(), 1, "nobody who is switched off gets one");
    });
}

#[test]
fn three_mails_an_hour_go_to_a_person_and_twenty_requests_come_from_an_address() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let mut bodies = Vec::new();
        for _ in 0..5 {
            bodies.push(ask(&mut setup.sso.server.browser(), ADA).body);
            setup.mails();
        }
        assert!(bodies.iter().all(|body| *body == bodies[0]), "always the same");
        assert_eq!(setup.mails().len(), 3);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let cli = cli.with_env(
            &setup
                .mail
                .environment()
                .each_ref()
                .map(|(name, value)| (*name, value.as_str())),
        );
        assert_contains(
            &cli.expect_failure(&["user", "recovery-link", ADA]),
            "three links were mailed",
        );
        link_in(&cli.expect_success(&["user", "recovery-link", ADA, "--print"]));
        let settings = &setup.sso.server.settings;
        let jobs = "SELECT count(*) AS n FROM jobs WHERE kind = 'recovery'";
        let mut browser = browser_from(&setup.sso, "198.51.100.7");
        let before = sql::number(settings, jobs);
        for n in 0..25 {
            ask(&mut browser, &format!("n{n}@fernweh.example"));
        }
        assert_eq!(sql::number(settings, jobs) - before, 20);
        setup.sso.server.clock.advance(TimeDelta::minutes(61));
        ask(&mut browser, ADA);
        assert_eq!(sql::number(settings, jobs) - before, 21);
        assert_eq!(setup.mails().len(), 4);
    });
}

#[test]
fn without_mail_nobody_is_led_to_the_page_for_a_forgotten_password() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let mut browser = setup.server.browser();
        assert_lacks(&browser.get("/login").body, "/recover");
        assert_eq!(browser.get("/recover").status, 404);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let link = link_in(&cli.expect_success(&["user", "recovery-link", ADA]));
        setup.server.clock.advance(TimeDelta::minutes(29));
        assert_eq!(browser.get(&link).status, 200);
        setup.server.clock.advance(TimeDelta::minutes(2));
        assert_eq!(browser.get(&link).status, 410);
        for broken in ["/link/x", "/link/%00", &format!("{link}A")] {
            assert_eq!(browser.get(broken).status, 410, "{broken}");
        }
    });
}

#[test]
fn a_password_of_ones_own_or_by_an_administrator_is_mailed_and_ends_links() {
    on_each_database(|database| {
        let setup = Setup::new(database);
        let cli = Cli::new(&setup.sso.server.settings.data_dir, database);
        let link = link_in(&cli.expect_success(&["user", "recovery-link", ADA, "--print"]));
        let mut ada = setup.sso.signed_in_browser();
        let csrf = ada.get("/account/password").field("csrf").unwrap();
        let fields = [
            ("csrf", csrf.as_str()),
            ("current", PASSWORD),
            ("new", NEW_PASSWORD),
        ];
        assert_eq!(ada.post("/account/password", &fields).status, 303);
        assert_eq!(ada.get(&link).status, 410);
        assert_eq!(setup.mails().len(), 1);
        let password = hallpass::credential::password::Password::parse(PASSWORD).unwrap();
        let email = Email::parse(ADA).unwrap();
        setup
            .sso
            .server
            .people()
            .set_password(&email, &password, false)
            .unwrap();
        let mails = setup.mails();
        assert_eq!(mails.len(), 2);
        assert_contains(&mails[1], "your password was changed");
    });
}

#[test]
fn of_two_who_use_a_link_at_the_same_moment_one_succeeds() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        let link = link_in(&cli.expect_success(&["user", "recovery-link", ADA]));
        let statuses: Vec<u16> = thread::scope(|scope| {
            let running: Vec<_> = ["first long password", "second long password"]
                .into_iter()
                .map(|password| {
                    let (mut browser, link) = (setup.server.browser(), link.clone());
                    let csrf = browser.get(&link).field("csrf").unwrap();
                    scope.spawn(move || browser.post(&link, &[("csrf", &csrf), ("new", password)]).status)
                })
                .collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut sorted = statuses;
        sorted.sort_unstable();
        assert_eq!(sorted, [303, 410]);
    });
}

#[test]
fn a_rescue_makes_whoever_it_is_for_an_owner_who_can_sign_in() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let server = &setup.server;
        let cli = Cli::new(&server.settings.data_dir, database);
        assert_contains(&cli.expect_failure(&["rescue"]), "there is no owner");
        assert_contains(
            &cli.expect_failure(&["rescue", GRACE]),
            "nobody here has this address",
        );
        cli.expect_success(&["user", "delete", ADA]);
        let link = link_in(&cli.expect_success(&["rescue", ADA]));
        let role = "SELECT coalesce(role, 'none') AS t FROM users";
        assert_eq!(
            sql::texts(&server.settings, role),
            ["none"],
            "not before it is used"
        );
        let mut browser = server.browser();
        assert_contains(&browser.get(&link).body, "With it you are an owner here");
        choose_and_sign_in_as_owner(&mut browser, &link);
        assert_eq!(sql::texts(&server.settings, role), ["owner"]);
        // From now on the only owner need not be named.
        link_in(&cli.expect_success(&["rescue"]));
        let audit = sql::texts(
            &server.settings,
            "SELECT action || ' ' || coalesce(actor, '') AS t FROM audit_events WHERE action = 'user.rescue'",
        );
        assert_eq!(audit.len(), 2, "{audit:?}");
        assert!(
            audit.iter().all(|row| row.len() > "user.rescue ".len()),
            "{audit:?}"
        );
        let unnamed: Vec<String> = audit.into_iter().filter(|row| row.ends_with(' ')).collect();
        assert_empty(&unnamed);
    });
}

#[test]
fn a_rescue_works_while_the_daemon_is_stopped() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        server.add_user(ADA, "Ada", "L");
        let cli = Cli::new(&server.settings.data_dir, database);
        let dir = server.stop();
        let link = link_in(&cli.expect_success(&["rescue", ADA]));
        let server = TestServer::start_in_dir(dir, database, &[]);
        choose_and_sign_in_as_owner(&mut server.browser(), &link);
        assert!(server.people().has_owner().unwrap());
    });
}
