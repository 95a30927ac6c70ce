//! `hallpass group …`

mod import;
mod list;
mod members;
mod report;
mod show;

use anyhow::{Result, bail};
use clap::Subcommand;

use self::{
    import::{ImportArguments, export, import},
    list::ListArguments,
    members::MemberArguments,
    report::{changed, no_such_group},
    show::ShowArguments,
};
use crate::{
    api_model::{application::RemovedOutput, remedy::shell_quoted},
    cli::{
        actor,
        output::{self, print_line, print_note},
        second_factor,
    },
    model::group::{Group, GroupName},
    provider::{
        Provider,
        groups::{GroupEdit, GroupRemoval},
        people::users::ChangeOutcome,
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a group, without anybody in it
    Add {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whether its members need a second factor: never, offered, required, "required from 2027-01-31", or inherit
        /// for what the installation says
        #[arg(long, value_name = "RULE")]
        second_factor: Option<String>,
        /// Prints the group as JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists groups by name, 100 at a time
    List(ListArguments),
    /// Adds and changes groups by a CSV file; shows what it would do until you add --apply
    Import(ImportArguments),
    /// Prints every group as CSV, as `group import` reads it; who is in them is in `user export`
    Export,
    /// Shows one group, the people in it, and the applications that are open to it
    Show(ShowArguments),
    /// Changes name, description or whether members need a second factor
    Edit {
        /// Its name as it is now
        name: String,
        /// The new name, which applications that receive groups then see
        #[arg(long = "name", value_name = "NAME")]
        new_name: Option<String>,
        /// What it is for; an empty text removes it
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Whether its members need a second factor: never, offered, required, "required from 2027-01-31", or inherit
        /// for what the installation says
        #[arg(long, value_name = "RULE")]
        second_factor: Option<String>,
        /// Prints the group as JSON
        #[arg(long)]
        json: bool,
    },
    /// Adds people to a group
    AddMember(MemberArguments),
    /// Takes people out of a group
    RemoveMember(MemberArguments),
    /// Removes a group that no application is open to; the people stay
    Remove {
        /// Its name
        name: String,
        /// Prints the name as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Add {
            name,
            description,
            second_factor,
            json,
        } => {
            let name = GroupName::parse(&name)?;
            let second_factor = second_factor
                .as_deref()
                .map(second_factor::parse_rule)
                .transpose()?;
            let description = description.as_deref().map(Group::parse_description).transpose()?;
            let added = provider.groups(actor::current()).add_group(
                &name,
                description.flatten(),
                second_factor.flatten(),
            )?;
            match added {
                ChangeOutcome::Done(group) => {
                    let message = format!(
                        "The group {name} is there. `hallpass group add-member '{name}' EMAIL` adds people."
                    );
                    changed(provider, group, &message, json)
                }
                ChangeOutcome::Unchanged(_)
                | ChangeOutcome::Taken
                | ChangeOutcome::Unknown
                | ChangeOutcome::Stale => bail!(name_taken(&name)),
            }
        }
        Command::Import(arguments) => import(provider, &arguments),
        Command::Export => export(provider),
        Command::List(arguments) => list::list(provider, &arguments),
        Command::Show(arguments) => show::show(provider, &arguments),
        Command::Edit {
            name,
            new_name,
            description,
            second_factor,
            json,
        } => {
            let edit = GroupEdit {
                name: new_name.as_deref().map(GroupName::parse).transpose()?,
                description: description.as_deref().map(Group::parse_description).transpose()?,
                second_factor: second_factor
                    .as_deref()
                    .map(second_factor::parse_rule)
                    .transpose()?,
            };
            edit_group(provider, &name, edit, json)
        }
        Command::AddMember(arguments) => members::add(provider, &arguments),
        Command::RemoveMember(arguments) => members::remove(provider, &arguments),
        Command::Remove { name, json } => remove(provider, &name, json),
    }
}

fn edit_group(provider: &Provider, name: &str, edit: GroupEdit, json: bool) -> Result<()> {
    let name = GroupName::parse(name)?;
    let new_name = edit.name.clone();
    let groups = provider.groups(actor::current());
    let (group, message) = match groups.edit_group(&name, edit)? {
        ChangeOutcome::Done(group) => (group, format!("The group {name} is changed.")),
        ChangeOutcome::Unchanged(group) => (group, format!("{name} is so already: nothing was changed.")),
        ChangeOutcome::Taken => bail!(name_taken(new_name.as_ref().unwrap_or(&name))),
        ChangeOutcome::Unknown => bail!(no_such_group(&name)),
        ChangeOutcome::Stale => bail!("somebody else changed it at the same moment; try again"),
    };
    if new_name.is_some_and(|new| new.folded() != name.folded()) {
        for slug in groups.applications_that_choose(&name)? {
            print_note(&format!(
                "{slug} receives groups that were chosen by name, {name} among them: choose the new name with `hallpass app attribute set {slug}`"
            ));
        }
    }
    changed(provider, group, &message, json)
}

fn remove(provider: &Provider, name: &str, json: bool) -> Result<()> {
    let name = GroupName::parse(name)?;
    match provider.groups(actor::current()).remove_group(&name)? {
        GroupRemoval::Done => {}
        GroupRemoval::Unknown => bail!(no_such_group(&name)),
        GroupRemoval::InUse(applications) => {
            let applications: Vec<_> = applications.iter().map(ToString::to_string).collect();
            bail!(
                "the group {name} may use {}: take that from it first, with `hallpass app access remove SLUG --group {}`",
                applications.join(", "),
                shell_quoted(name.as_str())
            )
        }
    }
    if json {
        return output::json(&RemovedOutput {
            removed: name.as_str(),
        });
    }
    print_line(format_args!("The group {name} is gone. The people stay."))
}

fn name_taken(name: &GroupName) -> String {
    format!(
        "there is a group {name} already; `hallpass group show {}` shows it",
        shell_quoted(name.as_str())
    )
}
