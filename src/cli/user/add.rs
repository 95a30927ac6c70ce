//! `hallpass user add`

use anyhow::{Result, bail};

use crate::{
    cli::{
        actor,
        output::print_line,
        user::{
            conflict::describe_conflict,
            link,
            password::{PasswordArguments, read_new_password},
            profile::{FIRST_NAME, LAST_NAME, ProfileArguments},
            role,
            show::{print_json, print_missing_attributes},
        },
    },
    model::{
        role::Role,
        user::{Email, NameComponent, NameComponents, StableId},
    },
    provider::{
        Provider,
        new_password::PasswordOwner,
        people::{
            conflict::UniqueValues,
            users::{ChangeOutcome, NewUser},
        },
    },
};

/// Whom to add.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AddArguments {
    /// The e-mail address: how they sign in, and what ChatGPT knows them by
    email: String,
    /// First name; a person with only one name has either this one or the last name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, visible_alias = "first-name", aliases = ["firstname", "givenname"])]
    given_name: String,
    /// Last name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, visible_alias = "last-name", aliases = ["lastname", "familyname", "surname"])]
    family_name: String,
    #[command(flatten)]
    password: PasswordArguments,
    /// Sets no password, and sends a link to choose one: by mail, or printed where no mail is set up
    #[arg(long, conflicts_with_all = ["password_stdin", "must_change", "keep_password", "json"])]
    invite: bool,
    /// What they may administer; nothing if left out
    #[arg(long, value_parser = role::parse)]
    role: Option<Role>,
    /// The id that another identity provider already sent for this person; ours if left out
    #[arg(long, value_name = "ID")]
    stable_id: Option<String>,
    #[command(flatten)]
    own: ProfileArguments,
    /// Prints the person as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn add(provider: &Provider, arguments: &AddArguments, organisation: &str) -> Result<()> {
    let email = Email::parse(&arguments.email)?;
    let names = NameComponents::new(
        NameComponent::parse_optional(FIRST_NAME, &arguments.given_name)?,
        NameComponent::parse_optional(LAST_NAME, &arguments.family_name)?,
    )?;
    let user_name = arguments.own.user_name()?;
    let owner = PasswordOwner {
        email: &email,
        names: &names,
        user_name: user_name.as_ref(),
    };
    let password = if arguments.invite {
        None
    } else {
        Some(read_new_password(
            provider,
            &arguments.password,
            owner,
            organisation,
        )?)
    };
    let new = NewUser {
        email,
        names,
        stable_id: arguments.stable_id.as_deref().map(StableId::parse).transpose()?,
        user_name,
        external_id: arguments.own.external_id()?,
        language: arguments.own.language()?,
        attributes: arguments.own.attributes()?,
        must_change_password: password.is_some() && arguments.password.must_change(),
        password,
        role: arguments.role,
    };
    add_user(provider, &new, arguments.json)
}

fn add_user(provider: &Provider, new: &NewUser, json: bool) -> Result<()> {
    match provider.people(actor::current()).add_user(new)? {
        ChangeOutcome::Done(user) if json => print_json(provider, &user),
        ChangeOutcome::Done(user) if new.password.is_none() => {
            print_line(format_args!("{} <{}> is added.", user.full_name(), user.email))?;
            link::invite_new(provider, &user.email)?;
            print_missing_attributes(provider, &user)
        }
        ChangeOutcome::Done(user) => {
            print_line(format_args!(
                "{} <{}> can sign in now.",
                user.full_name(),
                user.email
            ))?;
            if new.must_change_password {
                print_line(format_args!(
                    "The first sign-in asks for a password of their own."
                ))?;
            }
            print_missing_attributes(provider, &user)
        }
        ChangeOutcome::Taken => {
            let wanted = UniqueValues {
                email: Some(&new.email),
                user_name: new.user_name.as_ref(),
                stable_id: new.stable_id.as_ref(),
                external_id: new.external_id.as_ref(),
            };
            bail!(describe_conflict(provider, wanted, None)?)
        }
        ChangeOutcome::Unchanged(_) | ChangeOutcome::Unknown | ChangeOutcome::Stale => {
            bail!("the person could not be added")
        }
    }
}
