//! A user's session in one browser.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    authentication::{AuthenticationEvent, AuthenticationEvents},
    id::{ApplicationId, SessionId, UserId},
    secret::{Secret, Token},
    text::hex,
};

/// How far the clocks of replicas may differ, and how far one may be set back, before sessions end because of it.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// A session. The browser holds its token; the database holds the token's hash.
#[derive(Debug, Eq, PartialEq)]
pub struct Session {
    /// Internal; never sent to anybody.
    pub id: SessionId,
    pub user: UserId,
    /// Random: the `SessionIndex` for each service provider is derived from it.
    pub seed: Secret<[u8; 32]>,
    /// What the user has proved in it.
    pub authentications: AuthenticationEvents,
    /// When the browser last sent a request, to about a minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends if the browser is inactive.
    pub idle_expires_at: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
}

impl Session {
    /// The `SessionIndex` of this session for `application`: 160 bits that reveal nothing about the session elsewhere
    /// (saml-core, 2.7.2), the same at every SSO of this session.
    pub fn session_index_for(&self, application: ApplicationId) -> String {
        let token = Token::new(*self.seed.expose()).derive(&application.to_string());
        let hash = token.hash();
        format!("_{}", hex(hash.as_bytes()).chars().take(40).collect::<String>())
    }

    /// The transient name of this session's user at `application`: 160 bits that reveal nothing about the user, and
    /// the same for the session's whole life, so that a logout finds it (saml-core, 8.3.8).
    pub fn transient_name_id_for(&self, application: ApplicationId) -> String {
        let token = Token::new(*self.seed.expose()).derive(&format!("transient {application}"));
        let hash = token.hash();
        format!("_{}", hex(hash.as_bytes()).chars().take(40).collect::<String>())
    }

    /// The same session, in which `event` was proved and which the browser used at `now`.
    #[must_use]
    pub fn with_event(
        &self,
        event: AuthenticationEvent,
        now: DateTime<Utc>,
        idle_expires_at: DateTime<Utc>,
    ) -> Self {
        let mut authentications = self.authentications.clone();
        authentications.record(event);
        Self {
            id: self.id,
            user: self.user,
            seed: self.seed.duplicate(),
            authentications,
            last_seen_at: now,
            idle_expires_at,
            expires_at: self.expires_at,
        }
    }

    /// Whether it is active; `absolute` is the longest lifetime. A session that would live longer was started by a
    /// clock that has been set back since: its expiry is not reliable.
    pub fn is_active(&self, now: DateTime<Utc>, absolute: TimeDelta) -> bool {
        now < self.idle_expires_at && now < self.expires_at && self.expires_at - now <= absolute + CLOCK_SKEW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_at_its_age_also_where_the_clock_goes_back() {
        let began = DateTime::UNIX_EPOCH + TimeDelta::days(400);
        let day = TimeDelta::hours(24);
        let session = Session {
            id: SessionId::new(began, [1; 10]),
            user: UserId::new(began, [2; 10]),
            seed: Secret::new([3; 32]),
            authentications: AuthenticationEvents::new(AuthenticationEvent::password(began)),
            last_seen_at: began,
            idle_expires_at: began + day,
            expires_at: began + day,
        };
        let lives = |by: TimeDelta| session.is_active(began + by, day);
        assert!(lives(TimeDelta::zero()) && lives(day - TimeDelta::seconds(1)) && !lives(day));
        assert!(lives(TimeDelta::minutes(-5)), "clocks differ a little");
        assert!(!lives(TimeDelta::minutes(-6)) && !lives(TimeDelta::days(-300)));
    }
}
