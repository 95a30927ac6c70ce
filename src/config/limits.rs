//! Lifetimes and limits, and which proxies are trusted.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::TimeDelta;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    config::{reader::Reader, value},
    model::{
        email_change::{EmailChangeRule, EmailDomain},
        policy::Policy,
        second_factor::SecondFactorPolicy,
        throttle::ThrottlePolicy,
    },
};

/// The time of the last request is stored about once a minute; a shorter session could end while the user is active.
const MIN_SESSION: TimeDelta = TimeDelta::minutes(5);
const MAX_SESSION: TimeDelta = TimeDelta::days(30);
const MAX_PAUSE: TimeDelta = TimeDelta::hours(24);
const MAX_REMEMBERED: TimeDelta = TimeDelta::days(90);
const MAX_FREE: u32 = 10_000;
/// Nobody may be asked for more (NIST SP 800-63B-4, 3.1.1.2).
const MAX_PASSWORD_LENGTH: u32 = 64;

/// Reads the policy.
pub(super) fn read_policy(reader: &mut Reader<'_>) -> Policy {
    let mut policy = Policy::default();
    read_sessions(reader, &mut policy);
    policy.min_password_length = reader.number(
        "passwords.min_length",
        policy.min_password_length,
        Policy::MIN_PASSWORD_LENGTH,
        MAX_PASSWORD_LENGTH,
    );
    read_email_change(reader, &mut policy);
    policy.second_factor = reader.value(
        "second_factor.rule",
        policy.second_factor,
        SecondFactorPolicy::parse,
        ToString::to_string,
    );
    policy.second_factor_of_administrators = reader.value(
        "second_factor.administrators",
        policy.second_factor_of_administrators,
        SecondFactorPolicy::parse,
        ToString::to_string,
    );
    policy.remember_device = reader.value(
        "second_factor.remember_device",
        policy.remember_device,
        parse_remember,
        |lifetime| lifetime.map_or_else(|| NEVER.to_owned(), value::format_duration),
    );
    read_throttle(reader, &mut policy);
    policy.audit_retention = reader.value(
        "audit.retention",
        policy.audit_retention,
        parse_retention,
        |retention| retention.map_or_else(|| "forever".to_owned(), value::format_duration),
    );
    policy.sign_metadata = reader.boolean("metadata.signed", policy.sign_metadata);
    policy
}

fn read_email_change(reader: &mut Reader<'_>, policy: &mut Policy) {
    policy.email_change = reader.value(
        "people.email_change",
        policy.email_change,
        |text| {
            EmailChangeRule::from_name(text.trim())
                .ok_or_else(|| format!("{} is neither administrator nor verified", value::quoted(text)))
        },
        |rule| rule.name().to_owned(),
    );
    policy.email_domains = reader.value("people.email_domains", Vec::new(), parse_domains, |domains| {
        if domains.is_empty() {
            return "none".to_owned();
        }
        domains
            .iter()
            .map(EmailDomain::as_str)
            .collect::<Vec<_>>()
            .join(",")
    });
    if policy.email_change == EmailChangeRule::Verified && policy.email_domains.is_empty() {
        let why = "people may choose addresses of domains that you list, and there is none: set people.email_domains, such as [\"fernweh.example\"]";
        reader.add_error(&["people.email_domains"], "people.email_change", why);
    }
}

fn parse_domains(text: &str) -> Result<Vec<EmailDomain>, String> {
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|domain| {
            EmailDomain::parse(domain).map_err(|_bad| {
                format!("{} is not a domain; write domains such as fernweh.example, with commas between them, or none", value::quoted(domain))
            })
        })
        .collect()
}

/// The proxies that are trusted if none is configured: those on this machine, if the base URL requires a proxy there.
pub(super) fn default_trusted_proxies(behind_local_proxy: bool) -> Vec<IpNet> {
    if !behind_local_proxy {
        return Vec::new();
    }
    let v4 = Ipv4Net::new(Ipv4Addr::LOCALHOST, 8).map(|net| IpNet::V4(net.trunc()));
    let v6 = Ipv6Net::new(Ipv6Addr::LOCALHOST, 128).map(IpNet::V6);
    v4.into_iter().chain(v6).collect()
}

