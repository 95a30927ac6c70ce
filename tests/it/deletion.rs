//! Deleted users: disabled at once, restorable for a month, then erased; their ids are never reused.

use std::fs;

use chrono::TimeDelta;
use hallpass::{
    config::Settings,
    model::{
        actor::Actor,
        name_id::PERSISTENT,
        user::{OwnAttributes, User, UserName},
    },
    provider::{
        people::deletion::DELETION_GRACE_PERIOD,
        people::{
            user_edit::UserEdit,
            users::{ChangeOutcome, UserFilter},
        },
    },
};
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        assertions::{assert_contains, assert_lacks},
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, on_each_database},
        test_sp::posted_response,
    },
};

fn cli(setup: &SsoSetup, database: &Database) -> Cli {
    Cli::new(&setup.server.settings.data_dir, database)
}

#[test]
fn a_deleted_user_is_signed_out_at_once_and_can_be_restored_for_a_month() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = cli(&setup, database);
        let browser = setup.signed_in_browser();
        let output = cli.expect_success(&["user", "delete", ADA]);
        assert!(
            output.contains("Everything about them is erased on") && output.contains("user enable"),
            "{output}"
        );
        SsoSetup::assert_signed_out(&browser);
        assert_eq!(
            cli.expect_success(&["user", "delete", ADA]),
            output,
            "a second time changes nothing"
        );

        // The same response as for an address that nobody has.
        let mut browser = setup.server.browser();
        let login = browser.get_following_redirects("/login");
        let mut tries = [ADA, "nobody@fernweh.example"].map(|email| {
            let page = browser.submit_password(&login, email, PASSWORD);
            (page.status, page.body.replace(email, ""))
        });
        for (_, body) in &mut tries {
            assert!(body.contains("LOGIN-WRONG "), "{body}");
            // The token differs each time, and so does the reference.
            let same = |line: &&str| !line.contains("csrf") && !line.contains("LOGIN-WRONG ");
            *body = body.lines().filter(same).collect();
        }
        assert_eq!(tries[0], tries[1]);

        let shown = cli.json(&["user", "show", ADA, "--json"]);
        assert_eq!(shown, cli.json(&["user", "delete", ADA, "--json"]));
        assert_eq!(shown["enabled"], false);
        assert!(
            shown["deleted_at"].is_string() && shown["erased_at"].is_string(),
            "{shown}"
        );
        assert_contains(&cli.expect_success(&["user", "list"]), "(deleted, erased on ");
        assert_contains(
            &cli.expect_success(&["user", "show", ADA]),
            "until then `hallpass user enable",
        );
        let add = ["user", "add", ADA, "--given-name", "Ada", "--password-stdin"];
        let refused = cli.expect_failure_with_input(&add, PASSWORD);
        assert!(
            refused.contains("was deleted") && refused.contains("user enable"),
            "{refused}"
        );

        setup
            .server
            .clock
            .advance(DELETION_GRACE_PERIOD - TimeDelta::seconds(1));
        setup.server.provider.run_housekeeping().unwrap();
        cli.expect_success(&["user", "enable", ADA]);
        let shown = cli.json(&["user", "show", ADA, "--json"]);
        assert_eq!(
            (&shown["enabled"], &shown["deleted_at"], &shown["erased_at"]),
            (&Value::Bool(true), &Value::Null, &Value::Null)
        );
        setup.server.clock.advance(DELETION_GRACE_PERIOD);
        setup.server.provider.run_housekeeping().unwrap();
        assert!(
            SsoSetup::is_signed_in(&setup.signed_in_browser()),
            "with the same password"
        );
        let audit_rows = sql::texts(
            &setup.server.settings,
            "SELECT action AS t FROM audit_events WHERE action LIKE 'user.%' ORDER BY id",
        );
        assert_eq!(audit_rows, ["user.add", "user.delete", "user.enable"]);
    });
}

const IMPORTED_NAME_ID: &str = "brombeermarmelade-4711";

/// A user with every value that a user can have.
fn user_with_everything(setup: &SsoSetup) -> User {
    let provider = &setup.server.provider;
    let deleted_user = setup.server.add_user(
        "zwiebelkuchen@fernweh.example",
        "Quastenflosser",
        "Rhabarberbarbara",
    );
    let edit = UserEdit {
        user_name: Some(Some(UserName::parse("quittengelee").unwrap())),
        attributes: OwnAttributes::from([("team".to_owned(), vec!["Pfifferlinge".to_owned()])]),
        ..UserEdit::default()
    };
    provider
        .people(&Actor::Itself)
        .edit_user(&deleted_user.email, &edit)
        .unwrap()
        .unwrap();
    assert!(
        provider
            .people(&Actor::Itself)
            .set_persistent_name_id(&setup.wiki, &deleted_user, IMPORTED_NAME_ID)
            .unwrap()
    );
    assert_contains(
        &persistent_name_id_response(setup, &deleted_user, "_leaver"),
        IMPORTED_NAME_ID,
    );
    deleted_user
}

/// Signs `person` in at an application that requests a persistent NameID.
fn persistent_name_id_response(setup: &SsoSetup, person: &User, id: &str) -> String {
    let mut browser = setup.server.browser();
    let login = browser.get_following_redirects("/login");
    browser.sign_in(&login, person.email.as_str(), PASSWORD);
    let policy = format!("<samlp:NameIDPolicy Format=\"{PERSISTENT}\"/>");
    posted_response(&browser.get(&setup.sso_url_with(id, "", &policy))).0
}

