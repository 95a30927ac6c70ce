//! `hallpass rescue`: the way back in for whoever has the server.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    api_model::{time::format_rfc3339, user::RescueOutput},
    cli::{
        actor,
        output::{self, print_line},
    },
    model::user::{Email, User},
    provider::{Provider, people::password_links::RescueOutcome},
};

#[derive(Args, Debug)]
pub(super) struct RescueArguments {
    /// The e-mail address of whoever is to be an owner; the only owner if left out
    email: Option<String>,
    /// The link also removes the person's second factors and recovery codes, for somebody who has lost them
    #[arg(long)]
    lift_second_factors: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Prints a link that makes somebody an owner with a new password.
pub(super) fn rescue(provider: &Provider, arguments: &RescueArguments) -> Result<()> {
    let email = arguments.email.as_deref().map(Email::parse).transpose()?;
    let (user, link, until) = match provider
        .people(actor::current())
        .rescue(email.as_ref(), arguments.lift_second_factors)?
    {
        RescueOutcome::Done { user, link, until } => (user, link, until),
        RescueOutcome::Unknown => bail!(
            "nobody here has this address; `hallpass user list` shows everybody, and `hallpass user add EMAIL … --role owner --invite` adds an owner"
        ),
        RescueOutcome::NameSomebody(owners) => bail!(whom(&owners)),
    };
    if arguments.json {
        return output::json(&RescueOutput {
            email: user.email.as_str(),
            link: &link,
            expires_at: format_rfc3339(until),
        });
    }
    print_line(format_args!(
        "This link works once, until {}. Whoever opens it chooses a new password for {}, who is then an owner and may sign in. Nothing changes before.",
        until.format("%Y-%m-%d %H:%M UTC"),
        user.email
    ))?;
    print_line(format_args!("{link}"))?;
    print_line(format_args!("It opens while the daemon runs."))
}

fn whom(owners: &[User]) -> String {
    if owners.is_empty() {
        return "there is no owner: name whoever is to be one, `hallpass rescue EMAIL`".to_owned();
    }
    let all: Vec<&str> = owners.iter().map(|owner| owner.email.as_str()).collect();
    format!(
        "there are several owners: name one, `hallpass rescue EMAIL`: {}",
        all.join(", ")
    )
}
