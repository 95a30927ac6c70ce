//! Where the database is. Parsed once, and never printed with its password.

use std::{
    fmt,
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use url::form_urlencoded;

use crate::{model::secret::Secret, store::error::Error};

/// The address of a database, by kind.
pub(super) enum DatabaseUrl {
    /// Path of a file.
    Sqlite(String),
    /// URL of a server, in libpq's form.
    Postgres(Secret<String>),
}

/// By default libpq waits for minutes or without limit: for a connection (`connect_timeout`,
/// seconds), and for a peer that the network has lost (`keepalives_idle` and `_interval`, seconds;
/// `_count`; `tcp_user_timeout`, milliseconds).
const TIMEOUT_PARAMETERS: [(&str, &str); 5] = [
    ("connect_timeout", "2"),
    ("keepalives_idle", "3"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "2"),
    ("tcp_user_timeout", "5000"),
];

impl DatabaseUrl {
    /// Parses `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    pub(super) fn parse(url: &Secret<String>) -> Result<Self, Error> {
        let text = url.expose();
        if let Some(path) = text.strip_prefix("sqlite:") {
            // SQLite would read these as an in-memory database, one for each connection, or as a
            // URI.
            if path.is_empty() || path.starts_with([':', '?']) || path.starts_with("file:") {
                return Err(Error::Url(
                    "names no file; write sqlite:/var/lib/hallpass/hallpass.db",
                ));
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(Error::Url("must begin with sqlite: or postgres://"));
        }
        // libpq splits at the first of these, and would put parts of the password into its error
        // message.
        if text
            .rsplit_once('@')
            .is_some_and(|(before, _)| userinfo(before).contains(['/', '?', '#', '@']))
        {
            return Err(Error::Url(
                "holds one of / ? # @ in its user or password, or @ in a parameter; write %2F %3F %23 %40",
            ));
        }
        let mut text = text.clone();
        for (name, value) in TIMEOUT_PARAMETERS {
            if !text.contains(&format!("{name}=")) {
                let separator = if text.contains('?') { '&' } else { '?' };
                text = format!("{text}{separator}{name}={value}");
            }
        }
        Ok(Self::Postgres(Secret::new(text)))
    }

    /// Creates the file of a new SQLite database, readable only by its owner. SQLite gives its
    /// `-wal` and `-shm` files the same mode.
    pub(super) fn create_file(&self) -> Result<(), Error> {
        let Self::Sqlite(path) = self else { return Ok(()) };
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
        {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(source) => Err(Error::CreateFile {
                path: PathBuf::from(path),
                source,
            }),
        }
    }

    /// The path of a SQLite database; `None` for a server.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(Path::new(path)),
            Self::Postgres(_) => None,
        }
    }

    /// `message` with this URL's secrets replaced by `***`.
    pub(super) fn scrub(&self, message: &str) -> String {
        let mut message = message.to_owned();
        let Self::Postgres(url) = self else { return message };
        for secret in secrets(url.expose()) {
            message = message.replace(&secret, "***");
        }
        message
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Postgres(_) => f.write_str("postgres://***"),
        }
    }
}

/// The part between the scheme and the last `@`.
fn userinfo(before: &str) -> &str {
    before.split_once("://").map_or(before, |(_, rest)| rest)
}

fn secrets(url: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((before, _)) = url.rsplit_once('@')
        && let Some((_, password)) = userinfo(before).split_once(':')
    {
        found.push(password.to_owned());
        let decoded = format!("p={}", password.replace('+', "%2B"));
        found.extend(form_urlencoded::parse(decoded.as_bytes()).map(|(_, value)| value.into_owned()));
    }
    if let Some((_, query)) = url.split_once('?') {
        let named = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key.ends_with("password"));
        found.extend(named.map(|(_, value)| value.into_owned()));
    }
    found.retain(|secret| !secret.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, Error> {
        DatabaseUrl::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn a_database_url_names_a_file_or_a_server() {
        for good in [
            "sqlite:hallpass.db",
            "sqlite:/var/lib/hallpass/hallpass.db",
            "postgres://h/db",
            "postgresql://u:p%40w@h1:5432,h2:5432/db?sslmode=require",
            "postgres:///db?host=/run/postgresql",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:file:x",
            "mysql://h/db",
            "hallpass.db",
        ] {
            assert!(matches!(parse(bad), Err(Error::Url(_))), "{bad}");
        }
    }

    #[test]
    fn a_lost_server_is_waited_for_five_seconds_unless_the_url_says_otherwise() {
        let DatabaseUrl::Postgres(plain) = parse("postgres://h1,h2/db").unwrap() else {
            panic!("a server")
        };
        assert_eq!(
            plain.expose(),
            "postgres://h1,h2/db?connect_timeout=2&keepalives_idle=3&keepalives_interval=1&keepalives_count=2&tcp_user_timeout=5000"
        );
        let own = "postgres://h/db?connect_timeout=9&keepalives_idle=8&keepalives_interval=7&keepalives_count=6&tcp_user_timeout=5";
        let DatabaseUrl::Postgres(url) = parse(own).unwrap() else {
            panic!("a server")
        };
        assert_eq!(url.expose(), own);
    }

    #[test]
    fn no_message_holds_the_password() {
        for odd in [
            "postgres://u:hun/ter@h/db",
            "postgres://u:hun@ter@h/db",
            "postgres://u:hun#ter@h/db",
        ] {
            let text = parse(odd).unwrap_err().to_string();
            assert!(!text.contains("hun") && !text.contains("ter@"), "{text}");
        }
        let address = parse("postgres://u:hun%2Bter@h/db?sslpassword=swordfish").unwrap();
        assert_eq!(
            address.scrub("a hun%2Bter b hun+ter c swordfish"),
            "a *** b *** c ***"
        );
        assert_eq!(format!("{address:?}"), "postgres://***");
    }
}
