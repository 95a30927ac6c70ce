//! Responses that several handlers send: the form that carries a message, the page for a refusal.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use crate::{
    api_model::remedy,
    model::{endpoint::path, id::ApplicationId, sign_in::ResponseMode, user::UserSummary},
    provider::{
        oidc::authorization_response::AuthorizationResponse,
        refusal::RefusedPage,
        saml::{
            logout_steps::{LogoutDelivery, OutboundBinding},
            saml_response::SamlResponse,
        },
        sign_in::pending::{NewCookie, SealedSignIn},
        sso::{ApplicationResponse, NotAssignedPage as NotAssigned},
    },
    web::{
        page::{
            auto_post::{AutoPostKind, AutoPostPage, Base64, PostBody, RedirectPage},
            not_assigned::{NotAssignedPage, WayBack},
            part::{AppMark, UserMark},
            refusal::{RefusalPage, RefusedAction},
        },
        state::{Site, page, see_other},
        text,
    },
};

pub(super) fn app_mark(id: ApplicationId, name: &str) -> AppMark {
    AppMark::new(name, &id.to_string())
}

pub(super) fn user_mark(person: &UserSummary) -> UserMark {
    UserMark::new(&person.full_name, &person.email, &person.id.to_string())
}

/// The page that posts a Response to the ACS.
pub(super) fn saml_response(site: &Site, request: &HttpRequest, answer: &SamlResponse) -> HttpResponse {
    let page = AutoPostPage {
        page: site.page_context(request).once(),
        application: app_mark(answer.application, &answer.application_name),
        kind: if answer.user.is_some() {
            AutoPostKind::SignedIn
        } else {
            AutoPostKind::Refused
        },
        destination: answer.acs.as_str(),
        body: PostBody::Saml {
            message: Base64::encode(&answer.xml),
            relay_state: answer.relay_state.as_deref(),
        },
        user: answer.user.as_ref().map(user_mark),
    };
    site.auto_post(&page, answer.acs.is_plain_http())
}

/// What an application is sent through the browser.
pub(super) fn application_response(
    site: &Site,
    request: &HttpRequest,
    response: &ApplicationResponse,
) -> HttpResponse {
    match response {
        ApplicationResponse::Saml(saml) => saml_response(site, request, saml),
        ApplicationResponse::Oidc(oidc) => authorization_response(site, request, oidc),
    }
}

fn authorization_response(
    site: &Site,
    request: &HttpRequest,
    response: &AuthorizationResponse,
) -> HttpResponse {
    let kind = if response.user.is_some() {
        AutoPostKind::SignedIn
    } else {
        AutoPostKind::Refused
    };
    let user = response.user.as_ref().map(user_mark);
    let application = app_mark(response.application, &response.application_name);
    match response.mode {
        ResponseMode::FormPost => {
            let page = AutoPostPage {
                page: site.page_context(request).once(),
                application,
                kind,
                destination: &response.redirect_uri,
                body: PostBody::Fields(&response.parameters),
                user,
            };
            site.auto_post(&page, is_plain_http(&response.redirect_uri))
        }
        // No form of ours led here.
        ResponseMode::Query if request.path() == path::AUTHORIZE => see_other(&response.url()).finish(),
        ResponseMode::Query => {
            let shown = RedirectPage {
                page: site.page_context(request).once(),
                application,
                kind,
                url: &response.url(),
                user,
            };
            page(StatusCode::OK, &shown)
        }
    }
}

/// Only an address on this machine is.
fn is_plain_http(redirect_uri: &str) -> bool {
    redirect_uri.starts_with("http:")
}

/// Redirects to the page of a pending sign-in, with the cookie that binds it to this browser.
pub(super) fn redirect_to_pending(site: &Site, waiting: &SealedSignIn) -> HttpResponse {
    let address = format!("{}{}", path::RESUME_SIGN_IN, waiting.sealed);
    redirect_with_pending(site, &address, waiting)
}

