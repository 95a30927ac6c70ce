//! `hallpass user …`

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    cli::output::{self, say},
    credential::password::Password,
    model::{
        application::Slug,
        attribute::AttributeRule,
        text::line,
        user::{Email, OwnAttributes, PersonName, StableId, User, UserName},
    },
    provider::{
        Provider,
        users::{Changed, NewUser, UserEdit},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a person; asks for a password
    Add {
        /// The e-mail address: how they sign in, and what ChatGPT knows them by
        email: String,
        /// First name
        #[arg(long, value_name = "NAME")]
        given_name: String,
        /// Last name
        #[arg(long, value_name = "NAME")]
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
        /// First name
        #[arg(long, value_name = "NAME")]
        given_name: Option<String>,
        /// Last name
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
    /// Switches a person on again
    Enable {
        /// The e-mail address
        email: String,
    },
    /// Sets a password, and ends the person's sessions
    SetPassword {
        /// The e-mail address
        email: String,
        /// Reads the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

/// What applications may ask for besides names and address.
#[derive(Args, Debug, Default)]
pub(super) struct Own {
    /// Their user name, one person a name; an empty text takes it away
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// An attribute of their own; several values by repetition, an empty VALUE takes it away
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl Own {
    /// The user name; none where the text is empty.
    fn user_name(&self) -> Result<Option<UserName>> {
        let text = self.username.as_deref().filter(|text| !text.is_empty());
        Ok(text.map(UserName::parse).transpose()?)
    }

    /// Names with their values; none: it is taken away.
    fn attributes(&self) -> Result<OwnAttributes> {
        let mut found = OwnAttributes::new();
        for typed in &self.attributes {
            let Some((name, value)) = typed.split_once('=') else {
                bail!("`{typed}` is no attribute: write NAME=VALUE");
            };
            let name = line("the attribute's name", name, AttributeRule::MAX_NAME)?;
            let values = found.entry(name.clone()).or_default();
            if !value.is_empty() {
                let value = line("the attribute's value", value, AttributeRule::MAX_VALUE)?;
                if values.contains(&value) {
                    bail!("{name} has the value {value} twice");
                }
                values.push(value);
            }
        }
        Ok(found)
    }
}

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
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
            let new = NewUser {
                email: Email::parse(&email)?,
                given_name: PersonName::parse("the first name", &given_name)?,
                family_name: PersonName::parse("the last name", &family_name)?,
                stable_id: stable_id.as_deref().map(StableId::parse).transpose()?,
                user_name: own.user_name()?,
                attributes: own.attributes()?,
                password: Some(password(password_stdin)?),
            };
            added(provider, &new, json)
        }
        Command::List { json } => list(provider, json),
        Command::Show { email, json } => {
            let email = Email::parse(&email)?;
            let user = provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
            let own = provider.own_attributes(user.id)?;
            if json {
                output::json(&Shown::of(&user, &own))
            } else {
                show(&user, &own)
            }
        }
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
                    .map(|name| PersonName::parse("the first name", &name))
                    .transpose()?,
                family_name: family_name
                    .map(|name| PersonName::parse("the last name", &name))
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
        Command::NameId { email, app, set } => name_id(provider, &email, &app, set.as_deref()),
        Command::SetPassword {
            email,
            password_stdin,
        } => {
            let email = Email::parse(&email)?;
            provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
            match provider.set_password(&email, &password(password_stdin)?)? {
                Changed::Done(1) => say(format_args!("{email} has a new password; 1 session was ended.")),
                Changed::Done(ended) => say(format_args!(
                    "{email} has a new password; {ended} sessions were ended."
                )),
                Changed::Unknown | Changed::Taken | Changed::Stale => bail!(nobody(&email)),
            }
        }
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
        Changed::Taken => bail!(
            "there is a person with the address {} (or that stable id or user name) already",
            new.email
        ),
        Changed::Unknown | Changed::Stale => bail!("the person could not be added"),
    }
}

fn nobody(email: &Email) -> String {
    format!("nobody here has the address {email}; `hallpass user list` shows everybody")
}

fn edited(provider: &Provider, email: &str, edit: &UserEdit, words: &str) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.edit_user(&email, edit)?? {
        Changed::Done(user) => say(format_args!("{} <{}> {words}.", user.full_name(), user.email)),
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
fn password(from_stdin: bool) -> Result<Password> {
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
    Ok(Password::for_new(&typed)?)
}

#[derive(Serialize)]
struct Shown {
    id: String,
    stable_id: String,
    email: String,
    given_name: String,
    family_name: String,
    user_name: Option<String>,
    attributes: OwnAttributes,
    enabled: bool,
    created_at: String,
    updated_at: String,
}

impl Shown {
    fn of(user: &User, own: &OwnAttributes) -> Self {
        Self {
            id: user.id.to_string(),
            stable_id: user.stable_id.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            given_name: user.given_name.as_str().to_owned(),
            family_name: user.family_name.as_str().to_owned(),
            user_name: user.user_name.as_ref().map(|name| name.as_str().to_owned()),
            attributes: own.clone(),
            enabled: user.enabled,
            created_at: user.created_at.to_rfc3339(),
            updated_at: user.updated_at.to_rfc3339(),
        }
    }
}

fn list(provider: &Provider, json: bool) -> Result<()> {
    let users = provider.users()?;
    if json {
        let (all, none) = (provider.everybodys_attributes()?, OwnAttributes::new());
        let shown = users
            .iter()
            .map(|user| Shown::of(user, all.get(&user.id).unwrap_or(&none)));
        return output::json(&shown.collect::<Vec<_>>());
    }
    if users.is_empty() {
        return say(format_args!(
            "Nobody yet: `hallpass user add EMAIL --given-name G --family-name F` adds a person."
        ));
    }
    for user in &users {
        let state = if user.enabled { "" } else { "  (switched off)" };
        say(format_args!(
            "{:40} {}{state}",
            user.email.as_str(),
            user.full_name()
        ))?;
    }
    Ok(())
}

fn show(user: &User, own: &OwnAttributes) -> Result<()> {
    for (what, value) in [
        ("E-mail", user.email.as_str()),
        ("First name", user.given_name.as_str()),
        ("Last name", user.family_name.as_str()),
        (
            "User name",
            user.user_name.as_ref().map_or("(none)", UserName::as_str),
        ),
        ("Stable id", user.stable_id.as_str()),
        ("May sign in", if user.enabled { "yes" } else { "no" }),
        ("Added", &user.created_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ] {
        say(format_args!("{what:12} {value}"))?;
    }
    for (name, values) in own {
        for value in values {
            say(format_args!("{:12} {name}={value}", "Attribute"))?;
        }
    }
    Ok(())
}
