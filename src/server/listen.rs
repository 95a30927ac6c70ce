//! The listener, and how many connections it accepts in all and from one address.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Result, anyhow};
use arc_swap::ArcSwap;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More connections are not worth their memory, whatever the limit of descriptors.
const MAX_CONNECTIONS: usize = 20_000;
/// From one address, however many are accepted in all.
const MAX_CONNECTIONS_PER_NETWORK: usize = 256;
/// Descriptors reserved for everything but clients' connections and the database.
const RESERVED_DESCRIPTORS: usize = 128;

/// Listens on `address`, with as many waiting connections as the system allows (`net.core.somaxconn`).
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .map_err(|error| anyhow!("cannot listen on {address}: {error}{}", hint(address, &error)))?;
    // A second listen() changes only the backlog; the kernel lowers it to what it allows.
    rustix::net::listen(&listener, i32::MAX)?;
    Ok(listener)
}

/// What to do where an address cannot be bound.
fn hint(address: SocketAddr, error: &io::Error) -> String {
    let is = |kind| error.kind() == kind;
    if is(io::ErrorKind::AddrInUse) {
        "; is another Hallpass running there? If something else is, set `listen` to another port".to_owned()
    } else if is(io::ErrorKind::PermissionDenied) && address.port() < 1024 {
        "; ports below 1024 need root: listen on one above it, and let the reverse proxy take 443".to_owned()
    } else if is(io::ErrorKind::AddrNotAvailable) {
        format!("; this machine has no address {}", address.ip())
    } else {
        String::new()
    }
}

/// Raises the limit of open descriptors to the most that this process may have; returns how many connections fit below
/// it when `others` more descriptors are needed.
pub(super) fn connection_limit(others: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    let descriptors = descriptors.map_or(usize::MAX, |descriptors| {
        usize::try_from(descriptors).unwrap_or(usize::MAX)
    });
    connections_within(descriptors, others)
}

fn connections_within(limit: usize, others: usize) -> usize {
    limit
        .saturating_sub(RESERVED_DESCRIPTORS + others)
        .clamp(16, MAX_CONNECTIONS)
}

/// Counts connections by address. A trusted proxy carries everybody's connections and is not counted.
#[derive(Clone, Debug)]
pub(super) struct ConnectionCounter(Arc<PeerCounts>);

#[derive(Debug)]
struct PeerCounts {
    open: Mutex<BTreeMap<IpAddr, usize>>,
    max_per_network: usize,
    trusted_proxies: ArcSwap<Vec<IpNet>>,
    warned: AtomicBool,
}

impl ConnectionCounter {
    /// `in_all` is the limit for all addresses together.
    pub(super) fn new(in_all: usize, trusted: Vec<IpNet>) -> Self {
        Self(Arc::new(PeerCounts {
            open: Mutex::default(),
            max_per_network: MAX_CONNECTIONS_PER_NETWORK.min(in_all / 4).max(8),
            trusted_proxies: ArcSwap::from_pointee(trusted),
            warned: AtomicBool::new(false),
        }))
    }

    /// Counts no connection of `trusted` from now on; those that are open are counted as before.
    pub(super) fn replace_trusted_proxies(&self, trusted: Vec<IpNet>) {
        self.0.trusted_proxies.store(Arc::new(trusted));
        self.0.warned.store(false, Ordering::Relaxed);
    }

    /// A slot for one more connection of `peer`, until it is dropped; `None` where the peer has as many as it may.
    pub(super) fn acquire(&self, peer: IpAddr) -> Option<ConnectionSlot> {
        let peer = peer.to_canonical();
        let counts = &self.0;
        if counts
            .trusted_proxies
            .load()
            .iter()
            .any(|network| network.contains(&peer))
        {
            return Some(ConnectionSlot(None));
        }
        let peer_network = network_of(peer);
        let mut open = counts.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.entry(peer_network).or_default();
        if *held >= counts.max_per_network {
            drop(open);
            if !counts.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    %peer,
                    most = counts.max_per_network,
                    "one address holds as many connections as it may, and gets no more; if this is your reverse proxy, add it to trusted_proxies (docs/configuration.md)"
                );
            }
            return None;
        }
        *held += 1;
        drop(open);
        Some(ConnectionSlot(Some((self.clone(), peer_network))))
    }
}

/// A client with one IPv6 address usually has its whole /64.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

/// One of the connections that an address may have, given back when dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot(Option<(ConnectionCounter, IpAddr)>);

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        if let Some((peers, peer_network)) = self.0.take() {
            let mut open = peers.0.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(held) = open.get_mut(&peer_network) {
                *held -= 1;
                if *held == 0 {
                    open.remove(&peer_network);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpStream, time::Duration};

    use super::*;

    #[test]
    fn the_backlog_is_longer_than_the_standard_library_asks_for() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let allowed: usize = allowed.trim().parse().unwrap();
        // Nothing accepts them: each of them is in the backlog, or its connect does not return.
        let waiting: Vec<TcpStream> = (0..allowed.min(400))
            .map(|_| TcpStream::connect_timeout(&address, Duration::from_mins(1)).unwrap())
            .collect();
        assert_eq!(waiting.len(), allowed.min(400));
    }

    #[test]
    fn a_failure_to_listen_is_explained() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let message = bind(address).unwrap_err().to_string();
        assert!(
            message.contains("is another Hallpass running there?"),
            "{message}"
        );
        let message = bind("192.0.2.9:8080".parse().unwrap()).unwrap_err().to_string();
        assert!(
            message.ends_with("this machine has no address 192.0.2.9"),
            "{message}"
        );
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let message = hint("127.0.0.1:80".parse().unwrap(), &denied);
        assert!(message.contains("need root"), "{message}");
        assert_eq!(hint("127.0.0.1:8080".parse().unwrap(), &denied), "");
    }

    #[test]
    fn connections_stay_below_the_descriptor_limit() {
        assert_eq!(connections_within(1024, 20), 1024 - RESERVED_DESCRIPTORS - 20);
        assert_eq!(connections_within(usize::MAX, 20), MAX_CONNECTIONS);
        assert_eq!(connections_within(64, 20), 16);
        let before = getrlimit(Resource::Nofile);
        let room = connection_limit(20);
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.current, before.maximum, "raised to the hard limit");
        assert!(
            after
                .current
                .is_none_or(|limit| limit > u64::try_from(room).unwrap()),
            "{room} of {:?}",
            after.current
        );
    }

    #[test]
    fn one_address_cannot_hold_every_connection_and_a_trusted_proxy_can() {
        let peers = ConnectionCounter::new(100, vec!["10.0.0.0/8".parse().unwrap()]);
        let stranger: IpAddr = "198.51.100.7".parse().unwrap();
        let mut held: Vec<ConnectionSlot> = (0..25).map(|_| peers.acquire(stranger).unwrap()).collect();
        assert!(peers.acquire(stranger).is_none());
        assert!(peers.acquire("::ffff:198.51.100.7".parse().unwrap()).is_none());
        assert!(peers.acquire("198.51.100.8".parse().unwrap()).is_some());
        held.pop();
        assert!(peers.acquire(stranger).is_some(), "one has left");
        drop(held);
        assert!(peers.0.open.lock().unwrap().is_empty(), "nobody is remembered");
        let proxy: IpAddr = "10.1.2.3".parse().unwrap();
        let all: Vec<Option<ConnectionSlot>> = (0..200).map(|_| peers.acquire(proxy)).collect();
        assert_eq!(all.iter().flatten().count(), 200);
        let from = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(from("2001:db8::1"), from("2001:db8::ffff:1"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
    }
}
