//! A user as text.

use anyhow::Result;

use crate::{
    api_model::user::UserOutput,
    cli::{
        actor,
        output::{self, print_line},
        user::erasure::erasure_date,
    },
    model::{
        group::GroupName,
        role::Role,
        user::{NameComponent, OwnAttributes, User, UserName},
    },
    provider::Provider,
};

/// What `user show --json` prints, and each command that changes a user.
pub(super) fn print_json(provider: &Provider, user: &User) -> Result<()> {
    let own = provider.people(actor::current()).own_attributes(user.id)?;
    let groups = provider.groups(actor::current()).group_names_of(user.id)?;
    output::json(&UserOutput::new(user, &own, &groups))
}

pub(super) fn show(user: &User, own: &OwnAttributes, groups: &[GroupName]) -> Result<()> {
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
        ("Role", user.role.map_or("(none)", Role::as_str)),
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
    if let Some(id) = &user.external_id {
        print_line(format_args!("{:12} {}", "External id", id.as_str()))?;
    }
    if let Some(language) = user.preferences.language {
        print_line(format_args!("{:12} {}", "Language", language.tag()))?;
    }
    for group in groups {
        print_line(format_args!("{:12} {group}", "Group"))?;
    }
    for (name, values) in own {
        for value in values {
            print_line(format_args!("{:12} {name}={value}", "Attribute"))?;
        }
    }
    Ok(())
}

/// Prints where a user cannot sign in yet because a required value is missing.
pub(super) fn print_missing_attributes(provider: &Provider, user: &User) -> Result<()> {
    for missing in provider.applications(actor::current()).unmet_requirements(user)? {
        print_line(format_args!(
            "They cannot sign in to {} yet: it requires {}, and they have no value for it (docs/attributes.md).",
            missing.application, missing.attribute
        ))?;
    }
    Ok(())
}
