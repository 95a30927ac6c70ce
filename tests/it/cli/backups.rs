//! `hallpass backup`, `restore` and `move`.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use age::secrecy::ExposeSecret;
use chrono::TimeDelta;
use hallpass::{
    backup_encryption::{EncryptedFile, Lock, Unlock, encrypt},
    config::Settings,
    files,
    model::secret::Secret,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cli::{Cli, daemon::Daemon},
    support::{
        assertions::{assert_contains, assert_lacks},
        browser::Browser,
        sql,
        sso_setup::{ADA, SsoSetup},
        test_server::{self, Database, PASSWORD, on_each_database},
    },
};

const PASSPHRASE: &str = "four words are a good passphrase";

/// An installation with a person and applications, and a directory for its backups.
struct Source {
    setup: SsoSetup,
    dir: TempDir,
    cli: Cli,
}

impl Source {
    fn start(database: &Database) -> Self {
        let setup = SsoSetup::new(database);
        let cli = Cli::new(&setup.server.settings.data_dir, database);
        Self {
            setup,
            dir: tempfile::tempdir().unwrap(),
            cli,
        }
    }

    fn backup(&self, more: &[&str]) -> (PathBuf, String) {
        let file = self.dir.path().join(format!("{}.age", more.len()));
        let target = file.display().to_string();
        let mut arguments = vec!["backup", &target, "--passphrase-stdin"];
        arguments.extend(more);
        let told = self.cli.expect_success_with_input(&arguments, PASSPHRASE);
        (file, told)
    }
}

/// A place without anything, for a database of the kind that `database` is.
fn empty_place(database: &Database) -> (TempDir, Cli) {
    let dir = tempfile::tempdir().unwrap();
    let cli = Cli::new(
        &dir.path().join("data"),
        &test_server::fresh_database_like(database),
    );
    (dir, cli)
}

fn restore(cli: &Cli, file: &Path, passphrase: &str) -> Result<String, String> {
    let output = cli.run(
        &["restore", &file.display().to_string(), "--passphrase-stdin"],
        passphrase,
    );
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

/// Everything that an administrator sees of an installation.
fn seen(cli: &Cli) -> Vec<Value> {
    let commands: [&[&str]; 4] = [
        &["user", "list", "--json", "--limit", "all"],
        &["app", "list", "--json", "--limit", "all"],
        &["key", "roll", "status", "--json"],
        &["user", "show", ADA, "--json"],
    ];
    commands.into_iter().map(|command| cli.json(command)).collect()
}

/// The databases that a backup can be restored to, or everything moved to.
fn targets() -> Vec<Database> {
    let mut all = vec![Database::Sqlite];
    all.extend(test_server::fresh_postgres());
    all
}

/// Nothing that was needed meanwhile is left in the data directory.
fn assert_nothing_left(data_dir: &Path) {
    for entry in fs::read_dir(data_dir).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(!name.starts_with('.'), "{name}");
    }
}

#[test]
fn a_backup_of_either_database_is_restored_to_either() {
    on_each_database(|database| {
        let source = Source::start(database);
        let (file, told) = source.backup(&[]);
        assert_contains(&told, "people 1, applications 1, keys 1");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
        assert_lacks(&String::from_utf8_lossy(&bytes), ADA);
        assert_nothing_left(&source.setup.server.settings.data_dir);
        assert_contains(
            &source
                .cli
                .expect_success(&["audit", "--json", "--action", "database.backup"]),
            &file.display().to_string(),
        );
        for target in targets() {
            let (dir, cli) = empty_place(&target);
            let told = restore(&cli, &file, PASSPHRASE).unwrap();
            assert_contains(&told, "verified for its one application");
            assert_eq!(seen(&cli), seen(&source.cli));
            assert_nothing_left(&dir.path().join("data"));
            let rows = cli.json(&["audit", "--json", "-n", "1"]);
            assert_eq!(rows[0]["action"], "database.restore");
            // Whoever had signed in signs in again, with the same password.
            let cli = cli.with_env(&[("HALLPASS_LISTEN", "127.0.0.1:0")]);
            let (_daemon, _log, address) = Daemon::start_with_piped_log(&cli);
            let mut browser = Browser::new(address, "https://login.fernweh.example");
            let login = browser.get("/login");
            let portal = browser.sign_in(&login, ADA, PASSWORD);
            assert_contains(&portal.body, "Wiki");
        }
    });
}

/// What `audit verify` says, without what differs from one moment to the next.
fn chain(cli: &Cli) -> Value {
    let mut report = cli.json(&["audit", "verify", "--json"]);
    assert_eq!(report["fits"], true, "{report}");
    for name in ["open_rows", "unnumbered_rows"] {
        report[name].take();
    }
    report
}

