//! The real binary, beside a running house: what it changes holds at the next sign-on.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    browser::Browser,
    house::{self, Database, House, PASSWORD, on_each_database},
    scene::{ADA, Scene},
    signing::Key,
    sp::{TestSp, posted},
};

/// The binary in the surroundings of one installation.
struct Cli(Vec<(String, String)>);

impl Cli {
    fn of(data_dir: &Path, database: &Database) -> Self {
        let mut all = vec![
            (
                "HALLPASS_BASE_URL".to_owned(),
                "https://login.fernweh.example".to_owned(),
            ),
            ("HALLPASS_DATA_DIR".to_owned(), data_dir.display().to_string()),
        ];
        if let Database::Postgres(url) = database {
            all.push(("HALLPASS_DATABASE_URL".to_owned(), url.clone()));
        }
        Self(all)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command
            .env_clear()
            .envs(self.0.iter().map(|(name, value)| (name, value)))
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses early does not read.
        let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.says_to(arguments, "")
    }

    fn says_to(&self, arguments: &[&str], input: &str) -> String {
        let done = self.run(arguments, input);
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.says(arguments)).unwrap()
    }

    fn refuses(&self, arguments: &[&str]) -> String {
        self.refuses_to(arguments, "")
    }

    fn refuses_to(&self, arguments: &[&str], input: &str) -> String {
        let done = self.run(arguments, input);
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(
            !done.status.success() && !words.is_empty() && !words.contains("panicked"),
            "{arguments:?}: {words}"
        );
        words
    }
}

fn house_and_cli(database: &Database) -> (House, Cli) {
    let house = House::start(database, &[]);
    let cli = Cli::of(&house.settings.data_dir, database);
    (house, cli)
}

fn log_in(house: &House, email: &str, password: &str) -> (Browser, u16) {
    let mut browser = house.browser();
    let login = browser.get("/login");
    let status = browser.submit_login(&login, email, password).status;
    (browser, status)
}

#[test]
fn people_are_kept_by_the_command_line_while_the_daemon_runs() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        let names = ["--given-name", "Ada", "--family-name", "Lovelace"];
        let add = |email: &'static str| [&["user", "add", email][..], &names, &["--password-stdin"]].concat();
        let said = cli.says_to(&add("ADA@Fernweh.example"), &format!("{PASSWORD}\n"));
        assert!(said.contains("Ada Lovelace <ada@fernweh.example>"), "{said}");
        assert_eq!(log_in(&house, ADA, PASSWORD).1, 303);
        assert!(
            cli.refuses_to(&add(ADA), &format!("{PASSWORD}\n"))
                .contains("already")
        );
        for (input, words) in [("short\n", "short"), ("\n", "empty"), ("", "empty")] {
            assert!(
                cli.refuses_to(&add("eve@fernweh.example"), input).contains(words),
                "{input:?}"
            );
        }
        assert!(
            cli.refuses_to(&add("no address"), PASSWORD)
                .contains("not an e-mail address")
        );

        let list = cli.json(&["user", "list", "--json"]);
        let person = cli.json(&["user", "show", "Ada@fernweh.example", "--json"]);
        assert_eq!(list.as_array().unwrap().as_slice(), [person.clone()]);
        for (field, value) in [("email", ADA), ("given_name", "Ada"), ("family_name", "Lovelace")] {
            assert_eq!(person[field], value);
        }
        assert_eq!(
            (&person["enabled"], &person["stable_id"]),
            (&Value::Bool(true), &person["id"])
        );
        assert!(
            cli.says(&["user", "list"]).contains(ADA)
                && cli.says(&["user", "show", ADA]).contains("Lovelace")
        );

        let (mut browser, _) = log_in(&house, ADA, PASSWORD);
        cli.says(&[
            "user",
            "edit",
            ADA,
            "--family-name",
            "<King>",
            "--email",
            "countess@fernweh.example",
        ]);
        assert!(
            browser.get("/").body.contains("Ada"),
            "a new name is no reason to log out"
        );
        assert!(
            cli.refuses(&["user", "show", ADA])
                .contains("nobody here has the address")
        );
        let countess = "countess@fernweh.example";
        assert_eq!(
            cli.json(&["user", "show", countess, "--json"])["stable_id"],
            person["stable_id"]
        );

        cli.says(&["user", "disable", countess]);
        assert_eq!(
            (browser.get("/").status, log_in(&house, countess, PASSWORD).1),
            (303, 200)
        );
        cli.says(&["user", "enable", countess]);
        let (mut browser, status) = log_in(&house, countess, PASSWORD);
        assert_eq!(status, 303);
        let said = cli.says_to(
            &["user", "set-password", countess, "--password-stdin"],
            "another long password\r\n",
        );
        assert!(said.contains("1 session was ended"), "{said}");
        assert_eq!(
            (browser.get("/").status, log_in(&house, countess, PASSWORD).1),
            (303, 200)
        );
        assert_eq!(log_in(&house, countess, "another long password").1, 303);
        for unknown in [
            ["user", "show", "x@y.example"],
            ["user", "disable", "x@y.example"],
            ["user", "enable", "x@y.example"],
        ] {
            cli.refuses(&unknown);
        }
    });
}

