//! `hallpass user …`

mod own;
mod show;

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use self::{
    own::Own,
    show::{Shown, list, show},
};
use crate::{
    cli::output::{self, say},
    credential::{Surroundings, password::Password},
    model::{
        application::{AcsUrl, Slug},
        text::line,
        user::{Email, PersonName, PersonNames, StableId, User},
    },
    provider::{
        Provider, deletion,
        users::{Changed, NewUser, UserEdit},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a person; asks for a password
    Add {
        /// The e-mail address: how they sign in, and what ChatGPT knows them by
        email: String,
        /// First name; whoever has one name only has this one or the other
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        given_name: String,
        /// Last name
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        family_name: String,
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
        /// The id that another identity provider already sent for this person; ours if left out
        #[arg(long, value_name = "ID")]
        stable_id: Option<String>,
        #[command(flatten)]
        own: Own,
        /// Prints the person as JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists everybody
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
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
        /// First name; an empty text takes it away
        #[arg(long, value_name = "NAME")]
        given_name: Option<String>,
        /// Last name; an empty text takes it away
        #[arg(long, value_name = "NAME")]
        family_name: Option<String>,
        #[command(flatten)]
        own: Own,
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
    },
    /// Switches a person off, and ends their sessions
    Disable {
        /// The e-mail address
        email: String,
    },
    /// Switches a person on again, also one who was deleted less than 30 days ago
    Enable {
        /// The e-mail address
        email: String,
    },
    /// Deletes a person: switched off at once, erased after 30 days; until then `user enable` undoes it
    Delete {
        /// The e-mail address
        email: String,
    },
    /// Lets a person try to sign in again at once, and prints a link that makes their browser a known one
    Unlock {
        /// The e-mail address
        email: String,
    },
    /// Sets a password, ends the person's sessions, and lets them try to sign in again at once
    SetPassword {
        /// The e-mail address
        email: String,
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

const FIRST_NAME: &str = "the first name";
const LAST_NAME: &str = "the last name";

pub(super) fn run(command: Command, provider: &Provider, organisation: &str) -> Result<()> {
    let places = [organisation, &host(provider)];
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
            let names = PersonNames::new(
                PersonName::parse_optional(FIRST_NAME, &given_name)?,
                PersonName::parse_optional(LAST_NAME, &family_name)?,
            )?;
            let user_name = own.user_name()?;
            let near = Surroundings::of(&email, &names, user_name.as_ref(), &places);
            let new = NewUser {
                email,
                names,
                stable_id: stable_id.as_deref().map(StableId::parse).transpose()?,
                user_name,
                attributes: own.attributes()?,
                password: Some(password(password_stdin, &near)?),
            };
            added(provider, &new, json)
        }
        Command::List { json } => list(provider, json),
        Command::Show { email, json } => show_one(provider, &email, json),
        Command::Edit {
            email,
            new_email,
            given_name,
            family_name,
            own,
        } => {
            let edit = UserEdit {
                email: new_email.as_deref().map(Email::parse).transpose()?,
                given_name: given_name
                    .map(|name| PersonName::parse_optional(FIRST_NAME, &name))
                    .transpose()?,
                family_name: family_name
                    .map(|name| PersonName::parse_optional(LAST_NAME, &name))
                    .transpose()?,
                user_name: own.username.is_some().then_some(own.user_name()?),
                attributes: own.attributes()?,
                enabled: None,
            };
            edited(
                provider,
                &email,
                &edit,
                "is changed; it holds at the next sign-on",
            )
        }
        Command::Disable { email } => {
            let edit = UserEdit {
                enabled: Some(false),
                ..UserEdit::default()
            };
            edited(
                provider,
                &email,
                &edit,
                "cannot sign in any more, and is signed out here",
            )
        }
        Command::Enable { email } => {
            let edit = UserEdit {
                enabled: Some(true),
                ..UserEdit::default()
            };
            edited(provider, &email, &edit, "can sign in again")?;
            match provider.user_by_email(&Email::parse(&email)?)? {
                Some(user) => say_unmet(provider, &user),
                None => Ok(()),
            }
        }
        Command::Delete { email } => delete(provider, &email),
        Command::NameId { email, app, set } => name_id(provider, &email, &app, set.as_deref()),
        Command::Unlock { email } => unlock(provider, &email),
        Command::SetPassword {
            email,
            password_stdin,
        } => set_password(provider, &email, password_stdin, &places),
    }
}

fn show_one(provider: &Provider, email: &str, json: bool) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
    let own = provider.own_attributes(user.id)?;
    if json {
        output::json(&Shown::of(&user, &own))
    } else {
        show(&user, &own)
    }
}

