//! Who may read our files: the rules for the data directory, for the files in it, and for files that the
//! configuration names.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{
    model::secret::Secret,
    os_user::{effective_uid, user_name},
};

/// Far more than a key, a certificate or a password needs.
const MAX_SECRET_LEN: u64 = 1024 * 1024;
const ROOT_UID: u32 = 0;

/// Creates the data directory with access for this user only, or checks that only this user has access. An empty
/// directory of ours that others could enter holds no secret yet, and its mode is changed: a new volume has whatever
/// mode it was created with.
pub fn ensure_data_dir(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let own_uid = effective_uid();
            if metadata.uid() == own_uid && metadata.mode() & 0o077 != 0 && is_empty(path)? {
                return fs::set_permissions(path, Permissions::from_mode(0o700))
                    .map_err(Error::io("narrow", path));
            }
            require_private(path, &metadata, own_uid, "700")
        }
        Ok(_) => Err(Error::NotADirectory(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(Error::io("make", path)),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Checks the data directory as [`ensure_data_dir`] does, and changes nothing; returns whether it exists.
pub fn check_data_dir(path: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let own_uid = effective_uid();
            if metadata.uid() == own_uid && metadata.mode() & 0o077 != 0 && is_empty(path)? {
                return Ok(true);
            }
            require_private(path, &metadata, own_uid, "700").map(|()| true)
        }
        Ok(_) => Err(Error::NotADirectory(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

fn is_empty(path: &Path) -> Result<bool, Error> {
    Ok(fs::read_dir(path)
        .map_err(Error::io("look into", path))?
        .next()
        .is_none())
}

/// Checks a file of ours: database, key, backup. One that does not exist (yet) is accepted.
pub fn check_private(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(metadata) => require_private(path, &metadata, effective_uid(), "600"),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Reads a secret from a file that the configuration names. Container secrets belong to root and are read by a group:
/// both are accepted. A file that everybody can read or a group can write is refused.
pub fn read_named_secret(path: &Path) -> Result<Secret<Vec<u8>>, Error> {
    // Checked before opening, since opening a pipe would wait for its writer.
    require_regular_file(path, &fs::metadata(path).map_err(Error::io("read", path))?)?;
    let file = File::open(path).map_err(Error::io("read", path))?;
    // Checked again through the handle: this is the file whose content is used.
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    require_regular_file(path, &metadata)?;
    require_named_secret_permissions(path, metadata.mode(), metadata.uid(), effective_uid())?;
    if metadata.len() > MAX_SECRET_LEN {
        return Err(Error::TooLarge(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_SECRET_LEN)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    Ok(Secret::new(bytes))
}

/// The result of writing a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WriteOutcome {
    /// It exists, complete, also after a power failure.
    Created,
    /// It existed before, and was not changed.
    AlreadyExists,
}

/// Writes a new file that only this user can access. It appears complete or not at all, and never replaces another
/// one.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<WriteOutcome, Error> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    let (temporary, mut file) = create_temporary_file(path)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // Unlike a rename, a link never replaces an existing file.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(WriteOutcome::AlreadyExists),
        Err(error) => return Err(Error::io("write", path)(error)),
    }
    removed.map_err(Error::io("remove", &temporary))?;
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io("write", directory))?;
    Ok(WriteOutcome::Created)
}

/// Moves a file that [`write_private`] created over another one; both are in one directory.
pub fn replace(from: &Path, over: &Path) -> Result<(), Error> {
    fs::rename(from, over).map_err(Error::io("replace", over))?;
    let directory = over.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or_else(|| Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io("write", directory))
}

/// Locks the file at `path`, which is created for this user only if it does not exist, and writes the id of this
/// process to it. `None`: another process holds the lock. The lock ends when the returned file is closed, in whatever
/// way.
pub fn lock(path: &Path) -> Result<Option<File>, Error> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("write", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
    }
    file.set_len(0)
        .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()))
        .map_err(Error::io("write", path))?;
    Ok(Some(file))
}