const LEGACY: [&str; 4] = [
    "--acs",
    "https://auth0.openai.com/login/callback?connection=org-X",
    "--audience",
    "urn:auth0:openai:org-X",
];
const CURRENT: [&str; 4] = [
    "--acs",
    "https://external.auth.openai.com/sso/saml/acs/ATZB94xJ",
    "--audience",
    "ATZB94xJKf9F",
];

fn add_chatgpt(values: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    [&["app", "add", "chatgpt"][..], values, more].concat()
}

#[test]
fn chatgpt_is_registered_in_both_shapes_and_signs_on_at_once() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        let (mut browser, _) = log_in(&house, ADA, PASSWORD);
        for (n, (values, kind, slug)) in [
            (LEGACY, "chatgpt-legacy", "chatgpt"),
            (CURRENT, "chatgpt", "chatgpt-2"),
        ]
        .into_iter()
        .enumerate()
        {
            let shown: Value = serde_json::from_str(&cli.says(&add_chatgpt(&values, &["--json"]))).unwrap();
            assert_eq!(
                (&shown["kind"], &shown["slug"], &shown["audience"]),
                (&kind.into(), &slug.into(), &values[3].into())
            );
            assert_eq!(
                shown["paste"]["sign_in_url"],
                "https://login.fernweh.example/saml/sso"
            );
            assert_eq!(
                shown["paste"]["sign_out_url"],
                "https://login.fernweh.example/saml/slo"
            );
            assert_eq!(
                shown["paste"]["entity_id"],
                "https://login.fernweh.example/saml/metadata"
            );
            assert_eq!(
                shown["paste"]["certificate_sha256"],
                house.provider.certificate_pem().unwrap().0.sha256.as_str()
            );
            let sp = TestSp::new(values[3], values[1]);
            let (_, action) =
                posted(&browser.get(&sp.sign_on_address(&format!("_r{n}"), chrono::Utc::now())));
            assert_eq!(action, values[1]);
        }
        let said = cli.says(&["app", "show", "chatgpt"]);
        let order = [
            "Identity Provider Name",
            "Metadata URL",
            "Entity ID",
            "Sign-in URL",
            "Sign-out URL",
            "X.509 certificate",
            "ACS URL",
            "Audience",
        ];
        let places: Vec<_> = order
            .iter()
            .map(|value| said.find(value).unwrap_or_else(|| panic!("{value}: {said}")))
            .collect();
        assert!(places.is_sorted(), "{said}");
        assert!(
            said.contains("signed logout requests are refused")
                && said.contains("Every active person may use it"),
            "{said}"
        );
        assert!(
            !cli.says(&["app", "show", "chatgpt-2"])
                .contains("logout requests are refused")
        );
        cli.says(&[
            "app",
            "edit",
            "chatgpt",
            "--tile-url",
            "https://chatgpt.com/auth/login?sso=true&connection=conn_1",
        ]);
        assert_eq!(
            browser.get("/launch/chatgpt").location(),
            "https://chatgpt.com/auth/login?sso=true&connection=conn_1"
        );
        assert!(
            cli.refuses(&["app", "edit", "chatgpt", "--acs", CURRENT[1]])
                .contains("paste both")
        );
        cli.says(&[
            "app",
            "edit",
            "chatgpt",
            "--acs",
            "https://external.auth.openai.com/sso/saml/acs/NEW1",
            "--audience",
            "NEW1audience",
        ]);
        let edited = cli.json(&["app", "show", "chatgpt", "--json"]);
        assert_eq!(
            (&edited["kind"], &edited["slug"]),
            (&"chatgpt".into(), &"chatgpt".into())
        );
        let sp = TestSp::new(
            "NEW1audience",
            "https://external.auth.openai.com/sso/saml/acs/NEW1",
        );
        posted(&browser.get(&sp.sign_on_address("_new", chrono::Utc::now())));
        assert!(
            cli.refuses(&["app", "edit", "chatgpt", "--allow-idp-initiated", "true"])
                .contains("did not ask for")
        );
    });
}

