//! `/login/passkey` and `/account/second-factors/add-passkey`: signing in with a passkey alone, and adding one.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form, Query},
};
use serde::{Deserialize, Serialize};

use crate::{
    model::{endpoint::path, second_factor::FactorName},
    provider::{
        audit::codes,
        sign_in::{
            enrolment::FactorChange,
            new_factor::FactorEnrolment,
            passkey::PasskeyProof,
            passkey_enrolment::{PasskeyEnrolment, RefusedPasskey},
            passkey_sign_in::PasskeySignInOutcome,
        },
    },
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            html::Page,
            notice::NoticeKind,
            part::PasskeyAsk,
            second_factor::{PasskeyEnrolmentPage, PasskeyNotice},
            sign_in::SignInNotice,
        },
        people::{
            enrolment::{enrolled_response, prove_again},
            required_password::{self, RequiredPasswordView},
            sealed_sign_in,
            sign_in::{SignInView, sign_in_form},
            signed_in::signed_in,
            steps,
        },
        respond,
        state::{Site, see_other},
        text,
    },
};

/// `state` and `credential` are the question, sealed, and the answer. `required` says that a sign-in goes on with a new
/// passkey, at `continue` if that is given.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct PasskeyForm {
    csrf: String,
    state: String,
    credential: String,
    name: String,
    required: String,
    r#continue: String,
}

/// For whom a passkey is added: as in the form.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    required: String,
    r#continue: String,
}

/// What a browser reads at the domain of the passkeys (webauthn-3, 5.11.1).
#[derive(Serialize)]
struct RelatedOrigins<'a> {
    origins: Vec<&'a str>,
}

/// `GET /.well-known/webauthn`
pub(in crate::web) async fn related_origins(request: HttpRequest, site: Data<Site>) -> HttpResponse {
    let origins = site.provider.related_origins();
    if origins.is_empty() {
        return site.notice(&request, StatusCode::NOT_FOUND, NoticeKind::NotFound);
    }
    HttpResponse::Ok().json(RelatedOrigins { origins })
}

/// `GET /login/passkey` leads to the form: the answer of a passkey is posted.
pub(in crate::web) async fn to_sign_in() -> HttpResponse {
    see_other(path::SIGN_IN).finish()
}

/// `POST /login/passkey`
pub(in crate::web) async fn sign_in(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<PasskeyForm>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed_sign_in::from_form(&form.r#continue);
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a passkey");
        return Ok(see_other(&steps::begin_anew(sealed.as_deref())).finish());
    }
    let application = steps::application_of(&site, &request, sealed.as_deref()).await?;
    let (visitor, proof) = (site.visitor(&request), proof_of(&form));
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().sign_in_with_passkey(&proof, &visitor)
    })
    .await?;
    let shown = |status, notice| {
        let view = SignInView {
            application: application.clone(),
            notice,
            sealed: sealed.clone(),
            ..SignInView::default()
        };
        sign_in_form(&site, &request, status, &view)
    };
    Ok(match done {
        PasskeySignInOutcome::SignedIn(cookies) => signed_in(&site, &request, &cookies, sealed.as_deref()),
        PasskeySignInOutcome::PasswordRequired(required) => {
            let view = RequiredPasswordView {
                application,
                sealed,
                email: required.user.email,
                ticket: required.ticket,
            };
            required_password::first_page(&site, &request, &view)
        }
        PasskeySignInOutcome::Refused { reference } => {
            let code = format!("{} {reference}", codes::PASSKEY_REFUSED);
            shown(StatusCode::OK, SignInNotice::PasskeyRefused { code })
        }
        PasskeySignInOutcome::Expired => shown(StatusCode::OK, SignInNotice::PasskeyExpired),
        PasskeySignInOutcome::Throttled { until, reference } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            let notice = SignInNotice::Throttled {
                seconds: wait,
                code: format!("{} {reference}", codes::FACTOR_THROTTLED),
            };
            let mut response = shown(StatusCode::TOO_MANY_REQUESTS, notice);
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            response
        }
    })
}

/// The page that adds a passkey.
pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let parameters = parameters.map(Query::into_inner).unwrap_or_default();
    let place = Place::new(&parameters.required, &parameters.r#continue);
    enrolment_page(&site, &request, &place, StatusCode::OK, PasskeyNotice::None).await
}

pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<PasskeyForm>,
) -> Result<HttpResponse, Error> {
    let place = Place::new(&form.required, &form.r#continue);
    let browser = site.cookies.browser(&request);
    if !csrf::is_valid(&request, site.base(), browser.as_ref(), &form.csrf) {
        site.log_rejected_form("a form for a new passkey");
        return Ok(see_other(&place.address()).finish());
    }
    let (visitor, proof) = (site.visitor(&request), proof_of(&form));
    // A name that cannot be used is as good as none.
    let name = FactorName::parse(&form.name).ok();
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().confirm_passkey_enrolment(&proof, name, &visitor)
    })
    .await?;
    let outcome = match done {
        FactorChange::Done(outcome) => outcome,
        missing @ (FactorChange::Stale | FactorChange::SecondFactorStale | FactorChange::SignedOut) => {
            return prove_again(&site, &request, &missing, &place.address_after_sign_in()).await;
        }
    };
    let (status, notice) = match outcome {
        FactorEnrolment::Enrolled(enrolled) => {
            let within = (place.is_required, place.sealed.as_deref());
            return Ok(enrolled_response(&site, &request, &enrolled, within));
        }
        FactorEnrolment::Refused(RefusedPasskey::Unproven) => (StatusCode::OK, PasskeyNotice::Refused),
        FactorEnrolment::Refused(RefusedPasskey::Known) => (StatusCode::OK, PasskeyNotice::Known),
        FactorEnrolment::TooMany => (StatusCode::OK, PasskeyNotice::TooMany),
        FactorEnrolment::Expired => (StatusCode::OK, PasskeyNotice::Expired),
        FactorEnrolment::Throttled { until } => {
            let wait = text::wait_seconds(site.provider.now(), until);
            let notice = PasskeyNotice::Throttled { seconds: wait };
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = enrolment_page(&site, &request, &place, status, notice).await?;
            response.headers_mut().insert(RETRY_AFTER, wait.into());
            return Ok(response);
        }
    };
    enrolment_page(&site, &request, &place, status, notice).await
}

/// Where the enrolment is part of.
struct Place {
    is_required: bool,
    sealed: Option<String>,
}

impl Place {
    fn new(required: &str, sealed: &str) -> Self {
        Self {
            is_required: !required.is_empty(),
            sealed: sealed_sign_in::from_form(sealed),
        }
    }

    fn address(&self) -> String {
        match (self.is_required, &self.sealed) {
            (false, _) => path::ADD_PASSKEY.to_owned(),
            (true, None) => format!("{}?required=yes", path::ADD_PASSKEY),
            (true, Some(sealed)) => format!("{}?required=yes&continue={sealed}", path::ADD_PASSKEY),
        }
    }

    /// Whoever is in the middle of a sign-in returns to the choice.
    fn address_after_sign_in(&self) -> String {
        if self.is_required {
            steps::second_factor_address(self.sealed.as_deref())
        } else {
            path::ADD_PASSKEY.to_owned()
        }
    }
}

async fn enrolment_page(
    site: &Data<Site>,
    request: &HttpRequest,
    place: &Place,
    status: StatusCode,
    notice: PasskeyNotice,
) -> Result<HttpResponse, Error> {
    let (visitor, organisation) = (site.visitor(request), site.brand().organisation);
    let begun = off_thread(site, request, move |p| {
        p.sign_in().begin_passkey_enrolment(&organisation, &visitor)
    })
    .await?;
    let enrolment = match begun {
        FactorChange::Done(Some(enrolment)) => enrolment,
        // No browser has passkeys at our address.
        FactorChange::Done(None) => return Ok(see_other(path::ACCOUNT_FACTORS).finish()),
        missing @ (FactorChange::Stale | FactorChange::SecondFactorStale | FactorChange::SignedOut) => {
            return prove_again(site, request, &missing, &place.address_after_sign_in()).await;
        }
    };
    let PasskeyEnrolment { user, request: ask } = &enrolment;
    Ok(site.form_page(request, status, |csrf| {
        PasskeyEnrolmentPage {
            page: site.page_context(request),
            user: respond::user_mark(user),
            notice,
            is_required: place.is_required,
            ask: PasskeyAsk {
                options: &ask.options,
                state: &ask.state,
            },
            csrf,
            sealed: place.sealed.as_deref(),
        }
        .html()
    }))
}

fn proof_of(form: &PasskeyForm) -> PasskeyProof {
    PasskeyProof {
        state: form.state.clone(),
        answer: form.credential.clone(),
    }
}
