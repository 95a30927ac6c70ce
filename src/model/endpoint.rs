//! Every public address of this installation, made once from the base URL.

use url::{Host, Url};

use crate::model::application::Slug;

/// Paths that service providers and people are told.
pub mod path {
    /// Sign-in URL (SingleSignOnService).
    pub const SSO: &str = "/saml/sso";
    /// Sign-out URL (SingleLogoutService).
    pub const SLO: &str = "/saml/slo";
    /// Begins a sign-on here: a slug follows, or `?sp=` and an entity ID.
    pub const START: &str = "/saml/start";
    /// Our metadata; by default also our entity ID.
    pub const METADATA: &str = "/saml/metadata";
    /// Our certificate, PEM.
    pub const CERTIFICATE_PEM: &str = "/saml/certificate.pem";
    /// Our certificate, DER.
    pub const CERTIFICATE_CER: &str = "/saml/certificate.cer";
    /// The person's own page.
    pub const PORTAL: &str = "/";
    /// The login form.
    pub const SIGN_IN: &str = "/login";
    /// Ends the session here.
    pub const LOGOUT: &str = "/logout";
    /// Shows a logout under way, and goes on with it; its id follows.
    pub const LOGOUT_PROGRESS: &str = "/logout/";
    /// Goes on with a sign-in that waited; what the browser keeps of it follows, sealed.
    pub const RESUME_SIGN_IN: &str = "/continue/";
    /// Makes a browser one that a person is known to use; what an administrator gave them follows.
    pub const DEVICE: &str = "/device/";
    /// Starts an application from its tile; the slug follows.
    pub const LAUNCH: &str = "/launch/";
}

/// The public base URL: an origin, without a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl {
    origin: String,
    host: String,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    /// What an installation uses that was told nothing: good for trying only.
    pub const EVALUATION_DEFAULT: &'static str = "http://127.0.0.1:8080";

    /// Reads an origin: `https://host` or `https://host:port`; http only for loopback.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let url = Url::parse(text).map_err(|source| BadBaseUrl::NotAUrl {
            text: text.to_owned(),
            source,
        })?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(BadBaseUrl::Scheme(other.to_owned())),
        };
        let is_origin_only = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !is_origin_only || !url.username().is_empty() || url.password().is_some() {
            return Err(BadBaseUrl::NotAnOrigin(text.to_owned()));
        }
        let host = url
            .host()
            .ok_or_else(|| BadBaseUrl::NotAnOrigin(text.to_owned()))?;
        let loopback = is_loopback(&host);
        if !https && !loopback {
            return Err(BadBaseUrl::PlainHttp(host.to_string()));
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            host: host.to_string(),
            https,
            loopback,
        })
    }

    /// Scheme, host and port, as a browser sends it in `Origin`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers come by https.
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether only this machine can reach it.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// Whether `host` is this machine itself.
pub fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(v4) => v4.is_loopback(),
        Host::Ipv6(v6) => v6.is_loopback(),
    }
}

/// Whether a certificate's subject is the name of this machine itself, so that it was made for trying.
pub fn is_loopback_subject(subject: &str) -> bool {
    Host::parse(subject).is_ok_and(|host| is_loopback(&host))
}

/// Why a text is no base URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Not a URL at all.
    #[error("`{text}` is not a URL ({source}); write the whole origin, such as https://login.example.com")]
    NotAUrl {
        /// What was given.
        text: String,
        /// Why.
        source: url::ParseError,
    },
    /// Neither http nor https.
    #[error("the base URL must begin with https://, not {0}://")]
    Scheme(String),
    /// A path, a query, a user or a fragment beside the origin.
    #[error(
        "`{0}` is more than an origin; write only scheme, host and port, such as https://login.example.com"
    )]
    NotAnOrigin(String),
    /// Passwords would cross the network in the clear.
    #[error(
        "http is refused for {0}: passwords would cross the network in the clear. Put a reverse proxy with TLS in front and write https:// (docs/configuration.md)"
    )]
    PlainHttp(String),
}

/// The public addresses, rendered once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoints {
    /// What they begin with.
    pub base: BaseUrl,
    /// Sign-in URL.
    pub sso: String,
    /// Sign-out URL.
    pub slo: String,
    /// Metadata URL.
    pub metadata: String,
    /// Where the certificate is downloaded.
    pub certificate: String,
}

impl Endpoints {
    /// The metadata URL that one application is given: the same document, and whoever fetches it there was given
    /// `token`.
    pub fn metadata_for(&self, slug: &Slug, token: &str) -> String {
        format!("{}/{slug}/{token}", self.metadata)
    }

    /// Where the certificate of the next key is downloaded.
    pub fn next_certificate(&self) -> String {
        format!("{}?key=next", self.certificate)
    }

    /// Renders the addresses below `base`.
    pub fn new(base: BaseUrl) -> Self {
        let at = |path: &str| format!("{}{path}", base.origin());
        Self {
            sso: at(path::SSO),
            slo: at(path::SLO),
            metadata: at(path::METADATA),
            certificate: at(path::CERTIFICATE_PEM),
            base,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_an_origin_and_https_unless_it_is_loopback() {
        for good in [
            "https://login.example.com",
            "https://login.example.com/",
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:9",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.com",
            "https://a.example/idp",
            "https://a.example/?x",
            "https://u@a.example",
            "ftp://a.example",
            "a.example",
            "",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            BaseUrl::parse("https://A.example:443/").unwrap().origin(),
            "https://a.example"
        );
    }
}
