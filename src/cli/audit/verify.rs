//! `hallpass audit verify`

use anyhow::{Result, bail};

use crate::{
    api_model::audit_chain::{ChainReportOutput, fault_words},
    cli::{
        actor,
        output::{self, print_line},
    },
    model::{audit_chain::ChainDigest, text::hex},
    provider::{Provider, audit::verify::ChainReport},
};

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArguments {
    /// A digest that an earlier run printed and you kept elsewhere: it must still be in the chain
    #[arg(long, value_name = "DIGEST", value_parser = parse_digest)]
    expect: Option<ChainDigest>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(arguments: &VerifyArguments, provider: &Provider) -> Result<()> {
    let report = provider
        .audit(actor::current())
        .verify_chain(arguments.expect.as_ref())?;
    if arguments.json {
        output::json(&ChainReportOutput::from(&report))?;
    } else {
        print_report(&report)?;
    }
    if let Some(fault) = &report.fault {
        bail!("the audit log does not fit: {}", fault_words(fault));
    }
    if !report.is_intact() {
        bail!(
            "the expected digest is not in the chain: rows after it, or the whole chain, were replaced, an older backup was restored, or its batch was removed by its age"
        );
    }
    Ok(())
}

fn print_report(report: &ChainReport) -> Result<()> {
    if report.anchor.number > 0 {
        print_line(format_args!(
            "Rows up to number {} were removed by their age.",
            report.anchor.number
        ))?;
    }
    print_line(format_args!(
        "{} rows in {} closed batches fit, up to number {}.",
        report.rows, report.batches, report.end.number
    ))?;
    if report.open_rows + report.unnumbered_rows > 0 {
        print_line(format_args!(
            "Nothing proves {} newer rows yet ({} of them without a number); their batches are closed within some minutes, while the daemon runs.",
            report.open_rows + report.unnumbered_rows,
            report.unnumbered_rows
        ))?;
    }
    if report.is_expected_found == Some(true) {
        print_line(format_args!("The expected digest is in the chain."))?;
    }
    print_line(format_args!(
        "Digest of all that fits: {}",
        hex(&report.end.digest)
    ))
}

fn parse_digest(text: &str) -> Result<ChainDigest, String> {
    let parse = || {
        let pairs = text.as_bytes().chunks(2);
        let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        ChainDigest::try_from(bytes.collect::<Option<Vec<u8>>>().filter(|_| is_hex)?).ok()
    };
    parse().ok_or_else(|| "write the 64 hex digits that `hallpass audit verify` printed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_64_hex_digits() {
        let digest = [0xa7; 32];
        assert_eq!(parse_digest(&hex(&digest)), Ok(digest));
        for bad in ["", "a7", &"+7".repeat(32), &"é".repeat(32), &"a7".repeat(33)] {
            parse_digest(bad).unwrap_err();
        }
    }
}
