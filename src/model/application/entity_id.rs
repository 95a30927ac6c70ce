//! Entity IDs.

use std::fmt;

use crate::model::{
    endpoint::Endpoints,
    text::{BadText, single_line},
};

/// The name that identifies a SAML party; compared byte for byte, never parsed as a URL.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct EntityId(String);

impl EntityId {
    /// The longest accepted name, in bytes. SAML allows 1024 characters (saml-core, 8.3.6); an index entry of
    /// PostgreSQL holds at most 2704 bytes.
    pub const MAX_LEN: usize = 1024;

    /// Parses a name. White space in it or around it is a copying mistake, and refused.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        if text.chars().any(char::is_whitespace) {
            return Err(BadText::Malformed(
                "the entity ID holds white space: copy it again, without a space or line break".to_owned(),
            ));
        }
        if text.len() > Self::MAX_LEN {
            return Err(BadText::Malformed(
                "the entity ID is longer than 1024 bytes".to_owned(),
            ));
        }
        single_line("the entity ID", text, Self::MAX_LEN).map(Self)
    }

    /// Our own default name, unless an administrator sets another one: the metadata URL.
    pub fn from_metadata_url(endpoints: &Endpoints) -> Self {
        Self(endpoints.metadata.clone())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
