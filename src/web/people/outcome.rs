//! What the browser gets at every entrance of a sign-in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use crate::{
    provider::sso::{Refused, SignInOutcome, SignInPrompt, Step},
    web::{
        error::Error,
        page::{notice::NoticeKind, sign_in::SignInNotice},
        people::{
            logout,
            sign_in::{self, SignInView},
            steps,
        },
        respond,
        state::{Site, see_other},
    },
};

/// `sealed` is the sign-in that the request carries, if it carries one.
pub(in crate::web) async fn respond(
    site: &Data<Site>,
    request: &HttpRequest,
    outcome: SignInOutcome,
    sealed: Option<String>,
) -> Result<HttpResponse, Error> {
    Ok(match outcome {
        SignInOutcome::Respond(response) => respond::application_response(site, request, &response),
        SignInOutcome::Step(Step::Continue(pending)) => respond::redirect_to_pending(site, &pending),
        SignInOutcome::Step(Step::Redirect(url)) => see_other(&url).finish(),
        SignInOutcome::Step(Step::SecondFactor) => second_factor_step(site, request, sealed).await?,
        SignInOutcome::Step(Step::SignInFirst) => sign_in::sign_in_and_return(request, site).await?,
        SignInOutcome::Step(Step::LeaveFrame) => {
            site.notice(request, StatusCode::FORBIDDEN, NoticeKind::NotTopLevel)
        }
        SignInOutcome::Step(Step::SignIn(prompt)) => ask_to_sign_in(site, request, prompt, sealed).await?,
        SignInOutcome::Refused(Refused::Page(page)) => respond::refusal(site, request, &page),
        SignInOutcome::Refused(Refused::NotAssigned(page)) => respond::not_assigned(site, request, &page),
        SignInOutcome::Refused(Refused::Unknown) => {
            site.notice(request, StatusCode::NOT_FOUND, NoticeKind::NotFound)
        }
        SignInOutcome::Refused(Refused::Gone) if site.cookies.browser(request).is_none() => {
            site.notice(request, StatusCode::GONE, NoticeKind::NoCookies)
        }
        SignInOutcome::Refused(Refused::Gone) => {
            site.notice(request, StatusCode::GONE, NoticeKind::SignInOver)
        }
    })
}

/// The page of its own, which comes back to where the browser came in.
async fn second_factor_step(
    site: &Data<Site>,
    request: &HttpRequest,
    sealed: Option<String>,
) -> Result<HttpResponse, Error> {
    if let Some(sealed) = sealed {
        return Ok(see_other(&steps::second_factor_address(Some(&sealed))).finish());
    }
    let Some(pending) = sign_in::sealed_return(request, site).await? else {
        return Ok(see_other(&steps::second_factor_address(None)).finish());
    };
    let address = steps::second_factor_address(Some(&pending.sealed));
    Ok(respond::redirect_with_pending(site, &address, &pending))
}

async fn ask_to_sign_in(
    site: &Data<Site>,
    request: &HttpRequest,
    prompt: SignInPrompt,
    sealed: Option<String>,
) -> Result<HttpResponse, Error> {
    if let Some(response) = logout::pending_logout(request, site).await? {
        return Ok(response);
    }
    let view = SignInView {
        application: prompt.application,
        email: prompt.email.unwrap_or_default(),
        notice: if prompt.reauthenticate {
            SignInNotice::SignInAgain
        } else {
            SignInNotice::None
        },
        sealed,
        needs_password: prompt.needs_password,
    };
    Ok(sign_in::sign_in_form(site, request, StatusCode::OK, &view))
}
