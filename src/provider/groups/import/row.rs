//! A row of a CSV file, as the values of a group.

use crate::{
    model::{
        group::{Group, GroupName},
        id::GroupId,
        second_factor::SecondFactorPolicy,
        text::BadText,
    },
    provider::csv_file::{
        cell,
        reader::{CsvColumn, CsvRow},
    },
};

/// In the cell of a group without a rule of its own; an empty cell says the same.
const INHERIT: &str = "inherit";

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Column {
    Id,
    Name,
    Description,
    SecondFactor,
}

impl Column {
    /// In the order of an export.
    pub const ALL: [Self; 4] = [Self::Id, Self::Name, Self::Description, Self::SecondFactor];
}

impl CsvColumn for Column {
    const KEYS: &[Self] = &[Self::Id, Self::Name];

    fn parse(name: &str) -> Option<Self> {
        let folded = cell::restored(name.trim())
            .to_lowercase()
            .replace([' ', '-'], "_");
        Self::ALL.into_iter().find(|column| column.name() == folded)
    }

    fn name(&self) -> String {
        let name = match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Description => "description",
            Self::SecondFactor => "second_factor",
        };
        name.to_owned()
    }
}

/// What a file says about a group. A column that the file lacks is `None`: what is stored stays.
#[derive(Debug, Default)]
pub struct GroupRow {
    /// The line of the file, from 1.
    pub line: u64,
    pub id: Option<GroupId>,
    pub name: Option<GroupName>,
    pub description: Option<Option<String>>,
    pub second_factor: Option<Option<SecondFactorPolicy>>,
}

/// Why a row is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadRow {
    #[error(transparent)]
    Text(#[from] BadText),
    #[error("`{0}` is not the id of a group, as an export has it")]
    Id(String),
    #[error("{0}")]
    Rule(String),
    #[error("it names no group: there is no id and no name")]
    NoGroup,
}

impl CsvRow for GroupRow {
    type Column = Column;

    fn line(&self) -> u64 {
        self.line
    }

    fn parse(line: u64, columns: &[Column], cells: &[&str]) -> Result<Self, String> {
        Self::read(line, columns, cells).map_err(|why| why.to_string())
    }
}

impl GroupRow {
    fn read(line: u64, columns: &[Column], cells: &[&str]) -> Result<Self, BadRow> {
        let mut row = Self {
            line,
            ..Self::default()
        };
        for (column, text) in columns.iter().zip(cells) {
            row.set(*column, cell::restored(text).trim())?;
        }
        if row.id.is_none() && row.name.is_none() {
            return Err(BadRow::NoGroup);
        }
        Ok(row)
    }

    fn set(&mut self, column: Column, text: &str) -> Result<(), BadRow> {
        let given = Some(text).filter(|text| !text.is_empty());
        match column {
            Column::Id => {
                let parse = |text: &str| text.parse().map_err(|_error| BadRow::Id(text.to_owned()));
                self.id = given.map(parse).transpose()?;
            }
            Column::Name => self.name = given.map(GroupName::parse).transpose()?,
            Column::Description => self.description = Some(Group::parse_description(text)?),
            Column::SecondFactor => {
                let rule = given.filter(|text| !text.eq_ignore_ascii_case(INHERIT));
                self.second_factor = Some(
                    rule.map(SecondFactorPolicy::parse)
                        .transpose()
                        .map_err(BadRow::Rule)?,
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_read_by_its_own_name_and_no_other() {
        for column in Column::ALL {
            assert_eq!(Column::parse(&column.name()), Some(column));
            assert_eq!(
                Column::parse(&column.name().to_uppercase().replace('_', " ")),
                Some(column)
            );
        }
        for other in ["", "members", "email"] {
            assert_eq!(Column::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_cell_that_is_wrong_says_why() {
        let parse = |column: Column, text: &str| GroupRow::read(3, &[Column::Name, column], &["Wiki", text]);
        let rule = |text: &str| parse(Column::SecondFactor, text).unwrap().second_factor;
        assert_eq!((rule(""), rule("Inherit")), (Some(None), Some(None)));
        let day = rule("required from 2027-01-31").unwrap().unwrap();
        assert_eq!(day.to_string(), "required from 2027-01-31");
        assert!(matches!(
            parse(Column::SecondFactor, "perhaps"),
            Err(BadRow::Rule(_))
        ));
        assert_eq!(parse(Column::Description, "").unwrap().description, Some(None));
        assert_eq!(parse(Column::Id, "7").unwrap_err(), BadRow::Id("7".to_owned()));
        for (name, why) in [("", "names no group"), ("a,b", "comma")] {
            let error = GroupRow::read(3, &[Column::Name], &[name]).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
