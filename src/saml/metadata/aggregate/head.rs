//! The root of a metadata file, and what it says of all that is in it.

use std::io::Read;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::saml::{
    metadata::{
        bad::{BadMetadata, Error},
        sp::{shown, validity},
        xml::{
            scope::Scope,
            tag::Tag,
            tokens::{Token, Tokens},
        },
    },
    urn::METADATA,
};

/// What the root of a file says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct About {
    /// `Name` of an aggregate, `entityID` of an entity.
    pub name: Option<String>,
    /// `validUntil`.
    pub valid_until: Option<DateTime<Utc>>,
    /// `cacheDuration`.
    pub cache_for: Option<TimeDelta>,
}

impl About {
    /// Refuses a file that names no end or one more than `longest` away, so that nobody can hold an old one
    /// against us for ever (Kantara implementation profile, IIP-MD04, IIP-MD05).
    pub fn ends_within(&self, longest: TimeDelta, now: DateTime<Utc>) -> Result<(), BadMetadata> {
        match self.valid_until {
            None => Err(BadMetadata::Validity(
                "the metadata names no validUntil; its publisher must, or the limit be taken away".to_owned(),
            )),
            Some(end) if end - now > longest => Err(BadMetadata::Validity(format!(
                "the metadata is valid until {}, which is more than {} days away",
                end.format("%Y-%m-%d"),
                longest.num_days()
            ))),
            Some(_) => Ok(()),
        }
    }
}

/// Reads to the root's start tag and hands it on.
pub(super) fn root<R: Read, T>(
    tokens: &mut Tokens<R>,
    now: DateTime<Utc>,
    on: impl FnOnce(&Tag<'_>, &Scope) -> Result<T, BadMetadata>,
) -> Result<(About, T), Error> {
    loop {
        match tokens.next()? {
            Token::Start(tag, scope) => return Ok((about(&tag, now)?, on(&tag, scope)?)),
            Token::Nothing | Token::Text(_) => {}
            Token::End(_) | Token::Eof => return Err(Error::Bad(nothing_here())),
        }
    }
}

fn about(tag: &Tag<'_>, now: DateTime<Utc>) -> Result<About, BadMetadata> {
    let name = match (tag.namespace, tag.local) {
        (METADATA, "EntitiesDescriptor") => tag.attribute("Name"),
        (METADATA, "EntityDescriptor") => tag.attribute("entityID"),
        _ => return Err(nothing_here()),
    };
    let said = validity(tag)?;
    if let Some(end) = said.until.filter(|end| *end <= now) {
        return Err(BadMetadata::Expired(
            end.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        ));
    }
    Ok(About {
        name: name.map(shown),
        valid_until: said.until,
        cache_for: said.cache_for,
    })
}

fn nothing_here() -> BadMetadata {
    BadMetadata::NoServiceProvider(String::new())
}
