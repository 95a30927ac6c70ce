//! Listings are read a page at a time: none repeats or leaves out a row while others are added, and each filter is
//! served by an index.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use hallpass::{
    config::Settings,
    model::{
        actor::Actor,
        application::Application,
        id::{AuditId, UserId},
        user::Email,
    },
    provider::{
        Provider,
        audit::explain::{AuditEntry, AuditQuery},
        people::users::UserFilter,
    },
};

use crate::{
    cli::Cli,
    support::{
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{TestServer, on_each_database},
    },
};

/// Adds users in SQL, which is faster than hashing a password for each.
fn add_users(settings: &Settings, numbers: impl Iterator<Item = u32>) {
    let is_true = if settings.sqlite_path().is_some() {
        "1"
    } else {
        "true"
    };
    let rows: Vec<String> = numbers
        .map(|n| {
            format!(
                "('00000000-0000-7000-8000-{n:012}', 'stable-{n}', 'person-{n:05}@fernweh.example', 'Given{n}', 'Family{n}', \
                 {is_true}, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            )
        })
        .collect();
    sql::execute(
        settings,
        &format!(
            "INSERT INTO users (id, stable_id, email, given_name, family_name, enabled, version, created_at, updated_at) VALUES {}",
            rows.join(", ")
        ),
    );
}

/// Adds audit events of `user`, whose ids begin with the time `at`.
fn add_audit_events(settings: &Settings, at: &str, numbers: impl Iterator<Item = u32>, user: UserId) {
    let rows: Vec<String> = numbers
        .map(|n| {
            format!("('{at}-7000-8000-{n:012}', '2026-01-01 00:00:00', 'login', 'LOGIN-WRONG', '{user}', 1)")
        })
        .collect();
    sql::execute(
        settings,
        &format!(
            "INSERT INTO audit_events (id, at, action, outcome, user_id, occurrences) VALUES {}",
            rows.join(", ")
        ),
    );
}

fn emails(provider: &Provider, page: u32) -> Vec<Email> {
    let mut filter = UserFilter::default();
    let mut all = Vec::new();
    loop {
        let found = provider.people(&Actor::Itself).users(&filter, page).unwrap();
        all.extend(found.into_iter().map(|user| user.email));
        if all.last() == filter.after.as_ref() {
            return all;
        }
        filter.after = all.last().cloned();
    }
}

fn events(provider: &Provider, mut query: AuditQuery) -> Vec<AuditId> {
    let mut all = Vec::new();
    loop {
        let found: Vec<AuditEntry> = provider.audit(&Actor::Itself).audit_entries(&query).unwrap();
        all.extend(found.iter().map(|entry| entry.row.id));
        match found.last() {
            Some(last) => query.after = Some(last.row.id),
            None => return all,
        }
    }
}

#[test]
fn pages_of_users_neither_repeat_nor_leave_out_anybody_while_others_are_added() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        add_users(&server.settings, (0..600).map(|n| 3 * n));
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let adding = scope.spawn(|| {
                for n in 0..600 {
                    add_users(&server.settings, [3 * n + 1, 3 * n + 2].into_iter());
                }
                is_done.store(true, Ordering::Relaxed);
            });
            while !is_done.load(Ordering::Relaxed) && !adding.is_finished() {
                let all = emails(&server.provider, 7);
                assert!(all.is_sorted_by(|a, b| a < b), "somebody is repeated");
                let missing = (0..600).find(|n| {
                    let email = format!("person-{:05}@fernweh.example", 3 * n);
                    all.binary_search_by(|listed_email| listed_email.as_str().cmp(&email))
                        .is_err()
                });
                assert_eq!(missing, None, "somebody is left out");
            }
            adding.join().unwrap();
        });
        assert_eq!(emails(&server.provider, 7).len(), 1800);
        assert_eq!(emails(&server.provider, 1).len(), 1800);
    });
}

