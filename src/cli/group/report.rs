//! What is printed after a change to a group.

use anyhow::Result;

use crate::{
    api_model::group::GroupDetailsOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    model::group::{Group, GroupName},
    provider::Provider,
};

/// Reports a change, or prints what `group show --json` prints then.
pub(super) fn changed(provider: &Provider, group: Group, message: &str, json: bool) -> Result<()> {
    if json {
        return print_json(provider, group);
    }
    print_line(format_args!("{message}"))
}

pub(super) fn no_such_group(name: &GroupName) -> String {
    format!("there is no group {name}; `hallpass group list` shows all")
}

/// What `group show --json` prints, with everybody.
fn print_json(provider: &Provider, group: Group) -> Result<()> {
    let groups = provider.groups(actor::current());
    let people = groups.members(&group, None, u32::MAX)?;
    let applications = groups.applications_of(&group)?;
    let sized = groups.sized(group)?;
    output::json(&GroupDetailsOutput::new(&sized, &applications, &people))
}
