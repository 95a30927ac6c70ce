//! What packages are made of: completions for shells, and man pages. Both follow from the arguments alone.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{
    generate,
    shells::{Bash, Fish, Zsh},
};

use crate::cli::output;

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell that reads them
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub(super) struct ManPagesArguments {
    /// The directory to write them to
    directory: PathBuf,
}

pub(super) fn print_completions<A: CommandFactory>(arguments: &CompletionsArguments) -> Result<()> {
    const NAME: &str = env!("CARGO_PKG_NAME");
    let mut command = A::command();
    // In memory first: these functions panic if they cannot write.
    let mut script = Vec::new();
    match arguments.shell {
        Shell::Bash => generate(Bash, &mut command, NAME, &mut script),
        Shell::Zsh => generate(Zsh, &mut command, NAME, &mut script),
        Shell::Fish => generate(Fish, &mut command, NAME, &mut script),
    }
    output::shell_script(&script)
}

pub(super) fn write_man_pages<A: CommandFactory>(arguments: &ManPagesArguments) -> Result<()> {
    let directory = &arguments.directory;
    // The version without the build: every package has the same pages.
    let command = A::command().version(env!("CARGO_PKG_VERSION"));
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .with_context(|| format!("the man pages cannot be written to {}", directory.display()))
}
