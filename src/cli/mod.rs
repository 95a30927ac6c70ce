//! The command line. It works beside a running daemon, and its changes take effect at the next sign-in.

mod actor;
mod app;
mod audit;
mod config;
#[cfg(feature = "second-opinion")]
mod demo;
mod explain;
mod key;
mod output;
mod page;
mod user;

pub use self::output::failure;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::{
    config::{LogFormat, Settings},
    files, server,
    telemetry::{self, Format, Log},
};

const AFTER_HELP: &str = "\
Data: database and sealing key are in ./hallpass-data, unless HALLPASS_DATA_DIR or the configuration names another
directory. Run each command as the user that runs `hallpass serve`, and with the same settings.

Exit codes: 0 done, 1 not done, and standard error says why, 2 the command was mistyped.

Documentation: README.md and the folder docs/ that came with the program; docs/commands.md is about commands.";

/// Hallpass: a SAML 2.0 identity provider in one small daemon.
#[derive(Debug, Parser)]
#[command(name = "hallpass", version, about, long_about = None, after_help = AFTER_HELP)]
struct Arguments {
    /// The configuration file (TOML); the environment (HALLPASS_…) wins over it
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
    /// Applications that people sign in to
    App {
        #[command(subcommand)]
        command: app::Command,
    },
    /// What a code or a reference on a page means, and how to fix it
    Explain(explain::ExplainArguments),
    /// Lists what was decided, the newest first
    Audit(audit::AuditArguments),
    /// The signing key, and how it is replaced
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
}

/// Runs the command line; what it prints, errors included, is meant for people.
pub fn run() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let settings = || settings(arguments.config.as_deref());
    match arguments.command {
        Command::Serve => return serve(&settings()?),
        #[cfg(feature = "second-opinion")]
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Config {
            command: config::Command::Check { json },
        } => config::check(&settings()?, arguments.config.as_deref(), json),
        Command::User { command } => {
            let settings = settings()?;
            let provider = server::open(&settings).map_err(with_working_command)?;
            user::run(command, &provider, &settings.organisation)
        }
        Command::App { command } => {
            let provider = server::open(&settings()?).map_err(with_working_command)?;
            app::run(command, &provider)
        }
        Command::Explain(arguments) => {
            if let Some(code) = explain::find_code(&arguments) {
                explain::explain_code(code, arguments.json)
            } else {
                let provider = server::open(&settings()?).map_err(with_working_command)?;
                explain::explain(&arguments, &provider)
            }
        }
        Command::Audit(arguments) => {
            let provider = server::open(&settings()?).map_err(with_working_command)?;
            audit::audit(&arguments, &provider)
        }
        Command::Key {
            command: key::Command::Reseal(arguments),
        } => key::reseal(&arguments, &settings()?).map_err(with_working_command),
        Command::Key {
            command: key::Command::Remove { id, json },
        } => {
            let provider = server::open(&settings()?).map_err(with_working_command)?;
            key::remove(&id, &provider, json)
        }
        Command::Key {
            command: key::Command::Roll { command },
        } => {
            let provider = server::open(&settings()?).map_err(with_working_command)?;
            key::run(command, &provider)
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

fn serve(settings: &Settings) -> Result<ExitCode> {
    let log = start_log(settings)?;
    let served = server::serve(settings).map_err(with_working_command);
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

fn settings(config: Option<&std::path::Path>) -> Result<Settings> {
    let read_secret = |path: &std::path::Path| {
        files::read_named_secret(path).map_err(|why| format!("{:#}", anyhow::Error::new(why)))
    };
    Settings::load(config, std::env::vars(), &read_secret).context("the configuration cannot be used")
}

fn start_log(settings: &Settings) -> Result<Log> {
    let format = match settings.log_format {
        LogFormat::Human => Format::Human,
        LogFormat::Json => Format::Json,
    };
    Ok(telemetry::start(format, &settings.log_filter)?)
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
