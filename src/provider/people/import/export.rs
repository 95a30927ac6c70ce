//! People and their groups as CSV, in the form that an import reads.

use std::io::Write;

use csv::{Writer, WriterBuilder};

use crate::{
    model::{
        group::GroupName,
        language::Language,
        use_case::UseCase,
        user::{Email, ExternalId, NameComponent, UserName},
    },
    provider::{
        csv_file::{cell, export_error::ExportError, reader::CsvColumn},
        error::Error,
        handle::People,
        people::{
            import::row::Column,
            users::{UserDetails, UserFilter},
        },
    },
    store::Tx,
};

/// How many people are in memory at a time.
const PAGE: u32 = 500;

/// How many people were written, and how many were left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ExportReport {
    pub people: usize,
    /// They were deleted and are not erased yet.
    pub deleted: usize,
}

impl People<'_> {
    /// Writes everybody who is not deleted to `out`, by address, with every attribute that anybody has. No cell begins
    /// as a formula does, and no password hash is among them.
    pub fn export_users(&self, out: impl Write) -> Result<ExportReport, ExportError> {
        self.may(UseCase::ReadPeople).map_err(ExportError::Provider)?;
        let names = self.store().read(Tx::user_attribute_names).map_err(Error::from)?;
        let columns: Vec<Column> = Column::EXPORTED
            .into_iter()
            .chain(names.into_iter().map(Column::Attribute))
            .collect();
        let mut csv = WriterBuilder::new().from_writer(out);
        csv.write_record(columns.iter().map(|column| cell::neutralised(&column.name())))?;
        let (mut report, mut filter) = (ExportReport::default(), UserFilter::default());
        loop {
            let page = self.users_with_details(&filter, PAGE)?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.user.email.clone());
            for details in &page {
                if details.user.deleted_at.is_some() {
                    report.deleted += 1;
                    continue;
                }
                write_row(&mut csv, &columns, details)?;
                report.people += 1;
            }
        }
        csv.flush().map_err(csv::Error::from)?;
        Ok(report)
    }
}

fn write_row(
    csv: &mut Writer<impl Write>,
    columns: &[Column],
    details: &UserDetails,
) -> Result<(), csv::Error> {
    csv.write_record(
        columns
            .iter()
            .map(|column| cell::neutralised(&value_of(column, details))),
    )
}

fn value_of(column: &Column, details: &UserDetails) -> String {
    let user = &details.user;
    let name = |name: Option<&NameComponent>| name.map(NameComponent::as_str).unwrap_or_default().to_owned();
    match column {
        Column::Email => Email::as_str(&user.email).to_owned(),
        Column::FirstName => name(user.names.given()),
        Column::LastName => name(user.names.family()),
        Column::UserName => {
            let name = user.user_name.as_ref().map(UserName::as_str);
            name.unwrap_or_default().to_owned()
        }
        Column::StableId => user.stable_id.as_str().to_owned(),
        Column::ExternalId => {
            let id = user.external_id.as_ref().map(ExternalId::as_str);
            id.unwrap_or_default().to_owned()
        }
        Column::Language => {
            let tag = user.preferences.language.map(Language::tag);
            tag.unwrap_or_default().to_owned()
        }
        Column::Enabled => user.enabled.to_string(),
        Column::Groups => cell::joined(details.groups.iter().map(GroupName::as_str)),
        Column::PasswordHash => String::new(),
        Column::Attribute(name) => {
            let values = details.own_attributes.get(name);
            cell::joined(values.into_iter().flatten().map(String::as_str))
        }
    }
}
