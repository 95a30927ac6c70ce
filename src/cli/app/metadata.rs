//! Metadata that an argument names: a file, `-` for standard input, or a URL.

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
pub(super) fn obtain(provider: &Provider, args: &str, wanted: Option<&EntityId>) -> Result<ObtainedMetadata> {
    with_metadata(args, |place| {
        provider
            .read_metadata(place, wanted)
            .with_context(|| format!("cannot use {args}"))
    })
}

/// Sets or removes the URL that the application's metadata is fetched from; the line that reports it. `None` where
/// there was no URL and is none.
pub(super) fn follow_source(
    provider: &Provider,
    application: &Application,
    obtained: &ObtainedMetadata,
) -> Result<Option<String>> {
    let had_source = provider.follow_source(application, obtained)?;
    Ok(if let Some(url) = obtained.url() {
        Some(format!(
            "Its metadata is fetched again from {url}; `hallpass app source {}` shows when.",
            application.slug
        ))
    } else {
        had_source.then(|| {
            "Its metadata came from an address before. It is no longer fetched from there: this copy is used.".to_owned()
        })
    })
}

/// Opens the input that `args` names.
pub(super) fn with_metadata<T>(args: &str, with: impl FnOnce(MetadataInput<'_>) -> Result<T>) -> Result<T> {
    let args = args.trim();
    if args == "-" {
        return with(MetadataInput::Reader(&mut io::stdin().lock()));
    }
    if MetadataUrl::looks_like_url(args) {
        return with(MetadataInput::Url(MetadataUrl::parse(args)?));
    }
    let mut file = File::open(args).with_context(|| format!("cannot read {args}"))?;
    with(MetadataInput::Reader(&mut file))
}
