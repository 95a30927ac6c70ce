//! `/account/second-factors/add`: setting up an authenticator application.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, second_factor::FactorName, secret::Secret},
    provider::sign_in::{
        enrolment::{FactorChange, TotpEnrolment},
        new_factor::{Enrolled, FactorEnrolment},
    },
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::second_factor::{EnrolmentNotice, FactorsNotice},
        people::{
            factor_pages::{self, EnrolmentView},
            sealed_sign_in, steps,
        },
        state::{Site, see_other},
        text,
    },
};

/// `required` says that a sign-in goes on with it, at `continue` if that is given.
#[derive(Deserialize)]
pub(in crate::web) struct EnrolmentForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    enrolment: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    required: String,
    #[serde(default)]
    r#continue: String,
}

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let enrolment = match begin(&site, &request).await? {
        FactorChange::Done(enrolment) => *enrolment,
        missing @ (FactorChange::Stale | FactorChange::SecondFactorStale | FactorChange::SignedOut) => {
            return prove_again(&site, &request, &missing, path::ADD_FACTOR).await;
        }
    };
    let view = EnrolmentView {
        enrolment,
        is_required: false,
        sealed: None,
    };
    Ok(factor_pages::enrolment(
        &site,
        &request,
        StatusCode::OK,
        &view,
        EnrolmentNotice::None,
    ))
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<EnrolmentForm>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed_sign_in::from_form(&form.r#continue);
    let is_required = !form.required.is_empty();
    let page_address = if is_required {
        steps::second_factor_address(sealed.as_deref())
    } else {
        path::ADD_FACTOR.to_owned()
    };
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a new second factor");
        return Ok(see_other(&page_address).finish());
    }
    let (visitor, organisation) = (site.visitor(&request), site.brand().organisation);
    let (secret, code) = (form.enrolment, Secret::new(form.code));
    // A name that cannot be used is as good as none.
    let name = FactorName::parse(&form.name).ok();
    let done = off_thread(&site, &request, move |p| {
        p.sign_in()
            .confirm_enrolment(&secret, (&code, name), &organisation, &visitor)
    })
    .await?;
    let outcome = match done {
        FactorChange::Done(outcome) => outcome,
        missing @ (FactorChange::Stale | FactorChange::SecondFactorStale | FactorChange::SignedOut) => {
            return prove_again(&site, &request, &missing, &page_address).await;
        }
    };
    let again = |enrolment| EnrolmentView {
        enrolment,
        is_required,
        sealed: sealed.clone(),
    };
    let (notice, status) = match outcome {
        FactorEnrolment::Enrolled(enrolled) => {
            let sealed = sealed.as_deref();
            return Ok(enrolled_response(
                &site,
                &request,
                &enrolled,
                (is_required, sealed),
            ));
        }
        FactorEnrolment::Refused(enrolment) => {
            let (view, notice) = (again(*enrolment), EnrolmentNotice::WrongCode);
            return Ok(factor_pages::enrolment(
                &site,
                &request,
                StatusCode::OK,
                &view,
                notice,
            ));
        }
        FactorEnrolment::Throttled { until } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            (
                EnrolmentNotice::Throttled { seconds: wait },
                StatusCode::TOO_MANY_REQUESTS,
            )
        }
        FactorEnrolment::TooMany => (EnrolmentNotice::TooMany, StatusCode::OK),
        FactorEnrolment::Expired => (EnrolmentNotice::Expired, StatusCode::OK),
    };
    let enrolment = match begin(&site, &request).await? {
        FactorChange::Done(enrolment) => *enrolment,
        missing @ (FactorChange::Stale | FactorChange::SecondFactorStale | FactorChange::SignedOut) => {
            return prove_again(&site, &request, &missing, &page_address).await;
        }
    };
    let seconds = match &notice {
        EnrolmentNotice::Throttled { seconds, .. } => Some(*seconds),
        EnrolmentNotice::None
        | EnrolmentNotice::WrongCode
        | EnrolmentNotice::TooMany
        | EnrolmentNotice::Expired => None,
    };
    let mut response = factor_pages::enrolment(&site, &request, status, &again(enrolment), notice);
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// A new secret.
async fn begin(site: &Data<Site>, request: &HttpRequest) -> Result<FactorChange<Box<TotpEnrolment>>, Error> {
    let (visitor, organisation) = (site.visitor(request), site.brand().organisation);
    off_thread(site, request, move |p| {
        p.sign_in().begin_enrolment(&organisation, &visitor)
    })
    .await
}

/// Asks for what is not fresh enough, and returns to `target`.
pub(in crate::web) async fn prove_again<T>(
    site: &Data<Site>,
    request: &HttpRequest,
    missing: &FactorChange<T>,
    target: &str,
) -> Result<HttpResponse, Error> {
    match missing {
        FactorChange::SecondFactorStale => steps::second_factor_afresh(site, request, target).await,
        FactorChange::Done(_) | FactorChange::Stale | FactorChange::SignedOut => {
            steps::sign_in_afresh(site, request, target).await
        }
    }
}

/// Leads on: to the sign-in that required it, sealed if it has somewhere to go, or to the list. The first recovery codes
/// are shown at once: there is no second time.
pub(in crate::web) fn enrolled_response(
    site: &Site,
    request: &HttpRequest,
    enrolled: &Enrolled,
    (is_required, sealed): (bool, Option<&str>),
) -> HttpResponse {
    let next = if is_required {
        sealed_sign_in::next_address(sealed)
    } else {
        factor_pages::factors_address(site, request, FactorsNotice::Added)
    };
    let cookie = site.cookies.set_session(&enrolled.session);
    let Some(recovery_codes) = &enrolled.recovery_codes else {
        return see_other(&next).cookie(cookie).finish();
    };
    let mut response = factor_pages::recovery_codes(site, request, recovery_codes, &next);
    // It cannot fail: the token has only harmless characters.
    if let Err(error) = response.add_cookie(&cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
    response
}