#[test]
fn the_chain_of_the_audit_log_goes_where_its_rows_go() {
    on_each_database(|database| {
        let source = Source::start(database);
        let server = &source.setup.server;
        server.clock.advance(TimeDelta::minutes(11));
        server.provider.run_housekeeping().unwrap();
        let original = chain(&source.cli);
        assert_eq!(original["batches"], 1);
        let (file, _) = source.backup(&[]);
        let (without_audit, _) = source.backup(&["--without-audit"]);
        for target in targets() {
            let (_dir, cli) = empty_place(&target);
            restore(&cli, &file, PASSPHRASE).unwrap();
            assert_eq!(chain(&cli), original);
            let (_dir, cli) = empty_place(&target);
            restore(&cli, &without_audit, PASSPHRASE).unwrap();
            let report = cli.json(&["audit", "verify", "--json"]);
            assert_eq!((&report["fits"], &report["rows"]), (&true.into(), &0.into()));
            assert_eq!(report["unnumbered_rows"], 1, "that of the restore: {report}");
        }
    });
}

#[test]
fn a_restore_that_cannot_be_done_leaves_the_place_as_it_was() {
    on_each_database(|database| {
        let source = Source::start(database);
        let (file, _) = source.backup(&[]);
        let whole = fs::read(&file).unwrap();
        let in_dir = |name: &str, bytes: &[u8]| {
            let path = source.dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let foreign = in_dir("foreign.age", b"");
        let lock = Lock::Passphrase(Secret::new(PASSPHRASE.to_owned()));
        let mut out = fs::File::create(&foreign).unwrap();
        encrypt(&mut &b"no database"[..], &lock, &mut out).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        let (dir, cli) = empty_place(database);
        for (file, passphrase, why) in [
            (&file, "another passphrase", "the passphrase is wrong"),
            (
                &in_dir("cut.age", &whole[..whole.len() - 10]),
                PASSPHRASE,
                "cut short or changed",
            ),
            (
                &in_dir("changed.age", &changed),
                PASSPHRASE,
                "cut short or changed",
            ),
            (
                &in_dir("plain.db", b"SQLite format 3\0"),
                PASSPHRASE,
                "not encrypted with age",
            ),
            (&foreign, PASSPHRASE, "not a backup of Hallpass"),
            (&source.dir.path().join("absent"), PASSPHRASE, "No such file"),
        ] {
            let told = restore(&cli, file, passphrase).unwrap_err();
            assert_contains(&told, why);
            assert!(!dir.path().join("data").exists(), "{why}");
        }
        // The disk is full before all of it is written.
        let told = with_small_files(
            &cli,
            &["restore", &file.display().to_string(), "--passphrase-stdin"],
        );
        assert_contains(&told, "cannot be restored");
        assert!(!dir.path().join("data").exists());
        // The same place takes it afterwards, and then no second one.
        restore(&cli, &file, PASSPHRASE).unwrap();
        assert_contains(&restore(&cli, &file, PASSPHRASE).unwrap_err(), "empty place only");
        assert_contains(
            &restore(&source.cli, &file, PASSPHRASE).unwrap_err(),
            "empty place only",
        );
    });
}

/// Runs the command where no file can become larger than 32 kB, and returns what it says of its failure.
fn with_small_files(cli: &Cli, arguments: &[&str]) -> String {
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let mut all = vec!["-c", limited, env!("CARGO_BIN_EXE_hallpass")];
    all.extend(arguments);
    let mut command = cli.command_of(Path::new("/bin/sh"), &all);
    command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), PASSPHRASE.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing_behind() {
    on_each_database(|database| {
        let source = Source::start(database);
        let target = source.dir.path().join("backup.age");
        let arguments = ["backup", &target.display().to_string(), "--passphrase-stdin"];
        with_small_files(&source.cli, &arguments);
        assert_eq!(fs::read_dir(source.dir.path()).unwrap().count(), 0);
        assert_nothing_left(&source.setup.server.settings.data_dir);
        let short = source.cli.expect_failure_with_input(&arguments, "too short");
        assert_contains(&short, "16 characters");
        fs::write(&target, "something else").unwrap();
        let told = source.cli.expect_failure_with_input(&arguments, PASSPHRASE);
        assert_contains(&told, "is there already");
        assert_eq!(fs::read(&target).unwrap(), b"something else");
    });
}

#[test]
fn backups_in_a_directory_are_named_by_time_and_older_ones_go() {
    let source = Source::start(&Database::Sqlite);
    let key = age::x25519::Identity::generate();
    let directory = source.dir.path().display().to_string();
    for name in [
        "hallpass-20250101-010101.age",
        "hallpass-20250102-010101.age",
        "hallpass-notes.age",
    ] {
        fs::write(source.dir.path().join(name), "x").unwrap();
    }
    let recipient = key.to_public().to_string();
    let told = source.cli.expect_success(&[
        "backup",
        &directory,
        "--recipient",
        &recipient,
        "--keep",
        "2",
        "--without-audit",
    ]);
    assert_contains(&told, "removed");
    assert_contains(&told, "audit rows 0 (left out)");
    let mut names: Vec<String> = fs::read_dir(source.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[0], "hallpass-20250102-010101.age");
    assert_eq!(names[2], "hallpass-notes.age");

    // The private key opens it; `age` itself does too, and what is in it is a database.
    let file = source.dir.path().join(&names[1]);
    let identities = source.dir.path().join("key.txt");
    files::write_private(&identities, key.to_string().expose_secret().as_bytes()).unwrap();
    let (_dir, cli) = empty_place(&Database::Sqlite);
    let wrong = cli.expect_failure(&["restore", &file.display().to_string()]);
    assert_contains(&wrong, "--identity-file");
    cli.expect_success(&[
        "restore",
        &file.display().to_string(),
        "--identity-file",
        &identities.display().to_string(),
    ]);
    assert_eq!(seen(&cli), seen(&source.cli));
    let plain = source.dir.path().join("plain.db");
    let decrypted = Command::new("age")
        .args(["--decrypt", "--identity"])
        .args([&identities, Path::new("--output"), &plain, &file])
        .output();
    match decrypted {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            let checked = Command::new("sqlite3")
                .arg(&plain)
                .arg("PRAGMA integrity_check; SELECT email FROM users")
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&checked.stdout), format!("ok\n{ADA}\n"));
        }
        Err(error) => assert!(std::env::var("CI").is_err(), "age: {error}"),
    }
}

