//! What the pages of a sign-in have in common that takes several steps.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    model::{endpoint::path, id::ApplicationId},
    web::{error::Error, layer::off_thread::off_thread, people::sealed_sign_in, respond, state::Site},
};

/// Our own address for a session that lacks a second factor, with the sign-in that it goes on with.
pub(in crate::web) fn second_factor_address(sealed: Option<&str>) -> String {
    match sealed {
        Some(sealed) => format!("{}?continue={sealed}", path::SECOND_FACTOR),
        None => path::SECOND_FACTOR.to_owned(),
    }
}

/// Asks the user to sign in again, and returns to `target`.
pub(in crate::web) async fn sign_in_afresh(
    site: &Data<Site>,
    request: &HttpRequest,
    target: &str,
) -> Result<HttpResponse, Error> {
    let (visitor, target) = (site.visitor(request), target.to_owned());
    let sealed = off_thread(site, request, move |p| {
        p.sign_in().seal_fresh_target(&target, &visitor)
    })
    .await?;
    Ok(respond::redirect_to_pending(site, &sealed))
}

/// Asks the user for a second factor again, and returns to `target`.
pub(in crate::web) async fn second_factor_afresh(
    site: &Data<Site>,
    request: &HttpRequest,
    target: &str,
) -> Result<HttpResponse, Error> {
    let (visitor, target) = (site.visitor(request), target.to_owned());
    let sealed = off_thread(site, request, move |p| p.sign_in().seal_target(&target, &visitor)).await?;
    let address = second_factor_address(Some(&sealed.sealed));
    Ok(respond::redirect_with_pending(site, &address, &sealed))
}

/// To the sign-in form, with the pending sign-in if there is one.
pub(in crate::web) fn begin_anew(sealed: Option<&str>) -> String {
    match sealed {
        Some(sealed) => sealed_sign_in::next_address(Some(sealed)),
        None => path::SIGN_IN.to_owned(),
    }
}

/// The application that the pending sign-in is for.
pub(in crate::web) async fn application_of(
    site: &Data<Site>,
    request: &HttpRequest,
    sealed: Option<&str>,
) -> Result<Option<(ApplicationId, String)>, Error> {
    let Some(sealed) = sealed.map(str::to_owned) else {
        return Ok(None);
    };
    let visitor = site.visitor(request);
    off_thread(site, request, move |p| {
        p.sign_in().application_of_sign_in(&sealed, &visitor)
    })
    .await
}
