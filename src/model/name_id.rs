//! The name by which a service provider knows a user.

/// A NameID (saml-core, 2.2.3). Two are the same only if all their parts are (saml-core, 3.3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameId {
    /// A URN.
    pub format: String,
    pub value: String,
    /// Who assigned the name: us.
    pub name_qualifier: Option<String>,
    /// The service provider that the name was assigned for.
    pub sp_name_qualifier: Option<String>,
}

impl NameId {
    /// A name that means the same everywhere: without qualifiers.
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
/// The provider chooses the kind of name (saml-core, 8.3.1).
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// A permanent name for a user at one service provider (saml-core, 8.3.7).
pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// A name for one session (saml-core, 8.3.8).
pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// The formats that this provider issues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameIdFormat {
    EmailAddress,
    /// A random name, permanent, and different at every service provider.
    Persistent,
    /// A random name, the same for one session at one service provider.
    Transient,
    /// The e-mail address, not labelled as one.
    Unspecified,
}

impl NameIdFormat {
    /// Every format, the most common first.
    pub const ALL: [Self; 4] = [
        Self::EmailAddress,
        Self::Persistent,
        Self::Transient,
        Self::Unspecified,
    ];

    pub const fn urn(self) -> &'static str {
        match self {
            Self::EmailAddress => EMAIL_ADDRESS,
            Self::Persistent => PERSISTENT,
            Self::Transient => TRANSIENT,
            Self::Unspecified => UNSPECIFIED,
        }
    }

    /// None for a format that is not issued here.
    pub fn from_urn(urn: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.urn() == urn)
    }

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmailAddress => "email",
            Self::Persistent => "persistent",
            Self::Transient => "transient",
            Self::Unspecified => "unspecified",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}
