//! URLs of service providers.

use std::fmt;

use url::Url;

use crate::model::{endpoint::is_loopback, hash::sha256, text::BadText};

/// A URL of a service provider that messages may be sent to, stored byte for byte as it was registered.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SpUrl(String);

impl SpUrl {
    /// The longest accepted URL, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Parses a URL: `https`, or `http` on loopback; no user, no fragment, no white space.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        let wrong = |why: &str| Err(BadText::Malformed(format!("`{}`: {why}", text.escape_debug())));
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("it holds white space; copy the address again, without a space or line break");
        }
        if text.len() > Self::MAX_LEN {
            return wrong("it is longer than 2048 bytes");
        }
        if !text.is_ascii() {
            return wrong("it holds characters that an address cannot; copy it again");
        }
        let Ok(url) = Url::parse(text) else {
            return wrong("this is not a whole address: it begins with https:// and names a host");
        };
        let Some(host) = url.host() else {
            return wrong("it names no host");
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => return wrong("http is refused but for this machine itself; write https://"),
            _ => return wrong("the address must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("it holds a user name; take out what stands before the @");
        }
        if url.fragment().is_some() || text.contains('\\') || text.contains(['"', '<', '>', '\'']) {
            return wrong("it holds a character that does not belong there (# \\ \" ' < >)");
        }
        Ok(Self(text.to_owned()))
    }

    /// The SHA-256 of the URL: identifies it where it must be short.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a plain http URL; such a URL is on this machine.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http:")
    }

    /// The root of its site: scheme, host and port, with a trailing slash.
    pub fn origin(&self) -> String {
        Url::parse(&self.0)
            .map(|url| format!("{}/", url.origin().ascii_serialization()))
            .unwrap_or_default()
    }

    /// The host, for display.
    pub fn host(&self) -> String {
        Url::parse(&self.0)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

impl fmt::Display for SpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_absolute_and_safe_and_stored_byte_for_byte() {
        for good in [
            "https://auth0.openai.com/login/callback?connection=org-XXX",
            "http://localhost:9090/acs",
            "http://127.0.0.1:1/acs",
            "https://SP.example:443/acs",
        ] {
            assert_eq!(SpUrl::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "sp.example/acs",
            "/acs",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://sp.example/acs",
            " https://sp.example/acs",
            "https://sp.example/a cs",
            "https://sp.example/acs\n",
            "https://u@sp.example/",
            "https://sp.example/#x",
            "https://sp.example\\@evil.example/",
            "https:///",
            "https://sp.example/\"><b>",
        ] {
            assert!(SpUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
