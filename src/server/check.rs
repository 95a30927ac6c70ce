//! Whether the daemon could start with these settings, and what about them may surprise. Changes nothing.

use std::fmt::Display;

use anyhow::Result;

use crate::{
    clock::{Clock, SystemClock},
    config::Settings,
    crypto::pem,
    files,
    model::id::KeyId,
    server::{
        moved::refuse_old_database,
        open::{database_missing, marker_path, open_existing, private_files},
        seal,
    },
    store::{SchemaState, Store},
};

/// What was found, in sentences.
#[derive(Debug, Default)]
pub struct SettingsFindings {
    /// The daemon would not start, or nobody could sign in.
    pub faults: Vec<String>,
    /// Good to know.
    pub notes: Vec<String>,
}

/// Looks at the data directory, the files, the database, the keys and what is set about a proxy.
pub fn check(settings: &Settings) -> SettingsFindings {
    let mut found = SettingsFindings::default();
    let is_ours = found.look_at_data_dir(settings);
    found.look_at_key_files(settings);
    if is_ours {
        found.look_at_database(settings);
    }
    found.look_at_proxy(settings);
    found.look_at_mail(settings);
    found
}

impl SettingsFindings {
    fn fault(&mut self, key: &str, why: impl Display) {
        self.faults.push(format!("{key}: {why}"));
    }

    fn note(&mut self, key: &str, what: impl Display) {
        self.notes.push(format!("{key}: {what}"));
    }

    /// Whether what is in the data directory can be looked at by this user.
    fn look_at_data_dir(&mut self, settings: &Settings) -> bool {
        let data_dir = &settings.data_dir;
        match files::check_data_dir(data_dir) {
            Ok(true) => {}
            Ok(false) => {
                let what = format!("{} is not there yet; the daemon makes it.", data_dir.display());
                self.note("data_dir", what);
            }
            // The user who runs this check need not be the one that the daemon runs as.
            Err(why @ files::Error::WrongOwner { .. }) => {
                self.note(
                    "data_dir",
                    format!("{why}. Database and keys were not looked at."),
                );
                return false;
            }
            Err(why) => {
                self.fault("data_dir", with_causes(why));
                return false;
            }
        }
        for path in private_files(settings) {
            if let Err(why) = files::check_private(&path) {
                self.fault("data_dir", with_causes(why));
            }
        }
        true
    }

    fn look_at_key_files(&mut self, settings: &Settings) {
        if let Some(path) = &settings.seal_key_file {
            match seal::read_key_file(path) {
                Ok(Some(_)) => {}
                Ok(None) => self.fault(
                    "seal_key_file",
                    format!("cannot read {}: there is no such file", path.display()),
                ),
                Err(why) => self.fault("seal_key_file", format!("{why:#}")),
            }
        }
        let Some(own) = &settings.signing_key_files else {
            return;
        };
        let key =
            files::read_named_secret(&own.key_file).map_err(|why| self.fault("key_file", with_causes(why)));
        let certificate = std::fs::read(&own.certificate_file).map_err(|why| {
            let path = own.certificate_file.display();
            self.fault("certificate_file", format!("cannot read {path}: {why}"));
        });
        if let (Ok(key), Ok(certificate)) = (key, certificate) {
            let now = SystemClock.now();
            if let Err(why) = pem::import_key(KeyId::new(now, [0; 10]), key.expose(), &certificate, now) {
                self.fault("key_file", with_causes(why));
            }
        }
    }

    fn look_at_database(&mut self, settings: &Settings) {
        if let Err(why) = refuse_old_database(settings) {
            self.fault("database_url", format!("{why:#}"));
        }
        let was_used = marker_path(settings).exists();
        if settings.sqlite_path().is_some_and(|path| !path.exists()) {
            if was_used {
                self.fault("database_url", database_missing(settings));
            } else {
                self.note("database_url", "there is no database yet; the daemon makes it.");
            }
            return;
        }
        match schema_state(settings) {
            Err(why) => self.fault("database_url", format!("{why:#}")),
            Ok(SchemaState::Empty) if was_used => self.fault("database_url", database_missing(settings)),
            Ok(SchemaState::Empty) => {
                self.note("database_url", "the database is empty; the daemon fills it.");
            }
            Ok(SchemaState::Behind { .. }) => self.note(
                "database_url",
                "the database is of an older version; the daemon brings it up to date.",
            ),
            Ok(SchemaState::TooNew { oldest_binary }) => self.fault(
                "database_url",
                format!("a newer version has changed this database: run hallpass {oldest_binary} or later"),
            ),
            Ok(SchemaState::Current | SchemaState::AheadButUsable) => match open_existing(settings) {
                Ok(_) => self.note(
                    "database_url",
                    "the database is there, and its keys can be opened.",
                ),
                Err(why) => self.fault("database_url", format!("{why:#}")),
            },
        }
    }

    fn look_at_mail(&mut self, settings: &Settings) {
        if let Some(path) = settings.mail.as_ref().and_then(|mail| mail.ca_file.as_ref())
            && let Err(why) = std::fs::read(path)
        {
            self.fault("mail.ca_file", format!("cannot read {}: {why}", path.display()));
        }
    }

    fn look_at_proxy(&mut self, settings: &Settings) {
        let is_local = settings.listen.ip().is_loopback();
        if settings.base_url.is_https() && settings.trusted_proxies.is_empty() {
            self.note(
                "trusted_proxies",
                "no proxy is trusted, so everybody seems to come from its address, and one person who has forgotten a password slows down all the others. Name the address of the proxy.",
            );
        }
        if !settings.base_url.is_https() && !is_local {
            let listen = settings.listen;
            self.note(
                "listen",
                format!(
                    "{listen} may be reached from other machines, and passwords would travel unencrypted. Set base_url to an https:// address, and put a reverse proxy in front."
                ),
            );
        }
    }
}

fn schema_state(settings: &Settings) -> Result<SchemaState> {
    Ok(Store::connect(&settings.database_url, 1)?.schema_state()?)
}

fn with_causes(error: impl std::error::Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}
