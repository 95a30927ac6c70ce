//! How sign-in attempts are counted.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

/// How many attempts a bucket allows, and how long it pauses after them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ThrottlePolicy {
    /// Attempts that are allowed without a pause.
    pub free: u32,
    /// The pause after the last free attempt; it doubles with each further one.
    pub first_pause: TimeDelta,
    /// The longest pause.
    pub longest_pause: TimeDelta,
    /// A bucket without an attempt for this long starts from zero.
    pub forget_after: TimeDelta,
}

impl ThrottlePolicy {
    /// The pause that begins with attempt number `count` (from 1): zero before the last free one.
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

    /// The policy for a network from which this many users have signed in recently: a household is not one client.
    #[must_use]
    pub fn with_users(self, users: u32) -> Self {
        let raised = self.free.saturating_add(users.saturating_mul(FREE_PER_USER));
        Self {
            free: raised.min(MAX_FREE.max(self.free)),
            ..self
        }
    }

    /// The policy for a network that holds several clients: its pauses do not grow, since they also delay clients
    /// other than the one that fails.
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

    /// The longest pause that is possible: `first_pause` may be longer than `longest_pause`.
    pub fn max_pause(&self) -> TimeDelta {
        self.longest_pause.max(self.first_pause)
    }

    /// The number of attempts after which the pause stops growing.
    pub fn attempts_until_longest_pause(&self) -> u32 {
        (self.free..self.free + 31)
            .find(|count| self.pause(*count) >= self.longest_pause)
            .unwrap_or(self.free + 31)
    }
}

/// How many free attempts a network gains for each user who has signed in from it recently.
const FREE_PER_USER: u32 = 5;
/// How many free attempts a network can have through users who signed in, at most.
const MAX_FREE: u32 = 500;
/// How long a sign-in from a network is remembered.
pub const NETWORK_HISTORY: TimeDelta = TimeDelta::days(30);

/// The result of one more attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RateLimit {
    /// It is counted, and may proceed.
    Allowed,
    /// No attempt is allowed before then.
    RetryAfter(DateTime<Utc>),
}

/// The part of an address that identifies one client: all of an IPv4 address, the /64 of an IPv6 one.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The networks that an attempt from `address` is counted for, and as how many clients each counts. With IPv6, one
/// client may be given a /64, a household a /56, and a site a /48: otherwise each would have as many attempts as it
/// has networks.
pub fn networks(address: IpAddr) -> Vec<(String, u32)> {
    let mut networks = vec![(address_key(address), 1)];
    if let IpAddr::V6(v6) = address.to_canonical() {
        let [a, b, c, d, ..] = v6.segments();
        networks.push((format!("{a:x}:{b:x}:{c:x}:{:x}::/56", d & 0xff00), 2));
        networks.push((network_key(address), 4));
    }
    networks
}

/// The wider network of an address: the /24 of an IPv4 address, the /48 of an IPv6 one.
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
        let network = |name: &str, clients| (name.to_owned(), clients);
        assert_eq!(of("::ffff:192.0.2.7"), [network("192.0.2.7", 1)]);
        assert_eq!(
            of("2001:db8:1:2345:6::7"),
            [
                network("2001:db8:1:2345::/64", 1),
                network("2001:db8:1:2300::/56", 2),
                network("2001:db8:1::/48", 4)
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
