//! `hallpass key …`

mod reseal;
mod status;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

pub(super) use self::reseal::{Reseal, reseal};
use crate::{
    cli::output::say,
    files,
    model::{application::Slug, key::Certificate},
    provider::{
        Provider,
        rollover::{Confirmed, OwnKey, Stepped, Stop},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Replaces the signing key without downtime: prepare, activate, retire
    Roll {
        #[command(subcommand)]
        command: Roll,
    },
    /// Seals the private keys under another sealing key, where the old one may be known to others. Stop the daemon
    /// first
    Reseal(Reseal),
}

#[derive(Debug, Subcommand)]
pub(super) enum Roll {
    /// Publishes the next key beside the one that signs
    Prepare(Prepare),
    /// Lets the next key sign, once every application is known to trust it
    Activate {
        /// Prints what `status --json` prints then
        #[arg(long)]
        json: bool,
        /// Does not wait for applications: sign-in breaks at those that do not trust the key yet
        #[arg(long)]
        force: bool,
    },
    /// Lets the previous key sign again
    Back {
        /// Prints what `status --json` prints then
        #[arg(long)]
        json: bool,
    },
    /// Stops publishing the previous key, and destroys it: there is no way back after that
    Retire {
        /// Prints what `status --json` prints then
        #[arg(long)]
        json: bool,
        /// Does not wait for what that key signed last, nor for applications
        #[arg(long)]
        force: bool,
    },
    /// Withdraws the next key before it has signed
    Cancel {
        /// Prints what `status --json` prints then
        #[arg(long)]
        json: bool,
    },
    /// Records that applications trust the new key: its certificate was pasted there
    Confirm {
        /// Their short names, as `hallpass key roll status` prints them
        #[arg(required_unless_present = "source")]
        slugs: Vec<String>,
        /// All whose metadata comes from this source: a federation that publishes our certificates
        #[arg(long, value_name = "NAME", conflicts_with = "slugs")]
        source: Option<String>,
        /// Prints what `status --json` prints then
        #[arg(long)]
        json: bool,
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
    /// Prints what `status --json` prints then
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Roll, provider: &Provider) -> Result<()> {
    match command {
        Roll::Prepare(typed) => {
            let next = prepare(&typed, provider)?;
            said(provider, typed.json, || prepared(provider, &next))
        }
        Roll::Activate { force, json } => {
            let active = done(provider.activate_key(force)?, provider)?;
            said(provider, json, || activated(provider, &active))
        }
        Roll::Back { json } => {
            let active = done(provider.go_back_to_key()?, provider)?;
            said(provider, json, || went_back(provider, &active))
        }
        Roll::Retire { force, json } => {
            let gone = done(provider.retire_key(force)?, provider)?;
            said(provider, json, || retired(provider, &gone))
        }
        Roll::Cancel { json } => {
            let gone = done(provider.cancel_key()?, provider)?;
            said(provider, json, || {
                say(format_args!(
                    "The key of certificate {} is withdrawn: it is no longer published, and its private half is destroyed.",
                    gone.sha256
                ))
            })
        }
        Roll::Confirm { slugs, source, json } => {
            let words = confirm(&slugs, source.as_deref(), provider)?;
            said(provider, json, || {
                say(format_args!("{words}"))?;
                status::print_progress(provider)
            })
        }
        Roll::Status { json } => status::print(provider, json),
    }
}

/// How the keys stand after a step: in words, or as JSON.
fn said(provider: &Provider, json: bool, words: impl FnOnce() -> Result<()>) -> Result<()> {
    if json {
        return status::print(provider, true);
    }
    words()
}

fn prepare(typed: &Prepare, provider: &Provider) -> Result<Certificate> {
    let own = match (&typed.key, &typed.certificate) {
        (Some(key), Some(certificate)) => Some(OwnKey {
            key: files::read_named_secret(key)?,
            certificate: fs::read(certificate)
                .with_context(|| format!("cannot read {}", certificate.display()))?,
        }),
        (_, _) => None,
    };
    done(provider.prepare_key(own.as_ref())?, provider)
}

fn prepared(provider: &Provider, next: &Certificate) -> Result<()> {
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

fn activated(provider: &Provider, active: &Certificate) -> Result<()> {
    say(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {}. The one before stays published.",
        active.sha256
    ))?;
    status::print_pastes(provider)?;
    say(format_args!(
        "\nIf sign-in fails somewhere: `hallpass key roll back`. If all is well for some days: `hallpass key roll retire`."
    ))
}

fn went_back(provider: &Provider, active: &Certificate) -> Result<()> {
    say(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {} again. The other one stays published as the next key.",
        active.sha256
    ))?;
    say(format_args!(
        "Where the new certificate was pasted in place of the old one, paste the old one again: {}",
        provider.endpoints().certificate
    ))
}

fn retired(provider: &Provider, gone: &Certificate) -> Result<()> {
    say(format_args!(
        "The key of certificate {} is retired: it is no longer published, and its private half is destroyed. Remove its certificate wherever it was pasted.",
        gone.sha256
    ))?;
    if provider.is_on_server() {
        say(format_args!(
            "PostgreSQL keeps what is deleted for a while: sealed, the private half may remain in the server's files and backups. Guard the sealing key; with a new one (`hallpass key reseal`) what remains can no longer be opened (docs/keys.md, Destroyed)."
        ))?;
    }
    Ok(())
}

/// Confirms, and says how many.
fn confirm(typed: &[String], source: Option<&str>, provider: &Provider) -> Result<String> {
    let slugs = typed
        .iter()
        .map(|text| Slug::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    let confirmed = match source {
        Some(name) => provider.confirm_source(name)?,
        None => provider.confirm_followers(&slugs)?,
    };
    match confirmed {
        Confirmed::Done { new, known } => Ok(format!("Confirmed: {new}. Known before: {known}.")),
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
                "{stop}\n{}\nOr give --force: sign-in to these breaks until they trust it",
                status::missing_lines(provider)?.join("\n")
            )
        }
        Stepped::Stopped(stop) => bail!("{stop}"),
    }
}
