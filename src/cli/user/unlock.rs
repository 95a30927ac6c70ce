//! `hallpass user unlock`.

use anyhow::{Result, bail};

use crate::{
    api_model::user::UnlockOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    model::user::Email,
    provider::{Provider, people::users::ChangeOutcome},
};

pub(super) fn unlock(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.people(actor::current()).unlock_user(&email)? {
        ChangeOutcome::Done(link) if json => output::json(&UnlockOutput {
            email: email.as_str(),
            link: &link,
        }),
        ChangeOutcome::Done(link) => {
            print_line(format_args!("{email} can try to sign in again at once."))?;
            print_line(format_args!(
                "If other people's failed attempts keep them out, give them this link. It works once, within 30 minutes: \
                 the browser that opens it is let through from then on. It still asks for their password."
            ))?;
            print_line(format_args!("{link}"))
        }
        ChangeOutcome::Unchanged(_)
        | ChangeOutcome::Unknown
        | ChangeOutcome::Taken
        | ChangeOutcome::Stale => bail!(no_such_user(&email)),
    }
}
