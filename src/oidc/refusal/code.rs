//! The codes, each with its explanation, in one place: pages, answers to clients, `hallpass explain` and docs/errors.md
//! all use them.

use crate::model::{
    explanation::{Explanation, ResponsibleParty},
    remedy::{Fix, FixCommand},
};

pub(super) const OIDC_UNREADABLE: Explanation = Explanation {
    code: "OIDC-UNREADABLE",
    meaning: "more than 16 kB of parameters, no UTF-8, or client_id, redirect_uri, state or response_mode twice",
    status: None,
    message: "The application sent a request that cannot be read.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "Start again at the application. If it happens again, compare what it sends with docs/oidc.md.",
    ),
    command: None,
    clause: Some("rfc6749, 3.1"),
};

pub(super) const CLIENT_UNKNOWN: Explanation = Explanation {
    code: "CLIENT-UNKNOWN",
    meaning: "no client has this client_id, or there is none",
    status: None,
    message: "The application that sent you is not registered here.",
    responsible: ResponsibleParty::ProviderAdministrator,
    fix: Fix::RegisterClient,
    command: Some(FixCommand::ListApplications),
    clause: Some("rfc6749, 4.1.2.1"),
};

pub(super) const REDIRECT_URI_UNKNOWN: Explanation = Explanation {
    code: "REDIRECT-URI-UNKNOWN",
    meaning: "the client wants the answer at an address that is not among its redirect URIs, letter for letter",
    status: None,
    message: "The application asked for our answer at an address that is not registered.",
    responsible: ResponsibleParty::ProviderAdministrator,
    fix: Fix::RegisterRedirectUri,
    command: Some(FixCommand::RegisterRedirectUri),
    clause: Some("rfc6749, 3.1.2.4; rfc9700, 4.1.3"),
};

pub(super) const REDIRECT_URI_MISSING: Explanation = Explanation {
    code: "REDIRECT-URI-MISSING",
    meaning: "the client was added before its redirect URI was known, and none was registered since",
    status: None,
    message: "The application is not set up here to the end.",
    responsible: ResponsibleParty::ProviderAdministrator,
    fix: Fix::RegisterRedirectUri,
    command: Some(FixCommand::RegisterRedirectUri),
    clause: Some("rfc6749, 3.1.2.2"),
};

pub(super) const OIDC_REQUEST: Explanation = Explanation {
    code: "OIDC-REQUEST",
    meaning: "a parameter of the authorization request is missing, stands twice, or has a value that it cannot have: the detail says which",
    status: Some(("invalid_request", None)),
    message: "The request has a parameter that is missing, stands twice, or has a wrong value.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "Start again at the application. If it happens again, its settings or its library are broken: docs/oidc.md says what is accepted.",
    ),
    command: None,
    clause: Some("rfc6749, 4.1.2.1; rfc7636, 4.4.1"),
};

pub(super) const RESPONSE_TYPE: Explanation = Explanation {
    code: "RESPONSE-TYPE",
    meaning: "the client asks for tokens at the authorization endpoint: only the authorization code flow is spoken",
    status: Some(("unsupported_response_type", None)),
    message: "Only response_type=code is supported.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application use the authorization code flow (response_type=code)."),
    command: None,
    clause: Some("rfc9700, 2.1.2"),
};

pub(super) const REQUEST_OBJECT: Explanation = Explanation {
    code: "REQUEST-OBJECT",
    meaning: "the client sends its request as a JWT",
    status: Some(("request_not_supported", None)),
    message: "The parameter request is not supported.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application send its parameters plainly, without a request object."),
    command: None,
    clause: Some("OpenID Connect Core, 6.1"),
};

pub(super) const REQUEST_URI: Explanation = Explanation {
    code: "REQUEST-URI",
    meaning: "the client sends its request by reference",
    status: Some(("request_uri_not_supported", None)),
    message: "The parameter request_uri is not supported.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application send its parameters plainly, without a request_uri."),
    command: None,
    clause: Some("OpenID Connect Core, 6.2"),
};