/// A new file beside `path`. A temporary file that a crash has left behind is skipped, not touched: it might be
/// another process's.
fn create_temporary_file(path: &Path) -> Result<(PathBuf, File), Error> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut attempt = 0;
    loop {
        let temporary = path.with_file_name(format!(".{name}.{}-{attempt}.new", std::process::id()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
        {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && attempt < 100 => attempt += 1,
            Err(error) => return Err(Error::io("write", &temporary)(error)),
        }
    }
}

fn require_private(
    path: &Path,
    metadata: &Metadata,
    own_uid: u32,
    chmod_mode: &'static str,
) -> Result<(), Error> {
    require_owner(path, metadata.uid(), own_uid)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::TooPermissive {
            path: path.to_owned(),
            mode,
            chmod_mode,
        });
    }
    Ok(())
}

fn require_owner(path: &Path, owner: u32, own_uid: u32) -> Result<(), Error> {
    if owner == own_uid {
        return Ok(());
    }
    Err(Error::WrongOwner {
        path: path.to_owned(),
        owner: user_name(owner),
        us: user_name(own_uid),
    })
}

fn require_named_secret_permissions(path: &Path, mode: u32, owner: u32, own_uid: u32) -> Result<(), Error> {
    if owner != ROOT_UID {
        require_owner(path, owner, own_uid)?;
    }
    let mode = mode & 0o777;
    if mode & 0o027 != 0 {
        return Err(Error::TooPermissive {
            path: path.to_owned(),
            mode,
            chmod_mode: if mode & 0o040 == 0 { "600" } else { "640" },
        });
    }
    Ok(())
}

fn require_regular_file(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(Error::NotAFile(path.to_owned()))
    }
}

/// Why a file or directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Other users could read or change it.
    #[error(
        "{} can be read or changed by other users (mode {mode:04o}); fix it with: chmod {chmod_mode} {}",
        path.display(), shell_quoted(&path.to_string_lossy())
    )]
    TooPermissive {
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode that it should have, for `chmod`.
        chmod_mode: &'static str,
    },
    /// It belongs to another user, who could not read what we write there.
    #[error(
        "{} belongs to {owner}, and this command runs as {us}; {}",
        path.display(), Self::fix_of_owner(path, owner, us)
    )]
    WrongOwner {
        path: PathBuf,
        /// A name, or `#` and a number.
        owner: String,
        /// The user that this process acts as.
        us: String,
    },
    /// The path of the data directory is something else.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// A directory, a pipe or a device where a file should be.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// It is surely the wrong file.
    #[error("{} is larger than 1 MiB, which no key and no password is", .0.display())]
    TooLarge(PathBuf),
    /// The system refused the operation.
    #[error("cannot {operation} {}", path.display())]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl Error {
    /// For a command that the wrong user typed: the whole line that works. `arguments` is the command as it was
    /// typed, with its program first; `variables` are the names of the environment variables that it needs, since
    /// sudo passes none by itself.
    pub fn command_as_owner(&self, arguments: &[String], variables: &[String]) -> Option<String> {
        let Self::WrongOwner { owner, .. } = self else {
            return None;
        };
        // Nothing of ours should run as root.
        if owner == "root" {
            return None;
        }
        let mut line = format!("sudo -u {}", shell_quoted(owner));
        if !variables.is_empty() {
            line.push_str(" --preserve-env=");
            line.push_str(&variables.join(","));
        }
        for argument in arguments {
            line.push(' ');
            line.push_str(&shell_quoted(argument));
        }
        Some(line)
    }

    fn fix_of_owner(path: &Path, owner: &str, us: &str) -> String {
        if owner == "root" {
            let (us, path) = (shell_quoted(us), path.to_string_lossy());
            format!(
                "if it is the data of {us}, fix it with: chown -R {us}: {}",
                shell_quoted(&path)
            )
        } else {
            format!("run it as its owner: sudo -u {} hallpass …", shell_quoted(owner))
        }
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            operation: doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// `text` quoted as one word of a shell.
fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
