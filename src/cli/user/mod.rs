//! `hallpass user …`

mod conflict;
mod delete;
mod erasure;
mod list;
mod lookup;
mod password;
mod profile;
mod show;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use self::{
    conflict::describe_conflict,
    delete::delete,
    list::{ListArguments, list},
    lookup::no_such_user,
    profile::ProfileArguments,
    show::show,
};
use crate::{
    api_model::user::{NameIdOutput, UnlockOutput, UserOutput},
    cli::{
        actor,
        output::{self, print_line},
    },
    credential::PasswordContext,
    model::{
        application::{Slug, SpUrl},
        text::single_line,
        user::{Email, NameComponent, NameComponents, StableId, User},
    },
    provider::{
        Provider,
        people::{
            conflict::UniqueValues,
            users::{ChangeOutcome, NewUser, UserEdit},
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
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
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
    /// Shows one person
    Show {
        /// The e-mail address
        email: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Changes names, address or attributes
    Edit {
        /// The e-mail address as it is now
        email: String,
        /// The new address. ChatGPT may take a new address for a new person: read docs/chatgpt.md first
        #[arg(long = "email", value_name = "EMAIL")]
        new_email: Option<String>,
        /// First name; an empty text removes it
        #[arg(long, value_name = "NAME", visible_alias = "first-name", aliases = ["firstname", "givenname"])]
        given_name: Option<String>,
        /// Last name; an empty text removes it
        #[arg(long, value_name = "NAME", visible_alias = "last-name", aliases = ["lastname", "familyname", "surname"])]
        family_name: Option<String>,
        #[command(flatten)]
        own: ProfileArguments,
        /// Prints the person as JSON
        #[arg(long)]
        json: bool,
    },
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
    /// Switches a person off, and ends their sessions
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
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

const FIRST_NAME: &str = "the first name";
const LAST_NAME: &str = "the last name";

pub(super) fn run(command: Command, provider: &Provider, organisation: &str) -> Result<()> {
    let context_words = [organisation, &host(provider)];
    match command {
        Command::Add {
            email,
            given_name,
            family_name,
            password_stdin,
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
            let password_context = PasswordContext::new(&email, &names, user_name.as_ref(), &context_words);
            let new = NewUser {
                email,
                names,
                stable_id: stable_id.as_deref().map(StableId::parse).transpose()?,
                user_name,
                attributes: own.attributes()?,
                password: Some(password::read_new_password(password_stdin, &password_context)?),
            };
            add_user(provider, &new, json)
        }
        Command::List(arguments) => list(provider, &arguments),
        Command::Show { email, json } => show_one(provider, &email, json),
        Command::Edit {
            email,
            new_email,
            given_name,
            family_name,
            own,
            json,
        } => {
            let edit = UserEdit {
                email: new_email.as_deref().map(Email::parse).transpose()?,
                given_name: given_name
                    .map(|name| NameComponent::parse_optional(FIRST_NAME, &name))
                    .transpose()?,
                family_name: family_name
                    .map(|name| NameComponent::parse_optional(LAST_NAME, &name))
                    .transpose()?,
                user_name: own.username.is_some().then_some(own.user_name()?),
                attributes: own.attributes()?,
                enabled: None,
            };
            let message = "is changed; it takes effect at the next sign-in";
            edit_user(provider, &email, &edit, message, json)
        }
        Command::Disable { email, json } => {
            let edit = UserEdit {
                enabled: Some(false),
                ..UserEdit::default()
            };
            let message = "can no longer sign in, and is signed out here";
            edit_user(provider, &email, &edit, message, json)
        }
        Command::Enable { email, json } => {
            let edit = UserEdit {
                enabled: Some(true),
                ..UserEdit::default()
            };
            edit_user(provider, &email, &edit, "can sign in again", json)?;
            if json {
                return Ok(());
            }
            match provider
                .people(actor::current())
                .user_by_email(&Email::parse(&email)?)?
            {
                Some(user) => print_missing_attributes(provider, &user),
                None => Ok(()),
            }
        }
        Command::Delete { email, json } => delete(provider, &email, json),
        Command::NameId {
            email,
            app,
            set,
            json,
        } => name_id(provider, &email, &app, set.as_deref(), json),
        Command::Unlock { email, json } => unlock(provider, &email, json),
        Command::SetPassword {
            email,
            password_stdin,
            json,
        } => password::set(provider, &email, password_stdin, &context_words, json),
    }
}

fn show_one(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    let own = provider.people(actor::current()).own_attributes(user.id)?;
    if json {
        output::json(&UserOutput::new(&user, &own))
    } else {
        show(&user, &own)
    }
}

fn add_user(provider: &Provider, new: &NewUser, json: bool) -> Result<()> {
    match provider.people(actor::current()).add_user(new)? {
        ChangeOutcome::Done(user) if json => output::json(&UserOutput::new(
            &user,
            &provider.people(actor::current()).own_attributes(user.id)?,
        )),
        ChangeOutcome::Done(user) => {
            print_line(format_args!(
                "{} <{}> can sign in now.",
                user.full_name(),
                user.email
            ))?;
            print_missing_attributes(provider, &user)
        }
        ChangeOutcome::Taken => {
            let wanted = UniqueValues {
                email: Some(&new.email),
                user_name: new.user_name.as_ref(),
                stable_id: new.stable_id.as_ref(),
            };
            bail!(describe_conflict(provider, wanted, None)?)
        }
        ChangeOutcome::Unchanged(_) | ChangeOutcome::Unknown | ChangeOutcome::Stale => {
            bail!("the person could not be added")
        }
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
    match provider.people(actor::current()).edit_user(&email, edit)?? {
        ChangeOutcome::Done(user) | ChangeOutcome::Unchanged(user) if json => output::json(&UserOutput::new(
            &user,
            &provider.people(actor::current()).own_attributes(user.id)?,
        )),
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
            };
            bail!(describe_conflict(provider, wanted, Some(&email))?)
        }
        ChangeOutcome::Unknown => bail!(no_such_user(&email)),
        ChangeOutcome::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}

fn name_id(provider: &Provider, email: &str, app: &str, set: Option<&str>, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))?;
    let slug = Slug::parse(app)?;
    let application = provider
        .applications(actor::current())
        .application(&slug)?
        .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?;
    let shown = |name_id: Option<&str>| {
        output::json(&NameIdOutput {
            email: user.email.as_str(),
            app: application.slug.as_str(),
            name_id,
        })
    };
    let Some(value) = set else {
        return match provider.saml().persistent_name_id(&application, &user)? {
            known if json => shown(known.as_deref()),
            Some(value) => print_line(format_args!("{value}")),
            None => print_line(format_args!(
                "None yet: {} gets one at the first sign-in to {} that asks for it.",
                user.email, application.name
            )),
        };
    };
    let value = single_line("the name", value, MAX_NAME_ID)?;
    if provider
        .people(actor::current())
        .set_persistent_name_id(&application, &user, &value)?
    {
        if json {
            return shown(Some(&value));
        }
        print_line(format_args!(
            "{} knows {} as {value} from now on.",
            application.name, user.email
        ))
    } else {
        bail!(
            "{} knows or knew another person as {value}: a name is never given to somebody else",
            application.name
        )
    }
}

/// The longest persistent name, in characters (saml-core, 8.3.7).
const MAX_NAME_ID: usize = 256;

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

/// The host that people see in the address, and so no part of a good password.
fn host(provider: &Provider) -> String {
    let address = SpUrl::parse(&provider.endpoints().sso);
    address.map(|address| address.host()).unwrap_or_default()
}
