//! What `key roll status` prints, and what the steps print about the applications that do not trust the key yet.

use std::net::IpAddr;

use anyhow::Result;

use crate::{
    api_model::{
        key::{KeyStatusOutput, KeyStatusWords, state_name},
        remedy,
    },
    cli::{
        actor,
        output::{self, print_line},
    },
    model::{application::ApplicationKind, key::KeyState, remedy::Remediable, rollover::MetadataFetch},
    provider::{
        Provider,
        keys::{
            AdoptionEvidence, AdoptionStatus, MIN_PUBLISHED_AFTER_SIGNING, MIN_PUBLISHED_BEFORE_SIGNING,
            Rollover,
        },
    },
};

/// How many applications the text lists one by one; JSON lists all.
const MAX_LINES: usize = 40;
/// How many fetches by one application the text lists.
const MAX_FETCHES: usize = 3;

pub(super) fn print(provider: &Provider, json: bool) -> Result<()> {
    let rollover = provider.keys(actor::current()).rollover()?;
    let warnings = warnings(provider)?;
    if json {
        return output::json(&KeyStatusOutput::new(
            &rollover,
            KeyStatusWords {
                warnings,
                next_step: next_step(provider, &rollover),
                todo: adoption_hint,
            },
        ));
    }
    for key in &rollover.keys {
        print_line(format_args!(
            "{:9} {}  {}, until {}, {} since {}",
            state_name(key.state),
            key.certificate.sha256,
            key.certificate.subject,
            key.certificate.not_after.format("%Y-%m-%d"),
            state_name(key.state),
            key.since.format("%Y-%m-%d %H:%M UTC")
        ))?;
    }
    if rollover.key_to_adopt.is_some() {
        print_adoptions(&rollover)?;
    }
    for warning in &warnings {
        print_line(format_args!("\n- {warning}"))?;
    }
    print_line(format_args!("\n{}", next_step(provider, &rollover)))
}

fn print_adoptions(rollover: &Rollover) -> Result<()> {
    print_line(format_args!("\n{}", progress(rollover)))?;
    let (missing, others): (Vec<_>, Vec<_>) = rollover
        .adoptions
        .iter()
        .partition(|adoption| adoption.evidence.is_none() && adoption.enabled);
    let mut left = MAX_LINES;
    for adoption in missing.into_iter().chain(others) {
        if left == 0 {
            let rest = rollover.adoptions.len() - MAX_LINES;
            return print_line(format_args!("  … and {rest} more: --json prints all"));
        }
        left -= 1;
        print_line(format_args!(
            "  {:24} {}",
            adoption.slug.as_str(),
            describe_adoption(adoption)
        ))?;
        print_fetches(adoption)?;
    }
    Ok(())
}

/// Further fetches from the application's own address, and those from the address that anybody can guess.
fn print_fetches(adoption: &AdoptionStatus) -> Result<()> {
    let is_further = |fetch: &&MetadataFetch| match &adoption.evidence {
        Some(AdoptionEvidence::Fetched { at, .. }) => !(fetch.is_own && fetch.first_fetched_at == *at),
        Some(AdoptionEvidence::Confirmed { .. } | AdoptionEvidence::RegisteredWith) | None => true,
    };
    let others: Vec<&MetadataFetch> = adoption.fetches.iter().filter(is_further).collect();
    for fetch in others.iter().take(MAX_FETCHES) {
        let which = if fetch.is_own {
            "its address was fetched too"
        } else {
            "a hint only, since anybody can ask there: the address without its last part was fetched"
        };
        let by = fetched_by(fetch.address, fetch.user_agent.as_deref());
        print_line(format_args!(
            "{:26} {which} on {}{by}",
            "",
            fetch.first_fetched_at.format("%Y-%m-%d %H:%M UTC")
        ))?;
    }
    match others.len().saturating_sub(MAX_FETCHES) {
        0 => Ok(()),
        more => print_line(format_args!("{:26} and {more} more: --json prints all", "")),
    }
}

fn fetched_by(address: Option<IpAddr>, agent: Option<&str>) -> String {
    let from = address
        .map(|address| format!(" from {address}"))
        .unwrap_or_default();
    let by = agent.map(|agent| format!(" by {agent}")).unwrap_or_default();
    format!("{from}{by}")
}

fn describe_adoption(adoption: &AdoptionStatus) -> String {
    let off = match (adoption.kind, adoption.enabled) {
        (None, _) => " (draft)",
        (Some(_), false) => " (switched off)",
        (Some(_), true) => "",
    };
    let evidence = match &adoption.evidence {
        Some(AdoptionEvidence::Fetched { at, address, agent }) => {
            let by = fetched_by(*address, agent.as_deref());
            format!("fetched our metadata on {}{by}", at.format("%Y-%m-%d %H:%M UTC"))
        }
        Some(AdoptionEvidence::Confirmed { at }) => {
            format!("confirmed on {}", at.format("%Y-%m-%d %H:%M UTC"))
        }
        Some(AdoptionEvidence::RegisteredWith) => "registered with this key".to_owned(),
        None => format!("not yet: {}", adoption_hint(adoption)),
    };
    format!("{}{off}: {evidence}", adoption.name)
}

