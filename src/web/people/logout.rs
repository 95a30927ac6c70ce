//! `/logout`: the form that ends a session, and the progress page while each application receives a
//! LogoutRequest. The browser returns to that page of ours at each step; it is safe to reload, to go
//! back to and to open twice, and works without scripts.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, id::LogoutId},
    provider::{
        logout::{
            sign_out::{AboutToSignOut, ParticipantLogoutStatus, SignOutOutcome},
            started_logout::StartedLogout,
        },
        saml::logout_steps::{
            AdvanceLogoutOutcome, LogoutDelivery, LogoutProgress, NextAction, NextStep, OutboundBinding,
        },
    },
    web::{
        error::Error,
        layer::csrf,
        layer::headers::ResponseKind,
        layer::off_thread::off_thread,
        page::{
            auto_post::Base64,
            html::Page,
            logout_progress::{AdvanceBy, LogoutProgressPage, LogoutReturnPage, ParticipantView},
            part::AppMark,
            sign_out::{SignOutExpiredPage, SignOutPage, SignedOutPage},
        },
        respond,
        state::{Site, page, see_other},
    },
};

#[derive(Deserialize)]
pub(in crate::web) struct SignOutForm {
    #[serde(default)]
    csrf: String,
}

/// Sent by *Continue*: the position of the step to skip.
#[derive(Deserialize)]
pub(in crate::web) struct SkipForm {
    #[serde(rename = "hop")]
    position: i64,
}

/// `GET /logout`, and the Sign-out URL opened without a message: asks, and ends nothing yet.
/// Without a session to ask about, a logout that is running in this browser is shown.
pub(in crate::web) async fn ask(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let cookies = site.cookies.all_logouts(&request);
    let (about, running) = off_thread(&site, &request, move |p| {
        Ok((
            p.logout().about_to_sign_out(&visitor)?,
            p.logout().running_logout(&cookies)?,
        ))
    })
    .await?;
    Ok(match (about, running) {
        (Some(AboutToSignOut::Expired(applications)), None) => {
            site.form_page(&request, StatusCode::OK, |csrf| {
                SignOutExpiredPage {
                    page: site.page_context(&request),
                    applications,
                    csrf,
                }
                .html()
            })
        }
        (Some(AboutToSignOut::Session(person, stops)), _) => {
            site.form_page(&request, StatusCode::OK, |csrf| {
                SignOutPage {
                    page: site.page_context(&request),
                    user: respond::user_mark(&person),
                    participants: participant_views(&stops),
                    csrf,
                }
                .html()
            })
        }
        (Some(AboutToSignOut::Expired(_)) | None, Some(id)) => see_other(&logout_path(id)).finish(),
        (None, None) => match pending_logout(&request, &site).await? {
            Some(led_on) => led_on,
            None => signed_out(&site, &request),
        },
    })
}

/// `POST /logout`: ends the session. The response to a form never redirects to another origin, so a
/// logout continues from a page of ours.
pub(in crate::web) async fn sign_out(
    request: HttpRequest,
    site: Data<Site>,
    Form(sent): Form<SignOutForm>,
) -> Result<HttpResponse, Error> {
    if !csrf::is_same_origin(&request, site.base()) {
        site.log_rejected_form("a sign-out form of another site");
        return Ok(see_other(path::LOGOUT).finish());
    }
    if !csrf::is_valid(
        &request,
        site.base(),
        site.cookies.browser(&request).as_ref(),
        &sent.csrf,
    ) {
        site.log_rejected_form("a sign-out form");
        return ask(request, site).await;
    }
    let visitor = site.visitor(&request);
    let cookies = site.cookies.all_logouts(&request);
    let outcome = off_thread(&site, &request, move |p| p.logout().sign_out(&visitor, &cookies)).await?;
    let mut response = match outcome {
        SignOutOutcome::Done => signed_out(&site, &request),
        SignOutOutcome::LogoutStarted(begun) => redirect_to_started(&site, &request, &begun),
        SignOutOutcome::Running(id) => see_other(&logout_path(id)).finish(),
    };
    // Fails only if a cookie is no valid header, which ours always are.
    let _added = response.add_cookie(&site.cookies.remove_session());
    Ok(response)
}

/// Redirects to the progress page of a logout that was started.
pub(in crate::web) fn redirect_to_started(
    site: &Site,
    request: &HttpRequest,
    begun: &StartedLogout,
) -> HttpResponse {
    redirect_with_cookie(site, request, begun, &logout_path(begun.id))
}

/// Redirects to a GET, with which the browser sends its cookies.
pub(in crate::web) fn redirect_to_resume(
    site: &Site,
    request: &HttpRequest,
    posted: &StartedLogout,
) -> HttpResponse {
    redirect_with_cookie(
        site,
        request,
        posted,
        &format!("{}/resume", logout_path(posted.id)),
    )
}

/// Called for pages of ours: claims the logout that waits for this browser since its session ended
/// elsewhere.
pub(in crate::web) async fn pending_logout(
    request: &HttpRequest,
    site: &Data<Site>,
) -> Result<Option<HttpResponse>, Error> {
    let visitor = site.visitor(request);
    if visitor.session.is_none() {
        return Ok(None);
    }
    let waiting = off_thread(site, request, move |p| p.logout().claim_deferred_logout(&visitor)).await?;
    Ok(waiting.map(|begun| redirect_to_started(site, request, &begun)))
}

fn redirect_with_cookie(site: &Site, request: &HttpRequest, begun: &StartedLogout, to: &str) -> HttpResponse {
    let mut response = see_other(to);
    for removal in site.cookies.remove_oldest_logouts(request) {
        response.cookie(removal);
    }
    response
        .cookie(
            site.cookies
                .set_logout(begun.id, &begun.browser, begun.lifetime.num_seconds()),
        )
        .finish()
}

