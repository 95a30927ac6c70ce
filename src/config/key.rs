//! Every key that a configuration may contain, once.

use std::net::IpAddr;

use crate::config::file::FILE_VARIABLE;

/// When a running daemon takes up another value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AppliesOn {
    /// When its settings are read again.
    Reload,
    Restart,
}

use AppliesOn::{Reload, Restart};

/// The keys as TOML spells them; a dot separates the section.
const TABLE: [(AppliesOn, &str); 41] = [
    (Restart, "base_url"),
    (Restart, "listen"),
    (Restart, "data_dir"),
    (Restart, "database_url"),
    (Restart, "database_url_file"),
    (Restart, "database_connections"),
    (Restart, "seal_key_file"),
    (Restart, "key_file"),
    (Restart, "certificate_file"),
    (Restart, "entity_id"),
    (Reload, "organisation"),
    (Reload, "help_url"),
    (Reload, "language"),
    (Reload, "trusted_proxies"),
    (Reload, "log"),
    (Restart, "log_format"),
    (Restart, "workers"),
    (Reload, "sessions.idle"),
    (Reload, "sessions.absolute"),
    (Reload, "passwords.min_length"),
    (Reload, "people.email_change"),
    (Reload, "people.email_domains"),
    (Reload, "second_factor.rule"),
    (Reload, "second_factor.administrators"),
    (Reload, "second_factor.remember_device"),
    (Restart, "second_factor.passkey_origins"),
    (Reload, "throttle.pair_free"),
    (Reload, "throttle.address_free"),
    (Reload, "throttle.account_free"),
    (Reload, "throttle.device_free"),
    (Reload, "throttle.first_pause"),
    (Reload, "throttle.longest_pause"),
    (Restart, "limits.hashing"),
    (Reload, "audit.retention"),
    (Reload, "metadata.allow_private_networks"),
    (Reload, "metadata.signed"),
    (Reload, "mail.url"),
    (Reload, "mail.url_file"),
    (Reload, "mail.ca_file"),
    (Reload, "mail.from"),
    (Reload, "mail.reply_to"),
];

#[expect(clippy::indexing_slicing, reason = "the compiler runs this")]
pub(super) const KEYS: [&str; TABLE.len()] = {
    let mut keys = [""; TABLE.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = TABLE[index].1;
        index += 1;
    }
    keys
};

/// The keys whose other value holds from then on.
pub(super) fn applied_on(when: AppliesOn) -> impl Iterator<Item = &'static str> {
    TABLE
        .into_iter()
        .filter(move |(applies_on, _)| *applies_on == when)
        .map(|(_, key)| key)
}

const PREFIX: &str = "HALLPASS_";
/// Read by the tests of this repository.
const TEST_PREFIX: &str = "HALLPASS_TEST_";

/// The environment variable that sets `key`.
pub(super) fn variable_name(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// Whether `name` is meant for us.
pub(super) fn has_our_prefix(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.starts_with(TEST_PREFIX) && name != FILE_VARIABLE
}

/// Whether a variable has the form of those by which Kubernetes (and Docker's links) publish the address of a
/// service. A service with the name `hallpass`, or `hallpass-` and a suffix, adds them to every container beside it.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_address = |text: &str| {
        ["tcp://", "udp://", "sctp://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
    };
    let named = |suffix: &str| rest == suffix || rest.ends_with(&format!("_{suffix}"));
    if named("SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if named("PORT") && is_address(value) {
        return true;
    }
    let of_service = |marker: &str| {
        rest.split_once(marker)
            .filter(|(before, _)| before.is_empty() || before.ends_with('_'))
            .map(|(_, after)| after)
    };
    // SERVICE_PORT, SERVICE_PORT_HTTP
    if let Some(after) = of_service("SERVICE_PORT")
        && (after.is_empty() || after.starts_with('_'))
    {
        return is_number(value);
    }
    // PORT_80_TCP, PORT_80_TCP_PROTO, PORT_80_TCP_PORT, PORT_80_TCP_ADDR
    of_service("PORT_").is_some_and(|after| {
        let mut parts = after.split('_');
        let port = parts.next().is_some_and(is_number);
        let protocol = matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"));
        let detail = matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"));
        port && protocol && detail && parts.next().is_none()
    })
}

/// The key with this name in a file.
pub(super) fn find(key: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|candidate| *candidate == key)
}

