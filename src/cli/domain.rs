//! `hallpass domain …`: the domains that are the organisation's own.

use anyhow::Result;
use clap::Subcommand;

use crate::{
    api_model::domain::DomainsOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    model::email_change::EmailDomain,
    provider::Provider,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Declares a domain the organisation's own: applications are told that addresses in it are verified
    Add {
        /// Such as example.com; a domain below it is another one
        domain: String,
        /// Prints all domains as JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists them
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Takes one back
    Remove {
        domain: String,
        /// Prints all domains as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Command, provider: &Provider) -> Result<()> {
    let people = provider.people(actor::current());
    let (message, json) = match command {
        Command::Add { domain, json } => {
            let domain = EmailDomain::parse(domain)?;
            let message = if people.add_domain(&domain)? {
                format!(
                    "{} is the organisation's own: addresses in it count as verified from now on.",
                    domain.as_str()
                )
            } else {
                format!("{} is so already: nothing was changed.", domain.as_str())
            };
            (Some(message), *json)
        }
        Command::Remove { domain, json } => {
            let domain = EmailDomain::parse(domain)?;
            let message = if people.remove_domain(&domain)? {
                format!("{} is no longer the organisation's own.", domain.as_str())
            } else {
                format!("{} was not among them: nothing was changed.", domain.as_str())
            };
            (Some(message), *json)
        }
        Command::List { json } => (None, *json),
    };
    let domains: Vec<String> = people
        .domains()?
        .iter()
        .map(|domain| domain.as_str().to_owned())
        .collect();
    if json {
        return output::json(&DomainsOutput { domains });
    }
    match message {
        Some(message) => print_line(format_args!("{message}")),
        None => domains
            .iter()
            .try_for_each(|domain| print_line(format_args!("{domain}"))),
    }
}
