//! Users as text, or as JSON for programs.

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{
        output::{self, format_rfc3339, print_line},
        user::delete::erasure_date,
    },
    model::user::{NameComponent, OwnAttributes, User, UserName},
    provider::{Provider, people::deletion},
};

#[derive(Serialize)]
pub(super) struct UserOutput {
    id: String,
    stable_id: String,
    email: String,
    given_name: Option<String>,
    family_name: Option<String>,
    user_name: Option<String>,
    attributes: OwnAttributes,
    enabled: bool,
    created_at: String,
    updated_at: String,
    /// When the user was deleted; `erased_at` is when the user's data is erased.
    deleted_at: Option<String>,
    erased_at: Option<String>,
}

impl UserOutput {
    pub(super) fn new(user: &User, own: &OwnAttributes) -> Self {
        Self {
            id: user.id.to_string(),
            stable_id: user.stable_id.as_str().to_owned(),
            email: user.email.as_str().to_owned(),
            given_name: user.names.given().map(|name| name.as_str().to_owned()),
            family_name: user.names.family().map(|name| name.as_str().to_owned()),
            user_name: user.user_name.as_ref().map(|name| name.as_str().to_owned()),
            attributes: own.clone(),
            enabled: user.enabled,
            created_at: format_rfc3339(user.created_at),
            updated_at: format_rfc3339(user.updated_at),
            deleted_at: user.deleted_at.map(format_rfc3339),
            erased_at: deletion::erasure_time(user).map(format_rfc3339),
        }
    }
}

pub(super) fn list(provider: &Provider, json: bool) -> Result<()> {
    let users = provider.users()?;
    if json {
        let (all, none) = (provider.all_own_attributes()?, OwnAttributes::new());
        let shown = users
            .iter()
            .map(|user| UserOutput::new(user, all.get(&user.id).unwrap_or(&none)));
        return output::json(&shown.collect::<Vec<_>>());
    }
    if users.is_empty() {
        return print_line(format_args!(
            "Nobody yet: `hallpass user add EMAIL --given-name G --family-name F` adds a person."
        ));
    }
    for user in &users {
        let state = match erasure_date(user) {
            Some(on) => format!("  (deleted, erased on {on})"),
            None if user.enabled => String::new(),
            None => "  (switched off)".to_owned(),
        };
        print_line(format_args!(
            "{:40} {}{state}",
            user.email.as_str(),
            user.full_name()
        ))?;
    }
    Ok(())
}

pub(super) fn show(user: &User, own: &OwnAttributes) -> Result<()> {
    for (what, value) in [
        ("E-mail", user.email.as_str()),
        (
            "First name",
            user.names.given().map_or("(none)", NameComponent::as_str),
        ),
        (
            "Last name",
            user.names.family().map_or("(none)", NameComponent::as_str),
        ),
        (
            "User name",
            user.user_name.as_ref().map_or("(none)", UserName::as_str),
        ),
        ("Stable id", user.stable_id.as_str()),
        ("May sign in", if user.enabled { "yes" } else { "no" }),
        ("Added", &user.created_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ] {
        print_line(format_args!("{what:12} {value}"))?;
    }
    if let Some(on) = erasure_date(user) {
        print_line(format_args!(
            "{:12} yes; everything about them is erased on {on}, until then `hallpass user enable {}` undoes it",
            "Deleted", user.email
        ))?;
    }
    for (name, values) in own {
        for value in values {
            print_line(format_args!("{:12} {name}={value}", "Attribute"))?;
        }
    }
    Ok(())
}
