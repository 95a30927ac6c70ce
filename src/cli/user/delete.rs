//! `hallpass user delete`.

use anyhow::{Result, bail};

use crate::{
    cli::{
        actor,
        output::print_line,
        user::{erasure::erasure_date, lookup::no_such_user, show::print_json},
    },
    model::user::Email,
    provider::{Provider, people::users::ChangeOutcome},
};

pub(super) fn delete(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.people(actor::current()).delete_user(&email)? {
        ChangeOutcome::Done(user) | ChangeOutcome::Unchanged(user) if json => print_json(provider, &user),
        ChangeOutcome::Done(user) | ChangeOutcome::Unchanged(user) => print_line(format_args!(
            "{} <{}> is deleted: they cannot sign in, and are signed out here. Everything about them is erased on {}; until then `hallpass user enable {}` undoes it. Accounts at applications stay: remove them there.",
            user.full_name(),
            user.email,
            erasure_date(&user).unwrap_or_default(),
            user.email
        )),
        ChangeOutcome::Unknown | ChangeOutcome::Taken => bail!(no_such_user(&email)),
        ChangeOutcome::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}
