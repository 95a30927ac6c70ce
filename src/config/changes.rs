//! What changed between two readings of the settings.

use ipnet::IpNet;

use crate::{
    config::{
        key::{self, AppliesOn},
        limits,
        settings::Settings,
    },
    model::mail::MailServer,
};

impl Settings {
    /// The keys whose value in `read` is another one, and holds without a restart.
    pub fn changes_that_apply_on_reload(&self, read: &Self) -> Vec<&'static str> {
        self.changes(read, AppliesOn::Reload)
    }

    /// The keys whose value in `read` is another one, and holds only after a restart.
    pub fn changes_that_need_a_restart(&self, read: &Self) -> Vec<&'static str> {
        self.changes(read, AppliesOn::Restart)
    }

    /// Whether nobody configured `trusted_proxies`, so that they follow from `base_url` and `listen`.
    pub fn trusted_proxies_are_the_default(&self) -> bool {
        self.effective()
            .iter()
            .any(|line| line.key == "trusted_proxies" && line.origin == "default")
    }

    /// The proxies that are trusted where nobody names any.
    pub fn default_trusted_proxies(&self) -> Vec<IpNet> {
        limits::default_trusted_proxies(self.base_url.is_https() && self.listen.ip().is_loopback())
    }

    fn changes(&self, read: &Self, on: AppliesOn) -> Vec<&'static str> {
        key::applied_on(on)
            .filter(|key| self.differs(read, key))
            .collect()
    }

    fn differs(&self, read: &Self, key: &str) -> bool {
        let value = |settings: &Self| {
            let mut lines = settings.effective().iter();
            lines.find(|line| line.key == key).map(|line| line.value.clone())
        };
        // A URL with a password is not among the values that may be shown; it may also stand in a file whose name is
        // the same.
        let is_other_url = match key {
            "database_url" => self.database_url != read.database_url,
            "mail.url" => mail_server(self) != mail_server(read),
            _ => false,
        };
        value(self) != value(read) || is_other_url
    }
}

fn mail_server(settings: &Settings) -> Option<&MailServer> {
    settings.mail.as_ref().map(|mail| &mail.server)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(environment: &[(&str, &str)]) -> Settings {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(None, environment, &|path: &Path| Err(path.display().to_string())).unwrap()
    }

    #[test]
    fn changes_are_told_apart_by_whether_they_need_a_restart() {
        let before = settings(&[
            ("HALLPASS_DATABASE_URL", "postgres://u:one@db/x"),
            ("HALLPASS_MAIL_URL", "smtps://u:one@mail"),
            ("HALLPASS_MAIL_FROM", "it@fernweh.example"),
        ]);
        let after = settings(&[
            ("HALLPASS_DATABASE_URL", "postgres://u:two@db/x"),
            ("HALLPASS_WORKERS", "77"),
            ("HALLPASS_ORGANISATION", "Fernweh"),
            ("HALLPASS_SESSIONS_IDLE", "2h"),
            ("HALLPASS_MAIL_URL", "smtps://u:two@mail"),
            ("HALLPASS_MAIL_FROM", "it@fernweh.example"),
        ]);
        assert_eq!(
            before.changes_that_apply_on_reload(&after),
            ["organisation", "sessions.idle", "mail.url"]
        );
        assert_eq!(
            before.changes_that_need_a_restart(&after),
            ["database_url", "workers"]
        );
        assert!(before.changes_that_need_a_restart(&before).is_empty());
    }

    #[test]
    fn proxies_that_are_no_longer_named_are_those_that_follow_from_the_address() {
        let named = settings(&[
            ("HALLPASS_BASE_URL", "https://login.example.com"),
            ("HALLPASS_TRUSTED_PROXIES", "10.0.0.0/8"),
        ]);
        assert!(!named.trusted_proxies_are_the_default());
        let loopback: Vec<IpNet> = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).into();
        assert_eq!(named.default_trusted_proxies(), loopback);
    }

    #[test]
    fn the_documentation_names_what_applies_on_reload() {
        let page =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md")).unwrap();
        let (_, rest) = page.split_once("take effect without a restart: ").unwrap();
        let (list, _) = rest.split_once(". ").unwrap();
        let named: Vec<&str> = list.split(", ").map(|key| key.trim_matches('`')).collect();
        assert_eq!(named, key::applied_on(AppliesOn::Reload).collect::<Vec<_>>());
    }
}
