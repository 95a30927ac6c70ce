//! The typed settings.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use ipnet::IpNet;
use url::Url;

use crate::{
    config::{
        error::{Error, Errors},
        limits,
        log_format::LogFormat,
        mail,
        raw_settings::RawSettings,
        reader::{self, EffectiveSetting, ReadSecret, Reader},
        value,
    },
    model::{
        application::EntityId, email_change::EmailChangeRule, endpoint::BaseUrl, language::Language,
        mail::MailSettings, policy::Policy, secret::Secret,
    },
};

/// A signing key that was generated elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SigningKeyFiles {
    pub key_file: PathBuf,
    pub certificate_file: PathBuf,
}

/// Everything that can be set.
#[derive(Debug)]
pub struct Settings {
    /// The public origin.
    pub base_url: BaseUrl,
    /// Whether `base_url` is not set: for evaluation only.
    pub evaluation_mode: bool,
    pub listen: SocketAddr,
    /// Where the daemon stores its data.
    pub data_dir: PathBuf,
    /// The database: `sqlite:PATH` or `postgres://…`; it may hold a password.
    pub database_url: Secret<String>,
    /// How many connections to it are open, at most.
    pub database_connections: u32,
    /// The file of the sealing key, if one is configured; otherwise [`Settings::SEAL_KEY_FILE_NAME`] in the data
    /// directory.
    pub seal_key_file: Option<PathBuf>,
    /// A signing key that the administrator supplies.
    pub signing_key_files: Option<SigningKeyFiles>,
    /// For an installation that replaces another identity provider.
    pub entity_id: Option<EntityId>,
    /// The name on the pages.
    pub organisation: String,
    /// Where users find help.
    pub help_url: Option<Url>,
    /// What is spoken and written to people who wish for no language that there is.
    pub language: Language,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Other addresses where people use the same passkeys.
    pub passkey_origins: Vec<BaseUrl>,
    /// Private networks that metadata may be fetched from.
    pub metadata_private_networks: Vec<IpNet>,
    /// Who reads the log.
    pub log_format: LogFormat,
    /// The filter of the log.
    pub log_filter: String,
    /// Threads that serve requests.
    pub workers: usize,
    /// How many passwords are hashed at once.
    pub hashing_concurrency: usize,
    pub policy: Policy,
    /// How mail is sent, if it is.
    pub mail: Option<Arc<MailSettings>>,
    /// Variables with our prefix that publish the address of a service of our name, as Kubernetes sets them: none of
    /// them is a setting.
    pub ignored_variables: Vec<String>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
    effective: Vec<EffectiveSetting>,
}

impl Settings {
    /// The name of the sealing key's file in the data directory.
    pub const SEAL_KEY_FILE_NAME: &str = "seal.key";
    /// The name of the database's file in the data directory.
    pub const DATABASE_FILE_NAME: &str = "hallpass.db";

    /// Reads the file `config`, if there is one, and the environment, which takes precedence.
    pub fn load(
        config: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        read_secret: ReadSecret<'_>,
    ) -> Result<Self, Errors> {
        let mut source = RawSettings::default();
        if let Some(path) = config {
            source.read_file(path)?;
        }
        source.read_environment(environment);
        let mut errors = source.take_errors();
        let mut reader = Reader::new(&source);
        let settings = Self::read(&mut reader, read_secret)?;
        errors.extend(reader.take_errors());
        if !errors.is_empty() {
            return Err(Errors(errors));
        }
        Ok(Self {
            ignored_variables: source.ignored_variables().to_vec(),
            file: config.map(Path::to_owned),
            ..settings
        })
    }

    /// The effective value of every key, and its origin.
    pub fn effective(&self) -> &[EffectiveSetting] {
        &self.effective
    }

