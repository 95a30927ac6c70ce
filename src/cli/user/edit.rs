//! `hallpass user edit`, and what `deactivate` and `enable` have in common with it

use anyhow::{Result, bail};

use crate::{
    api_model::email_change::{EffectOutput, UndecidedOutput},
    cli::{
        actor,
        output::{self, print_line},
        user::{
            conflict::describe_conflict,
            email_decisions::{EmailDecisionArguments, print_effects},
            lookup::no_such_user,
            profile::{FIRST_NAME, LAST_NAME, ProfileArguments},
            show::{print_json, print_missing_attributes},
        },
    },
    model::user::{Email, NameComponent},
    provider::{
        Provider,
        people::{
            conflict::UniqueValues,
            user_edit::{BadUserEdit, UserEdit},
            users::ChangeOutcome,
        },
    },
};

/// Whom to change, and what.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct EditArguments {
    /// The e-mail address as it is now
    email: String,
    /// The new address. If applications may take the person for somebody new by it, this says so, and nothing is
    /// changed until you say what each of them is to receive
    #[arg(long = "email", value_name = "EMAIL")]
    new_email: Option<String>,
    /// First name; an empty text removes it
    #[arg(long, value_name = "NAME", visible_alias = "first-name", aliases = ["firstname", "givenname"])]
    given_name: Option<String>,
    /// Last name; an empty text removes it
    #[arg(long, value_name = "NAME", visible_alias = "last-name", aliases = ["lastname", "familyname", "surname"])]
    family_name: Option<String>,
    #[command(flatten)]
    email_decisions: EmailDecisionArguments,
    #[command(flatten)]
    own: ProfileArguments,
    /// Prints the person as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn edit(provider: &Provider, arguments: &EditArguments) -> Result<()> {
    let name = |what, text: &Option<String>| {
        let name = text
            .as_deref()
            .map(|text| NameComponent::parse_optional(what, text));
        name.transpose()
    };
    let own = &arguments.own;
    let edit = UserEdit {
        email: arguments.new_email.as_deref().map(Email::parse).transpose()?,
        email_decisions: arguments
            .email_decisions
            .decisions_for(provider, arguments.new_email.is_some())?,
        given_name: name(FIRST_NAME, &arguments.given_name)?,
        family_name: name(LAST_NAME, &arguments.family_name)?,
        user_name: own.username.is_some().then_some(own.user_name()?),
        external_id: own.external_id.is_some().then_some(own.external_id()?),
        language: own.language.is_some().then_some(own.language()?),
        attributes: own.attributes()?,
        enabled: None,
    };
    let message = "is changed; it takes effect at the next sign-in";
    edit_user(provider, &arguments.email, &edit, message, arguments.json)
}

pub(super) fn edit_user(
    provider: &Provider,
    email: &str,
    edit: &UserEdit,
    message: &str,
    json: bool,
) -> Result<()> {
    let email = Email::parse(email)?;
    let outcome = provider.people(actor::current()).edit_user(&email, edit)?;
    if let Err(BadUserEdit::UndecidedEmail(effects)) = &outcome {
        let new_email = edit.email.as_ref().map(Email::as_str).unwrap_or_default();
        if json {
            output::json(&UndecidedOutput {
                email: email.as_str(),
                new_email,
                applications: effects.iter().map(EffectOutput::from).collect(),
            })?;
        } else {
            print_effects(email.as_str(), new_email, effects)?;
        }
    }
    match outcome? {
        ChangeOutcome::Done(user) | ChangeOutcome::Unchanged(user) if json => print_json(provider, &user),
        ChangeOutcome::Done(user) => {
            print_line(format_args!("{} <{}> {message}.", user.full_name(), user.email))
        }
        ChangeOutcome::Unchanged(user) => print_line(format_args!(
            "{} <{}> is so already: nothing was changed.",
            user.full_name(),
            user.email
        )),
        ChangeOutcome::Taken => {
            let wanted = UniqueValues {
                email: edit.email.as_ref(),
                user_name: edit.user_name.as_ref().and_then(Option::as_ref),
                stable_id: None,
                external_id: edit.external_id.as_ref().and_then(Option::as_ref),
            };
            bail!(describe_conflict(provider, wanted, Some(&email))?)
        }
        ChangeOutcome::Unknown => bail!(no_such_user(&email)),
        ChangeOutcome::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}

pub(super) fn enable(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let edit = UserEdit {
        enabled: Some(true),
        ..UserEdit::default()
    };
    edit_user(provider, email, &edit, "can sign in again", json)?;
    if json {
        return Ok(());
    }
    match provider
        .people(actor::current())
        .user_by_email(&Email::parse(email)?)?
    {
        Some(user) => print_missing_attributes(provider, &user),
        None => Ok(()),
    }
}
