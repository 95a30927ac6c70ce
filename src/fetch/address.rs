//! Which addresses may be connected to: public ones, and those that the configuration allows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether `address` may be connected to: it is public, or in one of the networks in `allowed`.
pub(super) fn is_allowed(address: IpAddr, allowed: &[IpNet]) -> bool {
    let address = embedded_ipv4(address);
    is_public(address) || allowed.iter().any(|net| net.contains(&address))
}

/// The IPv4 address that an IPv6 address embeds (rfc4291, 2.5.5.2; rfc6052, 2.1).
fn embedded_ipv4(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            _ => IpAddr::V6(v6),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Addresses in the special-purpose registry belong to no public server (rfc6890, 2.2.2).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // The shared address space of carriers (rfc6598).
        [100, second, ..] => (64..128).contains(&second),
        // This network, loopback, multicast, reserved, broadcast; assignments, examples, 6to4 relays,
        // benchmarks.
        [0 | 127 | 224..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => true,
        _ => address.is_private() || address.is_link_local(),
    };
    !special
}

/// Global unicast, except documentation addresses and tunnels to an IPv4 address that was not checked.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = match address.segments() {
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => true,
        [0x2002, ..] => true,
        [0x3fff, second, ..] => second < 0x1000,
        [first, ..] => !(0x2000..0x4000).contains(&first),
    };
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, nets: &[&str]) -> bool {
        let nets: Vec<IpNet> = nets.iter().map(|net| net.parse().unwrap()).collect();
        is_allowed(address.parse().unwrap(), &nets)
    }

    #[test]
    fn only_public_addresses_are_connected_to() {
        for public in [
            "1.1.1.1",
            "9.9.9.9",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "193.0.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(allowed(public, &[]), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(private, &[]), "{private}");
        }
    }

    #[test]
    fn configured_networks_are_connected_to_and_nothing_else() {
        assert!(allowed("10.1.2.3", &["10.1.0.0/16"]));
        assert!(!allowed("10.2.2.3", &["10.1.0.0/16"]));
        assert!(allowed("::ffff:10.1.2.3", &["10.1.0.0/16"]));
        assert!(allowed("fd00::1", &["fd00::/8"]));
        assert!(!allowed("::1", &["127.0.0.0/8"]));
    }
}
