//! Pages about second factors that more than one address shows.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use crate::{
    model::endpoint::path,
    provider::sign_in::{enrolment::TotpEnrolment, new_factor::NewRecoveryCodes},
    web::{
        layer::csrf,
        page::{
            html::Page,
            second_factor::{EnrolmentNotice, EnrolmentPage, FactorsNotice, RecoveryCodesPage},
        },
        respond,
        state::{Site, page},
    },
};

/// What the form shows.
pub(in crate::web) struct EnrolmentView {
    pub(in crate::web) enrolment: TotpEnrolment,
    pub(in crate::web) is_required: bool,
    pub(in crate::web) sealed: Option<String>,
}

pub(in crate::web) fn enrolment(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    view: &EnrolmentView,
    notice: EnrolmentNotice,
) -> HttpResponse {
    let enrolment = &view.enrolment;
    site.form_page(request, status, |csrf| {
        EnrolmentPage {
            page: site.page_context(request),
            user: respond::user_mark(&enrolment.user),
            notice,
            is_required: view.is_required,
            can_add_passkey: enrolment.can_add_passkey,
            qr_code: enrolment.qr_code.expose(),
            secret: enrolment.secret.expose(),
            csrf,
            enrolment: &enrolment.sealed,
            sealed: view.sealed.as_deref(),
        }
        .html()
    })
}

/// New recovery codes; from there the user goes on to `next`.
pub(in crate::web) fn recovery_codes(
    site: &Site,
    request: &HttpRequest,
    new: &NewRecoveryCodes,
    next: &str,
) -> HttpResponse {
    let codes: Vec<String> = new.codes.iter().map(|code| code.expose().clone()).collect();
    let (path, done) = match next.split_once("?done=") {
        Some((path, done)) => (path, Some(done)),
        None => (next, None),
    };
    let view = RecoveryCodesPage {
        page: site.page_context(request),
        user: respond::user_mark(&new.user),
        origin: site.base().origin(),
        made_at: new.made_at,
        codes: &codes,
        next: path,
        done,
    };
    page(StatusCode::OK, &view)
}

/// Each proves that this browser has just done that: no link leads to a page that says so.
const NOTICES: [(FactorsNotice, &str); 5] = [
    (FactorsNotice::Added, "second factor added"),
    (FactorsNotice::Removed, "second factor removed"),
    (FactorsNotice::LastWayIn, "second factor kept"),
    (FactorsNotice::DevicesForgotten, "devices forgotten"),
    (FactorsNotice::FormExpired, "form expired"),
];

/// The address of the page that then says what was done.
pub(in crate::web) fn factors_address(site: &Site, request: &HttpRequest, notice: FactorsNotice) -> String {
    let purpose = NOTICES.iter().find(|(known, _)| *known == notice);
    match (purpose, site.cookies.browser(request)) {
        (Some((_, purpose)), Some(browser)) => {
            let proof = browser.derive(purpose).to_text();
            format!("{}?done={proof}", path::ACCOUNT_FACTORS)
        }
        (_, _) => path::ACCOUNT_FACTORS.to_owned(),
    }
}

/// What the address of the page says was done.
pub(in crate::web) fn factors_notice(site: &Site, request: &HttpRequest, done: &str) -> FactorsNotice {
    let browser = site.cookies.browser(request);
    let proved = NOTICES
        .iter()
        .find(|(_, purpose)| csrf::is_proof(browser.as_ref(), purpose, done));
    proved.map_or(FactorsNotice::None, |(notice, _)| *notice)
}