#[test]
fn pages_of_the_audit_log_neither_repeat_nor_leave_out_a_row_while_others_are_added() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (provider, settings) = (&setup.server.provider, &setup.server.settings);
        add_audit_events(settings, "00000000-0001", 0..500, setup.ada.id);
        let query = AuditQuery {
            user: Some(setup.ada.id),
            code: Some("LOGIN-WRONG".to_owned()),
            limit: 7,
            ..AuditQuery::default()
        };
        let before = events(provider, query.clone());
        assert_eq!(before.len(), 500);
        thread::scope(|scope| {
            let adding = scope.spawn(|| {
                for n in 0..200 {
                    add_audit_events(settings, "00000000-0002", n..=n, setup.ada.id);
                }
            });
            while !adding.is_finished() {
                let all = events(provider, query.clone());
                assert!(all.is_sorted_by(|a, b| a > b), "a row is repeated");
                let all: BTreeSet<AuditId> = all.into_iter().collect();
                assert!(before.iter().all(|id| all.contains(id)), "a row is left out");
            }
            adding.join().unwrap();
        });
        assert_eq!(events(provider, query).len(), 700);
    });
}

#[test]
fn users_are_listed_by_page_and_found_by_the_letters_that_a_name_begins_with() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let cli = Cli::new(&server.settings.data_dir, database);
        add_users(&server.settings, 0..1203);
        let page = cli.expect_success(&["user", "list"]);
        assert_eq!(page.lines().count(), 101, "{page}");
        assert!(
            page.contains("person-00099@") && !page.contains("person-00100@fernweh.example "),
            "{page}"
        );
        let last = page.lines().last().unwrap();
        assert!(last.contains("--after person-00099@fernweh.example"), "{last}");
        let next = cli.expect_success(&["user", "list", "--after", "person-01199@fernweh.example"]);
        assert_eq!(next.lines().count(), 3, "{next}");
        let rest = cli.expect_success(&["user", "list", "--after", "person-01202@fernweh.example"]);
        assert_eq!(rest, "Nobody who fits.\n");

        for (search, found) in [
            ("PERSON-0120", 3),
            ("given120", 4),
            ("Family7", 111),
            ("family", 1203),
            ("amily7", 0),
            ("100%_", 0),
        ] {
            let people = cli.json(&["user", "list", "--json", "--search", search]);
            assert_eq!(people.as_array().unwrap().len(), found, "{search}");
        }
        let first_page = cli.expect_success(&["user", "list", "--search", "family7", "--limit", "1"]);
        assert!(
            first_page.starts_with("person-00007@") && first_page.contains("--after person-00007@"),
            "{first_page}"
        );
    });
}

