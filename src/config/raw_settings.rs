//! Collects what is configured, and its origin, before it is parsed.

use std::{collections::BTreeMap, fs, path::Path};

use toml::de::{DeTable, DeValue};

use crate::config::{
    error::{Error, SettingOrigin},
    key,
};

/// A value as text, and its origin.
#[derive(Clone, Debug)]
pub(super) struct RawValue {
    pub(super) text: String,
    pub(super) origin: SettingOrigin,
}

/// Everything that is configured, by key; the environment takes precedence.
#[derive(Debug, Default)]
pub(super) struct RawSettings {
    values: BTreeMap<&'static str, RawValue>,
    /// Variables with our prefix that publish the address of a service of our name.
    ignored_variables: Vec<String>,
    errors: Vec<Error>,
}

impl RawSettings {
    /// Adds the values of the file at `path`.
    pub(super) fn read_file(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path).map_err(|why| Error::Unreadable {
            path: path.to_owned(),
            why,
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let table = DeTable::parse(text).map_err(|error| Error::NotToml {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            why: error.message().to_owned(),
        })?;
        self.read_table(path, text, "", table.get_ref());
        Ok(())
    }

    /// Adds the values of the environment; an empty variable counts as absent.
    pub(super) fn read_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let mut values = BTreeMap::new();
        for (name, text) in variables.filter(|(name, _)| key::has_our_prefix(name)) {
            let origin = SettingOrigin::Variable(name.clone());
            let Some(key) = key::from_variable(&name) else {
                if key::is_service_link(&name, &text) {
                    self.ignored_variables.push(name);
                    continue;
                }
                let lower = name.to_lowercase();
                let suggestion =
                    key::closest(lower.strip_prefix("hallpass_").unwrap_or(&lower)).map(key::variable_name);
                self.errors.push(Error::Unknown {
                    origin,
                    hint: hint(suggestion.as_deref()),
                });
                continue;
            };
            if !text.trim().is_empty() {
                values.insert(key, RawValue { text, origin });
            }
        }
        // If the environment names the database or the mail server in one way, the other way in the file does not apply.
        for (key, alternative) in [
            ("database_url", "database_url_file"),
            ("database_url_file", "database_url"),
            ("mail.url", "mail.url_file"),
            ("mail.url_file", "mail.url"),
        ] {
            if values.contains_key(key) {
                self.values.remove(alternative);
            }
        }
        self.values.append(&mut values);
    }

    pub(super) fn take_errors(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.errors)
    }

    pub(super) fn ignored_variables(&self) -> &[String] {
        &self.ignored_variables
    }

    /// The value of `key`, if it is configured.
    pub(super) fn get(&self, key: &'static str) -> Option<&RawValue> {
        self.values.get(key)
    }

    fn read_table(&mut self, path: &Path, text: &str, section: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let dot = if section.is_empty() { "" } else { "." };
            let full = format!("{section}{dot}{}", name.get_ref());
            let line = line_of(text, name.span().start);
            let origin = SettingOrigin::File {
                path: path.to_owned(),
                line,
                key: full.escape_debug().to_string(),
            };
            let error = match (value.get_ref(), key::find(&full)) {
                (DeValue::Table(inner), None) if section.is_empty() && key::is_section(&full) => {
                    self.read_table(path, text, &full, inner);
                    continue;
                }
                (_, None) if section.is_empty() && key::is_section(&full) => Error::Value {
                    origin,
                    why: format!(
                        "this is a section; write [{full}] on a line of its own, and its keys below"
                    ),
                },
                (DeValue::Table(_), None) if section.is_empty() && key::closest_section(&full).is_some() => {
                    let suggestion = key::closest_section(&full).map(|suggestion| format!("[{suggestion}]"));
                    Error::Unknown {
                        origin,
                        hint: hint(suggestion.as_deref()),
                    }
                }
                // Whoever adds a line at the end of a file adds it to the last section.
                (_, None) if !section.is_empty() && key::find(name.get_ref()).is_some() => Error::Unknown {
                    origin,
                    hint: format!(
                        "; {} stands below [{section}], and belongs above the first section",
                        name.get_ref()
                    ),
                },
                (_, None) => Error::Unknown {
                    origin,
                    hint: hint(key::closest(&full)),
                },
                (value, Some(key)) => match as_text(value) {
                    Some(text) => {
                        self.values.insert(key, RawValue { text, origin });
                        continue;
                    }
                    None => Error::Value {
                        origin,
                        why: "one value is expected here: text in quotes, a number, true or false".to_owned(),
                    },
                },
            };
            self.errors.push(error);
        }
    }
}

/// The value in the form that the environment would have; a list is separated by commas.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Array(list) if list.is_empty() => Some("none".to_owned()),
        DeValue::Array(list) => list
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.join(",")),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion
        .map(|suggestion| format!("; did you mean {suggestion}?"))
        .unwrap_or_default()
}

/// The line, from 1, that contains the byte `offset` of `text`.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
