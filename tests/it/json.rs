//! What `--json` prints has the shape that docs/json.md says: the paths of all keys, and the types of their values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use age::secrecy::ExposeSecret;
use chrono::TimeDelta;
use hallpass::model::{
    application::{Binding, LogoutEndpoint, SpUrl},
    key::Certificate,
};
use serde_json::Value;

use crate::{
    cli::Cli,
    errors::code_and_reference,
    support::{
        http,
        mail_server::MailServer,
        publisher::{Publisher, SpMetadata, aggregate},
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{Database, PASSWORD, TestServer, fresh_database_like, on_each_database, settings},
        test_sp::TestSp,
    },
};

/// The types at each path, such as `applications[].slug`.
type Shape = BTreeMap<String, BTreeSet<&'static str>>;

/// Objects whose keys are data, not names of fields.
const MAPS: [&str; 2] = ["attributes", "registered"];

/// One heading of docs/json.md.
#[derive(Debug)]
struct Documented {
    /// The commands that print it.
    commands: Vec<String>,
    /// The types that each path may have.
    shape: BTreeMap<String, BTreeSet<String>>,
}

#[test]
fn every_command_prints_the_shape_that_docs_json_md_says() {
    on_each_database(|database| {
        let mut recorder = Recorder::new(database);
        recorder.users();
        recorder.import();
        recorder.applications();
        recorder.metadata();
        recorder.audit();
        recorder.keys();
        recorder.mail();
        recorder.unreadable_rows();
        recorder.removals();
        let seen = recorder.reseal(database);
        let documented = documented();
        for document in &documented {
            assert_shape(document, &seen);
        }
        let named: BTreeSet<&str> = documented
            .iter()
            .flat_map(|document| document.commands.iter().map(String::as_str))
            .collect();
        let run: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(named, run, "docs/json.md names other commands than were run");
    });
}

