//! `hallpass backup`, `restore` and `move`.

use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    api_model::backup::{BackupOutput, MoveOutput, RestoreOutput, TableOutput},
    backup_encryption::{self, Lock, Unlock},
    cli::{
        actor,
        output::{self, print_line},
    },
    config::Settings,
    credential::{PasswordContext, password::Password, rules::PasswordRules},
    files,
    model::secret::Secret,
    os_user,
    server::{self, BackupRequest},
};

/// Of the package.
const PACKAGED_DATA_DIR: &str = "/var/lib/hallpass";

/// A shorter passphrase can be tried out by whoever has the file.
const MIN_PASSPHRASE_LEN: usize = 16;

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file to write, or a directory, where the file is named after the time. The user of the service must be able to
    /// write there
    target: PathBuf,
    /// Encrypts to this public key (age1…, from `age-keygen`) instead of a passphrase; can be repeated
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
    /// Encrypts to the public keys in this file, one in each line
    #[arg(long, value_name = "FILE")]
    recipients_file: Option<PathBuf>,
    /// Reads the passphrase from the first line of standard input
    #[arg(long, conflicts_with_all = ["recipient", "recipients_file"])]
    passphrase_stdin: bool,
    /// Leaves the audit log out
    #[arg(long)]
    without_audit: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Leaves this many backups in the directory that are named after their time, and removes older ones
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup
    file: PathBuf,
    /// The file with the matching private key, from `age-keygen`; - for standard input
    #[arg(long, value_name = "FILE")]
    identity_file: Option<PathBuf>,
    /// Reads the passphrase from the first line of standard input
    #[arg(long, conflicts_with = "identity_file")]
    passphrase_stdin: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct MoveArguments {
    /// The new database: sqlite:PATH, or postgres://… where it needs no password
    #[arg(long, value_name = "URL", required_unless_present = "to_file")]
    to: Option<String>,
    /// A file with the URL of the new database, where it has a password
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn backup(arguments: &BackupArguments, settings: &Settings) -> Result<()> {
    server::check_backup_target(&arguments.target)?;
    let lock = if arguments.recipient.is_empty() && arguments.recipients_file.is_none() {
        Lock::Passphrase(new_passphrase(arguments.passphrase_stdin)?)
    } else {
        let mut recipients = Vec::new();
        for text in &arguments.recipient {
            recipients.push(text.parse()?);
        }
        if let Some(file) = &arguments.recipients_file {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            recipients.extend(
                backup_encryption::parse_recipients(&text).with_context(|| file.display().to_string())?,
            );
        }
        Lock::Recipients(recipients)
    };
    let made = server::backup(
        settings,
        &BackupRequest {
            target: &arguments.target,
            lock: &lock,
            without_audit: arguments.without_audit,
            keep: arguments.keep.map(usize::from),
            actor: actor::current(),
        },
    )?;
    if arguments.json {
        return output::json(&BackupOutput {
            file: made.file.display().to_string(),
            bytes: made.bytes,
            sha256: made.sha256,
            tables: made
                .tables
                .iter()
                .map(|table| TableOutput {
                    name: table.name,
                    rows: table.rows,
                })
                .collect(),
            removed: made
                .removed
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
        });
    }
    let rows = |name: &str| {
        made.tables
            .iter()
            .find(|table| table.name == name)
            .map_or(0, |table| table.rows)
    };
    print_line(format_args!("{}", made.file.display()))?;
    print_line(format_args!("  {} bytes, SHA-256 {}", made.bytes, made.sha256))?;
    print_line(format_args!(
        "  people {}, applications {}, keys {}, audit rows {}{}",
        rows("users"),
        rows("applications"),
        rows("signing_keys"),
        rows("audit_events"),
        if arguments.without_audit {
            " (left out)"
        } else {
            ""
        }
    ))?;
    for path in &made.removed {
        print_line(format_args!("  removed {}", path.display()))?;
    }
    Ok(())
}

pub(super) fn restore(arguments: &RestoreArguments, settings: &Settings) -> Result<()> {
    let is_packaged = settings.data_dir == Path::new(PACKAGED_DATA_DIR);
    if is_packaged
        && os_user::effective_uid() == 0
        && os_user::other_owner_seen_by_root(&settings.data_dir).is_none()
    {
        bail!(
            "{PACKAGED_DATA_DIR} must belong to the user of the service, who could not read what root restores. First: install -d -o hallpass -g hallpass -m 700 {PACKAGED_DATA_DIR}"
        );
    }
    let ask = |needs_passphrase: bool| match (&arguments.identity_file, needs_passphrase) {
        (None, true) => Ok(Unlock::Passphrase(passphrase(arguments.passphrase_stdin)?)),
        (None, false) => bail!(
            "this backup was encrypted to a public key: give the file of the matching private key with --identity-file"
        ),
        (Some(file), _) if file == Path::new("-") => {
            Ok(Unlock::Identities(Secret::new(io::read_to_string(io::stdin())?)))
        }
        (Some(file), _) => {
            let bytes = files::read_named_secret(file)?;
            let text = String::from_utf8(bytes.expose().clone())
                .with_context(|| format!("{} is not a file of private keys", file.display()))?;
            Ok(Unlock::Identities(Secret::new(text)))
        }
    };
    let restored = server::restore(settings, &arguments.file, actor::current(), ask)?;
    if arguments.json {
        return output::json(&RestoreOutput {
            made_at: restored.made_at,
            version: restored.version,
            rows: restored.rows,
            proven: restored.proven,
            unreadable: restored.unreadable,
        });
    }
    print_line(format_args!(
        "Restored: the backup of {}, made by Hallpass {}, with {} rows.",
        restored.made_at, restored.version, restored.rows
    ))?;
    print_line(format_args!(
        "Its keys were opened, and a test assertion was signed and verified for {}.",
        match restored.proven {
            1 => "its one application".to_owned(),
            number => format!("each of its {number} applications"),
        }
    ))?;
    if !restored.unreadable.is_empty() {
        print_line(format_args!(
            "Warning: rows of the backup cannot be read by this version, as they could not be before. Everything else works.\n  {}",
            restored.unreadable.join("\n  ")
        ))?;
    }
    print_line(format_args!("Everybody has to sign in again."))?;
    if is_packaged {
        print_line(format_args!("Now start the service: systemctl restart hallpass"))?;
    }
    Ok(())
}

pub(super) fn move_database(arguments: &MoveArguments, settings: &Settings) -> Result<()> {
    let url = match (&arguments.to, &arguments.to_file) {
        (Some(url), _) if has_password(url) => bail!(
            "an argument can be seen by other users of this machine, and this one has a password: put the URL into a file, and give that with --to-file"
        ),
        (Some(url), _) => url.clone(),
        (None, Some(file)) => {
            let bytes = files::read_named_secret(file)?;
            let text = std::str::from_utf8(bytes.expose())
                .with_context(|| format!("{} is not text", file.display()))?;
            text.trim().to_owned()
        }
        (None, None) => bail!("give the new database with --to or --to-file"),
    };
    let rows = server::move_database(settings, &Secret::new(url), actor::current())?;
    if arguments.json {
        return output::json(&MoveOutput { rows });
    }
    let setting = match (&arguments.to, &arguments.to_file) {
        (_, Some(file)) => format!("database_url_file = \"{}\"", file.display()),
        (url, None) => format!("database_url = \"{}\"", url.as_deref().unwrap_or_default()),
    };
    print_line(format_args!(
        "Moved: {rows} rows, and both databases have as many in each table."
    ))?;
    print_line(format_args!(
        "Now set this in the configuration, above its first [section], and start the service:\n\n  {setting}\n"
    ))?;
    print_line(format_args!(
        "The old database was not changed. Remove it once everything works: all that it held is still in it."
    ))
}

fn has_password(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| url.password().is_some())
}

fn new_passphrase(from_stdin: bool) -> Result<Secret<String>> {
    let first = if from_stdin {
        first_line()?
    } else {
        ask(&format!(
            "Passphrase of the backup ({MIN_PASSPHRASE_LEN} characters or more): "
        ))?
    };
    if first.chars().count() < MIN_PASSPHRASE_LEN {
        bail!(
            "the passphrase is too short: whoever has the backup could find it out. It needs {MIN_PASSPHRASE_LEN} characters; five random words do well"
        );
    }
    // What is tried first for a password is tried first for a passphrase.
    Password::parse_new(&first, PasswordRules::only_factor(0), &PasswordContext::default())?;
    if !from_stdin && ask("Once more: ")? != first {
        bail!("the two passphrases differ");
    }
    Ok(Secret::new(first))
}

fn passphrase(from_stdin: bool) -> Result<Secret<String>> {
    let text = if from_stdin {
        first_line()?
    } else {
        ask("Passphrase of the backup: ")?
    };
    Ok(Secret::new(text))
}

fn ask(prompt: &str) -> Result<String> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: use --passphrase-stdin");
    }
    Ok(rpassword::prompt_password(prompt)?)
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("no passphrase on standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
