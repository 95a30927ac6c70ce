//! `hallpass audit --size`

use anyhow::Result;

use crate::{
    api_model::audit_chain::AuditSizeOutput,
    cli::{
        actor,
        output::{self, print_line},
    },
    provider::Provider,
};

pub(super) fn size(provider: &Provider, json: bool) -> Result<()> {
    let size = provider.audit(actor::current()).audit_size()?;
    let retention = provider.policy().audit_retention;
    if json {
        return output::json(&AuditSizeOutput::new(&size, retention));
    }
    let oldest = size
        .oldest_at
        .map(|at| format!(", the oldest of {}", at.format("%Y-%m-%d")))
        .unwrap_or_default();
    print_line(format_args!(
        "{} rows{oldest}, take {}.",
        size.rows,
        describe_bytes(size.bytes)
    ))?;
    print_line(format_args!(
        "{} of them are unproven refusals, which are kept for 30 days at most.",
        size.unproven_rows
    ))?;
    match retention {
        Some(retention) => print_line(format_args!(
            "Rows are kept for {} days (audit.retention).",
            retention.num_days()
        )),
        None => print_line(format_args!("Rows are kept for ever (audit.retention).")),
    }
}

fn describe_bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    let unit = UNITS.iter().find(|(size, _name)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(size, name)| {
            let tenths = bytes / (size / 10).max(1);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1 << 10, "1.0 kB"),
            (3 << 19, "1.5 MB"),
            (5 << 30, "5.0 GB"),
        ] {
            assert_eq!(describe_bytes(bytes), text);
        }
    }
}
