//! `hallpass user role`: what somebody may administer.

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    cli::{
        actor,
        output::print_line,
        user::{lookup::no_such_user, show::print_json},
    },
    model::{role::Role, user::Email},
    provider::{Provider, people::users::ChangeOutcome},
};

#[derive(Args, Debug)]
pub(in crate::cli) struct RoleArguments {
    /// The e-mail address
    email: String,
    /// owner, administrator, help-desk or auditor; none takes the role away
    #[arg(value_name = "ROLE", value_parser = parse_optional)]
    role: RoleOrNone,
    /// Prints the person as JSON
    #[arg(long)]
    json: bool,
}

/// A role, or none.
#[derive(Clone, Copy, Debug)]
struct RoleOrNone(Option<Role>);

pub(super) fn parse(text: &str) -> Result<Role, String> {
    Role::from_name(text)
        .ok_or_else(|| format!("there is no role {text}: owner, administrator, help-desk or auditor"))
}

fn parse_optional(text: &str) -> Result<RoleOrNone, String> {
    match text {
        "none" => Ok(RoleOrNone(None)),
        name => parse(name).map(|role| RoleOrNone(Some(role))),
    }
}

pub(super) fn set(provider: &Provider, arguments: &RoleArguments) -> Result<()> {
    let email = Email::parse(&arguments.email)?;
    let RoleOrNone(role) = arguments.role;
    let what = role.map_or_else(
        || "no role".to_owned(),
        |role| format!("the role {}", role.as_str()),
    );
    match provider.people(actor::current()).set_role(&email, role)? {
        ChangeOutcome::Done(user) | ChangeOutcome::Unchanged(user) if arguments.json => {
            print_json(provider, &user)
        }
        ChangeOutcome::Done(user) => print_line(format_args!(
            "{} <{}> has {what} now.",
            user.full_name(),
            user.email
        )),
        ChangeOutcome::Unchanged(user) => print_line(format_args!(
            "{} <{}> has {what} already: nothing was changed.",
            user.full_name(),
            user.email
        )),
        ChangeOutcome::Unknown => bail!(no_such_user(&email)),
        ChangeOutcome::Stale | ChangeOutcome::Taken => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}