fn erase(setup: &SsoSetup, person: &User) {
    let deleted = setup.server.people().delete_user(&person.email).unwrap();
    assert!(matches!(deleted, ChangeOutcome::Done(_)), "{deleted:?}");
    setup.server.clock.advance(DELETION_GRACE_PERIOD);
    setup.server.provider.run_housekeeping().unwrap();
}

/// Which of `texts` the files of a SQLite database contain.
fn texts_left_in_files<'t>(settings: &Settings, texts: &[&'t str]) -> Vec<&'t str> {
    let Some(file) = settings.sqlite_path() else {
        return Vec::new();
    };
    let files = ["", "-wal", "-journal"]
        .map(|ending| fs::read(format!("{}{ending}", file.display())).unwrap_or_default());
    let lies = |text: &&str| {
        files
            .iter()
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    texts.iter().copied().filter(lies).collect()
}

#[test]
fn after_a_month_only_ids_of_a_deleted_user_are_left() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let settings = &setup.server.settings;
        let deleted_user = user_with_everything(&setup);
        // Text that names the user where it should not.
        sql::execute(
            settings,
            &format!(
                "UPDATE audit_events SET detail = 'was Zwiebelkuchen@fernweh.example, Rhabarberbarbara' WHERE user_id = '{}' AND action = 'user.edit'; \
                 UPDATE audit_events SET detail = 'not zwiebelkuchen@fernweh.example' WHERE action = 'app.add'; \
                 UPDATE audit_events SET detail = 'of somebody else' WHERE user_id = '{}'",
                deleted_user.id, setup.ada.id
            ),
        );
        let phc = format!(
            "SELECT phc AS t FROM user_passwords WHERE user_id = '{}'",
            deleted_user.id
        );
        let phc = sql::texts(settings, &phc).remove(0);
        let private = [
            deleted_user.email.as_str(),
            "Zwiebelkuchen@",
            "Quastenflosser",
            "Rhabarberbarbara",
            "quittengelee",
            "Pfifferlinge",
            IMPORTED_NAME_ID,
            phc.rsplit('$').next().unwrap(),
        ];
        if settings.sqlite_path().is_some() {
            assert_eq!(
                texts_left_in_files(settings, &private),
                private,
                "the test would see them"
            );
        }
        let edits = "SELECT count(*) AS n FROM audit_events WHERE changes LIKE '%quittengelee%'";
        assert_eq!(sql::number(settings, edits), 1);
        let before = sql::number(settings, "SELECT count(*) AS n FROM audit_events");
        erase(&setup, &deleted_user);

        assert_eq!(texts_left_in_files(settings, &private), Vec::<&str>::new());
        for (table, column) in [
            ("users", "id"),
            ("user_passwords", "user_id"),
            ("user_attributes", "user_id"),
            ("known_devices", "user_id"),
            ("sessions", "user_id"),
            ("app_identities", "user_id"),
        ] {
            let sql = format!(
                "SELECT count(*) AS n FROM {table} WHERE {column} = '{}'",
                deleted_user.id
            );
            assert_eq!(sql::number(settings, &sql), 0, "{table}");
        }
        let trail = |what: &str| {
            sql::texts(
                settings,
                &format!("SELECT {what} AS t FROM audit_events ORDER BY id"),
            )
        };
        let actions = trail("action");
        assert_eq!(
            actions.len(),
            usize::try_from(before + 2).unwrap(),
            "no row is lost"
        );
        assert_eq!(actions.last().unwrap(), "user.erase");
        assert!(actions.contains(&"user.delete".to_owned()), "{actions:?}");
        let details = trail("coalesce(detail, '') || coalesce(changes, '')")
            .join("\n")
            .to_lowercase();
        assert!(
            ["zwiebel", "rhabarber", "quitten", "pfiffer"]
                .iter()
                .all(|word| !details.contains(word)),
            "{details}"
        );
        assert!(details.contains("of somebody else"), "{details}");
        assert_eq!(
            setup
                .server
                .people()
                .users(&UserFilter::default(), 10)
                .unwrap()
                .len(),
            1
        );
    });
}

#[test]
fn identifiers_of_an_erased_user_are_never_reused() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let cli = cli(&setup, database);
        let deleted_user = user_with_everything(&setup);
        erase(&setup, &deleted_user);
        let email = deleted_user.email.as_str();
        let add = ["user", "add", email, "--given-name", "Eve", "--password-stdin"];
        let same = [&add[..], &["--stable-id", deleted_user.stable_id.as_str()]].concat();
        assert_contains(
            &cli.expect_failure_with_input(&same, PASSWORD),
            "was erased had that stable id",
        );
        cli.expect_success_with_input(&add, PASSWORD);
        let eve = setup
            .server
            .people()
            .user_by_email(&deleted_user.email)
            .unwrap()
            .unwrap();
        assert_ne!(
            (eve.id, &eve.stable_id),
            (deleted_user.id, &deleted_user.stable_id)
        );
        let set = [
            "user",
            "name-id",
            email,
            "--app",
            "wiki",
            "--set",
            IMPORTED_NAME_ID,
        ];
        assert_contains(&cli.expect_failure(&set), "never given to somebody else");
        assert_lacks(
            &persistent_name_id_response(&setup, &eve, "_eve"),
            IMPORTED_NAME_ID,
        );
    });
}
