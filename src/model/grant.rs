//! What a client of OpenID Connect was granted at a sign-in, and what it holds of it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    id::{ApplicationId, GrantId, SessionId, UserId},
    secret::TokenHash,
};

/// Words of a request, in its order and each once: scopes, resources, names of claims. None contains a space.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words(Vec<String>);

impl Words {
    /// Splits at spaces.
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter(|word| !word.is_empty()).collect()
    }

    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|known| known == word)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of these are among `others`.
    pub fn are_among(&self, others: &Self) -> bool {
        self.iter().all(|word| others.contains(word))
    }
}

impl<T: Into<String>> FromIterator<T> for Words {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> Self {
        let mut distinct: Vec<String> = Vec::new();
        for word in words {
            let word = word.into();
            if !distinct.contains(&word) {
                distinct.push(word);
            }
        }
        Self(distinct)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// The scopes that mean something here (OpenID Connect Core, 5.4 and 11).
pub mod scope {
    pub const OPENID: &str = "openid";
    pub const PROFILE: &str = "profile";
    pub const EMAIL: &str = "email";
    pub const GROUPS: &str = "groups";
    pub const OFFLINE_ACCESS: &str = "offline_access";
    /// Nothing is known of people that these would release; clients that ask for them are not refused.
    pub const ADDRESS: &str = "address";
    pub const PHONE: &str = "phone";

    /// Those that are advertised: every client may ask for each.
    pub const SUPPORTED: [&str; 5] = [OPENID, PROFILE, EMAIL, GROUPS, OFFLINE_ACCESS];
}

/// What a client was granted at one sign-in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    pub id: GrantId,
    pub application: ApplicationId,
    pub user: UserId,
    pub session: SessionId,
    /// Whether it goes on when the session has ended: the client has a refresh token.
    pub outlives_session: bool,
    pub scope: Words,
    /// Whom its access tokens are for (rfc8707); empty: this provider's UserInfo.
    pub resource: Words,
    /// Claims that the request named one by one (OpenID Connect Core, 5.5).
    pub id_token_claims: Words,
    pub userinfo_claims: Words,
    /// How and when the user authenticated, as every ID token of it says.
    pub acr: String,
    pub amr: Words,
    pub auth_time: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    /// Until its code is used: when the code expires.
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// When a successor was handed out after the grace: that is done once.
    pub recovered_at: Option<DateTime<Utc>>,
}

impl Grant {
    /// Whether nothing has ended it.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// An authorization code as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorizationCode {
    pub hash: TokenHash,
    pub grant: GrantId,
    /// The one of the request, which the client must repeat (rfc6749, 4.1.3).
    pub redirect_uri: String,
    /// Of the method S256 (rfc7636, 4.3).
    pub code_challenge: Option<String>,
    pub nonce: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// A refresh token as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefreshToken {
    pub hash: TokenHash,
    pub grant: GrantId,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub rotation: Option<Rotation>,
}

/// What became of a refresh token that was used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    pub at: DateTime<Utc>,
    pub successor: TokenHash,
    /// The successor itself, sealed.
    pub sealed: Vec<u8>,
    /// Whether the successor was used.
    pub successor_is_used: bool,
}

/// What presenting a refresh token leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefreshDecision {
    /// It becomes its successor's predecessor.
    Rotate,
    /// The successor is handed out again: two requests at once, or an answer that was lost.
    Repeat,
    /// The same, the one time that it is allowed after the grace.
    Recover,
    /// Somebody uses a token that had its turn: the grant ends.
    Reused,
    Expired,
}

/// How long a rotated refresh token leads to its successor: some clients refresh from two machines at once.
pub const REFRESH_GRACE: TimeDelta = TimeDelta::seconds(60);

/// How long after its rotation a token leads to its successor once more, if that was never used: an answer was lost.
pub const RECOVERY_WINDOW: TimeDelta = TimeDelta::days(1);

impl RefreshToken {
    /// What presenting it at `now` leads to; `grant_has_recovered` says that an answer was lost before.
    pub fn decide(&self, now: DateTime<Utc>, grant_has_recovered: bool) -> RefreshDecision {
        match &self.rotation {
            Some(rotation) if now - rotation.at <= REFRESH_GRACE => RefreshDecision::Repeat,
            Some(rotation) if rotation.successor_is_used => RefreshDecision::Reused,
            Some(_) | None if now >= self.expires_at => RefreshDecision::Expired,
            Some(rotation) if !grant_has_recovered && now - rotation.at <= RECOVERY_WINDOW => {
                RefreshDecision::Recover
            }
            Some(_) => RefreshDecision::Reused,
            None => RefreshDecision::Rotate,
        }
    }
}

/// An access token as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessToken {
    /// Of an opaque token its own; of a JWT that of its `jti`.
    pub hash: TokenHash,
    pub grant: GrantId,
    pub scope: Words,
    /// Whom it is for; empty: this provider's UserInfo.
    pub audience: Words,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::opaque_token::hash_of;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
    }

    fn token(rotation: Option<Rotation>) -> RefreshToken {
        RefreshToken {
            hash: hash_of("r1"),
            grant: GrantId::new(at(0), [1; 10]),
            created_at: at(0),
            expires_at: at(100 * 86_400),
            rotation,
        }
    }

    #[test]
    fn a_refresh_token_has_its_turn_a_grace_and_one_late_answer() {
        let day = TimeDelta::days(1).num_seconds();
        assert_eq!(token(None).decide(at(99), false), RefreshDecision::Rotate);
        assert_eq!(token(None).decide(at(100 * day), false), RefreshDecision::Expired);
        let rotated = |successor_is_used| {
            token(Some(Rotation {
                at: at(100),
                successor: hash_of("r2"),
                sealed: Vec::new(),
                successor_is_used,
            }))
        };
        assert_eq!(rotated(true).decide(at(160), true), RefreshDecision::Repeat);
        assert_eq!(rotated(false).decide(at(161), false), RefreshDecision::Recover);
        assert_eq!(rotated(true).decide(at(161), false), RefreshDecision::Reused);
        // A thief and the client cannot take turns.
        assert_eq!(rotated(false).decide(at(161), true), RefreshDecision::Reused);
        assert_eq!(
            rotated(false).decide(at(101 + day), false),
            RefreshDecision::Reused
        );
        assert_eq!(
            rotated(false).decide(at(100 * day), false),
            RefreshDecision::Expired
        );
        assert_eq!(
            rotated(true).decide(at(100 * day), false),
            RefreshDecision::Reused
        );
    }

    #[test]
    fn words_keep_their_order_and_each_stands_once() {
        let words = Words::parse(" openid  email openid profile ");
        assert_eq!(words.to_string(), "openid email profile");
        assert_eq!(Words::parse(&words.to_string()), words);
        assert!(Words::parse("email").are_among(&words) && !words.are_among(&Words::parse("email")));
        assert!(Words::parse("").is_empty() && Words::default().are_among(&words));
    }
}
