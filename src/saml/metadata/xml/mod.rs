//! XML as a stream, strictly: quick-xml cuts the bytes, and what it does not look at is looked at here.

pub(in crate::saml::metadata) mod canonical;
pub(in crate::saml::metadata) mod characters;
pub(in crate::saml::metadata) mod scope;
pub(in crate::saml::metadata) mod source;
pub(in crate::saml::metadata) mod tag;
pub(in crate::saml::metadata) mod tokens;

#[cfg(test)]
mod tests;
