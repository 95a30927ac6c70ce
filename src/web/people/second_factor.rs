//! `/login/second-factor`: the code or the passkey that a sign-in or a session lacks.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    model::{id::ApplicationId, secret::Secret},
    provider::{
        audit::codes,
        sign_in::{
            challenge::SecondFactorChallenge,
            enrolment::StepPage,
            passkey::PasskeyProof,
            second_factor::{FactorProof, SecondFactorAnswer, SecondFactorOutcome},
        },
    },
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            html::Page,
            part::PasskeyAsk,
            second_factor::{CodeNotice, EnrolmentNotice, SecondFactorPage},
        },
        people::{
            factor_pages::{self, EnrolmentView},
            required_password::{self, RequiredPasswordView},
            sealed_sign_in,
            signed_in::signed_in,
            steps,
        },
        respond,
        state::{Site, see_other},
        text,
    },
};

/// `ticket` and `continue` are what the page before carried.
#[derive(Deserialize)]
pub(in crate::web) struct CodeForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    ticket: String,
    #[serde(default)]
    r#continue: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    remember: String,
    #[serde(default)]
    state: String,
    /// The answer of a passkey, in place of a code.
    #[serde(default)]
    credential: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    r#continue: String,
}

/// What the form shows.
pub(in crate::web) struct CodeView {
    pub(in crate::web) application: Option<(ApplicationId, String)>,
    pub(in crate::web) sealed: Option<String>,
    pub(in crate::web) challenge: SecondFactorChallenge,
}

/// The page of a session that lacks a second factor.
pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let parameters = parameters.map(Query::into_inner).unwrap_or_default();
    let sealed = sealed_sign_in::from_form(&parameters.r#continue);
    let (visitor, organisation) = (site.visitor(&request), site.brand().organisation);
    let step = off_thread(&site, &request, move |p| {
        p.sign_in().second_factor_step(&organisation, &visitor)
    })
    .await?;
    Ok(match step {
        StepPage::SignedOut => see_other(&steps::begin_anew(sealed.as_deref())).finish(),
        StepPage::Stale => {
            steps::sign_in_afresh(&site, &request, &steps::second_factor_address(sealed.as_deref())).await?
        }
        StepPage::Challenge(challenge) => {
            let view = CodeView {
                application: steps::application_of(&site, &request, sealed.as_deref()).await?,
                sealed,
                challenge,
            };
            page(&site, &request, StatusCode::OK, &view, CodeNotice::None)
        }
        StepPage::Enrolment(enrolment) => {
            let view = EnrolmentView {
                enrolment: *enrolment,
                is_required: true,
                sealed,
            };
            factor_pages::enrolment(&site, &request, StatusCode::OK, &view, EnrolmentNotice::None)
        }
    })
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<CodeForm>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed_sign_in::from_form(&form.r#continue);
    let begin_anew = || see_other(&steps::begin_anew(sealed.as_deref())).finish();
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a second factor");
        return Ok(begin_anew());
    }
    let visitor = site.visitor(&request);
    let proof = if form.credential.is_empty() {
        FactorProof::Code(Secret::new(form.code))
    } else {
        FactorProof::Passkey(PasskeyProof {
            state: form.state,
            answer: form.credential,
        })
    };
    let answer = SecondFactorAnswer {
        proof,
        remember: !form.remember.is_empty(),
    };
    let ticket = Some(form.ticket).filter(|ticket| !ticket.is_empty());
    let done = off_thread(&site, &request, move |p| {
        p.sign_in()
            .give_second_factor(ticket.as_deref(), &answer, &visitor)
    })
    .await?;
    let (challenge, status, notice) = match done {
        SecondFactorOutcome::SignedIn(cookies) => {
            return Ok(signed_in(&site, &request, &cookies, sealed.as_deref()));
        }
        SecondFactorOutcome::SteppedUp(session) => {
            return Ok(see_other(&sealed_sign_in::next_address(sealed.as_deref()))
                .cookie(site.cookies.set_session(&session))
                .finish());
        }
        SecondFactorOutcome::PasswordRequired(required) => {
            let view = RequiredPasswordView {
                application: steps::application_of(&site, &request, sealed.as_deref()).await?,
                sealed,
                email: required.user.email,
                ticket: required.ticket,
            };
            return Ok(required_password::first_page(&site, &request, &view));
        }
        SecondFactorOutcome::Expired => return Ok(begin_anew()),
        SecondFactorOutcome::WrongCode(challenge) => (challenge, StatusCode::OK, CodeNotice::WrongCode),
        SecondFactorOutcome::PasskeyRefused(challenge) => {
            (challenge, StatusCode::OK, CodeNotice::PasskeyRefused)
        }
        SecondFactorOutcome::Throttled {
            challenge,
            until,
            reference,
        } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            let notice = CodeNotice::Throttled {
                seconds: wait,
                code: format!("{} {reference}", codes::FACTOR_THROTTLED),
            };
            (challenge, StatusCode::TOO_MANY_REQUESTS, notice)
        }
    };
    let view = CodeView {
        application: steps::application_of(&site, &request, sealed.as_deref()).await?,
        sealed,
        challenge,
    };
    let seconds = match &notice {
        CodeNotice::Throttled { seconds, .. } => Some(*seconds),
        CodeNotice::None | CodeNotice::WrongCode | CodeNotice::PasskeyRefused => None,
    };
    let mut response = page(&site, &request, status, &view, notice);
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// The form, after the password.
pub(in crate::web) fn first_page(site: &Site, request: &HttpRequest, view: &CodeView) -> HttpResponse {
    page(site, request, StatusCode::OK, view, CodeNotice::None)
}

fn page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    view: &CodeView,
    notice: CodeNotice,
) -> HttpResponse {
    site.form_page(request, status, |csrf| {
        SecondFactorPage {
            page: site.page_context(request),
            application: view
                .application
                .as_ref()
                .map(|(id, name)| respond::app_mark(*id, name)),
            user: respond::user_mark(&view.challenge.user),
            notice,
            passkey: view.challenge.passkey.as_ref().map(|ask| PasskeyAsk {
                options: &ask.options,
                state: &ask.state,
            }),
            has_app: view.challenge.has_app,
            remember_days: view.challenge.remember_days,
            csrf,
            ticket: view.challenge.ticket.as_deref(),
            sealed: view.sealed.as_deref(),
        }
        .html()
    })
}
