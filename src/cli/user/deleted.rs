//! People who leave for good, as they are spoken of.

use anyhow::{Result, bail};

use crate::{
    cli::{
        output::{self, say},
        user::{nobody, show::Shown},
    },
    model::user::{Email, User},
    provider::{Provider, deletion, users::Changed},
};

/// Deletes a person.
pub(super) fn delete(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.delete_user(&email)? {
        Changed::Done(user) | Changed::Same(user) if json => {
            output::json(&Shown::of(&user, &provider.own_attributes(user.id)?))
        }
        Changed::Done(user) | Changed::Same(user) => say(format_args!(
            "{} <{}> is deleted: they cannot sign in, and are signed out here. Everything about them is erased on {}; until then `hallpass user enable {}` undoes it. Accounts at applications stay: remove them there.",
            user.full_name(),
            user.email,
            erased_on(&user).unwrap_or_default(),
            user.email
        )),
        Changed::Unknown | Changed::Taken => bail!(nobody(&email)),
        Changed::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}

/// The day on which a person who was deleted is erased.
pub(super) fn erased_on(user: &User) -> Option<String> {
    deletion::erased_at(user).map(|at| at.format("%Y-%m-%d").to_string())
}
