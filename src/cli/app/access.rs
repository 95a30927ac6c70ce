//! `hallpass app access …`: who may use an application.

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};

use crate::{
    api_model::group::AccessOutput,
    cli::{
        actor,
        app::{
            edit::print_outcome,
            lookup::{find_application, readable},
        },
        output::{self, print_line, print_note},
    },
    model::{
        application::{Application, ApplicationAccess, Slug},
        group::GroupName,
        user::Email,
    },
    provider::{
        Provider,
        applications::{access::NamedAssignees, assignments::Assignments},
    },
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Shows who may use it
    Show {
        /// The application's short name
        slug: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Opens it to everyone, or to chosen people and groups alone
    Set {
        /// The application's short name
        slug: String,
        /// Who may use it
        access: AccessArgument,
        /// Prints what `show --json` prints then
        #[arg(long)]
        json: bool,
    },
    /// Chooses people and groups
    Add(AssigneeArguments),
    /// Removes people and groups
    Remove(AssigneeArguments),
}

/// Who may use an application.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum AccessArgument {
    /// Everybody who can sign in here
    Everyone,
    /// Chosen people and groups
    Assigned,
}

impl From<AccessArgument> for ApplicationAccess {
    fn from(argument: AccessArgument) -> Self {
        match argument {
            AccessArgument::Everyone => Self::Everyone,
            AccessArgument::Assigned => Self::Assigned,
        }
    }
}

/// People and groups, and an application.
#[derive(Args, Debug)]
pub(in crate::cli) struct AssigneeArguments {
    /// The application's short name
    slug: String,
    /// A group; can be repeated
    #[arg(long, value_name = "NAME", required_unless_present = "user")]
    group: Vec<String>,
    /// The e-mail address of a person; can be repeated
    #[arg(long, value_name = "EMAIL")]
    user: Vec<String>,
    /// Prints what `show --json` prints then
    #[arg(long)]
    json: bool,
}

impl AssigneeArguments {
    fn assignees(&self) -> Result<NamedAssignees> {
        let groups: Result<_, _> = self.group.iter().map(|text| GroupName::parse(text)).collect();
        let users: Result<_, _> = self.user.iter().map(|text| Email::parse(text)).collect();
        Ok(NamedAssignees {
            groups: groups?,
            users: users?,
        })
    }
}

/// How many people are shown who were chosen by themselves.
const MAX_SHOWN: usize = 100;

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    let applications = provider.applications(actor::current());
    match command {
        Command::Show { slug, json } => show(provider, &*find_application(provider, &slug)?, json),
        Command::Set { slug, access, json } => {
            let parsed = Slug::parse(&slug)?;
            let outcome = readable(provider, &parsed, applications.set_access(&parsed, access.into()))??;
            let message = match access {
                AccessArgument::Everyone => "is open to everyone; this takes effect at the next sign-in",
                AccessArgument::Assigned => {
                    "is open to chosen people and groups; this takes effect at the next sign-in"
                }
            };
            print_outcome(provider, &slug, outcome, message, json)?;
            show(provider, &*find_application(provider, &slug)?, json)
        }
        Command::Add(arguments) => {
            let application = find_application(provider, &arguments.slug)?;
            let changed = applications.assign(&application, &arguments.assignees()?)??;
            report(provider, &application, changed, "added", arguments.json)
        }
        Command::Remove(arguments) => {
            let application = find_application(provider, &arguments.slug)?;
            let changed = applications.unassign(&application, &arguments.assignees()?)??;
            if changed == 0 && !arguments.json {
                bail!(
                    "it is not assigned to any of these: nothing was changed. `hallpass app access show {}` shows to whom it is",
                    application.slug
                );
            }
            report(provider, &application, changed, "removed", arguments.json)
        }
    }
}

fn report(
    provider: &Provider,
    application: &Application,
    changed: usize,
    done: &str,
    json: bool,
) -> Result<()> {
    if application.access == ApplicationAccess::Everyone {
        let slug = &application.slug;
        print_note(&format!(
            "{} is open to everyone, whoever is chosen: `hallpass app access set {slug} assigned` opens it to those alone",
            application.name
        ));
    }
    if !json {
        print_line(format_args!(
            "{}: {changed} {done}; this takes effect at the next sign-in.",
            application.name
        ))?;
    }
    show(provider, application, json)
}

fn show(provider: &Provider, application: &Application, json: bool) -> Result<()> {
    // One more, to know whether there are more.
    let limit = if json {
        u32::MAX
    } else {
        u32::try_from(MAX_SHOWN + 1).unwrap_or(u32::MAX)
    };
    let assignments = provider
        .applications(actor::current())
        .assignments(application, limit)?;
    if json {
        return output::json(&AccessOutput::new(application, &assignments));
    }
    for line in lines(application, &assignments) {
        print_line(format_args!("{line}"))?;
    }
    Ok(())
}

/// Who may use an application, in words.
fn lines(application: &Application, assignments: &Assignments) -> Vec<String> {
    let mut lines = vec![match application.access {
        ApplicationAccess::Everyone => format!("{}: open to everyone", application.name),
        ApplicationAccess::Assigned if assignments.is_nobody() => {
            format!(
                "{}: open to chosen people and groups, and nobody is among them yet",
                application.name
            )
        }
        ApplicationAccess::Assigned => format!("{}: open to", application.name),
    }];
    lines.extend(assignments.groups.iter().map(|sized| {
        let count = sized.members;
        let people = if count == 1 { "person" } else { "people" };
        format!("  group   {} ({count} {people})", sized.group.name)
    }));
    lines.extend(
        assignments
            .users
            .iter()
            .take(MAX_SHOWN)
            .map(|user| format!("  person  {}", user.email)),
    );
    if assignments.users.len() > MAX_SHOWN {
        lines.push("  … --json shows all".to_owned());
    }
    lines
}
