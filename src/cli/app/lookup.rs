//! Finding an application by its short name, and what is said if that fails.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::{
    api_model::remedy,
    cli::actor,
    model::{
        application::{Application, Slug},
        remedy::Remediable,
    },
    provider::{self, Provider, applications::slug_owner::SlugOwner},
};

pub(super) fn find_application(provider: &Provider, slug: &str) -> Result<Arc<Application>> {
    let slug = Slug::parse(slug)?;
    if let Some(found) = readable(
        provider,
        &slug,
        provider.applications(actor::current()).application(&slug),
    )? {
        return Ok(found);
    }
    if provider
        .applications(actor::current())
        .drafts()?
        .iter()
        .any(|draft| draft.slug == slug)
    {
        bail!("{slug} is a draft, no application yet: `hallpass app add … --slug {slug}` fills it in");
    }
    bail!(no_such_application(slug.as_str()))
}

/// Returns what was read; if it is unreadable, the error says so, and how to fix it.
pub(super) fn readable<T>(
    provider: &Provider,
    slug: &Slug,
    read: Result<T, provider::error::Error>,
) -> Result<T> {
    if let Err(error) = &read
        && error.is_unreadable()
    {
        let unreadable = provider.repair(actor::current()).unreadable()?;
        if let Some(row) = unreadable
            .iter()
            .find(|row| row.slug.as_deref() == Some(slug.as_str()))
        {
            bail!(row.with_words(remedy::words));
        }
    }
    Ok(read?)
}

pub(super) fn no_such_application(slug: &str) -> String {
    format!("there is no application {slug}; `hallpass app list` shows all")
}

/// Which application or draft has the short name already.
pub(super) fn describe_slug_conflict(provider: &Provider, slug: &Slug) -> Result<String> {
    Ok(match provider.applications(actor::current()).slug_owner(slug)? {
        Some(SlugOwner::Application(other)) => format!(
            "{slug} is {}'s short name: `hallpass app edit {slug} …` changes that application, --slug NAME makes another",
            other.name
        ),
        Some(SlugOwner::Draft(draft)) => format!(
            "{slug} is the short name of the draft {}: `hallpass app add … --slug {slug}` fills it in, --slug NAME makes another",
            draft.name
        ),
        None => format!("the short name {slug} is taken; give another one with --slug"),
    })
}
