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
    /// Which user of the operating system gave the command; none where a browser or the daemon itself did it.
    pub actor: Option<String>,
    /// What an edit changed.
    pub changes: Vec<ValueChange>,
    /// Neither a verified signature nor a known person stands behind it: anybody can cause it, as often as they like.
    pub unauthenticated: bool,
}

/// A value that an edit changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValueChange {
    /// Which value, as the command line calls it.
    pub name: String,
    /// What it was; none where there was none.
    pub old: Option<String>,
    /// What it is now; none where there is none any more.
    pub new: Option<String>,
}

/// How much is kept of one value, in characters.
const MAX_VALUE_LEN: usize = 500;

/// What differs between two lists of values, each with its names in one order.
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