#[test]
fn json_is_one_array_of_every_page() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let cli = Cli::new(&server.settings.data_dir, database);
        assert_eq!(cli.expect_success(&["user", "list", "--json"]), "[]\n");
        add_users(&server.settings, 0..1203);
        cli.expect_success(&[
            "user",
            "edit",
            "person-01100@fernweh.example",
            "--attribute",
            "team=red",
        ]);
        let text = cli.expect_success(&["user", "list", "--json"]);
        let list: serde_json::Value = serde_json::from_str(&text).unwrap();
        let (begin, between, end) = ("[\n  {\n    \"id\": ", "\n  },\n  {\n    \"id\": ", "\n  }\n]\n");
        assert!(text.starts_with(begin) && text.ends_with(end));
        assert_eq!(text.matches(between).count(), 1202);
        let list = list.as_array().unwrap();
        let emails: BTreeSet<&str> = list
            .iter()
            .map(|listed_user| listed_user["email"].as_str().unwrap())
            .collect();
        assert_eq!((list.len(), emails.len()), (1203, 1203));
        for email in ["person-00499@fernweh.example", "person-01100@fernweh.example"] {
            let shown = cli.json(&["user", "show", email, "--json"]);
            assert!(list.contains(&shown), "{shown}");
        }
        let limited = cli.run(&["user", "list", "--json", "--limit", "600"], "");
        let few: Vec<serde_json::Value> = serde_json::from_slice(&limited.stdout).unwrap();
        assert_eq!(few.as_slice(), &list[..600]);
        assert!(String::from_utf8_lossy(&limited.stderr).contains("--after person-00599@fernweh.example"));

        let user = server
            .people()
            .users(&UserFilter::default(), 1)
            .unwrap()
            .remove(0)
            .id;
        add_audit_events(&server.settings, "00000000-0001", 0..1203, user);
        let all = cli.json(&["audit", "--json", "-n", "all", "--code", "LOGIN-WRONG"]);
        let first = cli.json(&["audit", "--json", "-n", "1000", "--code", "LOGIN-WRONG"]);
        assert_eq!(all.as_array().unwrap().len(), 1203);
        assert_eq!(
            first.as_array().unwrap().as_slice(),
            &all.as_array().unwrap()[..1000]
        );
        let page = cli.expect_success(&["audit", "--code", "LOGIN-WRONG"]);
        assert_eq!(page.lines().count(), 51, "{page}");
        let whole = cli.expect_success(&["audit", "--code", "LOGIN-WRONG", "-n", "1203"]);
        assert_eq!(
            whole.lines().count(),
            1203,
            "no line says that there are older ones"
        );
    });
}

#[test]
fn the_portal_leads_to_every_application_once() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let server = &setup.server;
        for n in 0..130 {
            let (entity_id, acs) = (format!("urn:test:{n}"), format!("https://sp-{n}.example/acs"));
            server.add_application(&format!("Service {n:03}"), &entity_id, &acs, |_new| {});
        }
        let mut browser = setup.signed_in_browser();
        let (mut found, mut address, mut pages) = (Vec::new(), "/".to_owned(), 0);
        loop {
            let body = browser.get(&address).body;
            pages += 1;
            found.extend(tile_names(&body));
            // What comes and goes before the page is not noticed on the next one.
            server.add_application(
                &format!("Added {pages}"),
                &format!("urn:added:{pages}"),
                "https://a.example/",
                |_new| {},
            );
            match link(&body, "Next page") {
                Some(next) => address = next,
                None => break,
            }
        }
        assert_eq!((found.len(), pages), (131, 3));
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");

        let body = browser.get("/?q=SERVICE+12").body;
        assert_eq!(tile_names(&body).len(), 10, "{body}");
        assert!(body.contains("value=\"SERVICE 12\"") && link(&body, "Next page").is_none());
        let nothing = browser.get("/?q=%22%3E%3Cscript%3E").body;
        assert!(
            nothing.contains("Nothing found") && !nothing.contains("<script>\""),
            "{nothing}"
        );
        let all = browser.get("/?q=service").body;
        let second = browser.get(&link(&all, "Next page").unwrap()).body;
        assert_eq!(tile_names(&all).len() + tile_names(&second).len(), 120);
        assert!(link(&second, "First page").is_some_and(|first| first.contains("q=service")));
        for odd in ["/?after=x", "/?after=%FF&q=%FF", "/?q=a&q=b"] {
            assert_eq!(browser.get(odd).status, 200, "{odd}");
        }
    });
}

