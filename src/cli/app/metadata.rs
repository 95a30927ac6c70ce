//! Metadata that is typed at the command line: a file, `-` for a pipe, or an address.

use std::{fs::File, io};

use anyhow::{Context, Result};

use crate::{
    model::application::{Application, EntityId},
    provider::{
        Provider,
        metadata_sources::{MetadataInput, MetadataUrl, ObtainedMetadata},
    },
};

/// Reads the metadata of one service provider.
pub(super) fn obtain(
    provider: &Provider,
    typed: &str,
    wanted: Option<&EntityId>,
) -> Result<ObtainedMetadata> {
    with_metadata(typed, |place| {
        provider
            .read_metadata(place, wanted)
            .with_context(|| format!("cannot use {typed}"))
    })
}

/// Lets the application follow where its metadata came from; says so where that is other than before.
pub(super) fn follow_source(
    provider: &Provider,
    application: &Application,
    obtained: &ObtainedMetadata,
) -> Result<Option<String>> {
    let followed_before = provider.follow_source(application, obtained)?;
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
pub(super) fn with_metadata<T>(typed: &str, with: impl FnOnce(MetadataInput<'_>) -> Result<T>) -> Result<T> {
    let typed = typed.trim();
    if typed == "-" {
        return with(MetadataInput::Reader(&mut io::stdin().lock()));
    }
    if MetadataUrl::looks_like_url(typed) {
        return with(MetadataInput::Url(MetadataUrl::parse(typed)?));
    }
    let mut file = File::open(typed).with_context(|| format!("cannot read {typed}"))?;
    with(MetadataInput::Reader(&mut file))
}
