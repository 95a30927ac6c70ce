//! How tries to sign in are counted.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// How many tries a bucket lets through, and how long it pauses after them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ThrottlePolicy {
    /// Tries that pass without a pause.
    pub free: u32,
    /// The pause after the last free try; it doubles with each further one.
    pub first_pause: TimeDelta,
    /// The longest pause.
    pub longest_pause: TimeDelta,
    /// A bucket that was left alone for this long starts anew.
    pub forget_after: TimeDelta,
}

impl ThrottlePolicy {
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

    /// The same for a network from which so many people have signed in of late: a house is not one client.
    #[must_use]
    pub fn with_users(self, users: u32) -> Self {
        let raised = self.free.saturating_add(users.saturating_mul(FREE_PER_USER));
        Self {
            free: raised.min(MAX_FREE.max(self.free)),
            ..self
        }
    }

    /// The same for a network that holds several clients: its pauses do not grow, since they hold up others than
    /// whoever fails.
    #[must_use]
    pub fn for_clients(self, clients: u32) -> Self {
        Self {
            free: self.free.saturating_mul(clients),
            longest_pause: if clients > 1 {
                self.first_pause
            } else {
                self.longest_pause
            },
            ..self
        }
    }

    /// The longest pause that there is: a single one may be longer than the longest of a row that grows.
    pub fn max_pause(&self) -> TimeDelta {
        self.longest_pause.max(self.first_pause)
    }

    /// The number of tries after which the pause grows no more.
    pub fn attempts_until_longest_pause(&self) -> u32 {
        (self.free..self.free + 31)
            .find(|count| self.pause(*count) >= self.longest_pause)
            .unwrap_or(self.free + 31)
    }
}

/// Free tries of a network for each person who signed in from there of late.
const FREE_PER_USER: u32 = 5;
/// The most free tries that people who signed in give to a network.
const MAX_FREE: u32 = 500;
/// How long a network is known by those who signed in from there.
pub const NETWORK_HISTORY: TimeDelta = TimeDelta::days(30);

/// What a bucket says to one more try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateLimit {
    /// It is counted; go on.
    Allowed,
    /// Not before then.
    RetryAfter(DateTime<Utc>),
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

/// The networks that a try from `address` is counted for, and as how many clients each counts. Of IPv6 one client
/// may be given a /64, a house a /56, and a site a /48: else each had as many tries as it has networks.
pub fn networks(address: IpAddr) -> Vec<(String, u32)> {
    let mut networks = vec![(address_key(address), 1)];
    if let IpAddr::V6(v6) = address.to_canonical() {
        let [a, b, c, d, ..] = v6.segments();
        networks.push((format!("{a:x}:{b:x}:{c:x}:{:x}::/56", d & 0xff00), 2));
        networks.push((network_key(address), 4));
    }
    networks
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
        let limit = ThrottlePolicy {
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
        assert_eq!(limit.attempts_until_longest_pause(), 10);
    }

    #[test]
    fn a_network_of_many_users_has_more_free_attempts_up_to_a_limit() {
        let limit = ThrottlePolicy {
            free: 20,
            first_pause: TimeDelta::seconds(30),
            longest_pause: TimeDelta::minutes(10),
            forget_after: TimeDelta::hours(1),
        };
        let free = |users| limit.with_users(users).free;
        assert_eq!([free(0), free(1), free(90), free(u32::MAX)], [20, 25, 470, 500]);
        assert_eq!(limit.for_clients(1), limit);
        assert_eq!(limit.for_clients(4).pause(500), limit.first_pause);
        let many = limit.for_clients(4).for_clients(20);
        assert_eq!((many.free, many.with_users(9).free), (1600, 1600));
    }

    #[test]
    fn an_address_counts_for_every_network_that_one_client_may_hold() {
        let of = |address: &str| networks(address.parse().unwrap());
        let one = |name: &str, clients| (name.to_owned(), clients);
        assert_eq!(of("::ffff:192.0.2.7"), [one("192.0.2.7", 1)]);
        assert_eq!(
            of("2001:db8:1:2345:6::7"),
            [
                one("2001:db8:1:2345::/64", 1),
                one("2001:db8:1:2300::/56", 2),
                one("2001:db8:1::/48", 4)
            ]
        );
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
