//! Links that let somebody in who cannot sign in: each works once, and for a while.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::id::UserId;

/// What a link is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LinkPurpose {
    /// The server's own console makes somebody an owner, whatever they were.
    Rescue,
    /// The same, for somebody who has lost their second factors: it removes them too.
    RescueWithoutFactors,
    /// Somebody has forgotten the password.
    Recovery,
    /// Somebody is new, and chooses the first password.
    Invitation,
}

impl LinkPurpose {
    pub const ALL: [Self; 4] = [
        Self::Rescue,
        Self::RescueWithoutFactors,
        Self::Recovery,
        Self::Invitation,
    ];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rescue => "rescue",
            Self::RescueWithoutFactors => "rescue-without-factors",
            Self::Recovery => "recovery",
            Self::Invitation => "invitation",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// How long a link works.
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::Rescue | Self::RescueWithoutFactors | Self::Recovery => TimeDelta::minutes(30),
            Self::Invitation => TimeDelta::days(7),
        }
    }
}

/// A link that is stored, without its token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OneTimeLink {
    pub purpose: LinkPurpose,
    pub user: UserId,
    pub expires_at: DateTime<Utc>,
    /// Whether it went to the user's address by mail: whoever opens it then reads its mail.
    pub mailed: bool,
}
