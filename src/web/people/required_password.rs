//! `/login/password`: the new password that a user has to choose before the sign-in goes on.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, id::ApplicationId, secret::Secret},
    provider::sign_in::required_password::RequiredPasswordOutcome,
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::hashing,
        page::{
            html::Page,
            password::{PasswordError, RequiredPasswordPage},
        },
        password_text,
        people::{sealed_sign_in, signed_in::signed_in, steps},
        respond,
        state::{Site, see_other},
    },
};

/// `continue` is the pending sign-in, sealed; `email` is shown again and nothing else.
#[derive(Deserialize)]
pub(in crate::web) struct RequiredPasswordForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    r#continue: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    new: String,
}

/// What the form shows.
pub(in crate::web) struct RequiredPasswordView {
    pub(in crate::web) application: Option<(ApplicationId, String)>,
    pub(in crate::web) sealed: Option<String>,
    pub(in crate::web) email: String,
    pub(in crate::web) ticket: String,
}

/// Somebody opened the address of the form.
pub(in crate::web) async fn get() -> HttpResponse {
    see_other(path::SIGN_IN).finish()
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<RequiredPasswordForm>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed_sign_in::from_form(&form.r#continue);
    let begin_anew = || see_other(&steps::begin_anew(sealed.as_deref())).finish();
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a required password");
        return Ok(begin_anew());
    }
    let visitor = site.visitor(&request);
    let application = steps::application_of(&site, &request, sealed.as_deref()).await?;
    let view = RequiredPasswordView {
        application,
        sealed: sealed.clone(),
        email: form.email,
        ticket: form.ticket,
    };
    let (ticket, new, organisation) = (
        view.ticket.clone(),
        Secret::new(form.new),
        site.brand().organisation,
    );
    let done = hashing(&site, &request, false, move |p| {
        p.sign_in()
            .choose_required_password(&ticket, &new, &organisation, &visitor)
    })
    .await;
    match done {
        Err(Error::Busy { seconds }) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = page(&site, &request, status, &view, Problem::Busy);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Err(error) => Err(error),
        Ok(RequiredPasswordOutcome::SignedIn(cookies)) => {
            Ok(signed_in(&site, &request, &cookies, sealed.as_deref()))
        }
        Ok(RequiredPasswordOutcome::Refused(required, why)) => {
            let view = RequiredPasswordView {
                email: required.user.email,
                ..view
            };
            let problem = Problem::Refused(password_text::refusal(why));
            Ok(page(&site, &request, StatusCode::OK, &view, problem))
        }
        Ok(RequiredPasswordOutcome::Expired) => Ok(begin_anew()),
    }
}

/// What prevented the password from being set.
#[derive(Clone, Copy)]
enum Problem {
    None,
    Busy,
    /// In words.
    Refused(PasswordError),
}

/// The form, after the old password.
pub(in crate::web) fn first_page(
    site: &Site,
    request: &HttpRequest,
    view: &RequiredPasswordView,
) -> HttpResponse {
    page(site, request, StatusCode::OK, view, Problem::None)
}

fn page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    view: &RequiredPasswordView,
    problem: Problem,
) -> HttpResponse {
    let (is_busy, error) = match problem {
        Problem::None => (false, None),
        Problem::Busy => (true, None),
        Problem::Refused(words) => (false, Some(words)),
    };
    site.form_page(request, status, |csrf| {
        RequiredPasswordPage {
            page: site.page_context(request),
            application: view
                .application
                .as_ref()
                .map(|(id, name)| respond::app_mark(*id, name)),
            email: &view.email,
            min_characters: site.provider.min_password_length(),
            error,
            is_busy,
            csrf,
            ticket: &view.ticket,
            sealed: view.sealed.as_deref(),
        }
        .html()
    })
}