/// Formats the networks as one value.
pub(super) fn format_networks(networks: &[IpNet]) -> String {
    format_list(networks.iter().map(ToString::to_string))
}

/// Formats several values as one.
pub(super) fn format_list(values: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut list = String::new();
    for value in values {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(value.as_ref());
    }
    if list.is_empty() { "none".to_owned() } else { list }
}

fn read_sessions(reader: &mut Reader<'_>, policy: &mut Policy) {
    let (min, max) = (MIN_SESSION, MAX_SESSION);
    policy.session_idle = reader.duration("sessions.idle", policy.session_idle, min, max);
    policy.session_absolute = reader.duration("sessions.absolute", policy.session_absolute, min, max);
    if policy.session_idle > policy.session_absolute {
        let key = if reader.is_given("sessions.absolute") {
            "sessions.absolute"
        } else {
            "sessions.idle"
        };
        let why = format!(
            "a session may idle for {} but would end after {} in all; sessions.absolute must be the longer one",
            value::format_duration(policy.session_idle),
            value::format_duration(policy.session_absolute)
        );
        reader.add_error(&["sessions.idle", "sessions.absolute"], key, &why);
    }
}

fn read_throttle(reader: &mut Reader<'_>, policy: &mut Policy) {
    for (key, limit) in [
        ("throttle.pair_free", &mut policy.throttle_pair),
        ("throttle.address_free", &mut policy.throttle_address),
        ("throttle.account_free", &mut policy.throttle_account),
        ("throttle.device_free", &mut policy.throttle_device),
    ] {
        limit.free = reader.number(key, limit.free, 1, MAX_FREE);
    }
    let second = TimeDelta::seconds(1);
    let first = reader.duration(
        "throttle.first_pause",
        policy.throttle_pair.first_pause,
        second,
        TimeDelta::hours(1),
    );
    let longest = reader.duration(
        "throttle.longest_pause",
        policy.throttle_pair.longest_pause,
        second,
        MAX_PAUSE,
    );
    if first > longest {
        let key = if reader.is_given("throttle.first_pause") {
            "throttle.first_pause"
        } else {
            "throttle.longest_pause"
        };
        let why = format!(
            "the first pause ({}) is longer than the longest ({})",
            value::format_duration(first),
            value::format_duration(longest)
        );
        reader.add_error(&["throttle.first_pause", "throttle.longest_pause"], key, &why);
    }
    for limit in [
        &mut policy.throttle_pair,
        &mut policy.throttle_account,
        &mut policy.throttle_device,
    ] {
        set_pauses(limit, first, longest);
    }
    // Many users may share one address: its pause never grows beyond the default.
    let for_address = longest.min(policy.throttle_address.longest_pause).max(first);
    set_pauses(&mut policy.throttle_address, first, for_address);
}

/// A bucket must be remembered for longer than it pauses.
fn set_pauses(limit: &mut ThrottlePolicy, first: TimeDelta, longest: TimeDelta) {
    limit.first_pause = first;
    limit.longest_pause = longest;
    limit.forget_after = limit.forget_after.max(longest * 2);
}

/// No device is remembered.
const NEVER: &str = "never";

fn parse_remember(text: &str) -> Result<Option<TimeDelta>, String> {
    match text.trim() {
        NEVER => Ok(None),
        other => value::duration(other, TimeDelta::days(1), MAX_REMEMBERED)
            .map(Some)
            .map_err(|why| format!("{why}, or {NEVER}")),
    }
}

fn parse_retention(text: &str) -> Result<Option<TimeDelta>, String> {
    match text.trim() {
        "forever" => Ok(None),
        other => value::duration(other, TimeDelta::days(1), TimeDelta::days(36_500))
            .map(Some)
            .map_err(|why| format!("{why}, or forever")),
    }
}
