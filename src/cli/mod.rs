//! The command line. It works beside a running daemon, and its changes take effect at the next sign-in.

mod actor;
mod app;
mod audit;
mod backup;
mod config;
mod csv_file;
#[cfg(feature = "second-opinion")]
mod demo;
mod domain;
mod explain;
mod generate;
mod group;
mod key;
mod mail;
mod output;
mod page;
mod passkey;
mod progress;
mod rescue;
mod second_factor;
mod service_user;
mod session;
mod token;
mod user;

pub use self::output::failure;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::{
    build_info,
    config::{Errors, LogFormat, Settings, find_file},
    files, server,
    telemetry::{self, Format, Log},
};

const AFTER_HELP: &str = "\
Settings: from /etc/hallpass/hallpass.toml where it exists, or from the file that --config or HALLPASS_CONFIG names; the
environment (HALLPASS_…) wins over it. Give every command the same settings as the daemon.

Data: database and sealing key are in ./hallpass-data, unless HALLPASS_DATA_DIR or the configuration names another
directory. A command that root types runs as the owner of that directory.

Exit codes: 0 done, 1 not done, and standard error says why, 2 the command was mistyped.

Documentation: README.md and the folder docs/ that came with the program; docs/commands.md is about commands.";

/// Hallpass: a SAML 2.0 identity provider in one small daemon.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version = build_info::version(), about, long_about = None, after_help = AFTER_HELP)]
struct Arguments {
    /// The configuration file (TOML) [default: /etc/hallpass/hallpass.toml, where it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = "With every command")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the identity provider
    Serve,
    /// Runs a demo on this machine only: Hallpass, a person, and a service provider to sign in to
    #[cfg(feature = "second-opinion")]
    Demo(crate::demo::Arguments),
    /// What the configuration says
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// People who sign in
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Where people are signed in
    Session {
        #[command(subcommand)]
        command: session::Command,
    },
    /// Groups of people, for access to applications
    Group {
        #[command(subcommand)]
        command: group::Command,
    },
    /// Applications that people sign in to
    App {
        #[command(subcommand)]
        command: app::Command,
    },
    /// The way back in: a link that makes somebody an owner with a new password
    Rescue(rescue::RescueArguments),
    /// What a code or a reference on a page means, and how to fix it
    Explain(explain::ExplainArguments),
    /// Lists what was decided, the newest first
    Audit(audit::AuditArguments),
    /// Copies all data but sessions, and the sealing key, to one encrypted file
    Backup(backup::BackupArguments),
    /// Restores an installation from a backup. Stop the daemon first; the data directory must be empty
    Restore(backup::RestoreArguments),
    /// Copies all data to another, empty database, of either kind. Stop the daemon first
    Move(backup::MoveArguments),
    /// The signing key, and how it is replaced
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
    /// The domain that passkeys are for
    Passkey {
        #[command(subcommand)]
        command: passkey::Command,
    },
    /// The domains that are the organisation's own
    Domain {
        #[command(subcommand)]
        command: domain::Command,
    },
    /// What applications hold for people by OpenID Connect
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
    /// Mail that Hallpass sends
    Mail {
        #[command(subcommand)]
        command: mail::Command,
    },
    /// Prints what lets a shell complete commands and options
    Completions(generate::CompletionsArguments),
    /// Writes a man page for each command
    #[command(hide = true)]
    ManPages(generate::ManPagesArguments),
}

