//! `/account/second-factors`: the second factors of the user who is signed in.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    localization::factor_name,
    model::{
        endpoint::path,
        second_factor::{SecondFactor, SecondFactorKind},
    },
    provider::sign_in::enrolment::{FactorChange, FactorRemoval, FactorsPage},
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            html::Page,
            second_factor::{AccountFactorsPage, FactorRow, FactorsNotice},
        },
        people::{factor_pages, sign_in, steps},
        respond,
        state::{Site, see_other},
    },
};

/// `id` is that of a second factor to be removed.
#[derive(Deserialize)]
pub(in crate::web) struct FactorForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    id: String,
}

/// `done` proves what this browser has just done.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    done: String,
}

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let Some(found) = off_thread(&site, &request, move |p| p.sign_in().factors_page(&visitor)).await? else {
        return sign_in::sign_in_and_return(&request, &site).await;
    };
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let parameters = parameters.map(Query::into_inner).unwrap_or_default();
    let notice = factor_pages::factors_notice(&site, &request, &parameters.done);
    Ok(page(&site, &request, &found, notice))
}

pub(in crate::web) async fn remove(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<FactorForm>,
) -> Result<HttpResponse, Error> {
    if !is_own_form(&site, &request, &form) {
        return Ok(form_expired(&site, &request));
    }
    let Ok(id) = form.id.parse() else {
        return Ok(see_other(path::ACCOUNT_FACTORS).finish());
    };
    let visitor = site.visitor(&request);
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().remove_own_factor(id, &visitor)
    })
    .await?;
    match done {
        FactorChange::Done(removal) => {
            let notice = match removal {
                FactorRemoval::Removed => FactorsNotice::Removed,
                FactorRemoval::Unknown => FactorsNotice::None,
                FactorRemoval::LastWayIn => FactorsNotice::LastWayIn,
            };
            Ok(see_other(&factor_pages::factors_address(&site, &request, notice)).finish())
        }
        FactorChange::SecondFactorStale => {
            steps::second_factor_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
        FactorChange::Stale | FactorChange::SignedOut => {
            steps::sign_in_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
    }
}

pub(in crate::web) async fn new_recovery_codes(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<FactorForm>,
) -> Result<HttpResponse, Error> {
    if !is_own_form(&site, &request, &form) {
        return Ok(form_expired(&site, &request));
    }
    let visitor = site.visitor(&request);
    let done = off_thread(&site, &request, move |p| {
        p.sign_in().replace_own_recovery_codes(&visitor)
    })
    .await?;
    match done {
        FactorChange::Done(Some(new)) => Ok(factor_pages::recovery_codes(
            &site,
            &request,
            &new,
            path::ACCOUNT_FACTORS,
        )),
        FactorChange::Done(None) => Ok(see_other(path::ACCOUNT_FACTORS).finish()),
        FactorChange::SecondFactorStale => {
            steps::second_factor_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
        FactorChange::Stale | FactorChange::SignedOut => {
            steps::sign_in_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
    }
}

pub(in crate::web) async fn forget_devices(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<FactorForm>,
) -> Result<HttpResponse, Error> {
    if !is_own_form(&site, &request, &form) {
        return Ok(form_expired(&site, &request));
    }
    let visitor = site.visitor(&request);
    let done = off_thread(&site, &request, move |p| p.sign_in().forget_own_devices(&visitor)).await?;
    match done {
        FactorChange::Done(_devices) => {
            let then = factor_pages::factors_address(&site, &request, FactorsNotice::DevicesForgotten);
            Ok(see_other(&then).finish())
        }
        FactorChange::SecondFactorStale => {
            steps::second_factor_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
        FactorChange::Stale | FactorChange::SignedOut => {
            steps::sign_in_afresh(&site, &request, path::ACCOUNT_FACTORS).await
        }
    }
}

fn is_own_form(site: &Site, request: &HttpRequest, form: &FactorForm) -> bool {
    let browser = site.cookies.browser(request);
    let is_own = csrf::is_valid(request, site.base(), browser.as_ref(), &form.csrf);
    if !is_own {
        site.log_rejected_form("a form about second factors");
    }
    is_own
}

fn form_expired(site: &Site, request: &HttpRequest) -> HttpResponse {
    see_other(&factor_pages::factors_address(
        site,
        request,
        FactorsNotice::FormExpired,
    ))
    .finish()
}

fn page(site: &Site, request: &HttpRequest, found: &FactorsPage, notice: FactorsNotice) -> HttpResponse {
    let language = site.page_context(request).language;
    let row = |factor: &SecondFactor| FactorRow {
        id: factor.id.to_string(),
        name: factor_name(language, factor.kind, &factor.name),
        is_passkey: factor.kind == SecondFactorKind::Passkey,
        created_at: factor.created_at,
        last_used_at: factor.last_used_at,
    };
    site.form_page(request, StatusCode::OK, |csrf| {
        AccountFactorsPage {
            page: site.page_context(request),
            user: respond::user_mark(&found.user),
            notice,
            factors: found.factors.iter().map(row).collect(),
            recovery_codes: found.recovery_codes,
            can_remember: found.can_remember,
            can_add_passkey: found.can_add_passkey,
            csrf,
        }
        .html()
    })
}
