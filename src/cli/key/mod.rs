//! `hallpass key …`

mod reseal;
mod status;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

pub(super) use self::reseal::{ResealArguments, reseal};
use crate::{
    api_model::application::RemovedOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    files,
    model::{application::Slug, key::Certificate},
    provider::{
        Provider,
        keys::{KeyAdoptionOutcome, OwnKey, RolloverStepOutcome, StepRefused},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Replaces the signing key without downtime: prepare, activate, retire
    Roll {
        #[command(subcommand)]
        command: RollCommand,
    },
    /// Removes a key that this version cannot read and that does not sign
    Remove {
        /// Its id, as `hallpass app list` and the log name it
        id: String,
        /// Prints the id as JSON
        #[arg(long)]
        json: bool,
    },
    /// Seals the private keys under another sealing key, where the old one may be known to others. Stop the daemon
    /// first
    Reseal(ResealArguments),
}

#[derive(Debug, Subcommand)]
pub(super) enum RollCommand {
    /// Publishes the next key beside the one that signs
    Prepare(PrepareArguments),
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
pub(super) struct PrepareArguments {
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

pub(super) fn remove(id: &str, provider: &Provider, json: bool) -> Result<()> {
    if provider.repair(actor::current()).remove_unreadable_key(id)? {
        if json {
            return output::json(&RemovedOutput { removed: id });
        }
        return print_line(format_args!("The key {id} is gone. It could not be read."));
    }
    bail!("there is no key {id} that cannot be read; those of a rollover go with `hallpass key roll`")
}

pub(super) fn run(command: RollCommand, provider: &Provider) -> Result<()> {
    match command {
        RollCommand::Prepare(arguments) => {
            let next = prepare(&arguments, provider)?;
            print_result(provider, arguments.json, || print_prepared(provider, &next))
        }
        RollCommand::Activate { force, json } => {
            let active = expect_done(provider.keys(actor::current()).activate_key(force)?, provider)?;
            print_result(provider, json, || print_activated(provider, &active))
        }
        RollCommand::Back { json } => {
            let active = expect_done(
                provider.keys(actor::current()).reactivate_previous_key()?,
                provider,
            )?;
            print_result(provider, json, || print_rolled_back(provider, &active))
        }
        RollCommand::Retire { force, json } => {
            let removed = expect_done(provider.keys(actor::current()).retire_key(force)?, provider)?;
            print_result(provider, json, || print_retired(provider, &removed))
        }
        RollCommand::Cancel { json } => {
            let removed = expect_done(provider.keys(actor::current()).cancel_key()?, provider)?;
            print_result(provider, json, || {
                print_line(format_args!(
                    "The key of certificate {} is withdrawn: it is no longer published, and its private half is destroyed.",
                    removed.sha256
                ))
            })
        }
        RollCommand::Confirm { slugs, source, json } => {
            let message = confirm(&slugs, source.as_deref(), provider)?;
            print_result(provider, json, || {
                print_line(format_args!("{message}"))?;
                status::print_progress(provider)
            })
        }
        RollCommand::Status { json } => status::print(provider, json),
    }
}

/// Prints the state of the keys after a step: as text, or as JSON.
fn print_result(provider: &Provider, json: bool, print_text: impl FnOnce() -> Result<()>) -> Result<()> {
    if json {
        return status::print(provider, true);
    }
    print_text()
}

fn prepare(arguments: &PrepareArguments, provider: &Provider) -> Result<Certificate> {
    let own = match (&arguments.key, &arguments.certificate) {
        (Some(key), Some(certificate)) => Some(OwnKey {
            key: files::read_named_secret(key)?,
            certificate: fs::read(certificate)
                .with_context(|| format!("cannot read {}", certificate.display()))?,
        }),
        (_, _) => None,
    };
    expect_done(
        provider.keys(actor::current()).prepare_key(own.as_ref())?,
        provider,
    )
}

fn print_prepared(provider: &Provider, next: &Certificate) -> Result<()> {
    print_line(format_args!(
        "The next key is published beside the one that signs: in our metadata, and as"
    ))?;
    print_line(format_args!("  {}", provider.endpoints().next_certificate()))?;
    print_line(format_args!(
        "  SHA-256 {}, until {}",
        next.sha256,
        next.not_after.format("%Y-%m-%d")
    ))?;
    status::print_missing(provider)?;
    print_line(format_args!(
        "\n`hallpass key roll status` shows who trusts it; `hallpass key roll activate` lets it sign."
    ))
}

fn print_activated(provider: &Provider, active: &Certificate) -> Result<()> {
    print_line(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {}. The one before stays published.",
        active.sha256
    ))?;
    status::print_where_to_paste(provider)?;
    print_line(format_args!(
        "\nIf sign-in fails somewhere: `hallpass key roll back`. If all is well for some days: `hallpass key roll retire`."
    ))
}

fn print_rolled_back(provider: &Provider, active: &Certificate) -> Result<()> {
    print_line(format_args!(
        "From the next sign-in on, responses are signed with the key of certificate {} again. The other one stays published as the next key.",
        active.sha256
    ))?;
    print_line(format_args!(
        "Where the new certificate was pasted in place of the old one, paste the old one again: {}",
        provider.endpoints().certificate
    ))
}

fn print_retired(provider: &Provider, retired: &Certificate) -> Result<()> {
    print_line(format_args!(
        "The key of certificate {} is retired: it is no longer published, and its private half is destroyed. Remove its certificate wherever it was pasted.",
        retired.sha256
    ))?;
    if provider.uses_database_server() {
        print_line(format_args!(
            "PostgreSQL keeps what is deleted for a while: sealed, the private half may remain in the server's files and backups. Guard the sealing key; with a new one (`hallpass key reseal`) what remains can no longer be opened (docs/keys.md, Destroyed)."
        ))?;
    }
    Ok(())
}

/// Records that applications trust the key; the line that says how many.
fn confirm(texts: &[String], source: Option<&str>, provider: &Provider) -> Result<String> {
    let slugs = texts
        .iter()
        .map(|text| Slug::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    let confirmed = match source {
        Some(name) => provider
            .keys(actor::current())
            .confirm_key_adoption_by_source(name)?,
        None => provider.keys(actor::current()).confirm_key_adoption(&slugs)?,
    };
    match confirmed {
        KeyAdoptionOutcome::Done {
            new,
            already_known: known,
        } => Ok(format!("Confirmed: {new}. Known before: {known}.")),
        KeyAdoptionOutcome::UnknownSource => bail!(
            "there is no source {}; nothing was confirmed",
            source.unwrap_or_default()
        ),
        KeyAdoptionOutcome::Unknown(unknown) => {
            let names: Vec<_> = unknown.iter().map(Slug::as_str).collect();
            bail!(
                "there is no application {}; nothing was confirmed. `hallpass key roll status` shows all",
                names.join(", ")
            )
        }
        KeyAdoptionOutcome::NoRollover => Err(StepRefused::NothingPrepared.into()),
    }
}

/// The certificate of a step that was done; else an error that says why not, and which applications do not trust the
/// key.
fn expect_done(stepped: RolloverStepOutcome, provider: &Provider) -> Result<Certificate> {
    match stepped {
        RolloverStepOutcome::Done(certificate) => Ok(certificate),
        RolloverStepOutcome::Refused(refused @ StepRefused::NotAdopted(_)) => {
            bail!(
                "{refused}\n{}\nOr give --force: sign-in to these breaks until they trust it",
                status::missing_lines(provider)?.join("\n")
            )
        }
        RolloverStepOutcome::Refused(refused) => Err(refused.into()),
    }
}
