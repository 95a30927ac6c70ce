//! A sign-in in progress.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    application::SpUrl, authn_context::RequestedAuthnContext, grant::Words, id::ApplicationId,
    name_id::NameIdFormat,
};

/// The user whom a request is about (saml-core, 3.4.1.4): a name and its format.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    pub format: NameIdFormat,
    pub value: String,
}

/// A sign-in to an application that is answered at once, or waits for its user: every entrance makes one, whatever the
/// protocol. While it waits it is not stored here: the browser keeps it, sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PendingSignIn {
    pub application: ApplicationId,
    pub payload: Payload,
    pub requirements: SignInRequirements,
    /// When the request was received.
    pub created_at: DateTime<Utc>,
}

/// What a response needs to know of its request, by protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Payload {
    Saml(SamlPayload),
    Oidc(OidcPayload),
}

/// What an authorization response, and the tokens after it, need to know of the authorization request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OidcPayload {
    /// As the request has it: the client repeats it at the token endpoint.
    pub redirect_uri: String,
    pub response_mode: ResponseMode,
    /// Opaque to us, returned unchanged.
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// Of the method S256 (rfc7636, 4.3).
    pub code_challenge: Option<String>,
    pub scope: Words,
    /// Whom the access tokens are for (rfc8707).
    pub resource: Words,
    /// Claims that the request names one by one (OpenID Connect Core, 5.5).
    pub id_token_claims: Words,
    pub userinfo_claims: Words,
}

impl OidcPayload {
    /// For a client that is opened here, and then sends a request of its own.
    pub fn begun_here(redirect_uri: &SpUrl) -> Self {
        Self {
            redirect_uri: redirect_uri.as_str().to_owned(),
            response_mode: ResponseMode::Query,
            state: None,
            nonce: None,
            code_challenge: None,
            scope: Words::default(),
            resource: Words::default(),
            id_token_claims: Words::default(),
            userinfo_claims: Words::default(),
        }
    }
}

/// How an authorization response travels through the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResponseMode {
    /// In the URL (OAuth 2.0 Multiple Response Types, 2.1).
    Query,
    /// In a form (OAuth 2.0 Form Post Response Mode, 2).
    FormPost,
}

impl ResponseMode {
    /// Its `response_mode`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::FormPost => "form_post",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Query, Self::FormPost]
            .into_iter()
            .find(|mode| mode.name() == word)
    }
}

/// What a SAML Response needs to know of its AuthnRequest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SamlPayload {
    /// The request's own `ID`, for `InResponseTo`; `None` for an unsolicited Response.
    pub request_id: Option<String>,
    /// Where the response is sent: [`SpUrl::digest`](crate::model::application::SpUrl::digest) of an ACS URL that the
    /// application registered.
    pub acs_digest: [u8; 32],
    /// Opaque to us, returned unchanged.
    pub relay_state: Option<String>,
    pub name_id_format: NameIdFormat,
    /// The request was signed, but no certificate is registered to verify it. Not sealed: it is recorded before the
    /// request waits.
    pub unchecked_signature: bool,
}

/// What is asked of the user.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SignInRequirements {
    /// The user must sign in again, after the request was received (saml-core, 3.4.1, `ForceAuthn`).
    pub force_authn: bool,
    /// No page may be shown (saml-core, 3.4.1, `IsPassive`).
    pub is_passive: bool,
    /// The user must be this one (saml-core, 3.4.1.4).
    pub subject: Option<Subject>,
    /// How the user must have authenticated (saml-core, 3.3.2.2.1).
    pub authn_context: Option<RequestedAuthnContext>,
    /// The context is a preference: a user who cannot prove it is signed in all the same (OpenID Connect Core, 5.5.1.1).
    pub authn_context_is_voluntary: bool,
    /// How long ago the user may have authenticated (OpenID Connect Core, 3.1.2.1, `max_age`).
    pub max_age: Option<TimeDelta>,
    /// The e-mail address to prefill in the sign-in form.
    pub login_hint: Option<String>,
}

impl SignInRequirements {
    /// The e-mail address to prefill: that of the requested subject, or else the login hint.
    pub fn email(&self) -> Option<&str> {
        let subject = self.subject.as_ref().filter(|subject| match subject.format {
            NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
            NameIdFormat::Persistent | NameIdFormat::Transient => false,
        });
        let subject = subject.map(|subject| subject.value.as_str());
        subject.or(self.login_hint.as_deref())
    }
}
