//! Rules about second factors, as the command line takes them.

use anyhow::{Result, anyhow};

use crate::model::second_factor::SecondFactorPolicy;

/// The word for what holds elsewhere.
const INHERIT: &str = "inherit";

/// Parses a rule; none for `inherit`.
pub(super) fn parse_rule(text: &str) -> Result<Option<SecondFactorPolicy>> {
    if text.trim() == INHERIT {
        return Ok(None);
    }
    SecondFactorPolicy::parse(text)
        .map(Some)
        .map_err(|why| anyhow!("{why}; or {INHERIT}"))
}
