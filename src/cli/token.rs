//! `hallpass token …`: what applications hold for a person by OpenID Connect.

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{
    api_model::domain::RevokedOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    model::{application::Slug, user::Email},
    provider::{Provider, people::grants::RevokeOutcome},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Ends the tokens that applications hold for a person; sessions go on
    Revoke {
        /// The person's e-mail address
        #[arg(long, value_name = "EMAIL")]
        user: String,
        /// Only those of this application, by its short name
        #[arg(long, value_name = "SLUG")]
        app: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: &Command, provider: &Provider) -> Result<()> {
    let Command::Revoke { user, app, json } = command;
    let (email, slug) = (Email::parse(user)?, app.as_deref().map(Slug::parse).transpose()?);
    let outcome = provider
        .people(actor::current())
        .revoke_tokens(&email, slug.as_ref())?;
    match outcome {
        RevokeOutcome::Done(grants) if *json => output::json(&RevokedOutput { grants }),
        RevokeOutcome::Done(grants) => print_line(format_args!(
            "{grants} sign-ins gave tokens that have ended now. JWTs that were given out are good for an hour at most, where whoever receives them asks nobody."
        )),
        RevokeOutcome::UnknownUser => {
            bail!("nobody has the address {user}; `hallpass user list` shows who there is")
        }
        RevokeOutcome::UnknownApplication => bail!(
            "there is no application {}; `hallpass app list` shows those that there are",
            app.as_deref().unwrap_or_default()
        ),
    }
}
