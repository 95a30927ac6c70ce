//! The name under which a service provider knows a person.

/// A NameID (saml-core, 2.2.3). Two are the same only if everything in them is (saml-core, 3.3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameId {
    /// A URN that says what kind of name it is.
    pub format: String,
    /// The name.
    pub value: String,
    /// Who gave the name: us.
    pub name_qualifier: Option<String>,
    /// To whom the name was given.
    pub sp_name_qualifier: Option<String>,
}

impl NameId {
    /// A name that means the same everywhere: it has no qualifiers.
    pub fn plain(format: &str, value: impl Into<String>) -> Self {
        Self {
            format: format.to_owned(),
            value: value.into(),
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }
}

/// An e-mail address as the name (saml-core, 8.3.2).
pub const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// Whatever the provider likes (saml-core, 8.3.1).
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// The same name for a person at one service provider for ever (saml-core, 8.3.7).
pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// A name for one session (saml-core, 8.3.8).
pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// The kinds of name that are given here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameIdFormat {
    /// The e-mail address.
    EmailAddress,
    /// A random name, the same for ever, and another one at every service provider.
    Persistent,
    /// A random name, the same for one session at one service provider.
    Transient,
    /// The e-mail address, without saying so.
    Unspecified,
}

impl NameIdFormat {
    /// Every kind, the most usual first.
    pub const ALL: [Self; 4] = [
        Self::EmailAddress,
        Self::Persistent,
        Self::Transient,
        Self::Unspecified,
    ];

    /// The URN.
    pub const fn urn(self) -> &'static str {
        match self {
            Self::EmailAddress => EMAIL_ADDRESS,
            Self::Persistent => PERSISTENT,
            Self::Transient => TRANSIENT,
            Self::Unspecified => UNSPECIFIED,
        }
    }

    /// The kind with this URN, if it is given here.
    pub fn from_urn(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.urn() == urn)
    }

    /// A short word for it: in the database, and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmailAddress => "email",
            Self::Persistent => "persistent",
            Self::Transient => "transient",
            Self::Unspecified => "unspecified",
        }
    }

    /// The kind that `word` names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}
