//! What `key roll status` prints, and what the steps say of those who wait.

use std::net::IpAddr;

use anyhow::Result;
use serde::Serialize;

use crate::{
    cli::{
        app::kind,
        output::{self, say, time},
    },
    model::{
        application::Kind,
        key::{Certificate, KeyState},
        rollover::Fetch,
    },
    provider::{
        Provider,
        endings::EndingSoon,
        rollover::{Follower, KEPT_AFTER, Known, PUBLISHED_FIRST, RingKey, Rollover},
    },
};

/// How many applications are listed one by one for people; programs get all.
const MOST_LINES: usize = 40;
/// How many fetchers of one application are listed for people.
const MOST_FETCHERS: usize = 3;

#[derive(Serialize)]
struct Shown {
    keys: Vec<ShownKey>,
    /// The certificate that everybody has to trust; none where no rollover is under way.
    learning: Option<String>,
    missing: usize,
    applications: Vec<ShownFollower>,
    warnings: Vec<String>,
    next_step: String,
}

#[derive(Serialize)]
struct ShownKey {
    state: &'static str,
    sha256: String,
    subject: String,
    not_before: String,
    not_after: String,
    since: String,
}

#[derive(Serialize)]
struct ShownFollower {
    slug: String,
    name: String,
    kind: &'static str,
    enabled: bool,
    follows: bool,
    how: Option<&'static str>,
    at: Option<String>,
    address: Option<String>,
    agent: Option<String>,
    metadata_url: String,
    fetchers: Vec<ShownFetch>,
    todo: Option<String>,
}

#[derive(Serialize)]
struct ShownFetch {
    at: String,
    address: Option<String>,
    agent: Option<String>,
    /// At the address that only this application was given: else it is a hint.
    own_address: bool,
}

pub(super) fn print(provider: &Provider, json: bool) -> Result<()> {
    let rollover = provider.rollover()?;
    let warnings = warnings(provider)?;
    if json {
        return output::json(&shown(provider, &rollover, warnings));
    }
    for key in &rollover.keys {
        say(format_args!(
            "{:9} {}  {}, until {}, {} since {}",
            state(key.state),
            key.certificate.sha256,
            key.certificate.subject,
            key.certificate.not_after.format("%Y-%m-%d"),
            state(key.state),
            key.since.format("%Y-%m-%d %H:%M UTC")
        ))?;
    }
    if rollover.learning.is_some() {
        print_followers(&rollover)?;
    }
    for warning in &warnings {
        say(format_args!("\n- {warning}"))?;
    }
    say(format_args!("\n{}", next_step(provider, &rollover)))
}

fn print_followers(rollover: &Rollover) -> Result<()> {
    say(format_args!("\n{}", progress(rollover)))?;
    let (missing, others): (Vec<_>, Vec<_>) = rollover
        .followers
        .iter()
        .partition(|one| one.known.is_none() && one.enabled);
    let mut left = MOST_LINES;
    for one in missing.into_iter().chain(others) {
        if left == 0 {
            let rest = rollover.followers.len() - MOST_LINES;
            return say(format_args!("  … and {rest} more: --json prints all"));
        }
        left -= 1;
        say(format_args!("  {:24} {}", one.slug.as_str(), standing(one)))?;
        print_fetchers(one)?;
    }
    Ok(())
}

/// Who else came to its address, and who came to the one that anybody can guess.
fn print_fetchers(one: &Follower) -> Result<()> {
    let told = |fetch: &&Fetch| match &one.known {
        Some(Known::Fetched { at, .. }) => !(fetch.is_own && fetch.at == *at),
        Some(Known::Confirmed { .. } | Known::RegisteredWith) | None => true,
    };
    let others: Vec<&Fetch> = one.fetches.iter().filter(told).collect();
    for fetch in others.iter().take(MOST_FETCHERS) {
        let which = if fetch.is_own {
            "its address was fetched too"
        } else {
            "a hint only, since anybody can ask there: the address without its last part was fetched"
        };
        let by = by(fetch.address, fetch.agent.as_deref());
        say(format_args!(
            "{:26} {which} on {}{by}",
            "",
            fetch.at.format("%Y-%m-%d %H:%M UTC")
        ))?;
    }
    match others.len().saturating_sub(MOST_FETCHERS) {
        0 => Ok(()),
        more => say(format_args!("{:26} and {more} more: --json prints all", "")),
    }
}

fn by(address: Option<IpAddr>, agent: Option<&str>) -> String {
    let from = address
        .map(|address| format!(" from {address}"))
        .unwrap_or_default();
    let by = agent.map(|agent| format!(" by {agent}")).unwrap_or_default();
    format!("{from}{by}")
}

/// How one of them stands, in words.
fn standing(one: &Follower) -> String {
    let off = match (one.kind, one.enabled) {
        (None, _) => " (draft)",
        (Some(_), false) => " (switched off)",
        (Some(_), true) => "",
    };
    let words = match &one.known {
        Some(Known::Fetched { at, address, agent }) => {
            let by = by(*address, agent.as_deref());
            format!("fetched our metadata on {}{by}", at.format("%Y-%m-%d %H:%M UTC"))
        }
        Some(Known::Confirmed { at }) => format!("confirmed on {}", at.format("%Y-%m-%d %H:%M UTC")),
        Some(Known::RegisteredWith) => "registered with this key".to_owned(),
        None => format!("not yet: {}", todo(one)),
    };
    format!("{}{off}: {words}", one.name)
}