    /// The path of the sealing key's file.
    pub fn seal_key_path(&self) -> PathBuf {
        self.seal_key_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join(Self::SEAL_KEY_FILE_NAME))
    }

    /// The path of the database's file, if it is SQLite.
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.database_url.expose().strip_prefix("sqlite:").map(Path::new)
    }

    fn read(reader: &mut Reader<'_>, read_secret: ReadSecret<'_>) -> Result<Self, Error> {
        let base_url = reader.optional(
            "base_url",
            |text| BaseUrl::parse(text.trim()).map_err(|bad| bad.to_string()),
            |url| url.origin().to_owned(),
        );
        let evaluation_mode = base_url.is_none();
        let base_url = match base_url {
            Some(base_url) => base_url,
            None => reader.parse_default("base_url", BaseUrl::EVALUATION_DEFAULT, BaseUrl::parse)?,
        };
        let listen = reader.value(
            "listen",
            SocketAddr::from(([127, 0, 0, 1], 8080)),
            value::listen_address,
            ToString::to_string,
        );
        let data_dir = reader.value(
            "data_dir",
            PathBuf::from("hallpass-data"),
            reader::parse_path,
            |path| reader::format_path(path),
        );
        let database_url = reader.database_url(&data_dir.join(Self::DATABASE_FILE_NAME), read_secret);
        let organisation = reader.value(
            "organisation",
            "Hallpass".to_owned(),
            reader::parse_organisation,
            Clone::clone,
        );
        let language = reader.value("language", Language::default(), value::language, |language| {
            language.tag().to_owned()
        });
        let mail = mail::read(reader, read_secret, &organisation, language).map(Arc::new);
        let policy = limits::read_policy(reader);
        check_email_change(reader, &policy, mail.is_some());
        let behind_local_proxy = base_url.is_https() && listen.ip().is_loopback();
        let cores =
            std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
        Ok(Self {
            database_connections: reader.number("database_connections", 8, 1, 200),
            seal_key_file: reader.optional("seal_key_file", reader::parse_path, |path| {
                reader::format_path(path)
            }),
            signing_key_files: signing_key_files(reader),
            entity_id: reader.optional(
                "entity_id",
                |text| EntityId::parse(text.trim()).map_err(|bad| bad.to_string()),
                ToString::to_string,
            ),
            organisation,
            mail,
            language,
            help_url: reader.optional("help_url", value::help_url, ToString::to_string),
            trusted_proxies: reader.value(
                "trusted_proxies",
                limits::default_trusted_proxies(behind_local_proxy),
                value::networks,
                |proxies| limits::format_networks(proxies),
            ),
            passkey_origins: reader.value(
                "second_factor.passkey_origins",
                Vec::new(),
                value::origins,
                |origins| limits::format_list(origins.iter().map(BaseUrl::origin)),
            ),
            metadata_private_networks: reader.value(
                "metadata.allow_private_networks",
                Vec::new(),
                value::networks,
                |networks| limits::format_networks(networks),
            ),
            log_format: reader.value(
                "log_format",
                LogFormat::Human,
                value::log_format,
                |format| match format {
                    LogFormat::Human => "human".to_owned(),
                    LogFormat::Json => "json".to_owned(),
                },
            ),
            log_filter: reader.value(
                "log",
                "info,actix_server=warn".to_owned(),
                value::log_filter,
                Clone::clone,
            ),
            workers: reader.count("workers", cores.min(256), 256),
            policy,
            hashing_concurrency: reader.count("limits.hashing", cores.min(64), 64),
            ignored_variables: Vec::new(),
            file: None,
            effective: reader.take_effective(),
            base_url,
            evaluation_mode,
            listen,
            data_dir,
            database_url,
        })
    }
}

fn check_email_change(reader: &mut Reader<'_>, policy: &Policy, sends_mail: bool) {
    if policy.email_change == EmailChangeRule::Verified && !sends_mail {
        let why = "a new address is verified by mail, and no mail is set up: set mail.url and mail.from";
        reader.add_error(
            &["people.email_change", "mail.url", "mail.url_file", "mail.from"],
            "people.email_change",
            why,
        );
    }
}

fn signing_key_files(reader: &mut Reader<'_>) -> Option<SigningKeyFiles> {
    const BOTH: [&str; 2] = ["key_file", "certificate_file"];
    let [key_file, certificate_file] =
        BOTH.map(|key| reader.optional(key, reader::parse_path, |path| reader::format_path(path)));
    match (key_file, certificate_file) {
        (Some(key_file), Some(certificate_file)) => {
            return Some(SigningKeyFiles {
                key_file,
                certificate_file,
            });
        }
        (None, None) => {}
        (Some(_), None) => reader.add_error(
            &BOTH,
            "key_file",
            "a key needs its certificate: set certificate_file too",
        ),
        (None, Some(_)) => reader.add_error(
            &BOTH,
            "certificate_file",
            "a certificate needs its key: set key_file too",
        ),
    }
    None
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
