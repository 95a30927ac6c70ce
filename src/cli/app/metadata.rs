//! Metadata that is typed at the command line: a file, `-` for a pipe, or an address.

use std::{fs::File, io};

use anyhow::{Context, Result};

use crate::{
    model::application::{Application, EntityId},
    provider::{
        Provider,
        sources::{Obtained, Place, SourceUrl},
    },
};

/// Reads the metadata of one service provider.
pub(super) fn obtain(provider: &Provider, typed: &str, wanted: Option<&EntityId>) -> Result<Obtained> {
    with_place(typed, |place| {
        provider
            .obtain(place, wanted)
            .with_context(|| format!("cannot use {typed}"))
    })
}

/// Lets the application follow where its metadata came from; says so where that is other than before.
pub(super) fn follow(
    provider: &Provider,
    application: &Application,
    obtained: &Obtained,
) -> Result<Option<String>> {
    let followed_before = provider.follow(application, obtained)?;
    Ok(if let Some(url) = obtained.url() {
        Some(format!(
            "Its metadata is fetched again from {url}; `hallpass app source {}` shows when.",
            application.slug
        ))
    } else {
        followed_before.then(|| {
            "Its metadata came from an address before. It is no longer fetched from there: this copy is used.".to_owned()
        })
    })
}

/// Opens what was typed.
pub(super) fn with_place<T>(typed: &str, with: impl FnOnce(Place<'_>) -> Result<T>) -> Result<T> {
    let typed = typed.trim();
    if typed == "-" {
        return with(Place::Reader(&mut io::stdin().lock()));
    }
    if SourceUrl::is_meant(typed) {
        return with(Place::Url(SourceUrl::parse(typed)?));
    }
    let mut file = File::open(typed).with_context(|| format!("cannot read {typed}"))?;
    with(Place::Reader(&mut file))
}
