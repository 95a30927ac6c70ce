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
    args: Option<&str>,
    wanted: Option<&EntityId>,
) -> Result<Option<ObtainedMetadata>> {
    let read = |args: &str| {
        with_metadata(args, |place| {
            provider
                .metadata_sources(actor::current())
                .read_metadata(place, wanted)
                .with_context(|| format!("cannot use {args}"))
        })
    };
    args.map(read).transpose()
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
