//! Who may do what, asked at the provider itself; and that somebody who can administer always remains.

use std::{fs, path::Path, thread};

use chrono::TimeDelta;
use hallpass::{
    credential::password::Password,
    model::{
        actor::{Actor, FRESH_AUTHENTICATION},
        audit_action::AuditAction,
        group::GroupName,
        id::UserId,
        role::Role,
        user::{Email, NameComponent, NameComponents, OwnAttributes, User},
    },
    provider::{
        Provider,
        error::Error,
        people::{
            user_edit::UserEdit,
            users::{ChangeOutcome, NewUser, UserFilter},
        },
    },
    store,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    cli::Cli,
    layers::rust_files,
    support::{
        assertions::{assert_contains, assert_empty},
        sql,
        test_server::{Database, PASSWORD, TestServer, on_each_database},
    },
};

/// What changes and reads nothing of anybody, or is done by a visitor with a link.
const FREE: [&str; 6] = [
    // It asks in `copied`.
    "record",
    "is_set_up",
    "prepare",
    "stop_fetching",
    "is_device_link",
    "use_device_link",
];

/// The handles that carry an actor.
const HANDLES: [&str; 9] = [
    "Audit",
    "People",
    "Applications",
    "Groups",
    "MetadataSources",
    "Keys",
    "Installations",
    "Mails",
    "Repair",
];

#[test]
fn every_operation_behind_a_handle_with_an_actor_asks_whether_the_actor_may() {
    let (mut asked, mut forgotten) = (0, Vec::new());
    for file in rust_files(Path::new("src/provider")) {
        let text = fs::read_to_string(&file).unwrap();
        for handle in HANDLES {
            let start = format!("\nimpl {handle}<'_> {{\n");
            for block in text.split(&start).skip(1) {
                let block = block.split("\n}\n").next().unwrap();
                for function in format!("\n{block}").split("\n    pub fn ").skip(1) {
                    let name = function.split(['(', '<']).next().unwrap();
                    let body = function.split("\n    }").next().unwrap();
                    if body.contains("self.may(UseCase::") || body.contains("self.may(change)") {
                        asked += 1;
                    } else if !FREE.contains(&name) {
                        forgotten.push(format!("{}: {name}", file.display()));
                    }
                }
            }
        }
    }
    assert_empty(&forgotten);
    assert!(asked > 80, "{asked}");
}

/// People by their roles, and nobody.
struct Staff {
    server: TestServer,
}

const ROLES: [Option<Role>; 5] = [
    Some(Role::Owner),
    Some(Role::Administrator),
    Some(Role::HelpDesk),
    Some(Role::Auditor),
    None,
];

fn address(role: Option<Role>) -> Email {
    let name = role.map_or("nobody", Role::as_str);
    Email::parse(&format!("{name}@fernweh.example")).unwrap()
}

impl Staff {
    fn new(database: &Database) -> Self {
        let server = TestServer::start(database, &[]);
        for role in ROLES {
            server.add_user(address(role).as_str(), "A", "B");
            server.people().set_role(&address(role), role).unwrap();
        }
        Self { server }
    }

    fn user(&self, role: Option<Role>) -> User {
        self.server
            .people()
            .user_by_email(&address(role))
            .unwrap()
            .unwrap()
    }

    /// Somebody with this role, who authenticated this long ago.
    fn actor(&self, role: Option<Role>, age: TimeDelta) -> Actor {
        Actor::Person {
            id: self.user(role).id,
            role,
            authenticated_at: self.server.provider.now() - age,
        }
    }

    fn may(&self, role: Option<Role>, act: impl Fn(&Actor) -> Result<(), Error>) -> char {
        match act(&self.actor(role, TimeDelta::zero())) {
            Ok(()) => 'y',
            Err(Error::Forbidden) => 'n',
            Err(error) => panic!("{error}"),
        }
    }