fn set_password(provider: &Provider, email: &str, from_stdin: bool, places: &[&str]) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
    let near = Surroundings::of(&email, &user.names, user.user_name.as_ref(), places);
    match provider.set_password(&email, &password(from_stdin, &near)?)? {
        Changed::Done(1) => say(format_args!("{email} has a new password; 1 session was ended.")),
        Changed::Done(ended) => say(format_args!(
            "{email} has a new password; {ended} sessions were ended."
        )),
        Changed::Same(_) | Changed::Unknown | Changed::Taken | Changed::Stale => bail!(nobody(&email)),
    }
}

fn added(provider: &Provider, new: &NewUser, json: bool) -> Result<()> {
    match provider.add_user(new)? {
        Changed::Done(user) if json => output::json(&Shown::of(&user, &provider.own_attributes(user.id)?)),
        Changed::Done(user) => {
            say(format_args!(
                "{} <{}> can sign in now.",
                user.full_name(),
                user.email
            ))?;
            say_unmet(provider, &user)
        }
        Changed::Taken => match provider.user_by_email(&new.email)? {
            Some(user) if user.deleted_at.is_some() => bail!(
                "{0} was deleted, and is erased on {1}; the address is free from then on. Until then `hallpass user enable {0}` undoes it, and `hallpass user edit {0} --email OTHER` frees the address",
                user.email,
                erased_on(&user).unwrap_or_default()
            ),
            Some(_) | None => bail!(
                "there is a person with the address {} (or that stable id or user name) already, or somebody who was erased had that stable id",
                new.email
            ),
        },
        Changed::Same(_) | Changed::Unknown | Changed::Stale => bail!("the person could not be added"),
    }
}

fn delete(provider: &Provider, email: &str) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.delete_user(&email)? {
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
fn erased_on(user: &User) -> Option<String> {
    deletion::erased_at(user).map(|at| at.format("%Y-%m-%d").to_string())
}

fn unlock(provider: &Provider, email: &str) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.unlock_user(&email)? {
        Changed::Done(link) => {
            say(format_args!("{email} can try to sign in again at once."))?;
            say(format_args!(
                "If wrong tries of others keep them out, give them this link: it is good once, for 30 minutes, and \
                 the browser that opens it is let through from then on. It asks for their password all the same."
            ))?;
            say(format_args!("{link}"))
        }
        Changed::Same(_) | Changed::Unknown | Changed::Taken | Changed::Stale => bail!(nobody(&email)),
    }
}

fn nobody(email: &Email) -> String {
    format!("nobody here has the address {email}; `hallpass user list` shows everybody")
}

fn edited(provider: &Provider, email: &str, edit: &UserEdit, words: &str) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.edit_user(&email, edit)?? {
        Changed::Done(user) => say(format_args!("{} <{}> {words}.", user.full_name(), user.email)),
        Changed::Same(user) => say(format_args!(
            "{} <{}> is so already: nothing was changed.",
            user.full_name(),
            user.email
        )),
        Changed::Taken => bail!("somebody else has that address or user name"),
        Changed::Unknown => bail!(nobody(&email)),
        Changed::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
}

fn name_id(provider: &Provider, email: &str, app: &str, set: Option<&str>) -> Result<()> {
    let email = Email::parse(email)?;
    let user = provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
    let slug = Slug::parse(app)?;
    let application = provider
        .application(&slug)?
        .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?;
    let Some(value) = set else {
        return match provider.persistent_name_id(&application, &user)? {
            Some(value) => say(format_args!("{value}")),
            None => say(format_args!(
                "None yet: {} gets one at the first sign-on to {} that asks for it.",
                user.email, application.name
            )),
        };
    };
    let value = line("the name", value, LONGEST_NAME_ID)?;
    if provider.set_persistent_name_id(&application, &user, &value)? {
        say(format_args!(
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
const LONGEST_NAME_ID: usize = 256;

/// Says where a person cannot sign in yet, for want of a value that is required there.
fn say_unmet(provider: &Provider, user: &User) -> Result<()> {
    for unmet in provider.unmet(user)? {
        say(format_args!(
            "They cannot sign in to {} yet: it requires {}, and they have no value for it (docs/attributes.md).",
            unmet.application, unmet.attribute
        ))?;
    }
    Ok(())
}

/// Asks for the password, twice; or reads one line where a program types.
fn password(from_stdin: bool, near: &Surroundings) -> Result<Password> {
    let typed = if from_stdin {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .context("no password on standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    } else if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password (8 characters or more): ")?;
        if rpassword::prompt_password("Once more: ")? != first {
            bail!("the two passwords differ");
        }
        first
    } else {
        bail!("there is no terminal to ask on: use --password-stdin");
    };
    Ok(Password::for_new(&typed, near)?)
}

/// The host that people see: no secret either.
fn host(provider: &Provider) -> String {
    let address = AcsUrl::parse(&provider.endpoints().sso);
    address.map(|address| address.host()).unwrap_or_default()
}
