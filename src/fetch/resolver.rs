//! Resolves names to addresses: only checked addresses are returned, and these are connected to. A name that resolves
//! differently the next time (DNS rebinding) gains nothing.

use std::{fmt, io, net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

use crate::fetch::address::is_allowed;

/// An address that may not be connected to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForbiddenAddress {
    host: String,
    address: IpAddr,
}

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        // In a URL, an IPv6 address is in brackets.
        if host.trim_matches(['[', ']']).parse() == Ok(*address) {
            return write!(f, "{address} is no public address");
        }
        write!(f, "{host} is {address}, which is no public address")
    }
}

impl std::error::Error for ForbiddenAddress {}

/// Networks that are not public, and are connected to all the same.
pub(super) type AllowedNetworks = Arc<ArcSwap<Vec<IpNet>>>;

/// Resolves names, and returns only allowed addresses.
pub(super) struct CheckedResolver {
    resolver: DefaultResolver,
    allowed: AllowedNetworks,
}

impl CheckedResolver {
    pub(super) fn new(allowed: AllowedNetworks) -> Self {
        Self {
            resolver: DefaultResolver::default(),
            allowed,
        }
    }
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let resolved = self.resolver.resolve(uri, config, timeout)?;
        let allowed = self.allowed.load();
        let mut permitted = self.empty();
        let mut refused = None;
        for address in &resolved {
            if is_allowed(address.ip(), &allowed) {
                permitted.push(*address);
            } else {
                refused = Some(address.ip());
            }
        }
        match refused {
            Some(address) if permitted.is_empty() => {
                let host = uri.host().unwrap_or_default().to_owned();
                Err(Error::Io(io::Error::other(ForbiddenAddress { host, address })))
            }
            Some(_) | None => Ok(permitted),
        }
    }
}

impl fmt::Debug for CheckedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckedResolver").field(&self.allowed).finish()
    }
}