    /// For each role of [`ROLES`].
    fn letters(&self, act: impl Fn(&Actor) -> Result<(), Error>) -> String {
        ROLES.into_iter().map(|role| self.may(role, &act)).collect()
    }
}

fn disable(provider: &Provider, actor: &Actor, email: &Email, enabled: bool) -> Result<(), Error> {
    let edit = UserEdit {
        enabled: Some(enabled),
        ..UserEdit::default()
    };
    provider.people(actor).edit_user(email, &edit).map(drop)
}

#[test]
fn the_provider_refuses_what_a_role_does_not_hold() {
    on_each_database(|database| {
        let staff = Staff::new(database);
        let provider = &staff.server.provider;
        let nobody = Email::parse("unknown@fernweh.example").unwrap();
        let password = Password::parse(PASSWORD).unwrap();
        let group = GroupName::parse("staff").unwrap();
        for (what, letters, expected) in [
            (
                "read people",
                staff.letters(|actor| provider.people(actor).users(&UserFilter::default(), 1).map(drop)),
                "yyyyn",
            ),
            (
                "read applications",
                staff.letters(|actor| provider.applications(actor).all_applications().map(drop)),
                "yynyn",
            ),
            (
                "read keys",
                staff.letters(|actor| provider.keys(actor).rollover().map(drop)),
                "yynyn",
            ),
            (
                "unlock",
                staff.letters(|actor| provider.people(actor).unlock_user(&nobody).map(drop)),
                "yyynn",
            ),
            (
                "set a password",
                staff.letters(|actor| {
                    provider
                        .people(actor)
                        .set_password(&nobody, &password, false)
                        .map(drop)
                }),
                "yyynn",
            ),
            (
                "disable",
                staff.letters(|actor| disable(provider, actor, &nobody, false)),
                "yynnn",
            ),
            (
                "groups",
                staff.letters(|actor| provider.groups(actor).add_group(&group, None, None).map(drop)),
                "yynnn",
            ),
            (
                "cancel a key",
                staff.letters(|actor| provider.keys(actor).cancel_key().map(drop)),
                "yynnn",
            ),
            (
                "roles",
                staff.letters(|actor| provider.people(actor).set_role(&nobody, None).map(drop)),
                "ynnnn",
            ),
            (
                "record a backup",
                staff.letters(|actor| {
                    let installation = provider.installation(actor);
                    installation
                        .copied(AuditAction::DatabaseBackup, String::new())
                        .map(drop)
                }),
                "ynnnn",
            ),
        ] {
            assert_eq!(letters, expected, "{what}");
        }
    });
}

#[test]
fn nobody_takes_over_somebody_who_may_do_more() {
    on_each_database(|database| {
        let staff = Staff::new(database);
        let provider = &staff.server.provider;
        // For owner, administrator, help desk, auditor and nobody: who may unlock, and who may disable them.
        for (other, unlock, off) in [
            (ROLES[0], "ynnnn", "ynnnn"),
            (ROLES[1], "yynnn", "yynnn"),
            (ROLES[2], "yyynn", "yynnn"),
            (ROLES[3], "yyynn", "yynnn"),
            (ROLES[4], "yyynn", "yynnn"),
        ] {
            let email = address(other);
            let letters = staff.letters(|actor| provider.people(actor).unlock_user(&email).map(drop));
            assert_eq!(letters, unlock, "unlock {other:?}");
            // On again: it is so already.
            let letters = staff.letters(|actor| disable(provider, actor, &email, true));
            assert_eq!(letters, off, "enable {other:?}");
        }
        let new = NewUser {
            email: Email::parse("new@fernweh.example").unwrap(),
            role: Some(Role::Auditor),
            ..new_user(None)
        };
        let letters = staff.letters(|actor| provider.people(actor).add_user(&new).map(drop));
        assert_eq!(letters, "ynnnn", "add somebody with a role");
    });
}