#[test]
fn a_half_paste_is_told_what_to_paste() {
    on_each_database(|database| {
        let (_house, cli) = house_and_cli(database);
        for (acs, audience, words) in [
            (
                "https://auth0.openai.com/login/callback",
                LEGACY[3],
                "connection=",
            ),
            (
                "https://auth0.openai.com/login/callback?connection=",
                LEGACY[3],
                "connection=",
            ),
            (
                "https://external.auth.openai.com/sso/saml/acs/",
                CURRENT[3],
                "/acs/",
            ),
            ("external.auth.openai.com/sso/saml/acs/A", CURRENT[3], "whole"),
            (
                " https://external.auth.openai.com/sso/saml/acs/A",
                CURRENT[3],
                "white space",
            ),
            (
                "https://external.auth.openai.com/sso/saml/acs/A B",
                CURRENT[3],
                "white space",
            ),
            (
                "http://external.auth.openai.com/sso/saml/acs/A",
                CURRENT[3],
                "http",
            ),
            ("javascript:alert(1)", CURRENT[3], "ACS URL"),
            (
                "https://chatgpt.com/auth/login?sso=true&connection=conn_1",
                CURRENT[3],
                "page of ChatGPT",
            ),
            (CURRENT[1], CURRENT[1], "ACS URL once more"),
            (CURRENT[1], "", "Audience"),
            (LEGACY[1], "org-X", "urn:auth0:openai:"),
        ] {
            let said = cli.refuses(&["app", "add", "chatgpt", "--acs", acs, "--audience", audience]);
            assert!(said.contains(words), "{acs} {audience}: {said}");
        }
        assert_eq!(cli.json(&["app", "list", "--json"]), Value::Array(Vec::new()));
    });
}

#[test]
fn any_other_application_is_registered_edited_switched_and_removed() {
    on_each_database(|database| {
        let (house, cli) = house_and_cli(database);
        house.add_person(ADA, "Ada", "Lovelace");
        let (mut browser, _) = log_in(&house, ADA, PASSWORD);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs?x=1");
        let mut n = 0;
        let mut ask = |browser: &mut Browser| {
            n += 1;
            browser.get(&sp.sign_on_address(&format!("_r{n}"), chrono::Utc::now()))
        };
        let add = [
            "app",
            "add",
            "saml",
            "--entity-id",
            "urn:test:wiki",
            "--acs",
            "https://wiki.example/acs?x=1",
            "--name",
            "Wiki",
        ];
        let demanding = [&add[..], &["--require-signed-requests"]].concat();
        assert!(cli.refuses(&demanding).contains("--certificate"));
        let shown: Value = serde_json::from_str(
            &cli.says(&[&add[..], &["--slo", "https://wiki.example/slo", "--json"]].concat()),
        )
        .unwrap();
        assert_eq!(
            (&shown["slug"], &shown["slo"]),
            (&"wiki".into(), &"https://wiki.example/slo".into())
        );
        posted(&ask(&mut browser));
        assert_eq!(
            browser.get("/launch/wiki").status,
            404,
            "nothing unsolicited by default"
        );
        cli.says(&["app", "edit", "wiki", "--allow-idp-initiated", "true"]);
        let (unsolicited, _) = posted(&browser.get("/launch/wiki"));
        assert!(!unsolicited.contains("InResponseTo"), "{unsolicited}");

        let file = house.dir.path().join("two.pem");
        let keys = [Key::rsa(2048), Key::p256()];
        fs::write(&file, [keys[0].pem.clone(), keys[1].pem.clone()].concat()).unwrap();
        let file = file.display().to_string();
        cli.says(&[
            "app",
            "edit",
            "wiki",
            "--certificate",
            &file,
            "--require-signed-requests",
            "true",
            "--name",
            "The <Wiki>",
        ]);
        let shown = cli.json(&["app", "show", "wiki", "--json"]);
        assert_eq!(
            (shown["certificates"].as_array().unwrap().len(), &shown["name"]),
            (2, &"The <Wiki>".into())
        );
        assert!(posted(&ask(&mut browser)).0.contains("RequestDenied"));
        cli.says(&[
            "app",
            "edit",
            "wiki",
            "--require-signed-requests",
            "false",
            "--acs",
            "https://wiki.example/new",
        ]);
        assert_eq!(posted(&ask(&mut browser)).1, "https://wiki.example/new");
        cli.says(&["app", "disable", "wiki"]);
        assert!(ask(&mut browser).body.contains("APPLICATION-DISABLED"));
        assert!(cli.says(&["app", "list"]).contains("switched off"));
        cli.says(&["app", "enable", "wiki"]);
        posted(&ask(&mut browser));
        cli.says(&["app", "remove", "wiki"]);
        assert!(ask(&mut browser).body.contains("ISSUER-UNKNOWN"));
        for gone in [
            ["app", "show", "wiki"],
            ["app", "remove", "wiki"],
            ["app", "disable", "wiki"],
            ["app", "show", "../x"],
        ] {
            cli.refuses(&gone);
        }
    });
}

