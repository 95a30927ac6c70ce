//! What commands and pages cost with a million users, ten thousand applications and millions of audit events: wall
//! clock, peak memory and bytes. `--million` runs this alone.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use hallpass::{
    model::{
        application::Slug,
        attribute::{AttributeRule, AttributeSource, NameFormat},
    },
    store::EditOutcome,
};

use crate::{
    daemon::{Client, Daemon, Deployment, DeploymentOptions},
    scale::MANY,
};

const USERS: u32 = 1_000_000;
const AUDIT_EVENTS: u32 = 3_000_000;

/// Prints every figure of one database.
pub(crate) fn print(name: &str, postgres: Option<&str>) {
    let options = DeploymentOptions {
        other_applications: MANY,
        ..DeploymentOptions::default()
    };
    let deployment = Deployment::new(postgres, options);
    drop(Daemon::start(&deployment));
    let began = Instant::now();
    fill(&deployment);
    require_attributes(&deployment);
    println!(
        "{name}: {USERS} users, {MANY} applications and {AUDIT_EVENTS} audit events, made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    for command in [
        "user list",
        "user list --after person-0500000@fernweh.example",
        "user list --search person-0500",
        "user list --search nobody",
        "user list --json --limit 1000",
        "user list --json",
        "app show chatgpt",
        "app show sp-7",
        "app show sp-8",
        "app list",
        "audit",
        "audit --code ACS-UNKNOWN",
        "audit --refused",
        "audit --user person-0500000@fernweh.example",
        "audit --user person-0500000@fernweh.example --refused",
        "audit --app sp-7",
        "audit --app sp-7 --code ACS-UNKNOWN",
        "audit --action app",
        "audit --since 2024-10-02 --until 2024-10-03",
    ] {
        let arguments: Vec<&str> = command.split(' ').collect();
        println!(
            "   {command:60} {}",
            Run::measure(deployment.command_with(&arguments))
        );
    }
    drop_caches(&deployment);
    let daemon = Daemon::start(&deployment);
    println!(
        "   {:60} {:6.0} ms  {:6.1} MB",
        "start until ready, with cold caches where the file is ours",
        daemon.milliseconds_until_ready(),
        daemon.highest_megabytes()
    );
    let mut client = daemon.signed_in_client();
    for target in ["/", "/?q=provider+77", "/?q=nothing+like+it"] {
        println!("   GET {target:56} {}", portal(&mut client, target));
    }
}

fn portal(client: &mut Client, target: &str) -> String {
    client.get(target);
    let began = Instant::now();
    let bytes = client.get(target).len();
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    format!("{milliseconds:6.0} ms  {bytes:9} bytes")
}

/// One run of a command.
struct Run {
    milliseconds: f64,
    megabytes: f64,
    bytes: usize,
}

impl Run {
    fn measure(mut command: Command) -> Self {
        let began = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let reading = thread::spawn(move || {
            let (mut block, mut bytes) = (vec![0; 65_536], 0);
            loop {
                match output.read(&mut block).unwrap() {
                    0 => return bytes,
                    read => bytes += read,
                }
            }
        });
        let status = format!("/proc/{}/status", child.id());
        let mut megabytes: f64 = 0.0;
        let done = loop {
            // The last look before it ends: a process that has ended has no memory.
            let text = fs::read_to_string(&status).unwrap_or_default();
            let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<f64>().ok());
            megabytes = megabytes.max(peak.unwrap_or_default() / 1024.0);
            if let Some(done) = child.try_wait().unwrap() {
                break done;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        assert!(done.success());
        Self {
            milliseconds,
            megabytes,
            bytes: reading.join().unwrap(),
        }
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:6.0} ms  {:6.1} MB  {:9} bytes",
            self.milliseconds, self.megabytes, self.bytes
        )
    }
}

/// `sp-7` requires both names, as most presets do, and `sp-8` an own attribute that everybody has.
fn require_attributes(deployment: &Deployment) {
    let rule = |name: &str, source| AttributeRule {
        name: name.to_owned(),
        name_format: NameFormat::Unspecified,
        friendly_name: None,
        source,
        lower_case: false,
        join: None,
        required: true,
    };
    let store = deployment.store();
    for (slug, rules) in [
        (
            "sp-7",
            vec![
                rule("first", AttributeSource::GivenName),
                rule("last", AttributeSource::FamilyName),
            ],
        ),
        (
            "sp-8",
            vec![rule("team", AttributeSource::Own("team".to_owned()))],
        ),
    ] {
        let slug = Slug::parse(slug).unwrap();
        let mut application = store.read(|tx| tx.application_by_slug(&slug)).unwrap().unwrap();
        application.saml_mut().unwrap().attributes = rules.into();
        let edited = store
            .write_config(|tx| tx.edit_application(&application))
            .unwrap();
        assert_eq!(edited, EditOutcome::Done);
    }
}

