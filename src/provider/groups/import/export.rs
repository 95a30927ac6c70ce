//! Groups as CSV, in the form that an import reads.

use std::io::Write;

use csv::WriterBuilder;

use crate::{
    model::{group::Group, use_case::UseCase},
    provider::{
        csv_file::{cell, export_error::ExportError, reader::CsvColumn},
        error::Error,
        groups::import::row::Column,
        handle::Groups,
    },
    store::GroupFilter,
};

/// How many groups are in memory at a time.
const PAGE: i64 = 500;

impl Groups<'_> {
    /// Writes every group to `out`, by name. No cell begins as a formula does.
    pub fn export_groups(&self, out: impl Write) -> Result<(), ExportError> {
        self.may(UseCase::ReadGroups)?;
        let mut csv = WriterBuilder::new().from_writer(out);
        csv.write_record(Column::ALL.map(|column| column.name()))?;
        let mut filter = GroupFilter::default();
        loop {
            let page = self
                .store()
                .read(|tx| tx.groups(&filter, PAGE))
                .map_err(Error::from)?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.name.clone());
            for group in &page {
                csv.write_record(Column::ALL.map(|column| cell::neutralised(&value_of(column, group))))?;
            }
        }
        csv.flush().map_err(csv::Error::from)?;
        Ok(())
    }
}

fn value_of(column: Column, group: &Group) -> String {
    match column {
        Column::Id => group.id.to_string(),
        Column::Name => group.name.to_string(),
        Column::Description => group.description.clone().unwrap_or_default(),
        Column::SecondFactor => {
            let policy = group.second_factor.map(|policy| policy.to_string());
            policy.unwrap_or_default()
        }
    }
}