/// What a daemon does while a move looks. The clock of the one in this test stands still, so its heartbeat changes nothing.
fn write_in_a_while(settings: &Arc<Settings>) -> std::thread::JoinHandle<()> {
    let settings = Arc::clone(settings);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(4));
        sql::execute(&settings, "UPDATE audit_events SET at = '2099-01-01 00:00:00'");
    })
}

#[test]
fn a_restore_never_mixes_with_what_is_there() {
    let source = Source::start(&Database::Sqlite);
    let (file, _) = source.backup(&[]);
    let other = tempfile::tempdir().unwrap();
    let database = other.path().join("h.db");
    // The log of a database that was moved away.
    fs::write(other.path().join("h.db-wal"), "old").unwrap();
    let (dir, cli) = empty_place(&Database::Sqlite);
    let url = format!("sqlite:{}", database.display());
    let cli = cli.with_env(&[("HALLPASS_DATABASE_URL", &url)]);
    assert_contains(
        &restore(&cli, &file, PASSPHRASE).unwrap_err(),
        "h.db-wal is there already",
    );
    fs::remove_file(other.path().join("h.db-wal")).unwrap();
    // What a restore that was killed has left is in nobody's way.
    let abandoned = dir.path().join("data/.work-abc");
    fs::create_dir_all(&abandoned).unwrap();
    fs::set_permissions(dir.path().join("data"), PermissionsExt::from_mode(0o700)).unwrap();
    fs::write(abandoned.join("lock"), "").unwrap();
    assert_contains(
        &restore(&cli, &file, "another passphrase").unwrap_err(),
        "passphrase is wrong",
    );
    assert!(!abandoned.exists());
    fs::remove_dir_all(dir.path().join("data")).unwrap();
    // Where the sealing key cannot be written, there is no database either.
    let nowhere = other.path().join("absent/seal.key").display().to_string();
    let without_key = Cli::new(&dir.path().join("data"), &Database::Sqlite).with_env(&[
        ("HALLPASS_DATABASE_URL", &url),
        ("HALLPASS_SEAL_KEY_FILE", &nowhere),
    ]);
    restore(&without_key, &file, PASSPHRASE).unwrap_err();
    assert!(!database.exists() && !dir.path().join("data").exists());
    restore(&cli, &file, PASSPHRASE).unwrap();
    assert_eq!(seen(&cli), seen(&source.cli));
}

#[test]
fn a_restore_tells_of_rows_that_cannot_be_read_and_restores_the_others() {
    on_each_database(|database| {
        let source = Source::start(database);
        let settings = &source.setup.server.settings;
        source.cli.expect_success_with_input(
            &[
                "user",
                "add",
                "bob@fernweh.example",
                "--first-name",
                "Bob",
                "--password-stdin",
            ],
            PASSWORD,
        );
        sql::execute(
            settings,
            "UPDATE users SET stable_id = '' WHERE email = 'bob@fernweh.example'",
        );
        let (file, _) = source.backup(&[]);
        let (_dir, cli) = empty_place(database);
        let told = restore(&cli, &file, PASSPHRASE).unwrap();
        assert_contains(
            &told,
            "Warning: rows of the backup cannot be read by this version",
        );
        assert_contains(&told, "users 01");
        assert_eq!(
            cli.json(&["user", "show", ADA, "--json"]),
            source.cli.json(&["user", "show", ADA, "--json"])
        );
    });
}

