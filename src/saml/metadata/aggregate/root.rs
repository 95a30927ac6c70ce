//! The root element of a metadata file, and its attributes, which apply to everything in the file.

use std::io::Read;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::{
    saml::{
        metadata::{
            error::{BadMetadata, Error},
            sp::{parse_validity, sanitize},
        },
        urn::METADATA,
    },
    xml::reader::{
        namespace_scope::NamespaceScope,
        start_tag::StartTag,
        token_reader::{TokenReader, XmlToken},
    },
};

/// The attributes of the root element.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RootAttributes {
    /// `Name` of an aggregate, `entityID` of an entity.
    pub name: Option<String>,
    pub valid_until: Option<DateTime<Utc>>,
    pub cache_duration: Option<TimeDelta>,
}

impl RootAttributes {
    /// Refuses a file without `validUntil`, or with one more than `longest` away, so that nobody can replay an old file
    /// for ever (Kantara implementation profile, IIP-MD04, IIP-MD05).
    pub fn check_valid_until(&self, longest: TimeDelta, now: DateTime<Utc>) -> Result<(), BadMetadata> {
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

/// Reads up to the root's start tag, and passes it to `on`.
pub(super) fn read_root<R: Read, T>(
    tokens: &mut TokenReader<R>,
    now: DateTime<Utc>,
    on: impl FnOnce(&StartTag<'_>, &NamespaceScope) -> Result<T, BadMetadata>,
) -> Result<(RootAttributes, T), Error> {
    loop {
        match tokens.next()? {
            XmlToken::Start(tag, scope) => return Ok((root_attributes(&tag, now)?, on(&tag, scope)?)),
            XmlToken::Ignored | XmlToken::Text(_) => {}
            XmlToken::End(_) | XmlToken::Eof => return Err(Error::Bad(no_service_provider())),
        }
    }
}

fn root_attributes(tag: &StartTag<'_>, now: DateTime<Utc>) -> Result<RootAttributes, BadMetadata> {
    let name = match (tag.namespace, tag.local_name) {
        (METADATA, "EntitiesDescriptor") => tag.attribute("Name"),
        (METADATA, "EntityDescriptor") => tag.attribute("entityID"),
        _ => return Err(no_service_provider()),
    };
    let validity = parse_validity(tag)?;
    if let Some(end) = validity.valid_until.filter(|end| *end <= now) {
        return Err(BadMetadata::Expired(
            end.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        ));
    }
    Ok(RootAttributes {
        name: name.map(sanitize),
        valid_until: validity.valid_until,
        cache_duration: validity.cache_duration,
    })
}

fn no_service_provider() -> BadMetadata {
    BadMetadata::NoServiceProvider(String::new())
}
