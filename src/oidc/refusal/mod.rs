//! Why a request of OpenID Connect is refused: a code for the administrator, an error for the client (rfc6749, 4.1.2.1
//! and 5.2; OpenID Connect Core, 3.1.2.6), a message for the user.

mod code;

use crate::{
    model::explanation::Explanation,
    oidc::{
        parameters::{BadParameters, Repeated},
        refusal::code as of,
    },
};

pub use crate::oidc::refusal::code::all;

/// What a client or a browser did wrong, or asked for and cannot have.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The parameters cannot be read, or the one that says who asks stands twice.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    #[error("no client has this client_id")]
    UnknownClient,
    #[error("the redirect_uri is not among those of the client")]
    UnknownRedirectUri,
    /// The client has none yet.
    #[error("the client has no redirect_uri yet")]
    NoRedirectUri,
    #[error("the request is not what it must be: {0}")]
    Invalid(String),
    #[error("the response_type is not `code`")]
    ResponseType,
    #[error("the client sends its request as a JWT (`request`)")]
    RequestObject,
    #[error("the client sends its request by reference (`request_uri`)")]
    RequestUri,
    #[error("the client registers itself in its request (`registration`)")]
    Registration,
    #[error("the resource {0} is not one that the client may have tokens for")]
    Target(String),
    /// `prompt=none`, and nobody is signed in, or not as the request asks for.
    #[error("no page may be shown, and the person would have to sign in")]
    LoginRequired,
    /// `prompt=none`, and a second factor is missing.
    #[error("no page may be shown, and the person would have to give a second factor")]
    InteractionRequired,
    #[error("the client is not authenticated: {0}")]
    ClientAuthentication(&'static str),
    #[error("the request at the token endpoint is not what it must be: {0}")]
    TokenRequest(String),
    #[error("the grant_type is none that is issued here")]
    GrantType,
    #[error("the authorization code is not redeemed: {0}")]
    Code(&'static str),
    /// Its tokens were ended.
    #[error("the authorization code was redeemed before")]
    CodeReused,
    #[error("the refresh token is not accepted: {0}")]
    RefreshToken(&'static str),
    /// Its grant was ended.
    #[error("the refresh token was used before")]
    RefreshTokenReused,
    #[error("more scope is asked for than was granted")]
    Scope,
    /// Whoever holds a grant may no longer use the application.
    #[error("the grant has ended: {0}")]
    GrantEnded(&'static str),
    #[error("the access token is not accepted: {0}")]
    AccessToken(&'static str),
    #[error("the client may not do this: {0}")]
    UnauthorizedClient(&'static str),
}

impl Refusal {
    pub const fn explanation(&self) -> &'static Explanation {
        match self {
            Self::Unreadable(_) => &of::OIDC_UNREADABLE,
            Self::UnknownClient => &of::CLIENT_UNKNOWN,
            Self::UnknownRedirectUri => &of::REDIRECT_URI_UNKNOWN,
            Self::NoRedirectUri => &of::REDIRECT_URI_MISSING,
            Self::Invalid(_) => &of::OIDC_REQUEST,
            Self::ResponseType => &of::RESPONSE_TYPE,
            Self::RequestObject => &of::REQUEST_OBJECT,
            Self::RequestUri => &of::REQUEST_URI,
            Self::Registration => &of::REGISTRATION,
            Self::Target(_) => &of::TARGET_UNKNOWN,
            Self::LoginRequired => &of::LOGIN_REQUIRED,
            Self::InteractionRequired => &of::INTERACTION_REQUIRED,
            Self::ClientAuthentication(_) => &of::CLIENT_AUTHENTICATION,
            Self::TokenRequest(_) => &of::TOKEN_REQUEST,
            Self::GrantType => &of::GRANT_TYPE,
            Self::Code(_) => &of::CODE_INVALID,
            Self::CodeReused => &of::CODE_REUSED,
            Self::RefreshToken(_) => &of::REFRESH_TOKEN_INVALID,
            Self::RefreshTokenReused => &of::REFRESH_TOKEN_REUSED,
            Self::Scope => &of::SCOPE_EXCEEDED,
            Self::GrantEnded(_) => &of::GRANT_ENDED,
            Self::AccessToken(_) => &of::TOKEN_INVALID,
            Self::UnauthorizedClient(_) => &of::CLIENT_NOT_ALLOWED,
        }
    }

    /// A short name that never changes: for support, logs and tests.
    pub const fn code(&self) -> &'static str {
        self.explanation().code
    }

    /// The `error` that the client receives; none: our own page is shown, since nothing says where the browser may go.
    pub fn error(&self) -> Option<&'static str> {
        self.explanation().status.map(|(error, _)| error)
    }
}

impl From<BadParameters> for Refusal {
    fn from(why: BadParameters) -> Self {
        Self::Unreadable(
            match why {
                BadParameters::TooLarge => "more than 16 kB of parameters",
                BadParameters::NotText => "percent-encoded octets that are no UTF-8",
            }
            .to_owned(),
        )
    }
}

/// A parameter that stands twice, where the sender is known.
impl From<Repeated> for Refusal {
    fn from(Repeated(name): Repeated) -> Self {
        Self::Invalid(format!("`{name}` stands in it twice"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::remedy::Fix;

    #[test]
    fn what_could_lead_to_a_stranger_is_shown_here() {
        for refusal in [
            Refusal::Unreadable(String::new()),
            Refusal::UnknownClient,
            Refusal::UnknownRedirectUri,
            Refusal::NoRedirectUri,
        ] {
            assert_eq!(refusal.error(), None, "{refusal}");
        }
        assert_eq!(Refusal::LoginRequired.error(), Some("login_required"));
    }

    #[test]
    fn a_code_is_unique_and_short_and_its_texts_are_sentences() {
        let mut seen = BTreeSet::new();
        for explanation in all() {
            let code = explanation.code;
            assert!(seen.insert(code), "{code} twice");
            assert!(
                code.len() <= 24 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'),
                "{code}"
            );
            assert!(
                explanation.message.ends_with('.') && explanation.message.is_ascii(),
                "{code}"
            );
            assert!(!explanation.meaning.ends_with('.'), "{code}");
            let Fix::Words(fix) = explanation.fix else {
                continue;
            };
            assert!(fix.ends_with('.'), "{code}");
        }
    }
}
