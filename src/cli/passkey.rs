//! `hallpass passkey …`: the domain that passkeys are for.

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{
    api_model::second_factor::{PasskeyDomainOutput, PasskeysOutput},
    cli::{
        actor,
        output::{self, print_line},
    },
    config::Settings,
    provider::{Provider, passkey_domain::PasskeyReport},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Which domain passkeys are for, how many there are, and how many of them cannot be read
    Show {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Gives up the domain of the passkeys that there are, after the address of the settings has changed
    Move {
        /// Does it, although people have passkeys for the old domain
        #[arg(long)]
        force: bool,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Command, provider: &Provider, settings: &Settings) -> Result<()> {
    let installation = provider.installation(actor::current());
    let report = installation.passkeys()?;
    match command {
        Command::Show { json } => show(&report, settings, *json),
        Command::Move { force, json } => {
            let people = people(&report);
            if !force && people > 0 && report.rp_id.is_some() {
                let owners = match report.owners_by_passkey {
                    0 => String::new(),
                    1 => {
                        " 1 owner has neither another second step nor a recovery code, and could not sign in."
                            .to_owned()
                    }
                    owners => format!(
                        " {owners} owners have neither another second step nor a recovery code, and could not sign in."
                    ),
                };
                bail!(
                    "{people} of the people here have passkeys for {}, and could no longer use them.{owners} `hallpass passkey move --force` does it all the same; going back to that address brings them back",
                    report.rp_id.as_ref().map_or("", |rp_id| rp_id.as_str())
                );
            }
            installation.give_up_passkey_domain()?;
            if *json {
                return show(&installation.passkeys()?, settings, true);
            }
            print_line(format_args!(
                "The next passkey that somebody adds decides which domain passkeys are for. Start the daemon, and let people add passkeys at {}.",
                settings.base_url.origin()
            ))
        }
    }
}

/// How many people have passkeys for the domain in use.
fn people(report: &PasskeyReport) -> usize {
    let mut domains = report.domains.iter();
    let current = domains.find(|(rp_id, ..)| Some(rp_id) == report.rp_id.as_ref());
    current.map_or(0, |(_, _, people)| *people)
}

fn show(report: &PasskeyReport, settings: &Settings, json: bool) -> Result<()> {
    let is_usable = |rp_id| {
        let mut addresses = [&settings.base_url].into_iter().chain(&settings.passkey_origins);
        addresses.any(|base| crate::model::passkey::RpId::is_valid_for(rp_id, base))
    };
    if json {
        return output::json(&PasskeysOutput {
            rp_id: report.rp_id.as_ref().map(ToString::to_string),
            usable: report.rp_id.as_ref().is_some_and(is_usable),
            domains: report
                .domains
                .iter()
                .map(|(rp_id, passkeys, people)| PasskeyDomainOutput {
                    rp_id: rp_id.to_string(),
                    passkeys: *passkeys,
                    people: *people,
                })
                .collect(),
            unreadable: report.unreadable,
        });
    }
    match &report.rp_id {
        Some(rp_id) if is_usable(rp_id) => print_line(format_args!("{:16} {rp_id}", "Domain"))?,
        Some(rp_id) => print_line(format_args!(
            "{:16} {rp_id}, which is not valid at {}",
            "Domain",
            settings.base_url.origin()
        ))?,
        None => print_line(format_args!(
            "{:16} (none yet: the first enrolment stores it)",
            "Domain"
        ))?,
    }
    for (rp_id, passkeys, people) in &report.domains {
        print_line(format_args!("{rp_id}  passkeys: {passkeys}, people: {people}"))?;
    }
    if report.unreadable > 0 {
        print_line(format_args!(
            "{:16} {}: their people need another way in",
            "Unreadable", report.unreadable
        ))?;
    }
    Ok(())
}