/// Redirects to the progress page of a logout.
pub(in crate::web) fn redirect_to_progress(id: LogoutId) -> HttpResponse {
    see_other(&logout_path(id)).finish()
}

/// `GET /logout/{id}`: which applications have confirmed, and which is next. It sends no message
/// itself; the page that it returns continues.
pub(in crate::web) async fn progress(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.logout(&request, id));
    let progress = off_thread(&site, &request, move |p| {
        p.saml().logout_progress(id, browser.as_ref(), &visitor)
    })
    .await?;
    Ok(match progress {
        Some(progress) => progress_page(&site, &request, id, &progress),
        None => ask(request, site).await?,
    })
}

/// `GET /logout/{id}/go`: sends the browser on to the application that is next.
pub(in crate::web) async fn advance(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.logout(&request, id));
    let advanced = off_thread(&site, &request, move |p| {
        p.saml().advance_logout(id, browser.as_ref(), &visitor)
    })
    .await?;
    Ok(match advanced {
        None => ask(request, site).await?,
        Some(AdvanceLogoutOutcome::Stay) => redirect_to_progress(id),
        Some(AdvanceLogoutOutcome::Respond(outbound)) => respond::logout_message(&site, &request, &outbound),
        Some(AdvanceLogoutOutcome::Ask(request_and_progress)) => {
            let (outbound, progress) = *request_and_progress;
            send_request(&site, &request, id, &outbound, &progress)
        }
    })
}

/// `POST /logout/{id}`: continues without an application.
pub(in crate::web) async fn skip(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
    Form(sent): Form<SkipForm>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    // The cookie is `SameSite=Lax`: another site's form comes without it.
    let browser = site.cookies.logout(&request, id);
    off_thread(&site, &request, move |p| {
        p.saml().skip_logout_step(id, browser.as_ref(), sent.position)
    })
    .await?;
    Ok(redirect_to_progress(id))
}

/// The page after a logout without other participants.
fn signed_out(site: &Site, request: &HttpRequest) -> HttpResponse {
    signed_out_page(site, request, Vec::new(), None)
}

fn signed_out_page(
    site: &Site,
    request: &HttpRequest,
    left: Vec<ParticipantView>,
    back: Option<(AppMark, &str)>,
) -> HttpResponse {
    page(
        StatusCode::OK,
        &SignedOutPage {
            page: site.page_context(request),
            participants: left,
            back,
        },
    )
}

fn progress_page(
    site: &Site,
    request: &HttpRequest,
    id: LogoutId,
    progress: &LogoutProgress,
) -> HttpResponse {
    let address = logout_path(id);
    let left = participant_views(&progress.participants);
    match &progress.next {
        NextAction::Ask(next_step) => logout_progress_page(
            (site, request),
            &address,
            left,
            next_step,
            AdvanceBy::Link,
            ResponseKind::LogoutProgress,
        ),
        NextAction::NoResponse(next_step) => logout_progress_page(
            (site, request),
            &address,
            left,
            next_step,
            AdvanceBy::User,
            ResponseKind::LogoutProgress,
        ),
        NextAction::Respond { to } => {
            let page = LogoutReturnPage {
                page: site.page_context(request),
                participants: left,
                application: respond::app_mark(to.0, &to.1),
                address: &address,
            };
            site.page_of_kind(ResponseKind::LogoutProgress, &page)
        }
        NextAction::Finished(back) => {
            let go = format!("{address}/go");
            let back = back
                .as_ref()
                .map(|(id, name)| (respond::app_mark(*id, name), go.as_str()));
            signed_out_page(site, request, left, back)
        }
    }
}

/// Sends a LogoutRequest: by redirect, or by a page of ours that posts it.
fn send_request(
    site: &Site,
    request: &HttpRequest,
    id: LogoutId,
    outbound: &LogoutDelivery,
    progress: &LogoutProgress,
) -> HttpResponse {
    match (&outbound.carrier, &progress.next) {
        (OutboundBinding::Redirect(to), _) => see_other(to).finish(),
        (
            OutboundBinding::Post {
                location, message, ..
            },
            NextAction::Ask(next_step),
        ) => {
            let advance_by = AdvanceBy::Post {
                location: location.as_str(),
                message: Base64::encode(message),
            };
            let answer = if location.is_plain_http() {
                ResponseKind::LogoutPostToLoopback
            } else {
                ResponseKind::LogoutPost
            };
            logout_progress_page(
                (site, request),
                &logout_path(id),
                participant_views(&progress.participants),
                next_step,
                advance_by,
                answer,
            )
        }
        (
            OutboundBinding::Post { .. },
            NextAction::NoResponse(_) | NextAction::Respond { .. } | NextAction::Finished(_),
        ) => redirect_to_progress(id),
    }
}

fn logout_progress_page(
    (site, request): (&Site, &HttpRequest),
    address: &str,
    left: Vec<ParticipantView>,
    next_step: &NextStep,
    advance_by: AdvanceBy<'_>,
    answer: ResponseKind,
) -> HttpResponse {
    let page = LogoutProgressPage {
        page: site.page_context(request),
        participants: left,
        application: respond::app_mark(next_step.application.0, &next_step.application.1),
        position: next_step.position,
        advance_by,
        address,
    };
    site.page_of_kind(answer, &page)
}

fn participant_views(stops: &[ParticipantLogoutStatus]) -> Vec<ParticipantView> {
    stops
        .iter()
        .map(|status| ParticipantView {
            application: respond::app_mark(status.application, &status.name),
            state: status.state,
            launch_url: status.launch_url.clone(),
        })
        .collect()
}

fn logout_path(id: LogoutId) -> String {
    format!("{}{id}", path::LOGOUT_PROGRESS)
}