/// Runs the command line; what it prints, errors included, is meant for people.
pub fn run() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let file = config_file(arguments.config);
    // Whoever opens the data must be the user who owns it.
    let settings = || {
        let settings = settings(file.as_deref())?;
        service_user::become_owner_of_data(&settings)?;
        anyhow::Ok(settings)
    };
    let open = || server::open(&settings()?).map_err(with_working_command);
    match arguments.command {
        Command::Serve => return serve(file),
        #[cfg(feature = "second-opinion")]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Config {
            command: config::Command::Check { json },
        } => config::check(&settings()?, json),
        Command::User { command } => {
            let settings = settings()?;
            let provider = server::open(&settings).map_err(with_working_command)?;
            user::run(command, &provider, &settings.organisation)
        }
        Command::Rescue(arguments) => rescue::rescue(&open()?, &arguments),
        Command::Session { command } => session::run(&command, &open()?),
        Command::Group { command } => group::run(command, &open()?),
        Command::App { command } => app::run(command, &open()?),
        Command::Explain(arguments) => {
            if let Some(code) = explain::find_code(&arguments) {
                explain::explain_code(code, arguments.json)
            } else {
                explain::explain(&arguments, &open()?)
            }
        }
        Command::Audit(arguments) => audit::audit(&arguments, &open()?),
        Command::Backup(arguments) => backup::backup(&arguments, &settings()?).map_err(with_working_command),
        Command::Restore(arguments) => {
            backup::restore(&arguments, &settings()?).map_err(with_working_command)
        }
        Command::Move(arguments) => {
            backup::move_database(&arguments, &settings()?).map_err(with_working_command)
        }
        Command::Key {
            command: key::Command::Reseal(arguments),
        } => key::reseal(&arguments, &settings()?).map_err(with_working_command),
        Command::Key {
            command: key::Command::Remove { id, json },
        } => key::remove(&id, &open()?, json),
        Command::Key {
            command: key::Command::Roll { command },
        } => key::run(command, &open()?),
        Command::Passkey { command } => {
            let settings = settings()?;
            let provider = server::open(&settings).map_err(with_working_command)?;
            passkey::run(&command, &provider, &settings)
        }
        Command::Domain { command } => domain::run(&command, &open()?),
        Command::Token { command } => token::run(&command, &open()?),
        Command::Mail { command } => mail::run(&command, &open()?),
        Command::Completions(arguments) => generate::print_completions::<Arguments>(&arguments),
        Command::ManPages(arguments) => generate::write_man_pages::<Arguments>(&arguments),
    }
    .map(|()| ExitCode::SUCCESS)
    .map_err(with_hint_for_unreadable_file)
}

fn serve(file: Option<PathBuf>) -> Result<ExitCode> {
    let settings = settings(file.as_deref())?;
    let log = start_log(&settings)?;
    let read_again = Box::new(move || read_settings(file.as_deref()));
    let served = server::serve(settings, read_again, &log).map_err(with_working_command);
    // The reader of the log may hang: the daemon ends all the same, and still prints why.
    if let Err(error) = &served {
        log.write_line(&format!("hallpass: {}", output::error_words(error)));
    }
    log.finish();
    Ok(if served.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The configuration file, if there is one.
fn config_file(named: Option<PathBuf>) -> Option<PathBuf> {
    let variable = std::env::var_os(crate::config::FILE_VARIABLE);
    find_file(named, variable, Path::new(crate::config::DEFAULT_FILE))
}

fn settings(file: Option<&Path>) -> Result<Settings> {
    read_settings(file).with_context(|| match file {
        Some(file) => format!(
            "the configuration cannot be used (read: {} and the environment)",
            file.display()
        ),
        None => "the configuration cannot be used (read: the environment; no file)".to_owned(),
    })
}

fn read_settings(file: Option<&Path>) -> Result<Settings, Errors> {
    let read_secret =
        |path: &Path| files::read_named_secret(path).map_err(|why| format!("{:#}", anyhow::Error::new(why)));
    Settings::load(file, std::env::vars(), &read_secret)
}

fn start_log(settings: &Settings) -> Result<Log> {
    let format = match settings.log_format {
        LogFormat::Human => Format::Human,
        LogFormat::Json => Format::Json,
    };
    Ok(telemetry::start(format, &settings.log_filter)?)
}

/// Adds what to do where a file that an argument names cannot be read.
fn with_hint_for_unreadable_file(error: anyhow::Error) -> anyhow::Error {
    match service_user::hint_for_unreadable_file(&error) {
        Some(hint) => anyhow::anyhow!("{}\n{hint}", output::error_words(&error)),
        None => error,
    }
}

/// Adds the command that works, where another user has to run it.
fn with_working_command(error: anyhow::Error) -> anyhow::Error {
    let arguments: Vec<String> = std::env::args().collect();
    let variables: Vec<String> = std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("HALLPASS_"))
        .collect();
    let line = error
        .downcast_ref::<files::Error>()
        .and_then(|why| why.command_as_owner(&arguments, &variables));
    match line {
        Some(line) => anyhow::anyhow!("{error:#}\nThis works:\n  {line}"),
        None => error,
    }
}
