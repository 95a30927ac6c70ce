//! By what an application finds the account of a person who comes back.

/// What has to stay the same for an application to take somebody for the same person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeysOn {
    /// The NameID, whatever it holds.
    NameId,
    /// The e-mail address, in an attribute or as the NameID.
    Email,
    /// The stable id, in an attribute.
    Id,
}

impl KeysOn {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NameId => "nameid",
            Self::Email => "email",
            Self::Id => "id",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NameId, Self::Email, Self::Id]
            .into_iter()
            .find(|keys_on| keys_on.name() == name)
    }
}
