//! What was decided, and why: one row per decision.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::model::audit_action::AuditAction;
use crate::model::id::{ApplicationId, AuditId, SessionId, UserId};

/// One decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEvent {
    pub id: AuditId,
    pub at: DateTime<Utc>,
    /// What was requested: `sign_on`, `login`, `logout`, `user.add`, …
    pub action: AuditAction,
    /// The result: `ok`, or a refusal's code.
    pub outcome: String,
    /// A message for the administrator; never a secret, never a SAML message.
    pub detail: Option<String>,
    pub user: Option<UserId>,
    pub application: Option<ApplicationId>,
    pub session: Option<SessionId>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The id of the HTTP request.
    pub request_id: Option<String>,
    /// More than one only where many repeated events were merged into one row.
    pub occurrences: i64,
    /// The user of the operating system who ran the command; none if a browser or the daemon itself caused it.
    pub actor: Option<String>,
    pub changes: Vec<ValueChange>,
    /// Neither a verified signature nor a known user was involved: anybody can cause it, any number of times.
    pub unauthenticated: bool,
}

/// A value that an edit changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValueChange {
    /// The name of the value, as on the command line.
    pub name: String,
    /// None if it had no value before.
    pub old: Option<String>,
    /// None if it has no value any more.
    pub new: Option<String>,
}

/// How much of one value is stored, in characters.
const MAX_VALUE_LEN: usize = 500;

/// The values that differ between two lists: first those of `old`, then those that only `new` holds, each in its
/// list's order.
pub fn diff(old: &[(String, String)], new: &[(String, String)]) -> Vec<ValueChange> {
    let find = |list: &[(String, String)], name: &str| {
        let found = list.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.chars().take(MAX_VALUE_LEN).collect::<String>())
    };
    let added = new
        .iter()
        .filter(|(name, _)| old.iter().all(|(known, _)| known != name));
    old.iter()
        .chain(added)
        .filter_map(|(name, _)| {
            let whole = |list: &[(String, String)]| {
                let found = list.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone())
            };
            (whole(old) != whole(new)).then(|| ValueChange {
                name: name.clone(),
                old: find(old, name),
                new: find(new, name),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_has_the_old_and_the_new_value() {
        let list = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            pairs.iter().map(own).collect()
        };
        let old = list(&[("name", "Wiki"), ("ACS URL", "a"), ("tile", "t")]);
        let new = list(&[("name", "Wiki"), ("ACS URL", "b"), ("logout", "l")]);
        let change = |value: &str, old: Option<&str>, new: Option<&str>| ValueChange {
            name: value.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        assert_eq!(
            diff(&old, &new),
            [
                change("ACS URL", Some("a"), Some("b")),
                change("tile", Some("t"), None),
                change("logout", None, Some("l"))
            ]
        );
        let (long, longer) = ("x".repeat(600), "x".repeat(601));
        let diff = diff(&list(&[("a", &long)]), &list(&[("a", &longer)]));
        assert_eq!(diff[0].new.as_ref().map(String::len), Some(500));
    }
}