/// Writes users and audit events in SQL: the provider would take an hour for as many.
fn fill(deployment: &Deployment) {
    let url = deployment.database_url();
    if let Some(path) = url.strip_prefix("sqlite:") {
        let mut c = SqliteConnection::establish(path).unwrap();
        c.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA cache_size = -200000")
            .unwrap();
        c.batch_execute(&statements(&Dialect {
                numbers: |last| {
                    format!(
                        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s) AS numbers"
                    )
                },
                digits: |number, count| format!("printf('%0{count}d', {number})"),
                hex: |number| format!("printf('%012x', {number})"),
                time: |milliseconds| format!("datetime(({milliseconds}) / 1000, 'unixepoch')"),
                truth: "1",
            }))
            .unwrap();
    } else {
        let mut c = PgConnection::establish(&url).unwrap();
        c.batch_execute(&statements(&Dialect {
            numbers: |last| format!("generate_series(1, {last}) AS numbers(n)"),
            digits: |number, count| format!("lpad(({number})::text, {count}, '0')"),
            hex: |number| format!("lpad(to_hex({number}), 12, '0')"),
            time: |milliseconds| format!("(to_timestamp(({milliseconds}) / 1000) AT TIME ZONE 'UTC')"),
            truth: "true",
        }))
        .unwrap();
        c.batch_execute("ANALYZE").unwrap();
    }
}

/// How a database writes what the two do not have in common.
struct Dialect {
    /// The numbers from 1 to this one, as `n`.
    numbers: fn(u32) -> String,
    digits: fn(&str, u8) -> String,
    /// Twelve digits.
    hex: fn(&str) -> String,
    time: fn(&str) -> String,
    truth: &'static str,
}

fn statements(dialect: &Dialect) -> String {
    let user = |number: &str| format!("'01920000-0000-7000-8000-' || {}", (dialect.digits)(number, 12));
    // Thirty days from 1 October 2024.
    let milliseconds = "1727740800000 + CAST(n AS BIGINT) * 864";
    let hex = (dialect.hex)(milliseconds);
    let event = format!(
        "substr({hex}, 1, 8) || '-' || substr({hex}, 9, 4) || '-7000-8000-' || {}",
        (dialect.digits)("n", 12)
    );
    format!(
        "BEGIN;\
         INSERT INTO users (id, stable_id, email, given_name, family_name, enabled, version, created_at, updated_at, user_name) \
         SELECT {user}, {user}, 'person-' || {number} || '@fernweh.example', 'Mira ' || n, 'Castellane ' || (n % 5000), {truth}, 1, \
                {at}, {at}, 'mira' || n FROM {users};\
         INSERT INTO user_attributes (user_id, name, position, value) \
         SELECT {user}, 'team', 0, 'team ' || (n % 100) FROM {users};\
         INSERT INTO user_attributes (user_id, name, position, value) \
         SELECT id, 'team', 0, 'one of us' FROM users WHERE email = 'mira@fernweh.example';\
         CREATE TEMPORARY TABLE numbered AS \
         SELECT id AS application, CAST(substr(slug, 4) AS INTEGER) AS number FROM applications WHERE slug LIKE 'sp-%';\
         CREATE UNIQUE INDEX numbered_number ON numbered (number);\
         INSERT INTO audit_events (id, at, action, outcome, user_id, application_id, address, request_id, occurrences) \
         SELECT {event}, {at}, CASE WHEN n % 3 = 0 THEN 'login' ELSE 'sign_on' END, \
                CASE WHEN n % 50 = 0 THEN 'DESTINATION-WRONG' ELSE 'ok' END, {audited}, application, '192.0.2.1', \
                {request}, 1 \
         FROM {events} JOIN numbered ON number = n % {MANY};\
         DROP TABLE numbered; COMMIT;",
        user = user("n"),
        number = (dialect.digits)("n", 7),
        at = (dialect.time)(milliseconds),
        truth = dialect.truth,
        users = (dialect.numbers)(USERS),
        audited = user(&format!("1 + n % {USERS}")),
        request = (dialect.digits)("n", 32),
        events = (dialect.numbers)(AUDIT_EVENTS),
    )
}

/// Takes the database file out of the page cache. A server has a cache of its own, which stays.
fn drop_caches(deployment: &Deployment) {
    let url = deployment.database_url();
    if let Some(path) = url.strip_prefix("sqlite:") {
        let done = Command::new("dd")
            .arg(format!("of={path}"))
            .args([
                "oflag=nocache",
                "conv=notrunc,fdatasync",
                "count=0",
                "status=none",
            ])
            .status()
            .unwrap();
        assert!(done.success(), "dd could not drop the cache of {path}");
    }
}