#[test]
fn a_sensitive_act_asks_for_a_fresh_authentication() {
    on_each_database(|database| {
        let staff = Staff::new(database);
        let people = |age| {
            let actor = staff.actor(Some(Role::Owner), age);
            let set = staff
                .server
                .provider
                .people(&actor)
                .set_role(&address(None), None);
            set.map(drop)
        };
        people(FRESH_AUTHENTICATION).unwrap();
        let refused = people(FRESH_AUTHENTICATION + TimeDelta::seconds(1));
        assert!(
            matches!(refused, Err(Error::FreshAuthenticationNeeded)),
            "{refused:?}"
        );
    });
}

#[test]
fn a_change_by_a_person_names_them_in_the_audit_log() {
    on_each_database(|database| {
        let staff = Staff::new(database);
        let actor = staff.actor(Some(Role::Owner), TimeDelta::zero());
        let people = staff.server.provider.people(&actor);
        people.set_role(&address(None), Some(Role::Auditor)).unwrap();
        let query = "SELECT coalesce(actor, '') || ' ' || changes AS t FROM audit_events \
             WHERE action = 'user.role' AND actor IS NOT NULL";
        let found = sql::texts(&staff.server.settings, query);
        let id = staff.user(Some(Role::Owner)).id.to_string();
        assert_contains(&found[0], &id);
        assert_contains(&found[0], "auditor");
    });
}

#[test]
fn the_last_owner_stays_and_the_command_says_what_to_do() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        server.add_user("ada@fernweh.example", "Ada", "L");
        let cli = Cli::new(&server.settings.data_dir, database);
        cli.expect_success(&["user", "role", "ada@fernweh.example", "owner"]);
        for command in [
            ["user", "role", "ada@fernweh.example", "none"].as_slice(),
            &["user", "disable", "ada@fernweh.example"],
            &["user", "delete", "ada@fernweh.example"],
        ] {
            let said = cli.expect_failure(command);
            assert_contains(&said, "this would leave no owner who can sign in");
            assert_contains(&said, "hallpass user role EMAIL owner");
        }
        let shown = cli.expect_success(&["user", "show", "ada@fernweh.example"]);
        assert_contains(&shown, "owner");
        server.add_user("bo@fernweh.example", "Bo", "L");
        cli.expect_success(&["user", "role", "bo@fernweh.example", "owner"]);
        cli.expect_success(&["user", "delete", "ada@fernweh.example"]);
    });
}

#[test]
fn of_two_owners_who_lose_their_role_at_the_same_moment_one_keeps_it() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let emails = ["ada@fernweh.example", "bo@fernweh.example"].map(|email| Email::parse(email).unwrap());
        for email in &emails {
            server.add_user(email.as_str(), "A", "B");
        }
        for _ in 0..20 {
            for email in &emails {
                server.people().set_role(email, Some(Role::Owner)).unwrap();
            }
            let refused: usize = thread::scope(|scope| {
                let demote = |email| {
                    let people = server.people();
                    scope.spawn(move || match people.set_role(email, None) {
                        Ok(ChangeOutcome::Done(_)) => 0,
                        Err(Error::Store(store::Error::NoOwnerLeft)) => 1,
                        other => panic!("{other:?}"),
                    })
                };
                let running = emails.each_ref().map(demote);
                running.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert_eq!(refused, 1);
            assert!(server.people().has_owner().unwrap());
        }
    });
}

/// One change of somebody, by somebody.
#[derive(Clone, Debug)]
enum Change {
    Add { with_password: bool, role: Option<Role> },
    Role(usize, Option<Role>),
    Enabled(usize, bool),
    Delete(usize),
}

fn role() -> impl Strategy<Value = Option<Role>> {
    prop_oneof![
        2 => Just(Some(Role::Owner)),
        1 => Just(Some(Role::Administrator)),
        1 => Just(Some(Role::HelpDesk)),
        1 => Just(Some(Role::Auditor)),
        3 => Just(None),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => (any::<bool>(), role()).prop_map(|(with_password, role)| Change::Add { with_password, role }),
        4 => (0..4usize, role()).prop_map(|(who, role)| Change::Role(who, role)),
        4 => (0..4usize, any::<bool>()).prop_map(|(who, enabled)| Change::Enabled(who, enabled)),
        2 => (0..4usize).prop_map(Change::Delete),
    ]
}