/// What makes an application trust the new key.
fn adoption_hint(adoption: &AdoptionStatus) -> String {
    let (own, slug) = (&adoption.metadata_url, &adoption.slug);
    match adoption.kind {
        Some(ApplicationKind::ChatGptLegacy | ApplicationKind::ChatGptCurrent) => format!(
            "if ChatGPT was given {own}, it fetches by itself. If the certificate was pasted there: ChatGPT holds one at a time, so have the new one ready to paste in the minute of `activate`, and run `hallpass key roll confirm {slug}`"
        ),
        Some(ApplicationKind::Other) | None => format!(
            "let it fetch {own}; or paste the new certificate there beside the old one (in the minute of `activate`, where it holds only one), and run `hallpass key roll confirm {slug}`"
        ),
    }
}

/// The applications that the step waits for, one a line.
pub(super) fn missing_lines(provider: &Provider) -> Result<Vec<String>> {
    let rollover = provider.keys(actor::current()).rollover()?;
    let line = |adoption: &AdoptionStatus| {
        format!(
            "- {} ({}): {}",
            adoption.name,
            adoption.slug,
            adoption_hint(adoption)
        )
    };
    let mut lines: Vec<String> = rollover.not_adopted().take(MAX_LINES).map(line).collect();
    let rest = rollover.not_adopted().count() - lines.len();
    if rest > 0 {
        lines.push(format!(
            "- … and {rest} more: `hallpass key roll status --json` prints all"
        ));
    }
    Ok(lines)
}

pub(super) fn print_missing(provider: &Provider) -> Result<()> {
    let lines = missing_lines(provider)?;
    if lines.is_empty() {
        return print_line(format_args!("\nNo application has to learn of it."));
    }
    print_line(format_args!("\nBefore it may sign, these have to trust it:"))?;
    lines
        .iter()
        .try_for_each(|line| print_line(format_args!("{line}")))
}

pub(super) fn print_progress(provider: &Provider) -> Result<()> {
    let rollover = provider.keys(actor::current()).rollover()?;
    print_line(format_args!("{}", progress(&rollover)))
}

/// An application that was confirmed by hand may hold one certificate at a time: the new one has to be pasted now.
pub(super) fn print_where_to_paste(provider: &Provider) -> Result<()> {
    let rollover = provider.keys(actor::current()).rollover()?;
    let pasted: Vec<_> = rollover
        .adoptions
        .iter()
        .filter(|adoption| {
            adoption.enabled && matches!(adoption.evidence, Some(AdoptionEvidence::Confirmed { .. }) | None)
        })
        .collect();
    if pasted.is_empty() {
        return Ok(());
    }
    print_line(format_args!(
        "\nWhere only one certificate is held at a time (ChatGPT, if it was pasted there), paste it now: {}",
        provider.endpoints().certificate
    ))?;
    for adoption in pasted.iter().take(MAX_LINES) {
        print_line(format_args!("- {} ({})", adoption.name, adoption.slug))?;
    }
    Ok(())
}

fn progress(rollover: &Rollover) -> String {
    let enabled = rollover
        .adoptions
        .iter()
        .filter(|adoption| adoption.enabled && adoption.kind.is_some())
        .count();
    let missing = rollover.not_adopted().count();
    let which = match rollover.key(KeyState::Next) {
        Some(_) => "the next key",
        None => "the key that signs now",
    };
    format!(
        "Enabled applications that are known to trust {which}: {} of {enabled}.",
        enabled - missing
    )
}

fn next_step(provider: &Provider, rollover: &Rollover) -> String {
    let (missing, now) = (rollover.not_adopted().count(), provider.now());
    match (rollover.key(KeyState::Next), rollover.key(KeyState::Previous)) {
        (Some(_), Some(_)) => {
            "Two rollovers overlap: take the next key back (`hallpass key roll cancel`) or retire the previous one (`hallpass key roll retire`).".to_owned()
        }
        (Some(_), None) if missing > 0 => {
            "Next: confirm those that do not fetch, then `hallpass key roll activate`.".to_owned()
        }
        (Some(next), None) => {
            let at = next.created_at + MIN_PUBLISHED_BEFORE_SIGNING;
            if at > now {
                format!("Next: `hallpass key roll activate`, from {} on.", at.format("%H:%M:%S UTC"))
            } else {
                "Next: `hallpass key roll activate`.".to_owned()
            }
        }
        (None, Some(_)) => {
            let since = rollover.key(KeyState::Active).map(|active| active.since + MIN_PUBLISHED_AFTER_SIGNING);
            match since {
                Some(at) if at > now => format!(
                    "Next: look whether sign-in works everywhere. `hallpass key roll back` undoes it; `hallpass key roll retire` ends it, from {} on.",
                    at.format("%H:%M:%S UTC")
                ),
                Some(_) | None => "Next: when sign-in works everywhere, `hallpass key roll retire`. `hallpass key roll back` undoes it.".to_owned(),
            }
        }
        (None, None) => "No rollover is under way; `hallpass key roll prepare` begins one.".to_owned(),
    }
}

fn warnings(provider: &Provider) -> Result<Vec<String>> {
    let own = provider.keys(actor::current()).own_expiring_certificates()?;
    let of_applications = provider
        .keys(actor::current())
        .application_expiring_certificates()?;
    Ok(own
        .iter()
        .chain(&of_applications)
        .map(|expiring| expiring.with_words(remedy::words))
        .collect())
}
