//! `hallpass user …`

mod conflict;
mod delete;
mod email_decisions;
mod erasure;
mod import;
mod leavers;
mod link;
mod list;
pub(in crate::cli) mod lookup;
mod name_id;
mod password;
mod pin;
mod profile;
mod role;
mod second_factor;
mod show;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use self::{
    conflict::describe_conflict,
    delete::delete,
    email_decisions::{EmailDecisionArguments, print_effects},
    import::{ImportArguments, export, import},
    leavers::{LeaverArguments, leavers},
    list::{ListArguments, list},
    lookup::no_such_user,
    name_id::name_id,
    password::{PasswordArguments, read_new_password},
    pin::PinCommand,
    profile::ProfileArguments,
    second_factor::{SecondFactorArguments, second_factor},
    show::{print_json, show},
};
use crate::{
    api_model::{
        email_change::{EffectOutput, UndecidedOutput},
        user::UnlockOutput,
    },
    cli::{
        actor,
        output::{self, print_line},
    },
    model::{
        role::Role,
        user::{Email, NameComponent, NameComponents, StableId, User},
    },
    provider::{
        Provider,
        new_password::PasswordOwner,
        people::{
            conflict::UniqueValues,
            user_edit::{BadUserEdit, UserEdit},
            users::{ChangeOutcome, NewUser},
        },
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a person; asks for a password
    Add {
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
    },
    /// Lists people by address, 100 at a time
    List(ListArguments),
    /// Adds and changes people and their groups by a CSV file; shows what it would do until you add --apply
    Import(ImportArguments),
    /// Prints everybody with their groups as CSV, as `user import` reads it; without passwords
    Export,
    /// Shows one person
    Show {
        /// The e-mail address
        email: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes names, address, language, external id or attributes
    Edit {
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
    },
    /// Lets applications keep receiving an address that a person had, and shows what each has received
    #[command(subcommand)]
    Pin(PinCommand),
    /// Shows or sets the persistent name by which an application knows a person
    NameId {
        /// The e-mail address
        email: String,
        /// The application's short name
        #[arg(long, value_name = "SLUG")]
        app: String,
        /// The name that another identity provider sent for this person; nobody else may have or have had it
        #[arg(long, value_name = "VALUE")]
        set: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows a person's second factors and how many recovery codes are left, or removes them
    SecondFactor(SecondFactorArguments),
    /// Says what a person may administer
    Role(role::RoleArguments),
    /// Lists where people who are deactivated signed in not long ago, so that they can be removed there too
    Leavers(LeaverArguments),
    /// Switches a person off, and ends their sessions
    #[command(name = "deactivate", visible_alias = "disable")]
    Disable {
        /// The e-mail address
        email: String,
        /// Prints the person as JSON
        #[arg(long)]
        json: bool,
    },
    /// Switches a person on again, also one who was deleted less than 30 days ago
    Enable {
        /// The e-mail address
        email: String,
        /// Prints the person as JSON
        #[arg(long)]
        json: bool,
    },
    /// Deletes a person: switched off at once, erased after 30 days; until then `user enable` undoes it
    Delete {
        /// The e-mail address
        email: String,
        /// Prints the person as JSON
        #[arg(long)]
        json: bool,
    },
    /// Invites a person who has no password: a link to choose one, for 7 days
    Invite(link::LinkArguments),
    /// Lets a person choose a new password, by a link, for 30 minutes
    RecoveryLink(link::LinkArguments),
    /// Lets a person try to sign in again at once, and prints a link that makes their browser a known one
    Unlock {
        /// The e-mail address
        email: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Sets a password, ends the person's sessions, and lets them try to sign in again at once
    SetPassword {
        /// The e-mail address
        email: String,
        #[command(flatten)]
        password: PasswordArguments,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

const FIRST_NAME: &str = "the first name";
const LAST_NAME: &str = "the last name";

pub(super) fn run(command: Command, provider: &Provider, organisation: &str) -> Result<()> {
    match command {
        Command::Add {
            email,
            given_name,
            family_name,
            password,
            invite,
            role,
            stable_id,
            own,
            json,
        } => {
            let email = Email::parse(&email)?;
            let names = NameComponents::new(
                NameComponent::parse_optional(FIRST_NAME, &given_name)?,
                NameComponent::parse_optional(LAST_NAME, &family_name)?,
            )?;
            let user_name = own.user_name()?;
            let owner = PasswordOwner {
                email: &email,
                names: &names,
                user_name: user_name.as_ref(),
            };
            let first_password = if invite {
                None
            } else {
                Some(read_new_password(provider, &password, owner, organisation)?)
            };
            let new = NewUser {
                email,
                names,
                stable_id: stable_id.as_deref().map(StableId::parse).transpose()?,
                user_name,
                external_id: own.external_id()?.flatten(),
                language: own.language()?.flatten(),
                attributes: own.attributes()?,
                must_change_password: first_password.is_some() && password.must_change(),
                password: first_password,
                role,
            };
            add_user(provider, &new, json)
        }
        Command::List(arguments) => list(provider, &arguments),
        Command::Import(arguments) => import(provider, &arguments),
        Command::Export => export(provider),
        Command::Show { email, json } => show_one(provider, &email, json),
        Command::Edit {
            email,
            new_email,
            given_name,
            family_name,
            email_decisions,
            own,
            json,
        } => {
            let edit = UserEdit {
                email: new_email.as_deref().map(Email::parse).transpose()?,
                email_decisions: email_decisions.decisions_for(provider, new_email.is_some())?,
                given_name: given_name
                    .map(|name| NameComponent::parse_optional(FIRST_NAME, &name))
                    .transpose()?,
                family_name: family_name
                    .map(|name| NameComponent::parse_optional(LAST_NAME, &name))
                    .transpose()?,
                user_name: own.username.is_some().then_some(own.user_name()?),
                external_id: own.external_id()?,
                language: own.language()?,
                attributes: own.attributes()?,
                enabled: None,
            };
            let message = "is changed; it takes effect at the next sign-in";
            edit_user(provider, &email, &edit, message, json)
        }
        Command::Pin(command) => pin::run(provider, &command),
        Command::Role(arguments) => role::set(provider, &arguments),
        Command::Disable { email, json } => {
            let edit = UserEdit {
                enabled: Some(false),
                ..UserEdit::default()
            };
            let message = "can no longer sign in, and is signed out here";
            edit_user(provider, &email, &edit, message, json)
        }
        Command::Enable { email, json } => enable(provider, &email, json),
        Command::Delete { email, json } => delete(provider, &email, json),
        Command::NameId {
            email,
            app,
            set,
            json,
        } => name_id(provider, &email, &app, set.as_deref(), json),
        Command::Leavers(arguments) => leavers(provider, &arguments),
        Command::SecondFactor(arguments) => second_factor(provider, &arguments),
        Command::Invite(arguments) => link::invite(provider, &arguments),
        Command::RecoveryLink(arguments) => link::recovery_link(provider, &arguments),
        Command::Unlock { email, json } => unlock(provider, &email, json),
        Command::SetPassword {
            email,
            password,
            json,
        } => password::set(provider, &email, &password, organisation, json),
    }
}

fn show_one(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    if json {
        return print_json(provider, &user);
    }
    let own = provider.people(actor::current()).own_attributes(user.id)?;
    let groups = provider.groups(actor::current()).group_names_of(user.id)?;
    show(&user, &own, &groups)
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

fn enable(provider: &Provider, email: &str, json: bool) -> Result<()> {
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

fn unlock(provider: &Provider, email: &str, json: bool) -> Result<()> {
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

fn edit_user(provider: &Provider, email: &str, edit: &UserEdit, message: &str, json: bool) -> Result<()> {
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

/// Prints where a user cannot sign in yet because a required value is missing.
fn print_missing_attributes(provider: &Provider, user: &User) -> Result<()> {
    for missing in provider.applications(actor::current()).unmet_requirements(user)? {
        print_line(format_args!(
            "They cannot sign in to {} yet: it requires {}, and they have no value for it (docs/attributes.md).",
            missing.application, missing.attribute
        ))?;
    }
    Ok(())
}