fn tile_names(body: &str) -> Vec<String> {
    body.split("class=\"tile\"")
        .skip(1)
        .map(|tile| {
            tile.split("<bdi>")
                .nth(1)
                .unwrap()
                .split('<')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn link(body: &str, label: &str) -> Option<String> {
    let before = body
        .split(&format!(">{label}</a>"))
        .next()
        .filter(|before| before.len() < body.len())?;
    let address = before.rsplit("href=\"").next()?.split('"').next()?;
    Some(address.replace("&amp;", "&").replace("&#38;", "&"))
}

#[test]
fn a_few_of_many_who_lack_a_required_value_are_named_and_the_rest_is_counted() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (server, cli) = (&setup.server, Cli::new(&setup.server.settings.data_dir, database));
        add_users(&server.settings, 0..45);
        let required = [
            "app",
            "attribute",
            "set",
            "wiki",
            "team",
            "own:team",
            "--required",
        ];
        let refused = cli.expect_failure(&required);
        assert!(
            refused.contains("no value: ") && refused.contains(" and 26 more. Give them"),
            "{refused}"
        );
        for n in 0..40 {
            let email = format!("person-{n:05}@fernweh.example");
            give_team(server, &email);
        }
        sql::execute(
            &server.settings,
            "UPDATE users SET enabled = (email LIKE 'person%') AND email <> 'person-00001@fernweh.example'",
        );
        let refused = cli.expect_failure(&required);
        let names: Vec<String> = (40..45)
            .map(|n| format!("person-{n:05}@fernweh.example"))
            .collect();
        assert!(
            refused.contains(&format!("no value: {}. Give them", names.join(", "))),
            "{refused}"
        );
        for email in &names {
            give_team(server, email);
        }
        cli.expect_success(&required);
    });
}

/// Gives a user a team.
fn give_team(server: &TestServer, email: &str) {
    sql::execute(
        &server.settings,
        &format!(
            "INSERT INTO user_attributes (user_id, name, position, value) SELECT id, 'team', 0, 'red' FROM users WHERE email = '{email}'; \
             INSERT INTO user_attributes (user_id, name, position, value) SELECT id, 'team', 1, 'blue' FROM users WHERE email = '{email}'"
        ),
    );
}

/// `plans.rs` runs this in a process that logs the statements.
#[test]
fn each_filter_is_used() {
    on_each_database(|database| {
        let setup = SsoSetup::new(database);
        let (provider, wiki, ada) = (&setup.server.provider, &setup.wiki, setup.ada.id);
        thread::scope(|scope| {
            let listing = thread::Builder::new().name("listing".to_owned());
            let work = || use_each_filter(provider, wiki, ada);
            listing.spawn_scoped(scope, work).unwrap().join().unwrap();
        });
    });
}

fn use_each_filter(provider: &Provider, wiki: &Application, ada: UserId) {
    let after = Some(Email::parse(ADA).unwrap());
    for (after, search) in [
        (None, None),
        (after.clone(), None),
        (None, Some("a")),
        (after, Some("a")),
    ] {
        let search = search.map(str::to_owned);
        provider
            .people(&Actor::Itself)
            .users(&UserFilter { after, search }, 5)
            .unwrap();
    }
    let filters: [fn(&mut AuditQuery); 8] = [
        |query| query.actor = Some("root".to_owned()),
        |query| query.refused_only = true,
        |query| query.code = Some("ACS-UNKNOWN".to_owned()),
        |query| query.code = Some("ok".to_owned()),
        |query| query.action = Some("app".to_owned()),
        |query| query.action = Some("sign_on".to_owned()),
        |query| query.since = Some("2026-01-01T00:00:00Z".parse().unwrap()),
        |query| query.until = Some("2026-01-02T00:00:00Z".parse().unwrap()),
    ];
    // Every combination.
    for chosen in 0_u32..1 << (filters.len() + 2) {
        let mut query = AuditQuery {
            limit: 5,
            oldest_first: chosen % 3 == 0,
            ..AuditQuery::default()
        };
        for (n, set) in filters.iter().enumerate() {
            if chosen & (1 << n) != 0 {
                set(&mut query);
            }
        }
        if chosen & (1 << filters.len()) != 0 {
            query.application = Some(wiki.clone().into());
        }
        if chosen & (2 << filters.len()) != 0 {
            query.user = Some(ada);
        }
        provider.audit(&Actor::Itself).audit_entries(&query).unwrap();
    }
    provider
        .applications(&Actor::Itself)
        .last_unchecked_signature(wiki.id)
        .unwrap();
}
