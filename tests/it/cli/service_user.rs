//! Commands that root types, beside a service that runs as a user of its own.

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::Stdio,
};

use crate::{
    cli::{Cli, daemon::Daemon},
    support::{assertions::assert_contains, test_server::Database},
};

/// Nobody has it.
const UID: u32 = 54_321;

fn chown_all(path: &Path) {
    chown(path, Some(UID), Some(UID)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            chown_all(&entry.unwrap().path());
        }
    }
}

/// Only root can act as another user: for everybody else there is nothing to see here.
#[test]
fn what_root_types_runs_as_the_owner_of_the_data() {
    if rustix::process::geteuid().as_raw() != 0 {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // The build folder may be closed to other users.
    let binary = dir.path().join("hallpass");
    fs::copy(env!("CARGO_BIN_EXE_hallpass"), &binary).unwrap();
    let data = dir.path().join("data");
    let cli = Cli::new(&data, &Database::Sqlite).with_env(&[("HALLPASS_LISTEN", "127.0.0.1:0")]);
    drop(Daemon::start_with_piped_log(&cli));
    chown_all(&data);

    let run = |arguments: &[&str]| {
        let mut command = cli.command_of(&binary, arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (done, _, told) = run(&[
        "user",
        "add",
        "ada@fernweh.example",
        "--given-name",
        "Ada",
        "--family-name",
        "L",
    ]);
    assert!(
        !done,
        "it asks for a password, and there is nobody to ask: {told}"
    );
    let (done, list, told) = run(&[
        "app",
        "add",
        "saml",
        "--entity-id",
        "urn:x",
        "--acs",
        "https://x.example/acs",
    ]);
    assert!(done, "{list}{told}");
    assert_contains(&told, &format!("runs as #{UID}, the owner of {}", data.display()));
    let (done, rows, told) = run(&["audit", "--json"]);
    assert!(done, "{told}");
    assert_contains(&rows, &format!("as #{UID}\""));
    for entry in fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().uid(), UID, "{:?}", entry.path());
    }

    // What it may not read, it says.
    let metadata = dir.path().join("metadata.xml");
    fs::write(&metadata, "<x/>").unwrap();
    fs::set_permissions(&metadata, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (done, _, told) = run(&[
        "app",
        "add",
        "saml",
        "--metadata",
        &metadata.display().to_string(),
    ]);
    assert!(!done, "{told}");
    assert_contains(&told, &format!("name files that #{UID} can read"));
}