#[test]
fn the_configuration_is_checked_and_a_stranger_in_it_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::of(&dir.path().join("data"), &Database::Sqlite);
    let lines = cli.json(&["config", "check", "--json"]);
    let line = |key: &str| {
        lines
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["key"] == key)
            .unwrap()
            .clone()
    };
    assert_eq!(line("base_url")["value"], "https://login.fernweh.example");
    assert!(cli.says(&["config", "check"]).contains("can be used"));
    assert!(!dir.path().join("data").exists(), "a check makes nothing");

    let file = dir.path().join("hallpass.toml");
    let with_file = |text: &str| {
        fs::write(&file, text).unwrap();
        cli.refuses(&["--config", &file.display().to_string(), "config", "check"])
    };
    let said = with_file("organization = \"x\"\n");
    assert!(
        said.contains("organization") && said.contains("organisation"),
        "{said}"
    );
    assert!(with_file("[sessions]\nidle = \"8 parsecs\"\n").contains("idle"));
    let mut strange = Cli(cli.0.clone());
    strange.0.push(("HALLPASS_BASE_URI".to_owned(), "x".to_owned()));
    assert!(
        strange
            .refuses(&["config", "check"])
            .contains("HALLPASS_BASE_URI")
    );
    for bad in [
        "http://login.fernweh.example",
        "https://login.fernweh.example/path",
        "ftp://x",
        "login.fernweh.example",
        "https://user@x.example",
    ] {
        let mut wrong = Cli(cli.0.clone());
        wrong.0.retain(|(name, _)| name != "HALLPASS_BASE_URL");
        wrong.0.push(("HALLPASS_BASE_URL".to_owned(), bad.to_owned()));
        assert!(
            wrong.refuses(&["config", "check"]).contains("base_url")
                || wrong.refuses(&["config", "check"]).contains("BASE_URL"),
            "{bad}"
        );
    }
    let mut secret = Cli(cli.0.clone());
    secret.0.push((
        "HALLPASS_DATABASE_URL".to_owned(),
        "postgres://u:hunter2@db.example/x".to_owned(),
    ));
    assert!(!secret.says(&["config", "check"]).contains("hunter2"));
}

#[test]
fn other_commands_than_serve_make_no_database() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let cli = Cli::of(&dir.path().join("data"), &house::another(database));
        assert!(cli.refuses(&["user", "list"]).contains("hallpass serve"));
        fs::create_dir(dir.path().join("data")).unwrap();
        fs::set_permissions(
            dir.path().join("data"),
            std::os::unix::fs::PermissionsExt::from_mode(0o700),
        )
        .unwrap();
        assert!(cli.refuses(&["app", "list"]).contains("hallpass serve"));
        assert_eq!(fs::read_dir(dir.path().join("data")).unwrap().count(), 0);
    });
}

