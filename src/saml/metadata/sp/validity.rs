//! How long an element of metadata holds.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    saml::metadata::error::BadMetadata,
    xml::{
        reader::start_tag::StartTag,
        time::{parse_date_time, parse_duration},
    },
};

/// The `validUntil` and `cacheDuration` of an element.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::saml::metadata) struct Validity {
    pub(in crate::saml::metadata) valid_until: Option<DateTime<Utc>>,
    pub(in crate::saml::metadata) cache_duration: Option<TimeDelta>,
    /// Whether `cacheDuration` is malformed.
    pub(in crate::saml::metadata) has_bad_duration: bool,
}

pub(in crate::saml::metadata) fn parse_validity(tag: &StartTag<'_>) -> Result<Validity, BadMetadata> {
    let until = match tag.attribute("validUntil") {
        None => None,
        Some(text) => {
            Some(parse_date_time(text).ok_or_else(|| BadMetadata::malformed("validUntil is no time"))?)
        }
    };
    let said = tag.attribute("cacheDuration");
    let cache_for = said.and_then(parse_duration);
    Ok(Validity {
        valid_until: until,
        cache_duration: cache_for,
        has_bad_duration: said.is_some() && cache_for.is_none(),
    })
}