/// The key that the environment variable `name` sets.
pub(super) fn from_variable(name: &str) -> Option<&'static str> {
    KEYS.into_iter()
        .find(|candidate| variable_name(candidate) == name)
}

/// Whether `key` is a section of the file.
pub(super) fn is_section(key: &str) -> bool {
    KEYS.into_iter().any(|candidate| {
        candidate
            .split_once('.')
            .is_some_and(|(section, _)| section == key)
    })
}

/// The section that was probably meant.
pub(super) fn closest_section(section: &str) -> Option<&'static str> {
    let sections = KEYS.into_iter().filter_map(|candidate| candidate.split_once('.'));
    let (distance, candidate) = sections
        .map(|(candidate, _)| (distance(section, candidate), candidate))
        .min()?;
    (distance <= 2).then_some(candidate)
}

/// The key that was probably meant.
pub(super) fn closest(key: &str) -> Option<&'static str> {
    let leaf = key.rsplit('.').next().unwrap_or(key);
    let distance_of = |candidate: &'static str| {
        let known_leaf = candidate.rsplit('.').next().unwrap_or(candidate);
        // The right key in the wrong section counts as one mistake.
        let moved = distance(leaf, known_leaf) + 1;
        (distance(key, candidate).min(moved), candidate)
    };
    let (distance, candidate) = KEYS.into_iter().map(distance_of).min()?;
    (distance <= (leaf.len() / 3).max(2)).then_some(candidate)
}

/// How many characters must change to get from `a` to `b` (Levenshtein).
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
        let variables: BTreeSet<String> = KEYS.into_iter().map(variable_name).collect();
        assert_eq!(variables.len(), KEYS.len());
        for key in KEYS {
            assert_eq!(from_variable(&variable_name(key)), Some(key));
        }
        assert_eq!(variable_name("sessions.idle"), "HALLPASS_SESSIONS_IDLE");
    }

    #[test]
    fn the_documentation_has_every_key_in_this_order() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
        let (_, table) = page.split_once("| key | default |").unwrap();
        let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("| "));
        let keys: Vec<String> = rows
            .flat_map(|row| row.split_once(" |").unwrap().0.split(", "))
            .map(|key| key.trim_matches('`').to_owned())
            .collect();
        assert_eq!(keys, KEYS);
    }

    #[test]
    fn kubernetes_service_variables_are_distinguished_from_typing_mistakes() {
        for (name, value) in [
            ("HALLPASS_SERVICE_HOST", "10.0.0.1"),
            ("HALLPASS_SERVICE_HOST", "fd00::1"),
            ("HALLPASS_SERVICE_PORT", "80"),
            ("HALLPASS_SERVICE_PORT_HTTP", "80"),
            ("HALLPASS_PORT", "tcp://10.0.0.1:80"),
            ("HALLPASS_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("HALLPASS_PORT_80_TCP_PROTO", "tcp"),
            ("HALLPASS_PORT_80_TCP_PORT", "80"),
            ("HALLPASS_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("HALLPASS_PORT_53_UDP", "udp://10.0.0.1:53"),
            ("HALLPASS_POSTGRES_SERVICE_HOST", "10.0.0.2"),
            ("HALLPASS_POSTGRES_SERVICE_PORT", "5432"),
            ("HALLPASS_POSTGRES_PORT", "tcp://10.0.0.2:5432"),
            ("HALLPASS_POSTGRES_PORT_5432_TCP_ADDR", "10.0.0.2"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("HALLPASS_PORT", "8080"),
            ("HALLPASS_SERVICE_PORT", "http"),
            ("HALLPASS_SERVICE_HOST", "login.example.com"),
            ("HALLPASS_ORGANIZATION", "x"),
            ("HALLPASS_PORTS_80_TCP", "x"),
            ("HALLPASS_PORT_80_TCP_MORE", "x"),
            ("HALLPASS_REPORT_80_TCP", "x"),
            ("OTHER_PORT", "tcp://10.0.0.1:80"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }

    #[test]
    fn the_closest_key_is_suggested_for_a_typing_mistake() {
        for (misspelled, key) in [
            ("base-url", Some("base_url")),
            ("organization", Some("organisation")),
            ("database_uri", Some("database_url")),
            ("session.idle", Some("sessions.idle")),
            ("idle", Some("sessions.idle")),
            ("sessions.listen", Some("listen")),
            ("password", None),
            ("smtp_server", None),
        ] {
            assert_eq!(closest(misspelled), key, "{misspelled}");
        }
    }
}
