//! A row of a CSV file, as the values of a person.

use std::collections::BTreeMap;

use crate::{
    credential::imported_hash::{BadHash, ImportedHash},
    model::{
        attribute::AttributeRule,
        group::GroupName,
        language::Language,
        text::{BadText, single_line},
        user::{Email, ExternalId, NameComponent, StableId, UserName},
    },
    provider::csv_file::{
        cell,
        reader::{CsvColumn, CsvRow},
    },
};

/// What stands before the name of an attribute of people's own.
pub const ATTRIBUTE_PREFIX: &str = "attribute:";

/// What a column holds.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Column {
    Email,
    FirstName,
    LastName,
    UserName,
    StableId,
    ExternalId,
    Language,
    Enabled,
    Groups,
    PasswordHash,
    /// An attribute of their own with this name.
    Attribute(String),
}

impl Column {
    /// Those that every export has, in its order. Hashes are never exported.
    pub const EXPORTED: [Self; 9] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::UserName,
        Self::StableId,
        Self::ExternalId,
        Self::Language,
        Self::Enabled,
        Self::Groups,
    ];
}

impl CsvColumn for Column {
    const KEYS: &[Self] = &[Self::Email, Self::StableId, Self::ExternalId];

    fn name(&self) -> String {
        match self {
            Self::Email => "email".to_owned(),
            Self::FirstName => "first_name".to_owned(),
            Self::LastName => "last_name".to_owned(),
            Self::UserName => "user_name".to_owned(),
            Self::StableId => "stable_id".to_owned(),
            Self::ExternalId => "external_id".to_owned(),
            Self::Language => "language".to_owned(),
            Self::Enabled => "enabled".to_owned(),
            Self::Groups => "groups".to_owned(),
            Self::PasswordHash => "password_hash".to_owned(),
            Self::Attribute(name) => format!("{ATTRIBUTE_PREFIX}{name}"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = cell::restored(name.trim());
        let folded = name.to_lowercase().replace([' ', '-'], "_");
        Some(match folded.as_str() {
            "email" | "e_mail" | "mail" => Self::Email,
            "first_name" | "given_name" | "givenname" => Self::FirstName,
            "last_name" | "family_name" | "surname" | "sn" => Self::LastName,
            "user_name" | "username" => Self::UserName,
            "stable_id" => Self::StableId,
            "external_id" => Self::ExternalId,
            "language" => Self::Language,
            "enabled" => Self::Enabled,
            "groups" => Self::Groups,
            "password_hash" => Self::PasswordHash,
            _ => {
                let (prefix, attribute) = name.split_at_checked(ATTRIBUTE_PREFIX.len())?;
                if !prefix.eq_ignore_ascii_case(ATTRIBUTE_PREFIX) {
                    return None;
                }
                Self::Attribute(single_line("the attribute's name", attribute, AttributeRule::MAX_NAME).ok()?)
            }
        })
    }
}

/// What a file says about a person. A column that the file lacks is `None`: what is stored stays.
#[derive(Debug, Default)]
pub struct ImportedRow {
    /// The line of the file, from 1.
    pub line: u64,
    pub email: Option<Email>,
    pub given_name: Option<Option<NameComponent>>,
    pub family_name: Option<Option<NameComponent>>,
    pub user_name: Option<Option<UserName>>,
    pub stable_id: Option<StableId>,
    pub external_id: Option<Option<ExternalId>>,
    pub language: Option<Option<Language>>,
    pub enabled: Option<bool>,
    pub groups: Option<Vec<GroupName>>,
    /// Own attributes, each once, with all of its values.
    pub attributes: Vec<(String, Vec<String>)>,
    pub password: Option<ImportedHash>,
}

/// Why a row is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadRow {
    #[error(transparent)]
    Text(#[from] BadText),
    #[error(transparent)]
    Hash(#[from] BadHash),
    #[error("`{0}` is not true or false")]
    Enabled(String),
    #[error("{0} has the value {1} twice")]
    TwiceTheSame(String, String),
    #[error("it names nobody: there is no address, stable id or external id")]
    Nobody,
}

impl CsvRow for ImportedRow {
    type Column = Column;

    fn line(&self) -> u64 {
        self.line
    }

    fn parse(line: u64, columns: &[Column], cells: &[&str]) -> Result<Self, String> {
        Self::read(line, columns, cells).map_err(|why| why.to_string())
    }
}

impl ImportedRow {
    fn read(line: u64, columns: &[Column], cells: &[&str]) -> Result<Self, BadRow> {
        let mut row = Self {
            line,
            ..Self::default()
        };
        for (column, text) in columns.iter().zip(cells) {
            row.set(column, cell::restored(text).trim())?;
        }
        let is_external = matches!(row.external_id, Some(Some(_)));
        if row.email.is_none() && row.stable_id.is_none() && !is_external {
            return Err(BadRow::Nobody);
        }
        Ok(row)
    }

    fn set(&mut self, column: &Column, text: &str) -> Result<(), BadRow> {
        let given = Some(text).filter(|text| !text.is_empty());
        match column {
            Column::Email => self.email = given.map(Email::parse).transpose()?,
            Column::FirstName => {
                self.given_name = Some(NameComponent::parse_optional("the first name", text)?);
            }
            Column::LastName => {
                self.family_name = Some(NameComponent::parse_optional("the last name", text)?);
            }
            Column::UserName => self.user_name = Some(given.map(UserName::parse).transpose()?),
            Column::StableId => self.stable_id = given.map(StableId::parse).transpose()?,
            Column::ExternalId => self.external_id = Some(given.map(ExternalId::parse).transpose()?),
            Column::Language => self.language = Some(given.map(Language::parse).transpose()?),
            Column::Enabled => self.enabled = given.map(parse_enabled).transpose()?,
            Column::PasswordHash => self.password = given.map(ImportedHash::parse).transpose()?,
            Column::Groups => {
                let mut groups = BTreeMap::new();
                for name in cell::split(text) {
                    let name = GroupName::parse(&name)?;
                    groups.insert(name.folded(), name);
                }
                self.groups = Some(groups.into_values().collect());
            }
            Column::Attribute(name) => {
                let mut values: Vec<String> = Vec::new();
                for value in cell::split(text) {
                    let value = single_line("the attribute's value", &value, AttributeRule::MAX_VALUE)?;
                    if values.contains(&value) {
                        return Err(BadRow::TwiceTheSame(name.clone(), value));
                    }
                    values.push(value);
                }
                self.attributes.push((name.clone(), values));
            }
        }
        Ok(())
    }
}

fn parse_enabled(text: &str) -> Result<bool, BadRow> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(BadRow::Enabled(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_read_by_its_own_name_and_no_other() {
        let attribute = Column::Attribute("cost centre".to_owned());
        for column in Column::EXPORTED
            .into_iter()
            .chain([Column::PasswordHash, attribute])
        {
            assert_eq!(Column::parse(&column.name()), Some(column.clone()));
            assert_eq!(Column::parse(&column.name().replace('_', " ")), Some(column));
        }
        for other in ["", "phone", "attribute:", "attributes", "pässwörd:"] {
            assert_eq!(Column::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_cell_that_is_wrong_says_why() {
        let parse = |column: Column, text: &str| {
            ImportedRow::read(7, &[Column::Email, column], &["ada@fernweh.example", text])
        };
        assert_eq!(parse(Column::Enabled, "No").unwrap().enabled, Some(false));
        assert_eq!(parse(Column::Enabled, "").unwrap().enabled, None);
        assert_eq!(
            parse(Column::Enabled, "perhaps").unwrap_err(),
            BadRow::Enabled("perhaps".to_owned())
        );
        let language = |text| parse(Column::Language, text).map(|row| row.language);
        assert_eq!(language("DE").unwrap(), Some(Some(Language::German)));
        assert_eq!(language("").unwrap(), Some(None));
        assert!(matches!(language("tlh"), Err(BadRow::Text(_))));
        let groups = parse(Column::Groups, "Wiki; wiki;Sales").unwrap().groups.unwrap();
        assert_eq!(groups.len(), 2, "{groups:?}");
        assert!(matches!(parse(Column::Groups, "a,b"), Err(BadRow::Text(_))));
        assert!(matches!(
            parse(Column::PasswordHash, "secret"),
            Err(BadRow::Hash(BadHash::Unknown))
        ));
        let team = Column::Attribute("team".to_owned());
        assert!(matches!(parse(team, "a;a"), Err(BadRow::TwiceTheSame(..))));
        let nobody = ImportedRow::read(2, &[Column::FirstName], &["Ada"]);
        assert_eq!(nobody.unwrap_err(), BadRow::Nobody);
    }
}