/// `file` as a version with the tables of the migration 0025 would have made it.
fn as_an_older_version_made_it(file: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("hallpass.db");
    let passphrase = || Secret::new(PASSPHRASE.to_owned());
    let encrypted = EncryptedFile::open(file).unwrap();
    let content = encrypted.unlock(&Unlock::Passphrase(passphrase())).unwrap();
    content.write_to(&mut fs::File::create(&plain).unwrap()).unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut newer: Vec<_> = fs::read_dir(migrations)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap() > "0026")
        .collect();
    newer.sort();
    let undo: String = newer
        .iter()
        .rev()
        .map(|path| fs::read_to_string(path.join("down.sql")).unwrap())
        .collect();
    let settings = test_server::settings(dir.path(), &Database::Sqlite, ([127, 0, 0, 1], 1).into(), &[]);
    sql::execute(
        &settings,
        &format!(
            "{undo}; DELETE FROM __diesel_schema_migrations WHERE version >= '0026';
            DELETE FROM backup WHERE name LIKE 'rows.%'
            AND substr(name, 6) NOT IN (SELECT name FROM sqlite_master WHERE type = 'table')"
        ),
    );
    let mut made = fs::File::create(file).unwrap();
    encrypt(
        &mut fs::File::open(&plain).unwrap(),
        &Lock::Passphrase(passphrase()),
        &mut made,
    )
    .unwrap();
}

#[test]
fn a_backup_of_an_older_version_is_restored() {
    on_each_database(|database| {
        let source = Source::start(database);
        let (file, _) = source.backup(&[]);
        as_an_older_version_made_it(&file);
        let (_dir, cli) = empty_place(database);
        restore(&cli, &file, PASSPHRASE).unwrap();
        assert_eq!(seen(&cli), seen(&source.cli));
        assert_contains(
            &cli.expect_success(&["app", "access", "show", "wiki"]),
            "open to everyone",
        );
    });
}

#[test]
fn everything_moves_to_either_database_and_people_stay_signed_in() {
    on_each_database(|database| {
        for target in targets() {
            let database = &test_server::fresh_database_like(database);
            let source = Source::start(database);
            let mut browser = source.setup.signed_in_browser();
            let settings = Arc::clone(&source.setup.server.settings);
            let new = source.dir.path().join("moved.db");
            let url = match &target {
                Database::Sqlite => format!("sqlite:{}", new.display()),
                Database::Postgres(url) => url.clone(),
            };
            let url_file = source.dir.path().join("url");
            files::write_private(&url_file, url.as_bytes()).unwrap();
            let arguments = ["move", "--to-file", &url_file.display().to_string()];
            // On SQLite a daemon locks the file; on PostgreSQL it writes.
            let lock = match database {
                Database::Sqlite => files::lock(&settings.data_dir.join("hallpass.db.lock")).unwrap(),
                Database::Postgres(_) => None,
            };
            let writer = settings
                .sqlite_path()
                .is_none()
                .then(|| write_in_a_while(&settings));
            let told = source.cli.expect_failure(&arguments);
            if let Some(writer) = writer {
                writer.join().unwrap();
            }
            assert!(
                told.contains("a daemon works on this database") || told.contains("another Hallpass"),
                "{told}"
            );
            drop(lock);

            let before = seen(&source.cli);
            // Its directory goes with it.
            let _dir = source.setup.server.stop();
            sql::execute(
                &settings,
                "UPDATE heartbeat SET at = '2026-01-01 00:00:00'; UPDATE audit_events SET at = '2026-01-01 00:00:00'",
            );
            let told = source.cli.expect_success(&arguments);
            assert_contains(&told, "database_url_file = ");
            // A daemon that still has the old setting would split what happens in two.
            let old = Cli::new(&settings.data_dir, database).with_env(&[("HALLPASS_LISTEN", "127.0.0.1:0")]);
            for command in [&["serve"][..], &["user", "list"], &["config", "check"]] {
                let told = old.expect_failure(command);
                assert_contains(&told, "database_url still names the old one");
            }
            let moved = source.cli.with_env(&[
                ("HALLPASS_DATABASE_URL", &url),
                ("HALLPASS_LISTEN", "127.0.0.1:0"),
            ]);
            assert_eq!(seen(&moved), before);
            let again = moved.expect_failure(&arguments);
            assert!(
                again.contains("not empty") || again.contains("is there already"),
                "{again}"
            );
            let (_daemon, _log, address) = Daemon::start_with_piped_log(&moved);
            browser = browser.at(address);
            assert_contains(&browser.get("/").body, "Wiki");
        }
    });
}
