//! Where metadata is read from, and its text.

use std::{fmt, io::Read};

use crate::{
    fetch::{self, Document},
    model::metadata_source::MetadataUrl,
    provider::metadata_sources::source_error::SourceError,
    saml::metadata::sp::BadMetadata,
};

/// Where to read metadata from.
pub enum MetadataInput<'p> {
    Url(MetadataUrl),
    /// A file or a pipe.
    Reader(&'p mut dyn Read),
}

impl fmt::Debug for MetadataInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.debug_tuple("Url").field(url).finish(),
            Self::Reader(_) => f.write_str("Reader"),
        }
    }
}

/// The text of one entity's metadata.
pub(super) fn read_text(document: Document) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    let mut file = document.file;
    file.read_to_end(&mut bytes).map_err(fetch::Error::Unreadable)?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(BadMetadata::Utf16.into());
    }
    String::from_utf8(bytes).map_err(|_why| SourceError::NotText)
}
