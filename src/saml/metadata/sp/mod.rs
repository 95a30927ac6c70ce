//! Metadata of a service provider: one entity, alone or selected from a small aggregate.

mod builder;
mod certificates;
mod entity;
mod finding;
mod finish;
mod parser;
mod validity;

use chrono::{DateTime, Utc};

pub use self::{
    entity::{Entity, ParsedEntity, RequestedAttribute},
    finding::{EndpointKind, MetadataFinding},
};
pub(super) use self::{finding::sanitize, parser::MetadataParser, validity::parse_validity};
pub use crate::saml::metadata::error::{BadMetadata, Error};
use crate::xml::reader::{
    chunked_reader::ChunkedReader,
    token_reader::{TokenReader, XmlToken},
};

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 2 * 1024 * 1024;

/// Reads the service provider `entity_id`, or the only one, from `text`. Does not verify signatures.
pub fn read(text: &str, entity_id: Option<&str>, now: DateTime<Utc>) -> Result<Entity, BadMetadata> {
    let max_bytes = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
    if text.len() > MAX_FILE {
        return Err(BadMetadata::TooLarge(max_bytes >> 20));
    }
    let found =
        read_all(ChunkedReader::new(text.as_bytes(), max_bytes), now).map_err(|fault| match fault {
            Error::Bad(bad) => bad,
            Error::Io(why) => BadMetadata::Malformed(why.to_string()),
        })?;
    let mut matching = found
        .into_iter()
        .filter(|entity| match (entity.entity_id(), entity_id) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(id), Some(entity_id)) => id == entity_id,
        });
    let named = || {
        entity_id
            .map(|name| format!(" called {}", sanitize(name)))
            .unwrap_or_default()
    };
    let first = matching
        .next()
        .ok_or_else(|| BadMetadata::NoServiceProvider(named()))?;
    if matching.next().is_some() {
        return Err(BadMetadata::SeveralServiceProviders);
    }
    match first {
        ParsedEntity::ServiceProvider(entity) => Ok(*entity),
        ParsedEntity::Unusable { why, .. } => Err(why),
        ParsedEntity::Other => Err(BadMetadata::NoServiceProvider(named())),
    }
}

fn read_all(source: ChunkedReader<&[u8]>, now: DateTime<Utc>) -> Result<Vec<ParsedEntity>, Error> {
    let mut tokens = TokenReader::new(source);
    let mut reading = MetadataParser::new(now);
    let mut found = Vec::new();
    loop {
        match tokens.next()? {
            XmlToken::Start(tag, _) => reading.start(&tag).map_err(Error::Bad)?,
            XmlToken::Text(text) => reading.text(text),
            XmlToken::End(_) => found.extend(reading.end()),
            XmlToken::Ignored => {}
            XmlToken::Eof => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests;
