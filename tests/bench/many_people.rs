//! What many people in many groups cost a warm SSO request: CPU time with a million people, each in twenty of ten
//! thousand groups, ÷ CPU time with the measured person in one group, in turns in one run. `--people` runs this alone;
//! with `--quick` there are ten thousand people.

use std::time::Instant;

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};

use crate::{
    daemon::{Client, Daemon, Deployment, DeploymentOptions},
    scale,
};

const PEOPLE: u32 = 1_000_000;
const GROUPS: u32 = 10_000;
/// Of each person.
const MEMBERSHIPS: u32 = 20;
const SSO_PER_ROUND: usize = 1000;

/// Prints the ratio on one database.
pub(crate) fn print(name: &str, postgres: Option<&str>, quick: bool) {
    let deployment = || {
        let deployment = Deployment::new(postgres, DeploymentOptions::default());
        drop(Daemon::start(&deployment));
        deployment
    };
    let (few, many) = (deployment(), deployment());
    let people = if quick { PEOPLE / 100 } else { PEOPLE };
    let began = Instant::now();
    fill(&many, people);
    println!(
        "{name}: {people} people, each in {MEMBERSHIPS} of {GROUPS} groups, made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let (few, many) = (Daemon::start(&few), Daemon::start(&many));
    let times = if quick { SSO_PER_ROUND / 10 } else { SSO_PER_ROUND };
    let ratio = scale::ratio(&few, &many, times, Client::sso_many);
    println!("   a warm SSO request costs {ratio:.3} times as much CPU as with one group");
}

fn fill(deployment: &Deployment, people: u32) {
    let url = deployment.database_url();
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut c = SqliteConnection::establish(path).unwrap();
        c.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA cache_size = -400000")
            .unwrap();
        let numbers = |last: u32| {
            format!(
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s) AS numbers"
            )
        };
        let digits = |number: &str| format!("printf('%012d', {number})");
        c.batch_execute(&statements(people, numbers, digits, "1"))
            .unwrap();
    } else {
        let mut c = PgConnection::establish(&url).unwrap();
        let numbers = |last: u32| format!("generate_series(1, {last}) AS numbers(n)");
        let digits = |number: &str| format!("lpad(({number})::text, 12, '0')");
        c.batch_execute(&statements(people, numbers, digits, "true"))
            .unwrap();
        c.batch_execute("ANALYZE").unwrap();
    }
}

/// The provider would take hours for as many. Memberships are written group by group, in the order of their table.
fn statements(
    people: u32,
    numbers: impl Fn(u32) -> String,
    digits: impl Fn(&str) -> String,
    truth: &str,
) -> String {
    let user = format!("'01920000-0000-7000-8000-' || {}", digits("n"));
    let group = |number: &str| format!("'01920000-0000-7000-9000-' || {}", digits(number));
    let at = "'2026-11-21 12:00:00'";
    let memberships: Vec<String> = (0..MEMBERSHIPS)
        .map(|place| {
            // A prime, so that the groups of a person are all different.
            let number = format!("1 + (n + {}) % {GROUPS}", place * 487);
            format!(
                "INSERT INTO group_members (group_id, user_id, added_at) SELECT {}, {user}, {at} FROM {} ORDER BY 1, 2;",
                group(&number),
                numbers(people)
            )
        })
        .collect();
    let memberships = memberships.concat();
    format!(
        "BEGIN;\
         INSERT INTO users (id, stable_id, email, given_name, family_name, enabled, version, created_at, updated_at) \
         SELECT {user}, {user}, 'person-' || {digits} || '@fernweh.example', 'Mira', 'Castellane', {truth}, 1, {at}, {at} FROM {people};\
         INSERT INTO groups (id, name, folded_name, version, created_at, updated_at) \
         SELECT {group}, 'Group ' || n, 'group ' || n, 1, {at}, {at} FROM {groups};\
         {memberships}\
         INSERT INTO group_members (group_id, user_id, added_at) \
         SELECT {group}, (SELECT id FROM users WHERE email = 'mira@fernweh.example'), {at} FROM {own};\
         COMMIT;",
        digits = digits("n"),
        people = numbers(people),
        group = group("n"),
        groups = numbers(GROUPS),
        own = numbers(MEMBERSHIPS - 1),
    )
}
