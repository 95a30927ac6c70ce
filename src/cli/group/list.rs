//! `hallpass group list`: a page of groups at a time.

use anyhow::Result;

use crate::{
    api_model::{group::GroupOutput, remedy::shell_quoted},
    cli::{
        actor,
        output::{JsonArray, print_line, print_note},
        page,
    },
    model::group::GroupName,
    provider::{
        Provider,
        groups::{GroupFilter, sized_group::SizedGroup},
    },
};

/// Which groups to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArguments {
    /// Whose name begins with this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// After this name: the last one of a page leads to the next page
    #[arg(long, value_name = "NAME")]
    after: Option<String>,
    /// How many, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count)]
    limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn list(provider: &Provider, arguments: &ListArguments) -> Result<()> {
    let first = arguments.after.as_deref().map(GroupName::parse).transpose()?;
    let search = arguments.search.clone().filter(|text| !text.is_empty());
    let default = if arguments.json {
        u32::MAX
    } else {
        page::DEFAULT_LIMIT
    };
    let read = |after: Option<GroupName>, limit| {
        let filter = GroupFilter {
            after: after.or_else(|| first.clone()),
            search: search.clone(),
        };
        Ok(provider.groups(actor::current()).groups(&filter, limit)?)
    };
    let mut array = arguments.json.then(JsonArray::begin);
    let mut last = None;
    let are_more = page::each_row(
        arguments.limit.unwrap_or(default),
        read,
        |sized: &SizedGroup| sized.group.name.clone(),
        |sized| {
            last = Some(sized.group.name.clone());
            match &mut array {
                Some(array) => array.push(&GroupOutput::from(sized)),
                None => print_group(sized),
            }
        },
    )?;
    let next = last.as_ref().filter(|_last| are_more).map(|last| {
        let last = shell_quoted(last.as_str());
        format!("there are more: add --after {last} for the next page, or --search TEXT")
    });
    match (array, last, next) {
        (Some(array), _, next) => {
            array.end()?;
            if let Some(next) = next {
                print_note(&next);
            }
            Ok(())
        }
        (None, None, _) if first.is_none() && search.is_none() => {
            print_line(format_args!("No groups yet: `hallpass group add NAME` adds one."))
        }
        (None, None, _) => print_line(format_args!("No group fits.")),
        (None, Some(_), Some(next)) => print_line(format_args!("… {next}")),
        (None, Some(_), None) => Ok(()),
    }
}

fn print_group(SizedGroup { group, members }: &SizedGroup) -> Result<()> {
    let line = format!(
        "{:32} {members:>7}  {}",
        group.name.as_str(),
        group.description.as_deref().unwrap_or_default()
    );
    print_line(format_args!("{}", line.trim_end()))
}
