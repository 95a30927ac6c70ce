//! Identifiers: one type for each kind of thing, so that none can be used for another.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::{Builder, Uuid};

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl $name {
            /// Creates a version 7 identifier; these sort by the time of creation.
            pub fn new(now: DateTime<Utc>, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
                Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl $name {
            /// The 16 bytes of the identifier.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// When it was made, to the millisecond.
            pub fn made_at(&self) -> DateTime<Utc> {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |made| made.to_unix());
                let seconds = i64::try_from(seconds).unwrap_or_default();
                DateTime::from_timestamp(seconds, nanos).unwrap_or_default()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id_types! {
    /// Names an application, whichever protocol it speaks.
    ApplicationId;
    /// Names a row of the audit log.
    AuditId;
    /// Names a secret of a client.
    ClientSecretId;
    /// Names what a client was granted at a sign-in.
    GrantId;
    /// Names a group.
    GroupId;
    /// Names a piece of work that waits.
    JobId;
    /// Names a logout that other applications have to be informed of.
    LogoutId;
    /// Names a signing key.
    KeyId;
    /// Names a second factor of a user.
    SecondFactorId;
    /// Names a session.
    SessionId;
    /// Names a source of metadata.
    MetadataSourceId;
    /// Names a user.
    UserId;
}
