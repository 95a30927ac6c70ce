//! People who leave for good: out at once, had back for a month, erased then, and replaced by nobody.

use std::fs;

use chrono::TimeDelta;
use hallpass::{
    config::Settings,
    model::{
        name_id::PERSISTENT,
        user::{OwnAttributes, User, UserName},
    },
    provider::{
        deletion::KEPT_DELETED,
        users::{Changed, UserEdit},
    },
};
use serde_json::Value;

use crate::{
    cli::Cli,
    support::{
        house::{Database, PASSWORD, on_each_database},
        rows,
        scene::{ADA, Scene},
        sp::posted,
    },
};

fn cli(scene: &Scene, database: &Database) -> Cli {
    Cli::of(&scene.house.settings.data_dir, database)
}

#[test]
fn whoever_is_deleted_is_out_at_once_and_can_be_had_back_for_a_month() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = cli(&scene, database);
        let browser = scene.signed_in();
        let said = cli.says(&["user", "delete", ADA]);
        assert!(
            said.contains("Everything about them is erased on") && said.contains("user enable"),
            "{said}"
        );
        assert!(!Scene::is_signed_in(&browser));
        assert_eq!(
            cli.says(&["user", "delete", ADA]),
            said,
            "a second time changes nothing"
        );

        // As an address that nobody has.
        let mut browser = scene.house.browser();
        let login = browser.follow("/login");
        let mut tries = [ADA, "nobody@fernweh.example"].map(|email| {
            let page = browser.submit_login(&login, email, PASSWORD);
            (page.status, page.body.replace(email, ""))
        });
        for (_, body) in &mut tries {
            assert!(body.contains("LOGIN-WRONG "), "{body}");
            // The token is another one each time, and so is the reference.
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
        assert!(cli.says(&["user", "list"]).contains("(deleted, erased on "));
        assert!(
            cli.says(&["user", "show", ADA])
                .contains("until then `hallpass user enable")
        );
        let add = ["user", "add", ADA, "--given-name", "Ada", "--password-stdin"];
        let refused = cli.refuses_to(&add, PASSWORD);
        assert!(
            refused.contains("was deleted") && refused.contains("user enable"),
            "{refused}"
        );

        scene.house.clock.advance(KEPT_DELETED - TimeDelta::seconds(1));
        scene.house.provider.keep_house().unwrap();
        cli.says(&["user", "enable", ADA]);
        let shown = cli.json(&["user", "show", ADA, "--json"]);
        assert_eq!(
            (&shown["enabled"], &shown["deleted_at"], &shown["erased_at"]),
            (&Value::Bool(true), &Value::Null, &Value::Null)
        );
        scene.house.clock.advance(KEPT_DELETED);
        scene.house.provider.keep_house().unwrap();
        assert!(Scene::is_signed_in(&scene.signed_in()), "with the same password");
        let told = rows::texts(
            &scene.house.settings,
            "SELECT action AS t FROM audit_events WHERE action LIKE 'user.%' ORDER BY id",
        );
        assert_eq!(told, ["user.add", "user.delete", "user.enable"]);
    });
}

const BROUGHT: &str = "brombeermarmelade-4711";

/// Somebody with everything that a person can have.
fn leaver(scene: &Scene) -> User {
    let provider = &scene.house.provider;
    let leaver = scene.house.add_person(
        "zwiebelkuchen@fernweh.example",
        "Quastenflosser",
        "Rhabarberbarbara",
    );
    let edit = UserEdit {
        user_name: Some(Some(UserName::parse("quittengelee").unwrap())),
        attributes: OwnAttributes::from([("team".to_owned(), vec!["Pfifferlinge".to_owned()])]),
        ..UserEdit::default()
    };
    provider.edit_user(&leaver.email, &edit).unwrap().unwrap();
    assert!(
        provider
            .set_persistent_name_id(&scene.wiki, &leaver, BROUGHT)
            .unwrap()
    );
    assert!(named_response(scene, &leaver, "_leaver").contains(BROUGHT));
    leaver
}

