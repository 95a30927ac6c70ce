//! `hallpass user list`: everybody, a page at a time.

use anyhow::Result;

use crate::{
    api_model::user::UserOutput,
    cli::{
        actor,
        output::{JsonArray, print_line, print_note},
        page,
        user::erasure::erasure_date,
    },
    model::user::{Email, User},
    provider::{Provider, people::users::UserFilter},
};

/// Which people to list.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ListArguments {
    /// Whose address, user name, first or last name begins with this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// After this address: the last one of a page leads to the next page
    #[arg(long, value_name = "EMAIL")]
    after: Option<String>,
    /// How many, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count)]
    limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn list(provider: &Provider, arguments: &ListArguments) -> Result<()> {
    let filter = UserFilter {
        after: arguments.after.as_deref().map(Email::parse).transpose()?,
        search: arguments.search.clone().filter(|text| !text.is_empty()),
    };
    if arguments.json {
        return list_json(provider, &filter, arguments.limit.unwrap_or(u32::MAX));
    }
    let mut last = None;
    let are_more = page::each_row(
        arguments.limit.unwrap_or(page::DEFAULT_LIMIT),
        |after, limit| {
            Ok(provider
                .people(actor::current())
                .users(&continued(&filter, after), limit)?)
        },
        |user| user.email.clone(),
        |user| {
            last = Some(user.email.clone());
            print_user(user)
        },
    )?;
    match last {
        None if filter.after.is_none() && filter.search.is_none() => print_line(format_args!(
            "Nobody yet: `hallpass user add EMAIL --first-name F --last-name L` adds a person."
        )),
        None => print_line(format_args!("Nobody who fits.")),
        Some(last) if are_more => print_line(format_args!("… {}", next_page(&last))),
        Some(_) => Ok(()),
    }
}

fn list_json(provider: &Provider, filter: &UserFilter, limit: u32) -> Result<()> {
    let mut array = JsonArray::begin();
    let mut last = None;
    let are_more = page::each_row(
        limit,
        |after, limit| {
            Ok(provider
                .people(actor::current())
                .users_with_details(&continued(filter, after), limit)?)
        },
        |details| details.user.email.clone(),
        |details| {
            last = Some(details.user.email.clone());
            array.push(&UserOutput::new(
                &details.user,
                &details.own_attributes,
                &details.groups,
            ))
        },
    )?;
    array.end()?;
    if let Some(last) = last.filter(|_last| are_more) {
        print_note(&next_page(&last));
    }
    Ok(())
}

/// `filter`, continued after an address.
fn continued(filter: &UserFilter, after: Option<Email>) -> UserFilter {
    UserFilter {
        after: after.or_else(|| filter.after.clone()),
        search: filter.search.clone(),
    }
}

fn next_page(last: &Email) -> String {
    format!("there are more: add --after {last} for the next page, or --search TEXT to find somebody")
}

fn print_user(user: &User) -> Result<()> {
    let role = user
        .role
        .map(|role| format!("  ({})", role.as_str()))
        .unwrap_or_default();
    let state = match erasure_date(user) {
        Some(on) => format!("  (deleted, erased on {on})"),
        None if user.enabled => String::new(),
        None => "  (switched off)".to_owned(),
    };
    print_line(format_args!(
        "{:40} {}{role}{state}",
        user.email.as_str(),
        user.full_name()
    ))
}
