//! `hallpass user pin`: the addresses that applications keep receiving for a person.

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::{
    api_model::email_change::EnteredOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::lookup::no_such_user,
    },
    model::{
        application::Slug,
        participant::EnteredApplication,
        user::{Email, User},
    },
    provider::{Provider, people::pinned_emails::PinOutcome},
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PinCommand {
    /// Lists the applications that a person has signed in to, what each received first and last, and what is pinned
    List {
        /// The e-mail address
        email: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Lets an application keep receiving an address that it has received for the person
    Add {
        /// The e-mail address as it is now
        email: String,
        /// The application's short name
        #[arg(long, value_name = "SLUG")]
        app: String,
        /// The address to keep, if it is not the one that the application received last
        #[arg(long = "email", value_name = "EMAIL")]
        pinned: Option<String>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Lets an application receive the person's own address again
    Remove {
        /// The e-mail address as it is now
        email: String,
        /// The application's short name
        #[arg(long, value_name = "SLUG")]
        app: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(provider: &Provider, command: &PinCommand) -> Result<()> {
    match command {
        PinCommand::List { email, json } => {
            let user = find_user(provider, email)?;
            let entered = entered(provider, &user)?;
            if *json {
                let all: Vec<EnteredOutput<'_>> = entered.iter().map(EnteredOutput::from).collect();
                return output::json(&all);
            }
            print_entered(&user, &entered)
        }
        PinCommand::Add {
            email,
            app,
            pinned,
            json,
        } => {
            let user = find_user(provider, email)?;
            let message = add(provider, &user, app, pinned.as_deref())?;
            report(provider, &user, app, &message, *json)
        }
        PinCommand::Remove { email, app, json } => {
            let user = find_user(provider, email)?;
            let found = find_entered(provider, &user, app)?;
            let message = match provider.people(actor::current()).unpin_email(&found, &user)? {
                Some(_pinned) => format!("{} receives {} from the next sign-in on.", found.name, user.email),
                None => format!("Nothing is pinned for {}: nothing was changed.", found.name),
            };
            report(provider, &user, app, &message, *json)
        }
    }
}

fn add(provider: &Provider, user: &User, app: &str, pinned: Option<&str>) -> Result<String> {
    let slug = Slug::parse(app)?;
    let application = provider
        .applications(actor::current())
        .application(&slug)?
        .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?;
    let email = pinned.map(Email::parse).transpose()?;
    let outcome = provider
        .people(actor::current())
        .pin_email(&application, user, email.as_ref())?;
    Ok(match outcome {
        PinOutcome::Pinned(pinned) => format!(
            "{} receives {pinned} for {} from the next sign-in on, whatever their address is.",
            application.name,
            user.full_name()
        ),
        PinOutcome::Unchanged(pinned) => {
            format!(
                "{pinned} is pinned for {} already: nothing was changed.",
                application.name
            )
        }
        PinOutcome::NotEntered => bail!(
            "{} has never signed in to {}: it knows no address that could be kept",
            user.email,
            application.name
        ),
        PinOutcome::NeverSent(sent) => {
            let sent: Vec<&str> = sent.iter().map(Email::as_str).collect();
            bail!(
                "{} has never received that address for {}: give one of {}",
                application.name,
                user.email,
                sent.join(", ")
            )
        }
        PinOutcome::OfAnother => bail!(
            "the address is somebody else's by now: {} would take the two for one person",
            application.name
        ),
    })
}

fn report(provider: &Provider, user: &User, app: &str, message: &str, json: bool) -> Result<()> {
    if json {
        return output::json(&EnteredOutput::from(&find_entered(provider, user, app)?));
    }
    print_line(format_args!("{message}"))
}

fn find_user(provider: &Provider, email: &str) -> Result<User> {
    let email = Email::parse(email)?;
    provider
        .people(actor::current())
        .user_by_email(&email)?
        .with_context(|| no_such_user(&email))
}

fn entered(provider: &Provider, user: &User) -> Result<Vec<EnteredApplication>> {
    Ok(provider.people(actor::current()).entered_applications(user)?)
}

fn find_entered(provider: &Provider, user: &User, app: &str) -> Result<EnteredApplication> {
    let slug = Slug::parse(app)?;
    entered(provider, user)?
        .into_iter()
        .find(|entered| entered.slug == slug)
        .with_context(|| {
            format!(
                "{} has never signed in to {slug}; `hallpass user pin list {}` shows where they have",
                user.email, user.email
            )
        })
}

fn print_entered(user: &User, entered: &[EnteredApplication]) -> Result<()> {
    if entered.is_empty() {
        return print_line(format_args!(
            "{} has never signed in to an application.",
            user.email
        ));
    }
    for entered in entered {
        let identity = &entered.identity;
        print_line(format_args!("{} ({})", entered.name, entered.slug))?;
        print_line(format_args!(
            "    received first   NameID {}, e-mail {}",
            identity.first_name_id, identity.first_email
        ))?;
        print_line(format_args!(
            "    received last    NameID {}, e-mail {}",
            identity.last_name_id, identity.last_email
        ))?;
        if let Some(pinned) = &identity.pinned_email {
            print_line(format_args!("    pinned           {pinned}"))?;
        }
    }
    Ok(())
}
