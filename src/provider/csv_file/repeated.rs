//! Rows of one file that share what only one of them can have.

use std::{borrow::Cow, collections::BTreeMap};

use crate::provider::csv_file::reader::CsvRow;

/// What a value is called, and the one of a row.
pub type UniqueValue<R> = (&'static str, fn(&R) -> Option<Cow<'_, str>>);

/// The lines that share one of `values` with another line, and what to say of each.
pub fn repeated_values<R: CsvRow>(rows: &[R], values: &[UniqueValue<R>]) -> BTreeMap<u64, String> {
    let mut found = BTreeMap::new();
    for (what, value_of) in values {
        let mut values: Vec<(Cow<'_, str>, u64)> = rows
            .iter()
            .filter_map(|row| Some((value_of(row)?, row.line())))
            .collect();
        values.sort_unstable();
        for pair in values.windows(2) {
            if let [(value, line), (other, other_line)] = pair
                && value == other
            {
                for (line, other) in [(line, other_line), (other_line, line)] {
                    found
                        .entry(*line)
                        .or_insert_with(|| format!("line {other} has the same {what}"));
                }
            }
        }
    }
    found
}
