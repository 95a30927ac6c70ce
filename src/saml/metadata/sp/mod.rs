//! A service provider's metadata: one entity, alone or picked out of a small aggregate.

mod draft;
mod entity;
mod finding;
mod keys;
mod reading;

use chrono::{DateTime, Utc};

pub use self::{
    entity::{Entity, Found, RequestedAttribute},
    finding::{Finding, Purpose},
};
pub(super) use self::{
    finding::shown,
    reading::{Reading, validity},
};
pub use crate::saml::metadata::bad::{BadMetadata, Error};
use crate::saml::metadata::xml::{
    source::Source,
    tokens::{Token, Tokens},
};

/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 2 * 1024 * 1024;

/// Reads the service provider `wanted`, or the only one, out of `text`. A signature in it is not looked at.
pub fn read(text: &str, wanted: Option<&str>, now: DateTime<Utc>) -> Result<Entity, BadMetadata> {
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
    if text.len() > MAX_FILE {
        return Err(BadMetadata::TooLarge(most >> 20));
    }
    let found = all(Source::new(text.as_bytes(), most), now).map_err(|fault| match fault {
        Error::Bad(bad) => bad,
        Error::Io(why) => BadMetadata::Malformed(why.to_string()),
    })?;
    let mut fitting = found.into_iter().filter(|one| match (one.entity_id(), wanted) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(id), Some(wanted)) => id == wanted,
    });
    let named = || {
        wanted
            .map(|name| format!(" called {}", shown(name)))
            .unwrap_or_default()
    };
    let first = fitting
        .next()
        .ok_or_else(|| BadMetadata::NoServiceProvider(named()))?;
    if fitting.next().is_some() {
        return Err(BadMetadata::Several);
    }
    match first {
        Found::ServiceProvider(entity) => Ok(*entity),
        Found::Unusable { why, .. } => Err(why),
        Found::Other => Err(BadMetadata::NoServiceProvider(named())),
    }
}

fn all(source: Source<&[u8]>, now: DateTime<Utc>) -> Result<Vec<Found>, Error> {
    let mut tokens = Tokens::new(source);
    let mut reading = Reading::new(now);
    let mut found = Vec::new();
    loop {
        match tokens.next()? {
            Token::Start(tag, _) => reading.start(&tag).map_err(Error::Bad)?,
            Token::Text(text) => reading.text(text),
            Token::End(_) => found.extend(reading.end()),
            Token::Nothing => {}
            Token::Eof => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests;