/// A daemon that a test started, ended with it.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

#[test]
fn the_log_is_whole_lines_and_holds_no_secret() {
    on_each_database(|database| {
        let dir = tempfile::tempdir().unwrap();
        let mut cli = Cli::of(&dir.path().join("data"), &house::another(database));
        for (name, value) in [
            ("LISTEN", "127.0.0.1:0"),
            ("LOG", "trace"),
            ("LOG_FORMAT", "json"),
        ] {
            cli.0.push((format!("HALLPASS_{name}"), value.to_owned()));
        }
        let log = dir.path().join("log");
        let out = fs::File::create(&log).unwrap();
        let mut serve = cli.command(&["serve"]);
        let mut daemon = Daemon(
            serve
                .stdout(out.try_clone().unwrap())
                .stderr(out)
                .spawn()
                .unwrap(),
        );
        let address = loop {
            let text = fs::read_to_string(&log).unwrap();
            if let Some((_, rest)) = text.split_once("listens on http://") {
                break rest[..rest.find(". ").unwrap()].parse().unwrap();
            }
            assert!(daemon.0.try_wait().unwrap().is_none(), "{text}");
            thread::sleep(Duration::from_millis(20));
        };
        assert!(
            fs::read_to_string(&log).unwrap().contains("hallpass user add"),
            "it says what to do next"
        );
        cli.says_to(
            &[
                "user",
                "add",
                ADA,
                "--given-name",
                "Ada",
                "--family-name",
                "Lovelace",
                "--password-stdin",
            ],
            PASSWORD,
        );
        cli.says(&[
            "app",
            "add",
            "saml",
            "--entity-id",
            "urn:test:wiki",
            "--acs",
            "https://wiki.example/acs",
        ]);
        let sp = TestSp::new("urn:test:wiki", "https://wiki.example/acs");
        let mut browser = Browser::new(address, "https://login.fernweh.example");
        let login = browser.follow(&sp.sign_on_address("_logged", chrono::Utc::now()));
        browser.submit_login(
            &login,
            "x\r\n{\"level\":\"ERROR\",\"forged\":1}\u{1b}[31m",
            "a wrong password",
        );
        let page = browser.sign_in(&login, ADA, PASSWORD);
        let (xml, _) = posted(&page);
        browser.get("/nowhere?password=in-the-address");
        let done = Command::new("kill")
            .arg("-TERM")
            .arg(daemon.0.id().to_string())
            .status()
            .unwrap();
        assert!(done.success() && daemon.0.wait().unwrap().success());

        let text = fs::read_to_string(&log).unwrap();
        for line in text.lines() {
            assert!(
                serde_json::from_str::<Value>(line).is_ok_and(|line| line.get("forged").is_none()),
                "{line}"
            );
        }
        let handle = login.field("continue").unwrap();
        let message = page.field("SAMLResponse").unwrap();
        let mut secrets = vec![
            PASSWORD,
            "a wrong password",
            &handle,
            &message[..100],
            &xml[..100],
            "in-the-address",
            ADA,
            "argon2id",
            "BEGIN PRIVATE",
        ];
        secrets.extend(browser.jar.values().map(String::as_str));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}");
        }
        assert!(
            text.contains("LOGIN-WRONG") && text.contains("has stopped"),
            "{text}"
        );
    });
}

#[test]
fn a_person_added_twice_at_once_is_one_person() {
    on_each_database(|database| {
        let scene = Scene::new(database);
        let cli = Cli::of(&scene.house.settings.data_dir, database);
        let added: usize = thread::scope(|scope| {
            let adding: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let arguments = [
                            "user",
                            "add",
                            "eve@fernweh.example",
                            "--given-name",
                            "E",
                            "--family-name",
                            "V",
                            "--password-stdin",
                        ];
                        usize::from(cli.run(&arguments, PASSWORD).status.success())
                    })
                })
                .collect();
            adding.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(
            (
                added,
                cli.json(&["user", "list", "--json"]).as_array().unwrap().len()
            ),
            (1, 2)
        );
    });
}
