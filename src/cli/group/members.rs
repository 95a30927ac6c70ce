//! `hallpass group add-member` and `remove-member`.

use anyhow::{Result, bail};

use crate::{
    cli::{
        actor,
        group::report::{changed, no_such_group},
    },
    model::{group::GroupName, user::Email},
    provider::{Provider, groups::MemberChange},
};

/// People, and their group.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct MemberArguments {
    /// The name of the group
    name: String,
    /// The e-mail addresses of the people
    #[arg(required = true, value_name = "EMAIL")]
    emails: Vec<String>,
    /// Prints the group as JSON
    #[arg(long)]
    json: bool,
}

impl MemberArguments {
    fn parse(&self) -> Result<(GroupName, Vec<Email>)> {
        let emails: Result<_, _> = self.emails.iter().map(|text| Email::parse(text)).collect();
        Ok((GroupName::parse(&self.name)?, emails?))
    }
}

pub(super) fn add(provider: &Provider, arguments: &MemberArguments) -> Result<()> {
    let (name, emails) = arguments.parse()?;
    let change = provider.groups(actor::current()).add_members(&name, &emails)?;
    report(provider, &name, change, "added", arguments.json)
}

pub(super) fn remove(provider: &Provider, arguments: &MemberArguments) -> Result<()> {
    let (name, emails) = arguments.parse()?;
    let change = provider.groups(actor::current()).remove_members(&name, &emails)?;
    report(provider, &name, change, "taken out", arguments.json)
}

fn report(provider: &Provider, name: &GroupName, change: MemberChange, done: &str, json: bool) -> Result<()> {
    match change {
        MemberChange::Done {
            group,
            changed: count,
        } => {
            let people = |count: i64| match count {
                1 => "1 person".to_owned(),
                count => format!("{count} people"),
            };
            let message = format!(
                "{}: {} {done}; it has {} now. This takes effect at their next sign-in to an application.",
                group.group.name,
                people(i64::try_from(count).unwrap_or(i64::MAX)),
                people(group.members)
            );
            changed(provider, group.group, &message, json)
        }
        MemberChange::UnknownGroup => bail!(no_such_group(name)),
        MemberChange::UnknownUsers(emails) => {
            let emails: Vec<_> = emails.iter().map(Email::as_str).collect();
            bail!(
                "nobody here has the address {}; nothing was changed. `hallpass user list` shows everybody",
                emails.join(", ")
            )
        }
    }
}
