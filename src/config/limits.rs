//! Lifetimes and limits, and whose word on an address is believed.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::TimeDelta;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    config::{reader::Reader, value},
    model::{policy::Policy, throttle::Limit},
};

/// A visit is noted about once a minute; a shorter life could end under a person's hands.
const SHORTEST_SESSION: TimeDelta = TimeDelta::minutes(5);
const LONGEST_SESSION: TimeDelta = TimeDelta::days(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);
const MOST_FREE: u32 = 10_000;

/// The policy that `reader` finds.
pub(super) fn policy(reader: &mut Reader<'_>) -> Policy {
    let mut policy = Policy::default();
    sessions(reader, &mut policy);
    throttle(reader, &mut policy);
    policy.audit_retention = reader.value("audit.retention", policy.audit_retention, retention, |kept| {
        kept.map_or_else(|| "forever".to_owned(), value::spell)
    });
    policy.sign_metadata = reader.yes_or_no("metadata.signed", policy.sign_metadata);
    policy
}

/// Who is believed where nobody is named: a proxy on this machine, if there must be one.
pub(super) fn proxies(by_a_proxy: bool) -> Vec<IpNet> {
    if !by_a_proxy {
        return Vec::new();
    }
    let v4 = Ipv4Net::new(Ipv4Addr::LOCALHOST, 8).map(|net| IpNet::V4(net.trunc()));
    let v6 = Ipv6Net::new(Ipv6Addr::LOCALHOST, 128).map(IpNet::V6);
    v4.into_iter().chain(v6).collect()
}

/// The networks as one value.
pub(super) fn show_networks(networks: &[IpNet]) -> String {
    if networks.is_empty() {
        return "none".to_owned();
    }
    networks
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn sessions(reader: &mut Reader<'_>, policy: &mut Policy) {
    let (least, most) = (SHORTEST_SESSION, LONGEST_SESSION);
    policy.session_idle = reader.duration("sessions.idle", policy.session_idle, least, most);
    policy.session_absolute = reader.duration("sessions.absolute", policy.session_absolute, least, most);
    if policy.session_idle > policy.session_absolute {
        let key = if reader.is_given("sessions.absolute") {
            "sessions.absolute"
        } else {
            "sessions.idle"
        };
        let why = format!(
            "a session may idle for {} but would end after {} in all; sessions.absolute must be the longer one",
            value::spell(policy.session_idle),
            value::spell(policy.session_absolute)
        );
        reader.refuse(&["sessions.idle", "sessions.absolute"], key, &why);
    }
}

fn throttle(reader: &mut Reader<'_>, policy: &mut Policy) {
    for (key, limit) in [
        ("throttle.pair_free", &mut policy.throttle_pair),
        ("throttle.address_free", &mut policy.throttle_address),
        ("throttle.account_free", &mut policy.throttle_account),
        ("throttle.device_free", &mut policy.throttle_device),
    ] {
        limit.free = reader.number(key, limit.free, 1, MOST_FREE);
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
        LONGEST_PAUSE,
    );
    if first > longest {
        let key = if reader.is_given("throttle.first_pause") {
            "throttle.first_pause"
        } else {
            "throttle.longest_pause"
        };
        let why = format!(
            "the first pause ({}) is longer than the longest ({})",
            value::spell(first),
            value::spell(longest)
        );
        reader.refuse(&["throttle.first_pause", "throttle.longest_pause"], key, &why);
    }
    for limit in [
        &mut policy.throttle_pair,
        &mut policy.throttle_account,
        &mut policy.throttle_device,
    ] {
        set_pauses(limit, first, longest);
    }
    // Many people may share one address: what it waits never grows beyond the default.
    let for_address = longest.min(policy.throttle_address.longest_pause).max(first);
    set_pauses(&mut policy.throttle_address, first, for_address);
}

/// A bucket must be remembered for longer than it pauses.
fn set_pauses(limit: &mut Limit, first: TimeDelta, longest: TimeDelta) {
    limit.first_pause = first;
    limit.longest_pause = longest;
    limit.forget_after = limit.forget_after.max(longest * 2);
}

fn retention(text: &str) -> Result<Option<TimeDelta>, String> {
    match text.trim() {
        "forever" => Ok(None),
        other => value::duration(other, TimeDelta::days(1), TimeDelta::days(36_500))
            .map(Some)
            .map_err(|why| format!("{why}, or forever")),
    }
}
