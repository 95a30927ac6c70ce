//! The documented commands work: they are run as documented, with other directories.

use hallpass::model::actor::Actor;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use hallpass::provider::people::users::UserFilter;

use crate::support::{
    http,
    sso_setup::SsoSetup,
    test_server::{Database, TestServer},
};

/// The shell commands of the block in docs/configuration.md that begins with `first`.
fn documented_commands(first: &str) -> String {
    let text = fs::read_to_string("docs/configuration.md").unwrap();
    let block = text
        .split("```sh\n")
        .find(|block| block.starts_with(first))
        .unwrap();
    block.split("```").next().unwrap().to_owned()
}

fn run(script: &str) {
    let output = Command::new("bash").args(["-euc", script]).output().unwrap();
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn only_file(dir: &Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(dir).unwrap();
    let file = files.next().unwrap().unwrap().path();
    let second = files.next();
    assert!(second.is_none(), "{} and {second:?}", file.display());
    file
}

#[test]
fn the_documented_backup_works_with_a_running_daemon_and_restores() {
    let setup = SsoSetup::new(&Database::Sqlite);
    let data = setup.server.settings.data_dir.clone();
    let copies = tempfile::tempdir().unwrap();
    let at = |script: &str, data: &Path| {
        script
            .replace("/var/lib/hallpass", data.to_str().unwrap())
            .replace("/var/backups/hallpass", copies.path().to_str().unwrap())
    };
    run(&at(&documented_commands("# SQLite, beside"), &data));
    let copy = only_file(copies.path());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    // What happens after the copy is not in it, and must not return from a -wal file either.
    setup.server.add_user("late@fernweh.example", "Late", "Comer");
    let dir = setup.server.stop();
    let restore: String = documented_commands("# SQLite: restore")
        .lines()
        .filter(|line| !line.starts_with("systemctl"))
        .map(|line| line.replace("-o hallpass -g hallpass ", "") + "\n")
        .collect();
    let name = copy.file_name().unwrap().to_str().unwrap();
    run(&at(&restore, &data).replace("hallpass-….db", name));
    let test_server = TestServer::start_in_dir(dir, &Database::Sqlite, &[]);
    assert_eq!(
        test_server
            .provider
            .people(&Actor::Itself)
            .users(&UserFilter::default(), 10)
            .unwrap()
            .len(),
        1
    );
    let ready = http::request(test_server.address, "GET", "/health/ready", &[("Host", "x")], "");
    assert_eq!(ready.status, 200, "{}", ready.body);
}
