//! Parses single values, and says what was expected if one is refused.

use std::net::{IpAddr, SocketAddr};

use chrono::TimeDelta;
use ipnet::IpNet;
use url::Url;

use crate::{
    config::log_format::LogFormat,
    model::{endpoint::BaseUrl, language::Language},
};

/// Why a value is refused; never contains a value that may be secret.
type Reason = String;

/// A whole number from `min` to `max`.
pub(super) fn number(text: &str, min: u32, max: u32) -> Result<u32, Reason> {
    match text.trim().parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(format!(
            "{} is not a whole number from {min} to {max}",
            quoted(text)
        )),
    }
}

/// A boolean: `true` or `false`, as TOML writes it.
pub(super) fn boolean(text: &str) -> Result<bool, Reason> {
    match text.trim() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{} is neither true nor false", quoted(text))),
    }
}

/// A duration of one number and one unit, from `min` to `max`.
pub(super) fn duration(text: &str, min: TimeDelta, max: TimeDelta) -> Result<TimeDelta, Reason> {
    let trimmed = text.trim();
    let unit_at = trimmed
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(trimmed.len());
    let (count, unit) = trimmed.split_at(unit_at);
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => {
            return Err(format!(
                "{} is not a duration; write a number and s, m, h, d or w, such as 90s, 30m, 8h or 180d",
                quoted(text)
            ));
        }
    };
    let duration = count
        .parse::<i64>()
        .ok()
        .and_then(|count| count.checked_mul(seconds))
        .and_then(TimeDelta::try_seconds);
    match duration {
        Some(duration) if (min..=max).contains(&duration) => Ok(duration),
        Some(_) | None => Err(format!(
            "{} is out of bounds: {} to {}",
            quoted(text),
            format_duration(min),
            format_duration(max)
        )),
    }
}

/// Formats a duration as [`duration`] parses it.
pub(super) fn format_duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    for (unit, letter) in [(86_400, 'd'), (3600, 'h'), (60, 'm')] {
        if seconds != 0 && seconds % unit == 0 {
            return format!("{}{letter}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

pub(super) fn listen_address(text: &str) -> Result<SocketAddr, Reason> {
    text.trim().parse().map_err(|_unsaid| format!("{} is not an address with a port; write one such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080 (numbers, not a name)", quoted(text)))
}

/// Networks, separated by commas; `none` for an empty list.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, Reason> {
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    text.split(',').map(network).collect()
}

fn network(text: &str) -> Result<IpNet, Reason> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_unsaid| format!("{} is not a network; write addresses or networks such as 10.0.0.0/8, with commas between them, or none", quoted(text)))?,
    };
    if network.prefix_len() == 0 {
        return Err(format!(
            "{} is the whole internet; name the network that is meant",
            quoted(text)
        ));
    }
    Ok(network.trunc())
}

/// Addresses of this installation, separated by commas; `none` for an empty list.
pub(super) fn origins(text: &str) -> Result<Vec<BaseUrl>, Reason> {
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    let origin = |part: &str| BaseUrl::parse(part.trim()).map_err(|bad| bad.to_string());
    text.split(',').map(origin).collect()
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Reason> {
    match text.trim() {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!(
            "{} is not a log format; write human or json",
            quoted(text)
        )),
    }
}

/// A log filter: levels, or levels by module. A word that is no level would otherwise be taken for the name of a
/// module, and nothing would be logged.
pub(super) fn log_filter(text: &str) -> Result<String, Reason> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = text.trim();
    for part in text.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level).trim();
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "{} is not a level; write error, warn, info, debug or trace, or parts such as info,hallpass=debug",
                quoted(level)
            ));
        }
    }
    Ok(text.to_owned())
}

/// Where users find help: a page or a mail address.
pub(super) fn help_url(text: &str) -> Result<Url, Reason> {
    match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "https" | "http" | "mailto") => Ok(url),
        Ok(_) | Err(_) => Err(format!(
            "{} is not an address; write one that begins with https://, http:// or mailto:",
            quoted(text)
        )),
    }
}

/// One of the languages that there are, by its tag.
pub(super) fn language(text: &str) -> Result<Language, Reason> {
    let tag = text.trim().to_ascii_lowercase();
    Language::from_tag(&tag).ok_or_else(|| {
        let tags: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
        format!(
            "{} is not a language that there is here; write one of {}",
            quoted(text),
            tags.join(", ")
        )
    })
}

/// The database's URL. It may contain a password: no message shows it.
pub(super) fn database_url(text: &str) -> Result<String, Reason> {
    let text = text.trim();
    let has_known_scheme = ["postgres://", "postgresql://", "sqlite:"]
        .into_iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    if has_known_scheme && !text.contains(['\n', '\r', '\0']) {
        Ok(text.to_owned())
    } else {
        Err(
            "this is not the URL of a database; write postgres://USER:PASSWORD@HOST/DATABASE or sqlite:PATH"
                .to_owned(),
        )
    }
}

/// A value in a message: in quotes, on one line, shortened.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text
        .trim()
        .chars()
        .take(80)
        .flat_map(char::escape_debug)
        .collect();
    if text.trim().chars().count() > 80 {
        short.push('…');
    }
    format!("`{short}`")
}
