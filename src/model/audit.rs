//! What was decided, and why: one row a decision.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::id::{ApplicationId, AuditId, SessionId, UserId};

/// One decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEvent {
    /// Its row.
    pub id: AuditId,
    /// When.
    pub at: DateTime<Utc>,
    /// What was asked for: `sign_on`, `login`, `logout`, `user.add`, …
    pub action: &'static str,
    /// What became of it: `ok`, or a refusal's code.
    pub outcome: String,
    /// Words for the administrator; never a secret, never a message.
    pub detail: Option<String>,
    /// About whom.
    pub user: Option<UserId>,
    /// By or for which application.
    pub application: Option<ApplicationId>,
    /// In which session.
    pub session: Option<SessionId>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The request that carried it.
    pub request_id: Option<String>,
    /// How often: more than one only where a flood was folded into one row.
    pub occurrences: i64,
    /// Neither a verified signature nor a known person stands behind it: anybody can cause it, as often as they like.
    pub unproven: bool,
}