pub(super) const REGISTRATION: Explanation = Explanation {
    code: "REGISTRATION",
    meaning: "the client registers itself in its request, as a self-issued provider would let it",
    status: Some(("registration_not_supported", None)),
    message: "The parameter registration is not supported.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application leave the parameter out."),
    command: None,
    clause: Some("OpenID Connect Core, 7.2.1"),
};

pub(super) const TARGET_UNKNOWN: Explanation = Explanation {
    code: "TARGET-UNKNOWN",
    meaning: "the client asks for a token for a resource that it was not granted",
    status: Some(("invalid_target", None)),
    message: "The resource is not one that this client may have tokens for.",
    responsible: ResponsibleParty::EitherAdministrator,
    fix: Fix::Words(
        "Let the application ask for the resource as it is registered, letter for letter: a slash at the end makes another one.",
    ),
    command: None,
    clause: Some("rfc8707, 2"),
};

pub(super) const LOGIN_REQUIRED: Explanation = Explanation {
    code: "LOGIN-REQUIRED",
    meaning: "prompt=none, and the person is not signed in, or is not the one of the id_token_hint",
    status: Some(("login_required", None)),
    message: "The person has to sign in, and the request forbids a page.",
    responsible: ResponsibleParty::User,
    fix: Fix::Words("Open the application again and sign in."),
    command: None,
    clause: Some("OpenID Connect Core, 3.1.2.6"),
};

pub(super) const INTERACTION_REQUIRED: Explanation = Explanation {
    code: "INTERACTION-REQUIRED",
    meaning: "prompt=none, and a second factor is missing",
    status: Some(("interaction_required", None)),
    message: "The person has to give a second factor, and the request forbids a page.",
    responsible: ResponsibleParty::User,
    fix: Fix::Words("Open the application again and sign in."),
    command: None,
    clause: Some("OpenID Connect Core, 3.1.2.6"),
};

pub(super) const CLIENT_AUTHENTICATION: Explanation = Explanation {
    code: "CLIENT-AUTHENTICATION",
    meaning: "the client secret is wrong or has ended, or there is none: the detail says which",
    status: Some(("invalid_client", None)),
    message: "The client could not be authenticated.",
    responsible: ResponsibleParty::EitherAdministrator,
    fix: Fix::NewClientSecret,
    command: Some(FixCommand::ListClientSecrets),
    clause: Some("rfc6749, 5.2"),
};

pub(super) const TOKEN_REQUEST: Explanation = Explanation {
    code: "TOKEN-REQUEST",
    meaning: "a parameter at the token endpoint is missing, stands twice, or has a value that it cannot have: the detail says which",
    status: Some(("invalid_request", None)),
    message: "A parameter is missing, stands twice, or has a wrong value.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "Its library is broken, or something on the way changes the request: docs/oidc.md says what is accepted.",
    ),
    command: None,
    clause: Some("rfc6749, 5.2"),
};

pub(super) const GRANT_TYPE: Explanation = Explanation {
    code: "GRANT-TYPE",
    meaning: "the client asks for a grant other than authorization_code and refresh_token",
    status: Some(("unsupported_grant_type", None)),
    message: "Only authorization_code and refresh_token are supported.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application use the authorization code flow."),
    command: None,
    clause: Some("rfc6749, 5.2"),
};

pub(super) const CODE_INVALID: Explanation = Explanation {
    code: "CODE-INVALID",
    meaning: "the authorization code is unknown, has expired, belongs to another client, or redirect_uri or code_verifier do not fit: the detail says which",
    status: Some(("invalid_grant", None)),
    message: "The authorization code cannot be redeemed.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "Start again at the application. A code is good for a minute, once, and with the redirect_uri and the code_verifier of its request.",
    ),
    command: None,
    clause: Some("rfc6749, 4.1.3; rfc7636, 4.6"),
};

pub(super) const CODE_REUSED: Explanation = Explanation {
    code: "CODE-REUSED",
    meaning: "an authorization code came a second time: the tokens that it gave were ended",
    status: Some(("invalid_grant", None)),
    message: "The authorization code was redeemed before, and its tokens have ended.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "If the person did not reload a page, somebody may have seen the code: look at who asked.",
    ),
    command: None,
    clause: Some("rfc6749, 4.1.2"),
};

