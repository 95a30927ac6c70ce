//! `hallpass user …`

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde::Serialize;

use crate::{
    cli::output::{self, say},
    credential::password::Password,
    model::user::{Email, PersonName, StableId, User},
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
    /// Changes names or address
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

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Add {
            email,
            given_name,
            family_name,
            password_stdin,
            stable_id,
            json,
        } => {
            let new = NewUser {
                email: Email::parse(&email)?,
                given_name: PersonName::parse("the first name", &given_name)?,
                family_name: PersonName::parse("the last name", &family_name)?,
                stable_id: stable_id.as_deref().map(StableId::parse).transpose()?,
                password: Some(password(password_stdin)?),
            };
            match provider.add_user(&new)? {
                Changed::Done(user) if json => output::json(&Shown::from(&user)),
                Changed::Done(user) => say(format_args!(
                    "{} <{}> can sign in now.",
                    user.full_name(),
                    user.email
                )),
                Changed::Taken => bail!(
                    "there is a person with the address {} (or that stable id) already",
                    new.email
                ),
                Changed::Unknown | Changed::Stale => bail!("the person could not be added"),
            }
        }
        Command::List { json } => list(&provider.users()?, json),
        Command::Show { email, json } => {
            let email = Email::parse(&email)?;
            let user = provider.user_by_email(&email)?.with_context(|| nobody(&email))?;
            if json {
                output::json(&Shown::from(&user))
            } else {
                show(&user)
            }
        }
        Command::Edit {
            email,
            new_email,
            given_name,
            family_name,
        } => {
            let edit = UserEdit {
                email: new_email.as_deref().map(Email::parse).transpose()?,
                given_name: given_name
                    .map(|name| PersonName::parse("the first name", &name))
                    .transpose()?,
                family_name: family_name
                    .map(|name| PersonName::parse("the last name", &name))
                    .transpose()?,
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
            edited(provider, &email, &edit, "can sign in again")
        }
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

fn nobody(email: &Email) -> String {
    format!("nobody here has the address {email}; `hallpass user list` shows everybody")
}

fn edited(provider: &Provider, email: &str, edit: &UserEdit, words: &str) -> Result<()> {
    let email = Email::parse(email)?;
    match provider.edit_user(&email, edit)? {
        Changed::Done(user) => say(format_args!("{} <{}> {words}.", user.full_name(), user.email)),
        Changed::Taken => bail!("somebody else has that address"),
        Changed::Unknown => bail!(nobody(&email)),
        Changed::Stale => bail!(
            "somebody else changed this person at the same moment; look again with `hallpass user show {email}`"
        ),
    }
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
    enabled: bool,
    created_at: String,
    updated_at: String,
}

impl From<&User> for Shown {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            stable_id: user.stable_id.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            given_name: user.given_name.as_str().to_owned(),
            family_name: user.family_name.as_str().to_owned(),
            enabled: user.enabled,
            created_at: user.created_at.to_rfc3339(),
            updated_at: user.updated_at.to_rfc3339(),
        }
    }
}

fn list(users: &[User], json: bool) -> Result<()> {
    if json {
        return output::json(&users.iter().map(Shown::from).collect::<Vec<_>>());
    }
    if users.is_empty() {
        return say(format_args!(
            "Nobody yet: `hallpass user add EMAIL --given-name G --family-name F` adds a person."
        ));
    }
    for user in users {
        let state = if user.enabled { "" } else { "  (switched off)" };
        say(format_args!(
            "{:40} {}{state}",
            user.email.as_str(),
            user.full_name()
        ))?;
    }
    Ok(())
}

fn show(user: &User) -> Result<()> {
    for (what, value) in [
        ("E-mail", user.email.as_str()),
        ("First name", user.given_name.as_str()),
        ("Last name", user.family_name.as_str()),
        ("Stable id", user.stable_id.as_str()),
        ("May sign in", if user.enabled { "yes" } else { "no" }),
        ("Added", &user.created_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ] {
        say(format_args!("{what:12} {value}"))?;
    }
    Ok(())
}
