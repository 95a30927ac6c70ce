//! Metadata that an argument names: a file, `-` for standard input, or a URL.

use std::{fs::File, io};

use anyhow::{Context, Result};

use crate::{
    cli::actor,
    model::application::EntityId,
    provider::{
        Provider,
        metadata_sources::{MetadataInput, MetadataUrl, ObtainedMetadata},
    },
};

/// Reads the metadata of one service provider, if an argument names some.
pub(super) fn obtain(
    provider: &Provider,
    source: Option<&str>,
    wanted: Option<&EntityId>,
) -> Result<Option<ObtainedMetadata>> {
    let read = |source: &str| {
        with_metadata(source, |input| {
            provider
                .metadata_sources(actor::current())
                .read_metadata(input, wanted)
                .with_context(|| format!("cannot use {source}"))
        })
    };
    source.map(read).transpose()
}

/// Opens the input that `source` names: a URL, a file, or `-` for standard input.
pub(super) fn with_metadata<T>(source: &str, with: impl FnOnce(MetadataInput<'_>) -> Result<T>) -> Result<T> {
    let source = source.trim();
    if source == "-" {
        return with(MetadataInput::Reader(&mut io::stdin().lock()));
    }
    if MetadataUrl::looks_like_url(source) {
        return with(MetadataInput::Url(MetadataUrl::parse(source)?));
    }
    let mut file = File::open(source).with_context(|| format!("cannot read {source}"))?;
    with(MetadataInput::Reader(&mut file))
}
