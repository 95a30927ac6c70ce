//! A command that root types runs as the user of the service: root would leave files that the daemon cannot open.

use std::{os::unix::process::CommandExt, process::Command};

use anyhow::{Context, Result};

use crate::{cli::output, config::Settings, os_user};

/// EACCES, the same on every architecture of Linux.
const PERMISSION_DENIED: i32 = 13;

/// Where root runs this command and the data directory belongs to somebody else: runs the command again as that user,
/// with the same arguments and environment, and does not return. Does nothing otherwise.
pub(super) fn become_owner_of_data(settings: &Settings) -> Result<()> {
    let Some(owner) = os_user::other_owner_seen_by_root(&settings.data_dir) else {
        return Ok(());
    };
    if !os_user::only_root_can_replace(&settings.data_dir) {
        // Whoever can put a directory of theirs there would make root act as them.
        return Ok(());
    }
    let program = std::env::current_exe().context("the path of this program cannot be found")?;
    output::print_note(&format!(
        "runs as {}, the owner of {}",
        owner.name,
        settings.data_dir.display()
    ));
    let mut command = Command::new(&program);
    command
        .args(std::env::args_os().skip(1))
        .uid(owner.uid)
        .gid(owner.gid)
        // That user can read the environment of its processes.
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| is_passed_on(&name.to_string_lossy())));
    if os_user::invoker().is_none() {
        // As sudo does: the audit log names who typed the command.
        command.env("SUDO_USER", os_user::own_name());
    }
    let error = command.exec();
    Err(error).with_context(|| {
        format!(
            "{} cannot be run as {}; this may: sudo -u {} hallpass …",
            program.display(),
            owner.name,
            owner.name
        )
    })
}

/// Whether a variable of root's environment is for us, for libpq or for the terminal.
fn is_passed_on(name: &str) -> bool {
    let prefixes = ["HALLPASS_", "PG", "LC_"];
    let names = [
        "PATH",
        "TERM",
        "COLUMNS",
        "LANG",
        "TZ",
        "NO_COLOR",
        "SUDO_USER",
        "DOAS_USER",
    ];
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// What to do where a file of an argument may not be read by the user that this command runs as.
pub(super) fn hint_for_unreadable_file(error: &anyhow::Error) -> Option<String> {
    // Some errors keep the system's error only as text.
    let denied = std::io::Error::from_raw_os_error(PERMISSION_DENIED).to_string();
    let is_denied = error.chain().any(|cause| cause.to_string().contains(&denied));
    is_denied.then(|| {
        let user = os_user::own_name();
        format!(
            "This command runs as {user}, who may not do that: name files that {user} can read and folders that {user} can write to, or give the file on standard input where `-` stands for it."
        )
    })
}