/// To another page of ours that takes the pending sign-in along.
pub(super) fn redirect_with_pending(site: &Site, address: &str, waiting: &SealedSignIn) -> HttpResponse {
    let mut response = see_other(address);
    match &waiting.cookie {
        None => {}
        Some(NewCookie::Browser(token)) => {
            response.cookie(site.cookies.set_browser(token));
        }
        Some(NewCookie::Posted(token)) => {
            response.cookie(site.cookies.set_posted(token));
        }
    }
    response.finish()
}

/// A logout message that ends its exchange: as a redirect, or in a form that posts itself.
pub(super) fn logout_message(site: &Site, request: &HttpRequest, outbound: &LogoutDelivery) -> HttpResponse {
    match &outbound.carrier {
        OutboundBinding::Redirect(address) => see_other(address).finish(),
        OutboundBinding::Post {
            location,
            message,
            relay_state,
        } => {
            let page = AutoPostPage {
                page: site.page_context(request),
                application: app_mark(outbound.application.0, &outbound.application.1),
                kind: AutoPostKind::SignedOut,
                destination: location.as_str(),
                body: PostBody::Saml {
                    message: Base64::encode(message),
                    relay_state: relay_state.as_deref(),
                },
                user: None,
            };
            site.auto_post(&page, location.is_plain_http())
        }
    }
}

/// The page for a user who is not among those who may use an application.
pub(super) fn not_assigned(site: &Site, request: &HttpRequest, refused: &NotAssigned) -> HttpResponse {
    let (id, name) = &refused.application;
    let shown = NotAssignedPage {
        page: site.page_context(request),
        application: app_mark(*id, name),
        user: user_mark(&refused.user),
        groups: &refused.groups,
        code: format!("{} {}", refused.code, refused.reference),
        back: refused.back.as_deref().map(way_back),
    };
    let is_plain = match refused.back.as_deref() {
        Some(ApplicationResponse::Saml(status)) => Some(status.acs.is_plain_http()),
        Some(ApplicationResponse::Oidc(error)) if error.mode == ResponseMode::FormPost => {
            Some(is_plain_http(&error.redirect_uri))
        }
        Some(ApplicationResponse::Oidc(_)) | None => None,
    };
    match is_plain {
        Some(is_plain) => site.posting_page(StatusCode::FORBIDDEN, &shown, is_plain),
        None => page(StatusCode::FORBIDDEN, &shown),
    }
}

fn way_back(response: &ApplicationResponse) -> WayBack<'_> {
    match response {
        ApplicationResponse::Saml(status) => WayBack::Form {
            destination: status.acs.as_str(),
            body: PostBody::Saml {
                message: Base64::encode(&status.xml),
                relay_state: status.relay_state.as_deref(),
            },
        },
        ApplicationResponse::Oidc(error) => match error.mode {
            ResponseMode::FormPost => WayBack::Form {
                destination: &error.redirect_uri,
                body: PostBody::Fields(&error.parameters),
            },
            ResponseMode::Query => WayBack::Link(error.url()),
        },
    }
}

/// Our own page for a refusal: what is wrong, who can fix it and how, a code and a reference.
pub(super) fn refusal(site: &Site, request: &HttpRequest, refused: &RefusedPage) -> HttpResponse {
    let explanation = refused.explanation;
    let shown = RefusalPage {
        page: site.page_context(request),
        action: if refused.is_logout {
            RefusedAction::SignOut
        } else {
            RefusedAction::SignIn
        },
        responsible: explanation.responsible,
        fix: remedy::fix_words(explanation.fix),
        code: explanation.code,
        reference: refused.reference.to_string(),
        application: refused.application.as_ref().map(|(id, name)| app_mark(*id, name)),
        portal_link: true,
        when: text::format_time(site.provider.now()),
    };
    page(StatusCode::BAD_REQUEST, &shown)
}
