//! `hallpass key …`

mod status;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::{
    cli::output::say,
    config::Settings,
    files,
    model::{application::Slug, key::Certificate},
    provider::{
        Provider,
        rollover::{Confirmed, OwnKey, Stepped, Stop},
    },
    server,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lets another key sign, without a sign-in that fails: prepare, activate, retire
    Roll {
        #[command(subcommand)]
        command: Roll,
    },
    /// Seals the private keys under another sealing key, where the old one may be known to others. Stop the daemon
    /// first
    Reseal(Reseal),
}

#[derive(Args, Debug)]
pub(super) struct Reseal {
    /// The new sealing key, in a file that you have made; a new one is made in the place of the old if left out
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Roll {
    /// Publishes the next key beside the one that signs
    Prepare(Prepare),
    /// Lets the next key sign, once every application is known to trust it
    Activate {
        /// Does not wait for applications: sign-in breaks at those that do not trust the key yet
        #[arg(long)]
        force: bool,
    },
    /// Lets the key before the present one sign again
    Back,
    /// Stops publishing the key before the present one, and destroys it: there is no way back then
    Retire {
        /// Does not wait for what that key signed last, nor for applications
        #[arg(long)]
        force: bool,
    },
    /// Takes the next key back before it has signed
    Cancel,
    /// Says that applications trust the new key: its certificate was pasted there
    Confirm {
        /// Their short names, as `hallpass key roll status` prints them
        #[arg(required_unless_present = "source")]
        slugs: Vec<String>,
        /// All whose metadata comes from this source: a federation that publishes our certificates
        #[arg(long, value_name = "NAME", conflicts_with = "slugs")]
        source: Option<String>,
    },
    /// Shows the keys, and who trusts the one that takes over
    Status {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct Prepare {
    /// A private key of your own (PEM, RSA); one is made if left out
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// Its certificate
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
}

pub(super) fn reseal(typed: &Reseal, settings: &Settings) -> Result<()> {
    let done = server::reseal(settings, typed.to.as_deref())?;
    let own = settings.seal_key_path();
    say(format_args!(
        "{} sealed anew. What was sealed before opens with the old sealing key only.",
        match done.keys {
            1 => "1 private key is".to_owned(),
            several => format!("{several} private keys are"),
        }
    ))?;
    if done.is_in_place {
        say(format_args!(
            "The new sealing key is in {}; keep a copy of it apart from the backups of the database.",
            own.display()
        ))?;
    } else {
        say(format_args!(
            "Put the new sealing key in the place of {} now, then start Hallpass again: the old one opens nothing any more.",
            own.display()
        ))?;
    }
    if settings.sqlite_path().is_none() {
        say(format_args!(
            "Give it to every replica, and start each of them again: one that has the old sealing key goes on until the keys, an application or a setting change, then it answers nobody."
        ))?;
    } else if !done.is_purged {
        say(format_args!(
            "The write-ahead log could not be emptied: what was sealed before lies on in it for a while."
        ))?;
    }
    say(format_args!(
        "Backups of before still open with the old sealing key: keep both, or destroy both."
    ))
}

pub(super) fn run(command: Roll, provider: &Provider) -> Result<()> {
    match command {
        Roll::Prepare(typed) => prepare(&typed, provider),
        Roll::Activate { force } => activate(force, provider),
        Roll::Back => back(provider),
        Roll::Retire { force } => retire(force, provider),
        Roll::Cancel => {
            let gone = done(provider.cancel_key()?, provider)?;
            say(format_args!(
                "The key of certificate {} is taken back: it is published no more, and its private half is destroyed.",
                gone.sha256
            ))
        }
        Roll::Confirm { slugs, source } => confirm(&slugs, source.as_deref(), provider),
        Roll::Status { json } => status::print(provider, json),
    }
}

fn prepare(typed: &Prepare, provider: &Provider) -> Result<()> {
    let own = match (&typed.key, &typed.certificate) {
        (Some(key), Some(certificate)) => Some(OwnKey {
            key: files::read_named_secret(key)?,
            certificate: fs::read(certificate)
                .with_context(|| format!("cannot read {}", certificate.display()))?,
        }),
        (_, _) => None,
    };
    let next = done(provider.prepare_key(own.as_ref())?, provider)?;
    say(format_args!(
        "The next key is published beside the one that signs: in our metadata, and as"
    ))?;
    say(format_args!("  {}", provider.endpoints().next_certificate()))?;
    say(format_args!(
        "  SHA-256 {}, until {}",
        next.sha256,
        next.not_after.format("%Y-%m-%d")
    ))?;
    status::print_missing(provider)?;
    say(format_args!(
        "\n`hallpass key roll status` shows who trusts it; `hallpass key roll activate` lets it sign."
    ))
}

fn activate(force: bool, provider: &Provider) -> Result<()> {
    let active = done(provider.activate_key(force)?, provider)?;
    say(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {}. The one before stays published.",
        active.sha256
    ))?;
    status::print_pastes(provider)?;
    say(format_args!(
        "\nIf sign-in fails somewhere: `hallpass key roll back`. If all is well for some days: `hallpass key roll retire`."
    ))
}

fn back(provider: &Provider) -> Result<()> {
    let active = done(provider.go_back_to_key()?, provider)?;
    say(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {} again. The other one stays published as the next key.",
        active.sha256
    ))?;
    say(format_args!(
        "Where the new certificate was pasted in place of the old one, paste the old one again: {}",
        provider.endpoints().certificate
    ))
}

fn retire(force: bool, provider: &Provider) -> Result<()> {
    let gone = done(provider.retire_key(force)?, provider)?;
    say(format_args!(
        "The key of certificate {} is retired: it is published no more, and its private half is destroyed. Take its certificate out wherever it was pasted.",
        gone.sha256
    ))?;
    if provider.is_on_server() {
        say(format_args!(
            "PostgreSQL keeps what is deleted for a while: sealed, the private half may lie on in the server's files and backups. Guard the sealing key; with a new one (`hallpass key reseal`) what lies on opens no more (docs/keys.md, Destroyed)."
        ))?;
    }
    Ok(())
}

fn confirm(typed: &[String], source: Option<&str>, provider: &Provider) -> Result<()> {
    let slugs = typed
        .iter()
        .map(|text| Slug::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    let confirmed = match source {
        Some(name) => provider.confirm_source(name)?,
        None => provider.confirm_followers(&slugs)?,
    };
    match confirmed {
        Confirmed::Done { new, known } => {
            say(format_args!("Confirmed: {new}. Known before: {known}."))?;
            status::print_progress(provider)
        }
        Confirmed::UnknownSource => bail!(
            "there is no source {}; nothing was confirmed",
            source.unwrap_or_default()
        ),
        Confirmed::Unknown(unknown) => {
            let names: Vec<_> = unknown.iter().map(Slug::as_str).collect();
            bail!(
                "there is no application {}; nothing was confirmed. `hallpass key roll status` shows all",
                names.join(", ")
            )
        }
        Confirmed::NoRollover => bail!("{}", Stop::NothingPrepared),
    }
}

/// What a step did; where it was not taken, why, and for whom it waits.
fn done(stepped: Stepped, provider: &Provider) -> Result<Certificate> {
    match stepped {
        Stepped::Done(certificate) => Ok(certificate),
        Stepped::Stopped(stop @ Stop::NotFollowed(_)) => {
            bail!(
                "{stop}:\n{}\nOr give --force: sign-in to these breaks until they trust it",
                status::missing_lines(provider)?.join("\n")
            )
        }
        Stepped::Stopped(stop) => bail!("{stop}"),
    }
}
