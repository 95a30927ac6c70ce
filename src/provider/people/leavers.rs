//! Where people who are switched off here may still have an open session or an account.

use std::io::Write;

use chrono::TimeDelta;
use csv::WriterBuilder;

use crate::{
    model::{id::AuditId, use_case::UseCase, user::Leaver},
    provider::{csv_file::cell, error::Error, handle::People},
};

impl People<'_> {
    /// Each application at which somebody who is switched off signed in during the last `days` days, by address.
    pub fn leavers(&self, days: u32) -> Result<Vec<Leaver>, Error> {
        self.may(UseCase::ReadPeople)?;
        let since = AuditId::new(self.now() - TimeDelta::days(days.into()), [0; 10]);
        Ok(self.store().read(|tx| tx.leavers(since))?)
    }
}

/// Writes `leavers` as CSV. No cell begins as a formula does.
pub fn write_leavers(leavers: &[Leaver], out: impl Write) -> Result<(), csv::Error> {
    let mut csv = WriterBuilder::new().from_writer(out);
    csv.write_record(["email", "application", "name_id", "signed_in_at"])?;
    for leaver in leavers {
        let signed_in_at = leaver.signed_in_at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let cells = [
            leaver.email.as_str(),
            leaver.application.as_str(),
            leaver.name_id.as_deref().unwrap_or_default(),
            &signed_in_at,
        ];
        csv.write_record(cells.map(cell::neutralised))?;
    }
    csv.flush()?;
    Ok(())
}
