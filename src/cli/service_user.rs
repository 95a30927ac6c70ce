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
        .gid(owner.gid);
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
