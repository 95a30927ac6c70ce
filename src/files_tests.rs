use std::os::unix::fs::{PermissionsExt, chown};

use tempfile::TempDir;

use super::*;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

/// A file with `mode` in its own directory.
fn file(mode: u32) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, "hidden").unwrap();
    set_mode(&path, mode);
    (dir, path)
}

#[test]
fn the_data_directory_is_created_private() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("lib/hallpass data");
    ensure_data_dir(&path).unwrap();
    ensure_data_dir(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
    for permissive in [0o750, 0o755, 0o701, 0o777, 0o2770] {
        set_mode(&path, permissive);
        ensure_data_dir(&path).unwrap();
        assert_eq!(mode(&path), 0o700, "an empty one is narrowed");
    }
    fs::write(path.join("seal.key"), "hidden").unwrap();
    for permissive in [0o750, 0o755, 0o701, 0o777] {
        set_mode(&path, permissive);
        let message = ensure_data_dir(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("{permissive:04o}")), "{message}");
        assert!(
            message.ends_with(&format!("chmod 700 '{}'", path.display())),
            "{message}"
        );
    }
    let (_dir, file) = file(0o600);
    let done = ensure_data_dir(&file);
    assert!(matches!(done, Err(Error::NotADirectory(_))), "{done:?}");
}

#[test]
fn a_data_file_is_private() {
    for (mode, good) in [
        (0o600, true),
        (0o400, true),
        (0o640, false),
        (0o604, false),
        (0o620, false),
    ] {
        let (_dir, path) = file(mode);
        let checked = check_private(&path);
        assert_eq!(checked.is_ok(), good, "{mode:o}");
        if let Err(error) = checked {
            assert!(error.to_string().contains("chmod 600 /"), "{error}");
        }
    }
    let (dir, _) = file(0o600);
    check_private(&dir.path().join("hallpass.db-wal")).unwrap();
}

#[test]
fn a_named_secret_may_be_read_by_a_group_and_never_by_everybody() {
    for (mode, good) in [
        (0o600, true),
        (0o640, true),
        (0o440, true),
        (0o400, true),
        (0o444, false),
        (0o660, false),
        (0o602, false),
    ] {
        let (_dir, path) = file(mode);
        let read = read_named_secret(&path);
        assert_eq!(read.is_ok(), good, "{mode:o}");
        if let Ok(secret) = read {
            assert_eq!(secret.expose(), b"hidden");
        }
    }
    let (dir, _) = file(0o600);
    let read = read_named_secret(dir.path());
    assert!(matches!(read, Err(Error::NotAFile(_))), "{read:?}");
    let read = read_named_secret(&dir.path().join("none"));
    assert!(matches!(read, Err(Error::Io { .. })), "{read:?}");
}

#[test]
fn a_file_of_another_user_is_refused_and_one_of_root_is_read() {
    let path = Path::new("/run/secrets/key");
    require_named_secret_permissions(path, 0o640, ROOT_UID, 1000).unwrap();
    require_named_secret_permissions(path, 0o600, 1000, 1000).unwrap();
    for checked in [
        require_named_secret_permissions(path, 0o600, 1001, 1000),
        require_owner(path, ROOT_UID, 1000),
        require_owner(path, 1000, ROOT_UID),
    ] {
        assert!(matches!(checked, Err(Error::WrongOwner { .. })), "{checked:?}");
    }
}

/// Only root can change the owner of a directory; for other users the test above covers this.
#[test]
fn root_writes_nothing_to_another_users_directory() {
    if effective_uid() != ROOT_UID {
        return;
    }
    let dir = TempDir::new().unwrap();
    set_mode(dir.path(), 0o700);
    chown(dir.path(), Some(54_321), None).unwrap();
    let error = ensure_data_dir(dir.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("belongs to #54321, and this command runs as root"),
        "{error}"
    );
    let arguments = ["hallpass", "user", "add", "o'neil@x.example"].map(str::to_owned);
    assert_eq!(
        error
            .command_as_owner(&arguments, &["HALLPASS_DATA_DIR".to_owned()])
            .unwrap(),
        r"sudo -u '#54321' --preserve-env=HALLPASS_DATA_DIR hallpass user add 'o'\''neil@x.example'"
    );
    let (_dir, path) = file(0o600);
    chown(&path, Some(54_321), None).unwrap();
    let checked = check_private(&path);
    assert!(matches!(checked, Err(Error::WrongOwner { .. })), "{checked:?}");
    let read = read_named_secret(&path);
    assert!(matches!(read, Err(Error::WrongOwner { .. })), "{read:?}");
}

#[test]
fn a_file_is_written_once_and_private() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("seal.key");
    assert_eq!(write_private(&path, b"one").unwrap(), WriteOutcome::Created);
    assert_eq!(write_private(&path, b"two").unwrap(), WriteOutcome::AlreadyExists);
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"one".to_vec(), 0o600));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    let written = write_private(&dir.path().join("none/x"), b"");
    assert!(matches!(written, Err(Error::Io { .. })), "{written:?}");
}

#[test]
fn of_concurrent_writers_one_wins() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("seal.key");
    let wins: usize = std::thread::scope(|scope| {
        let path = &path;
        let tries: Vec<_> = (0..8u8)
            .map(|n| scope.spawn(move || write_private(path, &[n; 64]).unwrap()))
            .collect();
        tries
            .into_iter()
            .map(|t| usize::from(t.join().unwrap() == WriteOutcome::Created))
            .sum()
    });
    assert_eq!(wins, 1);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes, [bytes[0]; 64]);
}
