//! Makes typed values of what was given, and remembers each for `config check`.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

use chrono::TimeDelta;

use crate::{
    config::{
        Explained, ReadSecret,
        error::{Error, Place},
        source::Source,
        value,
    },
    model::{secret::Secret, text::line},
};

/// The longest name of an organisation, in characters.
const LONGEST_ORGANISATION: usize = 100;

/// Reads key by key.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    source: &'s Source,
    explained: Vec<Explained>,
}

impl<'s> Reader<'s> {
    pub(super) const fn new(source: &'s Source) -> Self {
        Self {
            source,
            explained: Vec::new(),
        }
    }

    /// The value of `key`, if it was given.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl FnOnce(&T) -> String,
    ) -> Result<Option<T>, Error> {
        let Some(given) = self.source.get(key) else {
            self.explain(key, String::new(), &Place::Default);
            return Ok(None);
        };
        let value = parse(&given.text).map_err(|why| Error::Value {
            place: given.place.clone(),
            why,
        })?;
        self.explain(key, show(&value), &given.place);
        Ok(Some(value))
    }

    /// The value of `key`, or else `default`.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Result<T, Error> {
        if let Some(value) = self.optional(key, parse, &show)? {
            return Ok(value);
        }
        self.explain(key, show(&default), &Place::Default);
        Ok(default)
    }

    /// The default of `key`, where that has to be read like a value.
    pub(super) fn fallback<T, E: Display>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        self.explain(key, default.to_owned(), &Place::Default);
        parse(default).map_err(|why| self.wrong(key, &why.to_string()))
    }

    /// A whole number.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        default: u32,
        least: u32,
        most: u32,
    ) -> Result<u32, Error> {
        self.value(
            key,
            default,
            |text| value::number(text, least, most),
            ToString::to_string,
        )
    }

    /// A number of things that run at once: at least one.
    pub(super) fn count(&mut self, key: &'static str, default: u32, most: u32) -> Result<usize, Error> {
        let count = self.number(key, default, 1, most)?;
        Ok(usize::try_from(count).unwrap_or(1))
    }

    /// A switch.
    pub(super) fn yes_or_no(&mut self, key: &'static str, default: bool) -> Result<bool, Error> {
        self.value(key, default, value::yes_or_no, ToString::to_string)
    }

    /// A duration.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: TimeDelta,
        least: TimeDelta,
        most: TimeDelta,
    ) -> Result<TimeDelta, Error> {
        self.value(
            key,
            default,
            |text| value::duration(text, least, most),
            |duration| value::spell(*duration),
        )
    }

    /// The database's URL: given, or in a file, or a file in the data directory.
    pub(super) fn database_url(
        &mut self,
        default: &Path,
        read_secret: ReadSecret<'_>,
    ) -> Result<Secret<String>, Error> {
        let url = self.optional(
            "database_url",
            |text| value::database_url(text).map(Secret::new),
            |_| "***".to_owned(),
        )?;
        let in_file = self.optional(
            "database_url_file",
            |text| {
                let path = path(text)?;
                let bytes = read_secret(&path)?;
                let said = |why: String| format!("in {}: {why}", path.display());
                let text = std::str::from_utf8(bytes.expose())
                    .map_err(|_unsaid| said("this is not text".to_owned()))?;
                value::database_url(text)
                    .map(|url| (path.clone(), Secret::new(url)))
                    .map_err(said)
            },
            |(path, _)| show_path(path),
        )?;
        match (url, in_file) {
            (Some(_), Some(_)) => {
                Err(self.wrong("database_url_file", "database_url is set too; set one of the two"))
            }
            (Some(url), None) | (None, Some((_, url))) => Ok(url),
            (None, None) => {
                let url = format!("sqlite:{}", default.display());
                self.explain("database_url", url.clone(), &Place::Default);
                Ok(Secret::new(url))
            }
        }
    }

    /// Whether somebody gave `key`.
    pub(super) fn is_given(&self, key: &'static str) -> bool {
        self.source.get(key).is_some()
    }

    /// An error about `key`, where it was given.
    pub(super) fn wrong(&self, key: &'static str, why: &str) -> Error {
        let place = self
            .source
            .get(key)
            .map_or_else(|| Place::Variable(key.to_owned()), |given| given.place.clone());
        Error::Value {
            place,
            why: why.to_owned(),
        }
    }

    /// All that was read, key by key.
    pub(super) fn explained(&mut self) -> Vec<Explained> {
        std::mem::take(&mut self.explained)
    }

    fn explain(&mut self, key: &'static str, value: String, place: &Place) {
        let line = Explained {
            key: key.to_owned(),
            value,
            origin: place.word(),
        };
        match self.explained.iter_mut().find(|known| known.key == key) {
            Some(known) => *known = line,
            None => self.explained.push(line),
        }
    }
}

/// A path; relative ones begin at the working directory.
pub(super) fn path(text: &str) -> Result<PathBuf, String> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("a path is expected".to_owned());
    }
    Ok(PathBuf::from(text.trim()))
}

/// A path for people.
pub(super) fn show_path(path: &Path) -> String {
    path.display().to_string()
}

/// The name on the pages.
pub(super) fn organisation(text: &str) -> Result<String, String> {
    line("the organisation", text, LONGEST_ORGANISATION).map_err(|bad| bad.to_string())
}
