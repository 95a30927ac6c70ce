//! `hallpass user …`

mod add;
mod conflict;
mod delete;
mod edit;
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
mod unlock;

use anyhow::{Context, Result};
use clap::Subcommand;

use self::{
    add::{AddArguments, add},
    delete::delete,
    edit::{EditArguments, edit, edit_user, enable},
    import::{ImportArguments, export, import},
    leavers::{LeaverArguments, leavers},
    list::{ListArguments, list},
    lookup::no_such_user,
    name_id::name_id,
    password::PasswordArguments,
    pin::PinCommand,
    second_factor::{SecondFactorArguments, second_factor},
    show::{print_json, show},
    unlock::unlock,
};
use crate::{
    cli::actor,
    model::user::Email,
    provider::{Provider, people::user_edit::UserEdit},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a person; asks for a password
    Add(AddArguments),
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
    Edit(EditArguments),
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

pub(super) fn run(command: Command, provider: &Provider, organisation: &str) -> Result<()> {
    match command {
        Command::Add(arguments) => add(provider, &arguments, organisation),
        Command::List(arguments) => list(provider, &arguments),
        Command::Import(arguments) => import(provider, &arguments),
        Command::Export => export(provider),
        Command::Show { email, json } => show_one(provider, &email, json),
        Command::Edit(arguments) => edit(provider, &arguments),
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