#[test]
fn docs_json_md_names_every_command_that_has_json() {
    let cli = Cli::new(Path::new("/nowhere"), &Database::Sqlite);
    let mut with_json = BTreeSet::new();
    find_json_commands(&cli, &[], &mut with_json);
    let documented = documented();
    let named: BTreeSet<String> = documented
        .iter()
        .flat_map(|document| &document.commands)
        // Some print one of two things: `explain CODE`, `explain REFERENCE`.
        .map(|command| {
            let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let names = command
                .split(' ')
                .take_while(|word| is_word(word) && !word.starts_with('-'));
            names.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(named, with_json);
}

/// Adds each command below `path` whose help lists `--json`.
fn find_json_commands(cli: &Cli, path: &[&str], found: &mut BTreeSet<String>) {
    let help = cli.expect_success(&[path, &["--help"]].concat());
    if help.contains("--json") {
        found.insert(path.join(" "));
    }
    let Some((_, commands)) = help.split_once("\nCommands:\n") else {
        return;
    };
    for line in commands.lines().take_while(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap();
        if line.chars().nth(2).is_some_and(|c| c != ' ') && name != "help" {
            find_json_commands(cli, &[path, &[name]].concat(), found);
        }
    }
}

/// The headings of docs/json.md: each has a line of the commands, and a block with one path a line.
fn documented() -> Vec<Documented> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let text = fs::read_to_string(file).unwrap();
    text.split("\n## ")
        .skip(1)
        .filter_map(|section| {
            let (_, rest) = section.split_once("Printed by ")?;
            let (commands, rest) = rest.split_once('\n')?;
            let (_, block) = rest.split_once("```text\n")?;
            let (block, _) = block.split_once("```")?;
            Some(Documented {
                commands: commands
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect(),
                shape: block
                    .lines()
                    .map(|line| {
                        let (path, types) = line.split_once(' ').unwrap();
                        let types = types.trim().split(" or ").map(str::to_owned);
                        (path.to_owned(), types.collect())
                    })
                    .collect(),
            })
        })
        .collect()
}

fn assert_shape(document: &Documented, seen: &BTreeMap<String, Shape>) {
    let mut all = Shape::new();
    for command in &document.commands {
        let shape = seen
            .get(command)
            .unwrap_or_else(|| panic!("`{command}` was not run"));
        for (path, types) in shape {
            all.entry(path.clone()).or_default().extend(types);
        }
    }
    let printed: String = all
        .iter()
        .map(|(path, types)| {
            let types: Vec<_> = types.iter().copied().collect();
            format!("{path} {}\n", types.join(" or "))
        })
        .collect();
    for (path, types) in &all {
        let allowed = document.shape.get(path);
        assert!(
            allowed.is_some_and(|allowed| types.iter().all(|kind| allowed.contains(*kind))),
            "{:?}: docs/json.md says of {path} {allowed:?}, and it is {types:?}. Printed was:\n{printed}",
            document.commands
        );
    }
    for path in document.shape.keys() {
        assert!(
            all.contains_key(path),
            "{:?}: docs/json.md has {path}, and no output has. Printed was:\n{printed}",
            document.commands
        );
    }
}

/// Adds the paths of `value`; lists are `[]`, and whatever is a key of [`MAPS`] is `*`.
fn add_shape(value: &Value, path: &str, shape: &mut Shape) {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let at = if path.is_empty() { "." } else { path };
    shape.entry(at.to_owned()).or_default().insert(name);
    match value {
        Value::Array(all) => {
            for element in all {
                add_shape(element, &format!("{path}[]"), shape);
            }
        }
        Value::Object(fields) => {
            let is_map = MAPS.iter().any(|map| path.rsplit('.').next() == Some(map));
            for (name, value) in fields {
                let name = if is_map { "*" } else { name };
                let path = if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                };
                add_shape(value, &path, shape);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Runs the commands of one installation, and records the shapes of what they print.
struct Recorder {
    setup: SsoSetup,
    cli: Cli,
    seen: BTreeMap<String, Shape>,
    /// A certificate, in a file.
    certificate: String,
}

impl Recorder {
    fn new(database: &Database) -> Self {
        let allow_loopback = [("HALLPASS_METADATA_ALLOW_PRIVATE_NETWORKS", "127.0.0.0/8")];
        let setup = SsoSetup::with(database, &allow_loopback, |sp, new| {
            new.saml.signing_certificates = vec![sp.certificate()];
            new.saml.logout = Some(LogoutEndpoint {
                binding: Binding::Redirect,
                location: SpUrl::parse("https://wiki.example/slo").unwrap(),
                response_location: None,
            });
        });
        let mail_server = MailServer::start().environment();
        let mail_server = mail_server
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let cli = Cli::new(&setup.server.settings.data_dir, database)
            .with_env(&allow_loopback)
            .with_env(&mail_server);
        let certificate = in_a_file(&setup.server, &setup.sp.certificate());
        Self {
            setup,
            cli,
            seen: BTreeMap::new(),
            certificate,
        }
    }

    /// Runs `command` with more arguments and `--json`.
    fn run(&mut self, command: &str, more: &[&str]) -> Value {
        self.run_as(command, command, more, "")
    }

    /// The same for a command that ends with 1 after it has printed JSON.
    fn run_failing(&mut self, command: &str, more: &[&str]) {
        self.run_failing_as(command, command, more);
    }

    fn run_failing_as(&mut self, name: &str, command: &str, more: &[&str]) {
        let command_words: Vec<&str> = command.split(' ').collect();
        let output = self
            .cli
            .run(&[&command_words[..], more, &["--json"]].concat(), "");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let value = serde_json::from_slice(&output.stdout).unwrap();
        add_shape(&value, "", self.seen.entry(name.to_owned()).or_default());
    }

    /// Runs `command`, and records what it prints as the output of `name`.
    fn run_as(&mut self, name: &str, command: &str, more: &[&str], input: &str) -> Value {
        let command_words: Vec<&str> = command.split(' ').collect();
        let output = self
            .cli
            .expect_success_with_input(&[&command_words[..], more, &["--json"]].concat(), input);
        let value = serde_json::from_str(&output).unwrap();
        add_shape(&value, "", self.seen.entry(name.to_owned()).or_default());
        value
    }

    fn users(&mut self) {
        self.run("config check", &[]);
        let names = ["--given-name", "Bo", "--family-name", "Berg", "--password-stdin"];
        let bo = "bo@fernweh.example";
        self.run_as("user add", "user add", &[&[bo][..], &names].concat(), PASSWORD);
        self.run("user edit", &[bo, "--username", "bo", "--attribute", "team=a"]);
        for command in ["user deactivate", "user enable", "user show", "user unlock"] {
            self.run(command, &[bo]);
        }
        self.run_as(
            "user set-password",
            "user set-password",
            &[bo, "--password-stdin"],
            "another long password",
        );
        for more in [&[][..], &["--set", "bo-1"]] {
            self.run("user name-id", &[&[bo, "--app", "wiki"][..], more].concat());
        }
        for (id, used) in [
            ("01890000-0000-7000-8000-000000000001", "NULL"),
            ("01890000-0000-7000-8000-000000000002", "'2026-11-21 14:02:11'"),
        ] {
            let insert = format!(
                "INSERT INTO second_factors (id, user_id, kind, name, sealed, last_step, created_at, last_used_at) \
                 SELECT '{id}', id, 'totp', 'Phone', '', 1, '2026-11-21 14:02:11', {used} FROM users WHERE email = '{bo}'"
            );
            sql::execute(&self.setup.server.settings, &insert);
        }
        let passkey = format!(
            "INSERT INTO second_factors (id, user_id, kind, name, sealed, last_step, created_at, rp_id) \
             SELECT '01890000-0000-7000-8000-000000000003', id, 'passkey', 'Laptop', '', 0, '2026-11-21 14:02:11', 'login.fernweh.example' FROM users WHERE email = '{bo}'"
        );
        sql::execute(&self.setup.server.settings, &passkey);
        self.run("passkey show", &[]);
        self.run("passkey move", &["--force"]);
        self.run("user second-factor", &[bo]);
        let new = "new@fernweh.example";
        let invited = ["user", "add", new, "--given-name", "N", "--invite"];
        self.cli.expect_success(&invited);
        self.run("user invite", &[new]);
        self.run("user recovery-link", &[bo]);
        self.run("rescue", &[bo]);
        for role in ["auditor", "none"] {
            self.run("user role", &[bo, role]);
        }
        let entered = self.setup.sso_url("_entered");
        self.setup.signed_in_browser().get(&entered);
        let pin = [ADA, "--app", "wiki"];
        self.run("user pin add", &pin);
        self.run("user pin list", &[ADA]);
        self.run("user pin remove", &pin);
        let undecided = [ADA, "--email", "ada.king@fernweh.example"];
        self.run_failing_as("user edit UNDECIDED", "user edit", &undecided);
        self.run("session list", &[]);
        self.run("session end", &["--user", ADA]);
        self.cli.expect_success(&["user", "deactivate", ADA]);
        self.run("user leavers", &["--days", "3650"]);
        self.cli.expect_success(&["user", "enable", ADA]);
        self.run("user list", &[]);
        self.run("user delete", &[bo]);
    }

    fn applications(&mut self) {
        let connection = [
            "--acs",
            "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
            "--audience",
            "ATZB94xJKf9F",
        ];
        self.run("app add chatgpt", &connection);
        let certificate = self.certificate.clone();
        let file = certificate.as_str();
        let values = [
            "--entity-id",
            "urn:test:files",
            "--acs",
            "https://files.example/acs",
        ];
        let options = [
            "--certificate",
            file,
            "--encryption-certificate",
            file,
            "--encrypt",
            "aes256-gcm",
            "--relay-state",
            "start",
            "--tile-url",
            "https://files.example/",
            "--allow-idp-initiated",
        ];
        self.run("app add saml", &[&values[..], &options].concat());
        self.run("app draft", &["--name", "Next"]);
        self.run_as("app show DRAFT", "app show", &["next"], "");
        self.run("app edit", &["files-example", "--name", "Files"]);
        self.run("app attribute preset", &["files-example", "gitlab"]);
        let set = [
            "files-example",
            "team",
            "own:team",
            "--friendly-name",
            "Team",
            "--join",
            ",",
        ];
        self.run("app attribute set", &set);
        self.run("app attribute list", &["files-example"]);
        self.run("app attribute remove", &["files-example", "team"]);
        for command in ["app disable", "app enable", "app show", "app repair"] {
            self.run(command, &["files-example"]);
        }
        self.clients();
        self.run("app preview", &["wiki", ADA]);
        self.groups();
        self.run("app disable", &["wiki"]);
        self.run("app preview", &["wiki", ADA]);
        self.run("app enable", &["wiki"]);
    }

    fn clients(&mut self) {
        let uri = ["--redirect-uri", "https://rp.example/cb"];
        let options = ["--name", "Tasks", "--tile-url", "https://rp.example/"];
        self.run("app add oidc", &[&uri[..], &options].concat());
        self.run("app add chatgpt-oidc", &["--slug", "workspace"]);
        self.run("app add librechat", &uri);
        self.run("app add gpt-action", &[&uri[..], &["--name", "Action"]].concat());
        self.run_as("app show CLIENT", "app show", &["tasks"], "");
        let added = self.run("app secret add", &["tasks", "--days", "30"]);
        self.run("app secret list", &["tasks"]);
        let id = added["id"].as_str().unwrap().to_owned();
        self.run("app secret revoke", &["tasks", &id]);
        self.run("token revoke", &["--user", ADA]);
        self.run("domain add", &["fernweh.example"]);
        self.run("domain list", &[]);
        self.run("domain remove", &["fernweh.example"]);
    }

    fn groups(&mut self) {
        self.run("group add", &["Editors", "--description", "Who edits"]);
        self.run("group add", &["Readers"]);
        self.run("group edit", &["Readers", "--name", "All readers"]);
        self.run("group add-member", &["Editors", ADA]);
        self.run("app access add", &["wiki", "--group", "Editors", "--user", ADA]);
        self.run("app access set", &["wiki", "assigned"]);
        self.run("app access show", &["wiki"]);
        self.run("group show", &["Editors"]);
        self.run("user show", &[ADA]);
        self.run("user list", &[]);
        self.run("group list", &[]);
        self.run(
            "app access remove",
            &["wiki", "--group", "Editors", "--user", ADA],
        );
        self.run("app access set", &["wiki", "everyone"]);
        self.run("group remove-member", &["Editors", ADA]);
        self.run("group remove", &["Editors"]);
        self.import_groups();
    }

    fn import_groups(&mut self) {
        let dir = self.setup.server.dir.path();
        let file = dir.join("groups.csv").display().to_string();
        let id = self.cli.json(&["group", "show", "All readers", "--json"])["id"].clone();
        let id = id.as_str().unwrap();
        self.run("app attribute set", &["wiki", "team", "groups:All readers"]);
        let rows = format!("{id},Readers,Who reads\n,Sales,\n");
        fs::write(&file, format!("id,name,description\n{rows}")).unwrap();
        self.run("group import", &[&file]);
        fs::write(&file, "name\n\"a,b\"\nSales\nSales\n").unwrap();
        self.run_failing("group import", &[&file]);
        self.run("app attribute remove", &["wiki", "team"]);
    }

    fn metadata(&mut self) {
        let xml = SpMetadata::new("urn:test:sp", "https://sp.example/acs").xml();
        let publisher = Publisher::start(&xml);
        self.run("app add saml", &["--metadata", &publisher.url, "--slug", "sp"]);
        self.run_as("app confirm", "app confirm", &["sp"], "");
        publisher.publish(&xml.replace("https://sp.example/acs", "https://other.example/acs"));
        let waiting = self.run("app source", &["sp", "--refresh"]);
        let id = waiting["applications"][0]["waiting"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        self.run("app confirm", &["sp", "--accept", &id]);
        publisher.fail(500);
        self.cli.expect_failure(&["app", "source", "sp", "--refresh"]);
        self.run("app source", &["sp"]);
        self.run_as("app source", "app source", &["wiki"], "");

        let signer = TestSp::new("x", "https://x.example/");
        let key = in_a_file(&self.setup.server, &signer.certificate());
        let entities = [1, 2, 3].map(|number| SpMetadata {
            registration_authority: Some("https://registrar.example".to_owned()),
            ..SpMetadata::new(
                &format!("urn:test:{number}"),
                &format!("https://sp{number}.example/acs"),
            )
        });
        let broken = SpMetadata::new("urn:test:broken", "javascript:alert(1)");
        let until = self.setup.now() + TimeDelta::days(7);
        let until = format!(
            " validUntil=\"{}\"",
            until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        );
        let all = [&entities[..], &[broken]].concat();
        let publisher = Publisher::start(&aggregate(&all, &signer.key, &until));
        let import = [
            publisher.url.as_str(),
            "--signed-by",
            &key,
            "--enable-host",
            "sp2.example",
        ];
        self.run("app import", &import);
        self.run_as(
            "app enable",
            "app enable",
            &["--known", "urn:test:1", "--slug", "one"],
            "",
        );
        self.run("app known list", &[]);
        self.run_as("app source LIST", "app source", &[], "");
    }

    fn import(&mut self) {
        let file = self
            .setup
            .server
            .dir
            .path()
            .join("people.csv")
            .display()
            .to_string();
        let rows = "bob@fernweh.example,Bob,Sales\nada@fernweh.example,Augusta,\n";
        fs::write(&file, format!("email,first_name,groups\n{rows}")).unwrap();
        self.run("user import", &[&file]);
        let id = self.setup.ada.stable_id.as_str();
        fs::write(&file, format!("stable_id,email\n{id},countess@fernweh.example\n")).unwrap();
        self.run("user import", &[&file]);
        self.run("user import", &[&file, "--keep-old", "wiki"]);
        let rows = "nobody,Bob\neve@x.example,Eve\neve@x.example,Eve\n";
        fs::write(&file, format!("email,first_name\n{rows}")).unwrap();
        self.run_failing("user import", &[&file]);
    }

    fn audit(&mut self) {
        let refused = self.setup.server.browser().get(&format!(
            "/saml/sso?{}",
            self.setup.sp.redirect_query(
                &self.setup.sp.authn_request(
                    "_1",
                    self.setup.now(),
                    "AssertionConsumerServiceURL=\"https://evil.example/\"",
                    ""
                ),
                None,
                false
            )
        ));
        let (code, reference) = code_and_reference(&refused);
        self.run_as("explain CODE", "explain", &[&code], "");
        self.run_as("explain REFERENCE", "explain", &[&reference.to_string()], "");
        self.setup.signed_in_browser();
        self.run_as("audit LIST", "audit", &["-n", "all"], "");
        self.run_as("audit SIZE", "audit", &["--size"], "");
        self.setup.server.clock.advance(TimeDelta::minutes(11));
        self.setup.server.provider.run_housekeeping().unwrap();
        self.run("audit verify", &[]);
        let unknown = "00".repeat(32);
        self.run_failing("audit verify", &["--expect", &unknown]);
        sql::execute(
            &self.setup.server.settings,
            "UPDATE audit_events SET outcome = 'ok!' WHERE action = 'app.add'",
        );
        self.run_failing("audit verify", &[]);
    }

    fn mail(&mut self) {
        self.run("mail test", &[ADA]);
    }

    fn keys(&mut self) {
        self.run("key roll prepare", &[]);
        let application = self.run("app show", &["wiki"]);
        let url = application["paste"]["metadata_url"].as_str().unwrap();
        let path = url.strip_prefix("https://login.fernweh.example").unwrap();
        let server = &self.setup.server;
        server.provider.refresh_snapshot().unwrap();
        let head = [("Host", "login.fernweh.example"), ("User-Agent", "wiki/2")];
        assert_eq!(http::request(server.address, "GET", path, &head, "").status, 200);
        // The fetch is recorded after the response.
        for _ in 0..200 {
            let status = self.run("key roll status", &[]);
            let applications = status["applications"].as_array().unwrap();
            if applications
                .iter()
                .any(|application_output| application_output["agent"] == "wiki/2")
            {
                break;
            }
        }
        self.run("key roll confirm", &["chatgpt"]);
        self.run("key roll activate", &["--force"]);
        self.run("key roll back", &[]);
        self.run("key roll cancel", &[]);
        self.run("key roll prepare", &[]);
        self.run("key roll activate", &["--force"]);
        self.run("key roll retire", &["--force"]);
    }

    /// Rows as the next version may write them.
    fn unreadable_rows(&mut self) {
        let settings = &self.setup.server.settings;
        let before = if settings.sqlite_path().is_some() {
            "PRAGMA ignore_check_constraints = ON"
        } else {
            "ALTER TABLE applications DROP CONSTRAINT IF EXISTS applications_kind_check; \
             ALTER TABLE signing_keys DROP CONSTRAINT IF EXISTS signing_keys_state_check"
        };
        sql::execute(
            settings,
            &format!(
                "{before}; UPDATE applications SET kind = 'next' WHERE slug = 'files-example'; \
                 INSERT INTO signing_keys (id, state, sealed, certificate, created_at, since) \
                 SELECT 'of-the-next', 'standby', sealed, certificate, created_at, since FROM signing_keys WHERE state = 'active'; \
                 UPDATE installation SET generation = generation + 1"
            ),
        );
        self.run("app list", &[]);
        self.run("app repair", &["files-example"]);
        self.run("key remove", &["of-the-next"]);
    }

    fn removals(&mut self) {
        self.run("app remove", &["files-example"]);
    }

    /// Ends the server, and seals the keys anew; what was recorded.
    fn reseal(self, database: &Database) -> BTreeMap<String, Shape> {
        let _dir = self.setup.server.stop();
        let mut seen = self.seen;
        let done = self.cli.json(&["key", "reseal", "--json"]);
        add_shape(&done, "", seen.entry("key reseal".to_owned()).or_default());
        record_backups(&self.cli, database, &mut seen);
        seen
    }
}

/// Makes a backup, restores it elsewhere, and moves that to another database.
fn record_backups(cli: &Cli, database: &Database, seen: &mut BTreeMap<String, Shape>) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let key = age::x25519::Identity::generate();
    fs::write(path("key"), key.to_string().expose_secret()).unwrap();
    fs::set_permissions(path("key"), PermissionsExt::from_mode(0o600)).unwrap();
    let mut record = |cli: &Cli, arguments: &[&str]| {
        let done = cli.json(arguments);
        add_shape(&done, "", seen.entry(arguments[0].to_owned()).or_default());
        done
    };
    let directory = path("");
    fs::write(path("hallpass-20250101-010101.age"), "").unwrap();
    let recipient = key.to_public().to_string();
    let made = record(
        cli,
        &[
            "backup",
            &directory,
            "--recipient",
            &recipient,
            "--keep",
            "1",
            "--json",
        ],
    );
    let other = fresh_database_like(database);
    let elsewhere = Cli::new(&dir.path().join("data"), &other);
    let file = made["file"].as_str().unwrap();
    record(
        &elsewhere,
        &["restore", file, "--identity-file", &path("key"), "--json"],
    );
    let restored = settings(&dir.path().join("data"), &other, ([127, 0, 0, 1], 1).into(), &[]);
    sql::execute(
        &restored,
        "UPDATE heartbeat SET at = '2026-01-01 00:00:00'; UPDATE audit_events SET at = '2026-01-01 00:00:00';
        UPDATE users SET stable_id = '' WHERE id = (SELECT max(id) FROM users)",
    );
    let spoilt = path("spoilt.age");
    elsewhere.expect_success(&["backup", &spoilt, "--recipient", &recipient]);
    record(
        &Cli::new(&dir.path().join("third"), &fresh_database_like(database)),
        &["restore", &spoilt, "--identity-file", &path("key"), "--json"],
    );
    record(
        &elsewhere,
        &["move", "--to", &format!("sqlite:{}", path("moved.db")), "--json"],
    );
}

/// The path of a file with this certificate.
fn in_a_file(server: &TestServer, certificate: &Certificate) -> String {
    let file = server.dir.path().join(format!("{}.der", certificate.sha256));
    fs::write(&file, &certificate.der).unwrap();
    file.to_str().unwrap().to_owned()
}