/// By the command line, or by somebody with a role.
#[derive(Clone, Debug)]
enum By {
    CommandLine,
    Person(Option<Role>),
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![1 => Just(By::CommandLine), 1 => role().prop_map(By::Person)]
}

fn new_user(number: Option<usize>) -> NewUser {
    NewUser {
        email: Email::parse(&format!("p{}@fernweh.example", number.unwrap_or_default())).unwrap(),
        names: NameComponents::new(Some(NameComponent::parse("the name", "P").unwrap()), None).unwrap(),
        stable_id: None,
        user_name: None,
        external_id: None,
        language: None,
        attributes: OwnAttributes::new(),
        password: None,
        must_change_password: false,
        role: None,
    }
}

/// What everybody has: who can administer, as another query sees it, and all that a change could touch.
fn state(server: &TestServer) -> (i64, Vec<String>) {
    let owners = "SELECT count(*) AS n FROM users WHERE role = 'owner' AND enabled \
         AND id IN (SELECT user_id FROM user_passwords)";
    let all = "SELECT id || ' ' || version || ' ' || coalesce(role, '') AS t FROM users ORDER BY id";
    (
        sql::number(&server.settings, owners),
        sql::texts(&server.settings, all),
    )
}

#[test]
fn no_sequence_of_changes_leaves_nobody_who_can_administer() {
    on_each_database(|database| {
        let server = TestServer::start(database, &[]);
        let mut number = 0;
        let mut refused = 0;
        // The cases go on with what the one before has left.
        let mut runner = TestRunner::deterministic();
        let sequences = prop::collection::vec((by(), change()), 1..40);
        for _ in 0..24 {
            let sequence = sequences.new_tree(&mut runner).unwrap().current();
            for (by, change) in sequence {
                let (before, rows) = state(&server);
                let done = make(&server, &by, &change, &mut number);
                let (after, rows_after) = state(&server);
                assert!(before == 0 || after > 0, "{by:?} {change:?}: {before} {after}");
                match done {
                    Ok(()) => {}
                    Err(Error::Forbidden) => assert_eq!(rows, rows_after),
                    Err(Error::Store(store::Error::NoOwnerLeft)) => {
                        assert_eq!((rows, before), (rows_after, 1), "{by:?} {change:?}");
                        refused += 1;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert!(refused > 0, "the sequences never tried it");
    });
}

fn make(server: &TestServer, by: &By, change: &Change, number: &mut usize) -> Result<(), Error> {
    let filter = UserFilter::default();
    let everybody = server.people().users(&filter, 4).unwrap();
    let actor = match by {
        By::CommandLine => Actor::CommandLine("root".to_owned()),
        By::Person(role) => Actor::Person {
            id: everybody
                .first()
                .map_or_else(|| UserId::new(server.provider.now(), [0; 10]), |user| user.id),
            role: *role,
            authenticated_at: server.provider.now(),
        },
    };
    let people = server.provider.people(&actor);
    let email = |who: usize| everybody.get(who).map(|user| user.email.clone());
    match change {
        Change::Add { with_password, role } => {
            *number += 1;
            let password = with_password.then(|| Password::parse(PASSWORD).unwrap());
            people
                .add_user(&NewUser {
                    password,
                    role: *role,
                    ..new_user(Some(*number))
                })
                .map(drop)
        }
        Change::Role(who, role) => {
            email(*who).map_or(Ok(()), |email| people.set_role(&email, *role).map(drop))
        }
        Change::Enabled(who, enabled) => email(*who).map_or(Ok(()), |email| {
            disable(&server.provider, &actor, &email, *enabled)
        }),
        Change::Delete(who) => email(*who).map_or(Ok(()), |email| people.delete_user(&email).map(drop)),
    }
}
