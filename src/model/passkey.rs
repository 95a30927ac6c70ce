//! The domain that passkeys are for.

use std::fmt;

use url::Host;

use crate::model::endpoint::BaseUrl;

/// A relying party ID (webauthn-3, 5.4.2): an authenticator uses a passkey at this domain, and at those below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RpId(String);

impl RpId {
    /// The host of `base`; none if that is an IP address: no browser has passkeys there.
    pub fn of(base: &BaseUrl) -> Option<Self> {
        Self::from_stored(base.host())
    }

    /// What [`Self::as_str`] returned; none if it is no domain.
    pub fn from_stored(text: &str) -> Option<Self> {
        match Host::parse(text) {
            Ok(Host::Domain(domain)) => Some(Self(domain)),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) | Err(_) => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a page of `base` may use passkeys of this domain.
    pub fn is_valid_for(&self, base: &BaseUrl) -> bool {
        let host = base.host();
        let below = host.strip_suffix(self.0.as_str());
        // The dot separates labels: `evil-example.com` is not below `example.com`.
        host == self.0 || below.is_some_and(|labels| labels.ends_with('.'))
    }
}

impl fmt::Display for RpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_valid_for_itself_and_what_is_below_it() {
        let base = |origin| BaseUrl::parse(origin).unwrap();
        let id = RpId::of(&base("https://login.example.com:8443")).unwrap();
        assert_eq!(id.as_str(), "login.example.com");
        for (origin, expected) in [
            ("https://login.example.com", true),
            ("https://LOGIN.example.com:444", true),
            ("https://eu.login.example.com", true),
            ("https://example.com", false),
            ("https://evil-login.example.com", false),
            ("https://login.example.com.evil.example", false),
            ("https://sso.example.com", false),
        ] {
            assert_eq!(id.is_valid_for(&base(origin)), expected, "{origin}");
        }
        for address in ["http://127.0.0.1:8080", "http://[::1]:9"] {
            assert_eq!(RpId::of(&base(address)), None, "{address}");
        }
        assert_eq!(RpId::from_stored("not a domain"), None);
        assert_eq!(
            RpId::of(&base("http://localhost:9")).unwrap().as_str(),
            "localhost"
        );
    }
}