pub(super) const REFRESH_TOKEN_INVALID: Explanation = Explanation {
    code: "REFRESH-TOKEN-INVALID",
    meaning: "the refresh token is unknown, has expired, or belongs to another client: the detail says which",
    status: Some(("invalid_grant", None)),
    message: "The refresh token is not accepted.",
    responsible: ResponsibleParty::User,
    fix: Fix::Words("Sign in again at the application."),
    command: None,
    clause: Some("rfc6749, 6"),
};

pub(super) const REFRESH_TOKEN_REUSED: Explanation = Explanation {
    code: "REFRESH-TOKEN-REUSED",
    meaning: "a refresh token came again after its successor was in use: all tokens of that sign-in were ended",
    status: Some(("invalid_grant", None)),
    message: "The refresh token was used before, and its tokens have ended.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words(
        "The person signs in again. If it happens often, the application keeps old tokens; else somebody may have copied one.",
    ),
    command: None,
    clause: Some("rfc9700, 4.14.2"),
};

pub(super) const SCOPE_EXCEEDED: Explanation = Explanation {
    code: "SCOPE-EXCEEDED",
    meaning: "a refresh asks for a scope that was not granted at the sign-in",
    status: Some(("invalid_scope", None)),
    message: "More scope is asked for than was granted.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application ask for the scope at the sign-in."),
    command: None,
    clause: Some("rfc6749, 6"),
};

pub(super) const GRANT_ENDED: Explanation = Explanation {
    code: "GRANT-ENDED",
    meaning: "the person is switched off, may no longer use the application, or signed out, or the grant was revoked: the detail says which",
    status: Some(("invalid_grant", None)),
    message: "The person may no longer use this application with these tokens.",
    responsible: ResponsibleParty::EitherAdministrator,
    fix: Fix::GiveAccess,
    command: Some(FixCommand::ShowAccess),
    clause: Some("rfc6749, 5.2"),
};

pub(super) const TOKEN_INVALID: Explanation = Explanation {
    code: "TOKEN-INVALID",
    meaning: "UserInfo was asked with an access token that is unknown, has expired or was ended: the detail says which",
    status: Some(("invalid_token", None)),
    message: "The access token is not accepted.",
    responsible: ResponsibleParty::ApplicationAdministrator,
    fix: Fix::Words("Let the application refresh its token, or sign the person in again."),
    command: None,
    clause: Some("rfc6750, 3.1"),
};

pub(super) const CLIENT_NOT_ALLOWED: Explanation = Explanation {
    code: "CLIENT-NOT-ALLOWED",
    meaning: "the client asks for something that its registration does not allow: the detail says what",
    status: Some(("unauthorized_client", None)),
    message: "The client is not allowed to do this.",
    responsible: ResponsibleParty::EitherAdministrator,
    fix: Fix::Words("Compare how the client is registered here with what the application does."),
    command: None,
    clause: Some("rfc6749, 5.2"),
};

/// Every code that a refused request can have.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    ALL.iter().copied()
}

const ALL: &[&Explanation] = &[
    &OIDC_UNREADABLE,
    &CLIENT_UNKNOWN,
    &REDIRECT_URI_UNKNOWN,
    &REDIRECT_URI_MISSING,
    &OIDC_REQUEST,
    &RESPONSE_TYPE,
    &REQUEST_OBJECT,
    &REQUEST_URI,
    &REGISTRATION,
    &TARGET_UNKNOWN,
    &LOGIN_REQUIRED,
    &INTERACTION_REQUIRED,
    &CLIENT_AUTHENTICATION,
    &TOKEN_REQUEST,
    &GRANT_TYPE,
    &CODE_INVALID,
    &CODE_REUSED,
    &REFRESH_TOKEN_INVALID,
    &REFRESH_TOKEN_REUSED,
    &SCOPE_EXCEEDED,
    &GRANT_ENDED,
    &TOKEN_INVALID,
    &CLIENT_NOT_ALLOWED,
];
