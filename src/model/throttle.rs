//! How tries to sign in are counted.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// How many tries a bucket lets through, and how long it pauses after them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// Tries that pass without a pause.
    pub free: u32,
    /// The pause after the last free try; it doubles with each further one.
    pub first_pause: TimeDelta,
    /// The longest pause.
    pub longest_pause: TimeDelta,
    /// A bucket that was left alone for this long starts anew.
    pub forget_after: TimeDelta,
}

impl Limit {
    /// The pause that begins with try number `count` (from 1): none before the last free one.
    pub fn pause(&self, count: u32) -> TimeDelta {
        let Some(step) = count.checked_sub(self.free) else {
            return TimeDelta::zero();
        };
        let factor = 1i32.checked_shl(step.min(30)).unwrap_or(i32::MAX);
        self.first_pause
            .checked_mul(factor)
            .unwrap_or(self.longest_pause)
            .min(self.longest_pause)
    }

    /// The longest pause that there is: a single one may be longer than the longest of a row that grows.
    pub fn longest(&self) -> TimeDelta {
        self.longest_pause.max(self.first_pause)
    }

    /// The number of tries after which the pause grows no more.
    pub fn longest_at(&self) -> u32 {
        (self.free..self.free + 31)
            .find(|count| self.pause(*count) >= self.longest_pause)
            .unwrap_or(self.free + 31)
    }
}

/// What a bucket says to one more try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// It is counted; go on.
    Pass,
    /// Not before then.
    Wait(DateTime<Utc>),
}

/// The part of an address that stands for one client: all of an IPv4 address, the /64 of an IPv6 one.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The neighbourhood of an address: the /24 of an IPv4 address, the /48 of an IPv6 one.
pub fn network_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_up_to_the_longest() {
        let limit = Limit {
            free: 5,
            first_pause: TimeDelta::seconds(30),
            longest_pause: TimeDelta::minutes(15),
            forget_after: TimeDelta::hours(1),
        };
        assert_eq!(limit.pause(4), TimeDelta::zero());
        assert_eq!(limit.pause(5), TimeDelta::seconds(30));
        assert_eq!(limit.pause(7), TimeDelta::minutes(2));
        assert_eq!(limit.pause(10), TimeDelta::minutes(15));
        assert_eq!(limit.pause(u32::MAX), TimeDelta::minutes(15));
        assert_eq!(limit.longest_at(), 10);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(
            address_key("2001:db8:1:2:3::4".parse().unwrap()),
            "2001:db8:1:2::/64"
        );
        assert_eq!(address_key("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.7");
        assert_eq!(
            network_key("2001:db8:1:2:3::4".parse().unwrap()),
            "2001:db8:1::/48"
        );
        assert_eq!(network_key("::ffff:192.0.2.7".parse().unwrap()), "192.0.2.0/24");
    }
}
