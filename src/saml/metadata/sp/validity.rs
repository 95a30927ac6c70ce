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
    let valid_until = match tag.attribute("validUntil") {
        None => None,
        Some(text) => {
            Some(parse_date_time(text).ok_or_else(|| BadMetadata::malformed("validUntil is not a time"))?)
        }
    };
    let cache_duration_text = tag.attribute("cacheDuration");
    let cache_duration = cache_duration_text.and_then(parse_duration);
    Ok(Validity {
        valid_until,
        cache_duration,
        has_bad_duration: cache_duration_text.is_some() && cache_duration.is_none(),
    })
}
