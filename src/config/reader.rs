//! Parses the configured values, and records each for `config check`.

use std::{
    collections::BTreeSet,
    fmt::Display,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;

use crate::{
    config::{
        error::{Error, SettingOrigin},
        key::KEYS,
        raw_settings::RawSettings,
        value,
    },
    model::{secret::Secret, text::single_line},
};

/// The longest name of an organisation, in characters.
const MAX_ORGANISATION_LEN: usize = 100;

/// Reads a file that the configuration names, and refuses one that other users could read; the error is a message.
pub type ReadSecret<'r> = &'r dyn Fn(&Path) -> Result<Secret<Vec<u8>>, String>;

/// One line of `hallpass config check`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EffectiveSetting {
    /// The key, as it is in the file.
    pub key: String,
    /// The effective value; `***` for a secret, empty if there is none.
    pub value: String,
    /// `default`, `file` or `environment`.
    pub origin: &'static str,
}

/// Reads one key at a time.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    raw: &'s RawSettings,
    effective: Vec<EffectiveSetting>,
    errors: Vec<Error>,
    /// Keys whose value was refused: no further error is reported for them.
    rejected: BTreeSet<&'static str>,
}

impl<'s> Reader<'s> {
    pub(super) const fn new(source: &'s RawSettings) -> Self {
        Self {
            raw: source,
            effective: Vec::new(),
            errors: Vec::new(),
            rejected: BTreeSet::new(),
        }
    }

    /// The value of `key`, if it is configured. A value that is refused is recorded and counts as absent: all errors
    /// are reported at once.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let Some(raw_value) = self.raw.get(key) else {
            self.record(key, String::new(), &SettingOrigin::Default);
            return None;
        };
        match parse(&raw_value.text) {
            Ok(value) => {
                self.record(key, show(&value), &raw_value.origin);
                Some(value)
            }
            Err(why) => {
                self.add_error(&[key], key, &why);
                None
            }
        }
    }

    /// The value of `key`, or `default`.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> T {
        if let Some(value) = self.optional(key, parse, &show) {
            return value;
        }
        self.record(key, show(&default), &SettingOrigin::Default);
        default
    }

    /// The default of `key`, if it has to be parsed like a value.
    pub(super) fn parse_default<T, E: Display>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        self.record(key, default.to_owned(), &SettingOrigin::Default);
        parse(default).map_err(|why| Error::Value {
            origin: SettingOrigin::Default,
            why: why.to_string(),
        })
    }

    pub(super) fn number(&mut self, key: &'static str, default: u32, min: u32, max: u32) -> u32 {
        self.value(
            key,
            default,
            |text| value::number(text, min, max),
            ToString::to_string,
        )
    }

    /// A number of things that run concurrently: at least one.
    pub(super) fn count(&mut self, key: &'static str, default: u32, max: u32) -> usize {
        let count = self.number(key, default, 1, max);
        usize::try_from(count).unwrap_or(1)
    }

    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.value(key, default, value::boolean, ToString::to_string)
    }

    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: TimeDelta,
        min: TimeDelta,
        max: TimeDelta,
    ) -> TimeDelta {
        self.value(
            key,
            default,
            |text| value::duration(text, min, max),
            |duration| value::format_duration(*duration),
        )
    }

    /// The database's URL: configured, or read from a file, or a file in the data directory.
    pub(super) fn database_url(&mut self, default: &Path, read_secret: ReadSecret<'_>) -> Secret<String> {
        let url = self.url_or_file(
            ["database_url", "database_url_file"],
            |text| value::database_url(text).map(Secret::new),
            |_| "***".to_owned(),
            read_secret,
        );
        if let Some(url) = url {
            return url;
        }
        let url = format!("sqlite:{}", default.display());
        self.record("database_url", url.clone(), &SettingOrigin::Default);
        Secret::new(url)
    }

    /// A URL with a password: configured by the first of `keys`, or in the file that the second one names.
    pub(super) fn url_or_file<T>(
        &mut self,
        keys: [&'static str; 2],
        parse: impl Fn(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
        read_secret: ReadSecret<'_>,
    ) -> Option<T> {
        let [key, file_key] = keys;
        let given = self.optional(key, &parse, show);
        let in_file = self.optional(
            file_key,
            |text| {
                let path = parse_path(text)?;
                let bytes = read_secret(&path)?;
                let error = |why: String| format!("in {}: {why}", path.display());
                let text = std::str::from_utf8(bytes.expose())
                    .map_err(|_unsaid| error("this is not text".to_owned()))?;
                parse(text).map(|url| (path.clone(), url)).map_err(error)
            },
            |(path, _)| format_path(path),
        );
        if self.is_given(key) && self.is_given(file_key) {
            let why = format!("{key} is set too; set one of the two");
            self.add_error(&[file_key], file_key, &why);
        }
        given.or(in_file.map(|(_, url)| url))
    }

    /// Whether `key` is configured.
    pub(super) fn is_given(&self, key: &'static str) -> bool {
        self.raw.get(key).is_some()
    }

    /// Records what is wrong with `about`, with its origin, unless one of `keys` was refused before.
    pub(super) fn add_error(&mut self, keys: &[&'static str], about: &'static str, why: &str) {
        if keys.iter().any(|key| self.rejected.contains(key)) {
            return;
        }
        let raw_value = self.raw.get(about);
        let origin = raw_value.map_or_else(
            || SettingOrigin::Variable(about.to_owned()),
            |raw_value| raw_value.origin.clone(),
        );
        self.rejected.insert(about);
        self.errors.push(Error::Value {
            origin,
            why: why.to_owned(),
        });
    }

    /// Every error.
    pub(super) fn take_errors(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.errors)
    }

    /// Every effective setting, in the order of the documentation.
    pub(super) fn take_effective(&mut self) -> Vec<EffectiveSetting> {
        let mut effective = std::mem::take(&mut self.effective);
        effective.sort_by_key(|line| KEYS.iter().position(|key| *key == line.key));
        effective
    }

    fn record(&mut self, key: &'static str, value: String, origin: &SettingOrigin) {
        let line = EffectiveSetting {
            key: key.to_owned(),
            value,
            origin: origin.name(),
        };
        match self.effective.iter_mut().find(|recorded| recorded.key == key) {
            Some(recorded) => *recorded = line,
            None => self.effective.push(line),
        }
    }
}

/// A path; a relative one starts at the working directory.
pub(super) fn parse_path(text: &str) -> Result<PathBuf, String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("a path is expected".to_owned());
    }
    Ok(PathBuf::from(text.trim()))
}

/// A path for display.
pub(super) fn format_path(path: &Path) -> String {
    path.display().to_string()
}

/// The name on the pages.
pub(super) fn parse_organisation(text: &str) -> Result<String, String> {
    single_line("the organisation", text, MAX_ORGANISATION_LEN).map_err(|bad| bad.to_string())
}