/// What makes an application trust the new key.
fn todo(one: &Follower) -> String {
    let (own, slug) = (&one.metadata_url, &one.slug);
    match one.kind {
        Some(Kind::ChatGptLegacy | Kind::ChatGptCurrent) => format!(
            "if ChatGPT was given {own}, it fetches by itself. If the certificate was pasted there: ChatGPT holds one at a time, so have the new one ready to paste in the minute of `activate`, and run `hallpass key roll confirm {slug}`"
        ),
        Some(Kind::Saml) | None => format!(
            "let it fetch {own}; or paste the new certificate there beside the old one (in the minute of `activate`, where it holds only one), and run `hallpass key roll confirm {slug}`"
        ),
    }
}

/// The applications that stand in the way, one a line.
pub(super) fn missing_lines(provider: &Provider) -> Result<Vec<String>> {
    let rollover = provider.rollover()?;
    let line = |one: &Follower| format!("- {} ({}): {}", one.name, one.slug, todo(one));
    let mut lines: Vec<String> = rollover.missing().take(MOST_LINES).map(line).collect();
    let rest = rollover.missing().count() - lines.len();
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
        return say(format_args!("\nNo application has to learn of it."));
    }
    say(format_args!("\nBefore it may sign, these have to trust it:"))?;
    lines.iter().try_for_each(|line| say(format_args!("{line}")))
}

pub(super) fn print_progress(provider: &Provider) -> Result<()> {
    let rollover = provider.rollover()?;
    say(format_args!("{}", progress(&rollover)))
}

/// Who was confirmed by hand may hold one certificate at a time: then it is to be pasted now.
pub(super) fn print_pastes(provider: &Provider) -> Result<()> {
    let rollover = provider.rollover()?;
    let pasted: Vec<_> = rollover
        .followers
        .iter()
        .filter(|one| one.enabled && matches!(one.known, Some(Known::Confirmed { .. }) | None))
        .collect();
    if pasted.is_empty() {
        return Ok(());
    }
    say(format_args!(
        "\nWhere only one certificate is held at a time (ChatGPT, if it was pasted there), paste it now: {}",
        provider.endpoints().certificate
    ))?;
    for one in pasted.iter().take(MOST_LINES) {
        say(format_args!("- {} ({})", one.name, one.slug))?;
    }
    Ok(())
}

fn progress(rollover: &Rollover) -> String {
    let enabled = rollover
        .followers
        .iter()
        .filter(|one| one.enabled && one.kind.is_some())
        .count();
    let missing = rollover.missing().count();
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
    let (missing, now) = (rollover.missing().count(), provider.now());
    match (rollover.key(KeyState::Next), rollover.key(KeyState::Previous)) {
        (Some(_), Some(_)) => {
            "Two rollovers overlap: take the next key back (`hallpass key roll cancel`) or retire the previous one (`hallpass key roll retire`).".to_owned()
        }
        (Some(_), None) if missing > 0 => {
            "Next: confirm those that do not fetch, then `hallpass key roll activate`.".to_owned()
        }
        (Some(next), None) => {
            let at = next.created_at + PUBLISHED_FIRST;
            if at > now {
                format!("Next: `hallpass key roll activate`, from {} on.", at.format("%H:%M:%S UTC"))
            } else {
                "Next: `hallpass key roll activate`.".to_owned()
            }
        }
        (None, Some(_)) => {
            let since = rollover.key(KeyState::Active).map(|active| active.since + KEPT_AFTER);
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
    let own = provider.own_endings()?;
    let theirs = provider.application_endings()?;
    Ok(own.iter().chain(&theirs).map(EndingSoon::words).collect())
}

fn shown(provider: &Provider, rollover: &Rollover, warnings: Vec<String>) -> Shown {
    let learning = rollover.keys.iter().find(|key| Some(key.id) == rollover.learning);
    Shown {
        keys: rollover.keys.iter().map(shown_key).collect(),
        learning: learning.map(|key| key.certificate.sha256.clone()),
        missing: rollover.missing().count(),
        applications: rollover.followers.iter().map(shown_follower).collect(),
        warnings,
        next_step: next_step(provider, rollover),
    }
}

fn shown_key(key: &RingKey) -> ShownKey {
    let Certificate {
        der: _,
        sha256,
        subject,
        not_before,
        not_after,
    } = &key.certificate;
    ShownKey {
        state: state(key.state),
        sha256: sha256.clone(),
        subject: subject.clone(),
        not_before: time(*not_before),
        not_after: time(*not_after),
        since: time(key.since),
    }
}

fn shown_follower(one: &Follower) -> ShownFollower {
    let (how, at, address, agent) = match &one.known {
        Some(Known::Fetched { at, address, agent }) => (
            Some("fetched"),
            Some(time(*at)),
            address.map(|address| address.to_string()),
            agent.clone(),
        ),
        Some(Known::Confirmed { at }) => (Some("confirmed"), Some(time(*at)), None, None),
        Some(Known::RegisteredWith) => (Some("registered"), None, None, None),
        None => (None, None, None, None),
    };
    ShownFollower {
        slug: one.slug.to_string(),
        name: one.name.clone(),
        kind: one.kind.map_or("draft", kind),
        enabled: one.enabled,
        follows: one.known.is_some(),
        how,
        at,
        address,
        agent,
        metadata_url: one.metadata_url.clone(),
        fetchers: one.fetches.iter().map(shown_fetch).collect(),
        todo: one.known.is_none().then(|| todo(one)),
    }
}

fn shown_fetch(fetch: &Fetch) -> ShownFetch {
    ShownFetch {
        at: time(fetch.at),
        address: fetch.address.map(|address| address.to_string()),
        agent: fetch.agent.clone(),
        own_address: fetch.is_own,
    }
}

const fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "next",
        KeyState::Active => "active",
        KeyState::Previous => "previous",
        KeyState::Retired => "retired",
    }
}
