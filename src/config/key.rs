//! Every key that a configuration may hold, once.

/// The keys as TOML names them; a dot stands for a section.
pub(super) const KNOWN: [&str; 29] = [
    "base_url",
    "listen",
    "data_dir",
    "database_url",
    "database_url_file",
    "database_connections",
    "seal_key_file",
    "key_file",
    "certificate_file",
    "entity_id",
    "organisation",
    "help_url",
    "trusted_proxies",
    "log",
    "log_format",
    "workers",
    "sessions.idle",
    "sessions.absolute",
    "throttle.pair_free",
    "throttle.address_free",
    "throttle.account_free",
    "throttle.device_free",
    "throttle.first_pause",
    "throttle.longest_pause",
    "limits.waiting_per_address",
    "limits.hashing",
    "audit.retention",
    "metadata.allow_private_networks",
    "metadata.signed",
];

const PREFIX: &str = "HALLPASS_";
/// What the tests of this repository read.
const FOR_TESTS: &str = "HALLPASS_TEST_";

/// The environment variable that stands for `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Whether `name` speaks to us.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.starts_with(FOR_TESTS)
}

/// The key that is called so in a file.
pub(super) fn named(key: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| *known == key)
}

/// The key that the environment variable `name` stands for.
pub(super) fn of_variable(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| variable(known) == name)
}

/// Whether `key` is a section of the file.
pub(super) fn is_section(key: &str) -> bool {
    KNOWN
        .into_iter()
        .any(|known| known.split_once('.').is_some_and(|(section, _)| section == key))
}

/// The section that was probably meant.
pub(super) fn nearest_section(section: &str) -> Option<&'static str> {
    let sections = KNOWN.into_iter().filter_map(|known| known.split_once('.'));
    let (distance, known) = sections
        .map(|(known, _)| (distance(section, known), known))
        .min()?;
    (distance <= 2).then_some(known)
}

/// The key that was probably meant.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    let distance_of = |known: &'static str| {
        let known_leaf = known.rsplit('.').next().unwrap_or(known);
        // The right key in the wrong section is one slip.
        let moved = distance(leaf, known_leaf) + 1;
        (distance(key, known).min(moved), known)
    };
    let (distance, known) = KNOWN.into_iter().map(distance_of).min()?;
    (distance <= (leaf.len() / 3).max(2)).then_some(known)
}

/// How many letters must change to get from `a` to `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (index, from) in (1..).zip(a.chars()) {
        let mut left = index;
        let mut next = vec![index];
        for ((to, above), diagonal) in b.chars().zip(row.iter().skip(1)).zip(&row) {
            left = (diagonal + usize::from(from != to)).min(left + 1).min(above + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let variables: BTreeSet<String> = KNOWN.into_iter().map(variable).collect();
        assert_eq!(variables.len(), KNOWN.len());
        for key in KNOWN {
            assert_eq!(of_variable(&variable(key)), Some(key));
        }
        assert_eq!(variable("sessions.idle"), "HALLPASS_SESSIONS_IDLE");
    }

    #[test]
    fn a_slip_is_understood_and_a_stranger_is_not() {
        for (typed, meant) in [
            ("base-url", Some("base_url")),
            ("organization", Some("organisation")),
            ("database_uri", Some("database_url")),
            ("session.idle", Some("sessions.idle")),
            ("idle", Some("sessions.idle")),
            ("sessions.listen", Some("listen")),
            ("password", None),
            ("smtp_server", None),
        ] {
            assert_eq!(nearest(typed), meant, "{typed}");
        }
    }
}
