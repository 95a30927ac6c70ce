//! `hallpass group show`.

use anyhow::{Context, Result};

use crate::{
    api_model::group::GroupDetailsOutput,
    cli::{
        actor,
        group::report::no_such_group,
        output::{self, print_line, print_note},
        page,
    },
    model::{group::GroupName, user::Email},
    provider::Provider,
};

/// Which group, and how much of it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArguments {
    /// Its name
    name: String,
    /// Shows the people after this address: the last one of a page leads to the next page
    #[arg(long, value_name = "EMAIL")]
    after: Option<String>,
    /// How many people, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count)]
    limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn show(provider: &Provider, arguments: &ShowArguments) -> Result<()> {
    let name = GroupName::parse(&arguments.name)?;
    let groups = provider.groups(actor::current());
    let group = groups.group(&name)?.with_context(|| no_such_group(&name))?;
    let first = arguments.after.as_deref().map(Email::parse).transpose()?;
    let default = if arguments.json {
        u32::MAX
    } else {
        page::DEFAULT_LIMIT
    };
    let mut people = Vec::new();
    let are_more = page::each_row(
        arguments.limit.unwrap_or(default),
        |after, limit| Ok(groups.members(&group, after.or_else(|| first.clone()).as_ref(), limit)?),
        |user| user.email.clone(),
        |user| {
            people.push(user.clone());
            Ok(())
        },
    )?;
    let applications = groups.applications_of(&group)?;
    let sized = groups.sized(group)?;
    let next = people
        .last()
        .filter(|_last| are_more)
        .map(|last| format!("there are more: add --after {} for the next page", last.email));
    if arguments.json {
        output::json(&GroupDetailsOutput::new(&sized, &applications, &people))?;
        if let Some(next) = next {
            print_note(&next);
        }
        return Ok(());
    }
    print_line(format_args!("{:14} {}", "Group", sized.group.name))?;
    if let Some(description) = &sized.group.description {
        print_line(format_args!("{:14} {description}", "For"))?;
    }
    if let Some(policy) = &sized.group.second_factor {
        print_line(format_args!("{:14} {policy}", "Second factor"))?;
    }
    let applications: Vec<_> = applications.iter().map(ToString::to_string).collect();
    let applications = match applications.as_slice() {
        [] => "(none)".to_owned(),
        some => some.join(", "),
    };
    print_line(format_args!("{:14} {applications}", "May use"))?;
    print_line(format_args!("{:14} {}", "People", sized.members))?;
    for user in &people {
        let state = if user.enabled { "" } else { "  (switched off)" };
        print_line(format_args!(
            "  {:38} {}{state}",
            user.email.as_str(),
            user.full_name()
        ))?;
    }
    match next {
        Some(next) => print_line(format_args!("… {next}")),
        None => Ok(()),
    }
}