/// Signs `person` in on the way to an application that asks for a persistent name.
fn named_response(scene: &Scene, person: &User, id: &str) -> String {
    let mut browser = scene.house.browser();
    let login = browser.follow("/login");
    browser.sign_in(&login, person.email.as_str(), PASSWORD);
    let policy = format!("<samlp:NameIDPolicy Format=\"{PERSISTENT}\"/>");
    posted(&browser.get(&scene.ask(id, "", &policy))).0
}

fn erase(scene: &Scene, person: &User) {
    let deleted = scene.house.provider.delete_user(&person.email).unwrap();
    assert!(matches!(deleted, Changed::Done(_)), "{deleted:?}");
    scene.house.clock.advance(KEPT_DELETED);
    scene.house.provider.keep_house().unwrap();
}

/// Which of `texts` lie in the files of a SQLite database.
fn lying_about<'t>(settings: &Settings, texts: &[&'t str]) -> Vec<&'t str> {
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
fn after_a_month_nothing_of_a_person_is_left_but_ids() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let settings = &scene.house.settings;
        let leaver = leaver(&scene);
        // As words that say too much.
        rows::execute(
            settings,
            &format!(
                "UPDATE audit_events SET detail = 'was Zwiebelkuchen@fernweh.example, Rhabarberbarbara' WHERE user_id = '{}' AND action = 'user.edit'; \
                 UPDATE audit_events SET detail = 'not zwiebelkuchen@fernweh.example' WHERE action = 'app.add'; \
                 UPDATE audit_events SET detail = 'of somebody else' WHERE user_id = '{}'",
                leaver.id, scene.ada.id
            ),
        );
        let phc = format!(
            "SELECT phc AS t FROM user_passwords WHERE user_id = '{}'",
            leaver.id
        );
        let phc = rows::texts(settings, &phc).remove(0);
        let private = [
            leaver.email.as_str(),
            "Zwiebelkuchen@",
            "Quastenflosser",
            "Rhabarberbarbara",
            "quittengelee",
            "Pfifferlinge",
            BROUGHT,
            phc.rsplit('$').next().unwrap(),
        ];
        if settings.sqlite_path().is_some() {
            assert_eq!(
                lying_about(settings, &private),
                private,
                "the test would see them"
            );
        }
        let edits = "SELECT count(*) AS n FROM audit_events WHERE changes LIKE '%quittengelee%'";
        assert_eq!(rows::number(settings, edits), 1);
        let before = rows::number(settings, "SELECT count(*) AS n FROM audit_events");
        erase(&scene, &leaver);

        assert_eq!(lying_about(settings, &private), Vec::<&str>::new());
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
                leaver.id
            );
            assert_eq!(rows::number(settings, &sql), 0, "{table}");
        }
        let trail = |what: &str| {
            rows::texts(
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
        assert_eq!(scene.house.provider.users().unwrap().len(), 1);
    });
}

#[test]
fn nobody_is_ever_taken_for_somebody_who_was_erased() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = cli(&scene, database);
        let leaver = leaver(&scene);
        erase(&scene, &leaver);
        let email = leaver.email.as_str();
        let add = ["user", "add", email, "--given-name", "Eve", "--password-stdin"];
        let same = [&add[..], &["--stable-id", leaver.stable_id.as_str()]].concat();
        assert!(
            cli.refuses_to(&same, PASSWORD)
                .contains("was erased had that stable id")
        );
        cli.says_to(&add, PASSWORD);
        let eve = scene
            .house
            .provider
            .user_by_email(&leaver.email)
            .unwrap()
            .unwrap();
        assert_ne!((eve.id, &eve.stable_id), (leaver.id, &leaver.stable_id));
        let set = ["user", "name-id", email, "--app", "wiki", "--set", BROUGHT];
        assert!(cli.refuses(&set).contains("never given to somebody else"));
        assert!(!named_response(&scene, &eve, "_eve").contains(BROUGHT));
    });
}
