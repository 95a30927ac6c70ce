//! The name under which a service provider knows a person.

/// A NameID (saml-core, 2.2.3). Two are the same only if format and value are (saml-core, 3.3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameId {
    /// A URN that says what kind of name it is.
    pub format: String,
    /// The name.
    pub value: String,
}

/// An e-mail address as the name (saml-core, 8.3.2).
pub const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// Whatever the provider likes (saml-core, 8.3.1).
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
