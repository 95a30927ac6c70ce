//! Every public URL of this installation, derived once from the base URL.

use url::{Host, Url};

use crate::model::application::slug::Slug;

/// Paths that service providers and users are given.
pub mod path {
    /// Sign-in URL (SingleSignOnService).
    pub const SSO: &str = "/saml/sso";
    /// Logout URL (SingleLogoutService).
    pub const SLO: &str = "/saml/slo";
    /// Starts an SSO flow here; a slug follows, or `?sp=` and an entity ID.
    pub const START: &str = "/saml/start";
    /// Our metadata; by default also our entity ID.
    pub const METADATA: &str = "/saml/metadata";
    pub const CERTIFICATE_PEM: &str = "/saml/certificate.pem";
    /// DER.
    pub const CERTIFICATE_CER: &str = "/saml/certificate.cer";
    /// The user's own page.
    pub const PORTAL: &str = "/";
    /// The sign-in form.
    pub const SIGN_IN: &str = "/login";
    /// Takes the new password of a user who has to choose one before the sign-in goes on.
    pub const REQUIRED_PASSWORD: &str = "/login/password";
    /// Asks for a second factor, or sets one up.
    pub const SECOND_FACTOR: &str = "/login/second-factor";
    /// The account of the user who is signed in.
    pub const ACCOUNT: &str = "/account";
    pub const PROFILE: &str = "/account/profile";
    pub const END_OWN_SESSIONS: &str = "/account/sessions/end";
    /// Takes a passkey from whoever signs in with it alone.
    pub const PASSKEY_SIGN_IN: &str = "/login/passkey";
    /// Says which other addresses may use our passkeys (webauthn-3, 5.11).
    pub const RELATED_ORIGINS: &str = "/.well-known/webauthn";
    /// The second factors of the user who is signed in.
    pub const ACCOUNT_FACTORS: &str = "/account/second-factors";
    pub const ADD_FACTOR: &str = "/account/second-factors/add";
    pub const ADD_PASSKEY: &str = "/account/second-factors/add-passkey";
    pub const REMOVE_FACTOR: &str = "/account/second-factors/remove";
    pub const FORGET_DEVICES: &str = "/account/second-factors/forget-devices";
    pub const RECOVERY_CODES: &str = "/account/recovery-codes";
    /// Where a user changes the password.
    pub const ACCOUNT_PASSWORD: &str = "/account/password";
    /// Where a user asks for another e-mail address; the token of the link that confirms it may follow.
    pub const ACCOUNT_EMAIL: &str = "/account/email";
    pub const CONFIRM_EMAIL: &str = "/account/email/";
    /// Brings an address back that was changed; the token of the link follows.
    pub const UNDO_EMAIL: &str = "/email/undo/";
    /// Ends the session here.
    pub const LOGOUT: &str = "/logout";
    /// Shows a logout in progress, and continues it; its id follows.
    pub const LOGOUT_PROGRESS: &str = "/logout/";
    /// Resumes a pending sign-in; its sealed state follows, which only the browser stores.
    pub const RESUME_SIGN_IN: &str = "/continue/";
    /// Makes a browser a known device of a user; the token that an administrator gave the user follows.
    pub const DEVICE: &str = "/device/";
    /// Asks for a link by mail to choose a new password.
    pub const RECOVERY: &str = "/recover";
    /// Lets somebody choose a password; the token of the link follows.
    pub const ONE_TIME_LINK: &str = "/link/";
    /// Starts an application from its tile; the slug follows.
    pub const LAUNCH: &str = "/launch/";
    /// What clients of OpenID Connect read about us (OpenID Connect Discovery, 4).
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    /// The same, where clients of OAuth 2 look (rfc8414, 3).
    pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
    pub const AUTHORIZE: &str = "/oidc/authorize";
    pub const TOKEN: &str = "/oidc/token";
    pub const USERINFO: &str = "/oidc/userinfo";
    pub const JWKS: &str = "/oidc/jwks";
    pub const REVOKE: &str = "/oidc/revoke";
    pub const INTROSPECT: &str = "/oidc/introspect";
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
    /// The default of an installation without configuration: for evaluation only.
    pub const EVALUATION_DEFAULT: &'static str = "http://127.0.0.1:8080";

    /// Parses an origin: `https://host` or `https://host:port`; http only for loopback.
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

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers connect over https.
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether only this machine can reach it.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// Whether `host` is this machine.
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

/// Whether a certificate's subject names this machine, so that it was made for evaluation.
pub fn is_loopback_subject(subject: &str) -> bool {
    Host::parse(subject).is_ok_and(|host| is_loopback(&host))
}

/// Why a text is not a valid base URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBaseUrl {
    #[error("`{text}` is not a URL ({source}); write the whole origin, such as https://login.example.com")]
    NotAUrl {
        text: String,
        /// Where it fails to parse.
        source: url::ParseError,
    },
    #[error("the base URL must begin with https://, not {0}://")]
    Scheme(String),
    /// A path, a query, a user or a fragment besides the origin.
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

/// The public URLs, rendered once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoints {
    pub base: BaseUrl,
    pub sso: String,
    pub slo: String,
    pub metadata: String,
    /// Where the certificate can be downloaded.
    pub certificate: String,
    pub oidc: OidcEndpoints,
}

/// Those of OpenID Connect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OidcEndpoints {
    pub configuration: String,
    pub authorization: String,
    pub token: String,
    pub userinfo: String,
    pub jwks: String,
    pub revocation: String,
    pub introspection: String,
}

impl Endpoints {
    /// The metadata URL of one application: the same document, but a fetch of it proves that its sender knows
    /// `token`.
    pub fn metadata_for(&self, slug: &Slug, token: &str) -> String {
        format!("{}/{slug}/{token}", self.metadata)
    }

    /// Where the certificate of the next key can be downloaded.
    pub fn next_certificate(&self) -> String {
        format!("{}?key=next", self.certificate)
    }

    /// Derives the URLs from `base`.
    pub fn new(base: BaseUrl) -> Self {
        let at = |path: &str| format!("{}{path}", base.origin());
        Self {
            sso: at(path::SSO),
            slo: at(path::SLO),
            metadata: at(path::METADATA),
            certificate: at(path::CERTIFICATE_PEM),
            oidc: OidcEndpoints {
                configuration: at(path::OPENID_CONFIGURATION),
                authorization: at(path::AUTHORIZE),
                token: at(path::TOKEN),
                userinfo: at(path::USERINFO),
                jwks: at(path::JWKS),
                revocation: at(path::REVOKE),
                introspection: at(path::INTROSPECT),
            },
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
