//! `hallpass user invite` and `hallpass user recovery-link`: links by which somebody chooses a password.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    api_model::{time::format_rfc3339, user::LinkOutput},
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    model::user::Email,
    provider::{Provider, people::password_links::LinkOutcome},
};

#[derive(Args, Debug)]
pub(in crate::cli) struct LinkArguments {
    /// The e-mail address
    email: String,
    /// Prints the link for you to hand over, and mails nothing; so it is wherever no mail is set up
    #[arg(long)]
    print: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Invites somebody who has no password.
pub(super) fn invite(provider: &Provider, arguments: &LinkArguments) -> Result<()> {
    let email = Email::parse(&arguments.email)?;
    let outcome = provider
        .people(actor::current())
        .invite_user(&email, arguments.print)?;
    report(&email, outcome, arguments.json)
}

/// Lets somebody choose a new password.
pub(super) fn recovery_link(provider: &Provider, arguments: &LinkArguments) -> Result<()> {
    let email = Email::parse(&arguments.email)?;
    let outcome = provider
        .people(actor::current())
        .recover_user(&email, arguments.print)?;
    report(&email, outcome, arguments.json)
}

/// Invites somebody who was just added, and says so in words.
pub(super) fn invite_new(provider: &Provider, email: &Email) -> Result<()> {
    let outcome = provider.people(actor::current()).invite_user(email, false)?;
    report(email, outcome, false)
}

fn report(email: &Email, outcome: LinkOutcome, json: bool) -> Result<()> {
    let (link, until) = match outcome {
        LinkOutcome::Mailed { until } => (None, until),
        LinkOutcome::HandOver { link, until } => (Some(link), until),
        LinkOutcome::TooManyMails { next } => bail!(
            "three links were mailed to {email} within an hour; the next mail may go at {}, or hand a link over with --print",
            next.format("%H:%M UTC")
        ),
        LinkOutcome::HasPassword => bail!(
            "{email} has a password already; `hallpass user recovery-link {email}` lets them choose a new one"
        ),
        LinkOutcome::Disabled => bail!(
            "{email} is switched off, and a link would let nobody in: `hallpass user enable {email}` first"
        ),
        LinkOutcome::Unknown => bail!(no_such_user(email)),
    };
    if json {
        return output::json(&LinkOutput {
            email: email.as_str(),
            link: link.as_deref(),
            mailed: link.is_none(),
            expires_at: format_rfc3339(until),
        });
    }
    let until = until.format("%Y-%m-%d %H:%M UTC");
    match link {
        None => print_line(format_args!(
            "A mail with a link is on its way to {email}. The link works once, until {until}."
        )),
        Some(link) => {
            print_line(format_args!(
                "Hand this link over to {email}, in a way that only they read. It works once, until {until}, and lets whoever opens it choose the password."
            ))?;
            print_line(format_args!("{link}"))
        }
    }
}
