//! `hallpass app secret …`: the secrets of a client of OpenID Connect.

use anyhow::{Result, bail};
use chrono::TimeDelta;
use clap::Subcommand;

use crate::{
    api_model::{application::ClientSecretOutput, time::format_rfc3339},
    cli::{
        actor,
        app::lookup::no_such_application,
        output::{self, print_line},
    },
    model::{application::Slug, client_secret::ClientSecret},
    provider::{Provider, oidc::client_secrets::ClientSecretOutcome},
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Makes a secret beside those that there are, and prints it once
    Add {
        /// The application's short name
        slug: String,
        /// Ends by itself after so many days
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists them: when each was made and ends
    List {
        /// The application's short name
        slug: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Ends one, now or in some days, when the application uses another
    Revoke {
        /// The application's short name
        slug: String,
        /// As `app secret list` prints it
        id: String,
        /// Lets it work for so many days more
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
        in_days: Option<u16>,
        /// Prints the secrets as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    let applications = provider.applications(actor::current());
    match command {
        Command::Add { slug, days, json } => {
            let end = days.map(|days| provider.now() + TimeDelta::days(days.into()));
            let parsed = Slug::parse(&slug)?;
            let (secret, token) = done(applications.add_client_secret(&parsed, end)?, &slug)?;
            if json {
                return output::json(&ClientSecretOutput {
                    secret: Some(token.expose().to_owned()),
                    ..described(&secret)
                });
            }
            print_line(format_args!("Client secret: {}", token.expose()))?;
            print_line(format_args!(
                "It is shown this once, and works beside the others. When the application has it, end the old one: hallpass app secret list {slug}"
            ))
        }
        Command::List { slug, json } => list(provider, &slug, json),
        Command::Revoke {
            slug,
            id,
            in_days,
            json,
        } => {
            let Ok(parsed_id) = id.parse() else {
                bail!("`{id}` is no id of a secret; `hallpass app secret list {slug}` prints them");
            };
            let end = in_days.map(|days| provider.now() + TimeDelta::days(days.into()));
            let parsed = Slug::parse(&slug)?;
            done(applications.revoke_client_secret(&parsed, parsed_id, end)?, &slug)?;
            if json {
                return list(provider, &slug, true);
            }
            print_line(format_args!(
                "The secret {id} ends{}.",
                if end.is_some() { " then" } else { " now" }
            ))
        }
    }
}

fn list(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    let outcome = provider
        .applications(actor::current())
        .client_secrets(&Slug::parse(slug)?)?;
    let secrets = done(outcome, slug)?;
    let described: Vec<_> = secrets.iter().map(described).collect();
    if json {
        return output::json(&described);
    }
    for secret in described {
        print_line(format_args!(
            "{}  made {}, {}",
            secret.id,
            secret.created_at,
            secret.expires_at.map_or_else(
                || "works until it is revoked".to_owned(),
                |end| format!("ends {end}")
            )
        ))?;
    }
    Ok(())
}

fn described(secret: &ClientSecret) -> ClientSecretOutput {
    ClientSecretOutput {
        id: secret.id.to_string(),
        created_at: format_rfc3339(secret.created_at),
        expires_at: secret.expires_at.map(format_rfc3339),
        secret: None,
    }
}

fn done<T>(outcome: ClientSecretOutcome<T>, slug: &str) -> Result<T> {
    match outcome {
        ClientSecretOutcome::Done(value) => Ok(value),
        ClientSecretOutcome::UnknownApplication => bail!(no_such_application(slug)),
        ClientSecretOutcome::NoSecrets => bail!(
            "{slug} keeps no secret: it speaks SAML, or is a public client, which proves itself by PKCE"
        ),
        ClientSecretOutcome::TooMany => bail!(
            "{slug} has {} secrets that work: end one first (`hallpass app secret revoke`)",
            ClientSecret::MAX_LIVE
        ),
        ClientSecretOutcome::UnknownSecret => {
            bail!("{slug} has no such secret that works; `hallpass app secret list {slug}` prints them")
        }
    }
}
