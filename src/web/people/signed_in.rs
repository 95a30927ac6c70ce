//! The answer to somebody who has just signed in.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    provider::sign_in::begin_session::SessionCookies,
    web::{
        people::sealed_sign_in,
        state::{Site, see_other},
    },
};

/// Leads on to where they were going. Whoever chose a language is spoken to in it from here on, whatever was chosen in
/// this browser before: by them as a stranger, or by somebody else.
pub(in crate::web) fn signed_in(
    site: &Site,
    request: &HttpRequest,
    cookies: &SessionCookies,
    sealed: Option<&str>,
) -> HttpResponse {
    let mut response = see_other(&sealed_sign_in::next_address(sealed));
    response
        .cookie(site.cookies.set_session(&cookies.session))
        .cookie(site.cookies.set_device(&cookies.device));
    let is_kept = |language| site.cookies.language(request) == Some(language);
    if let Some(language) = cookies.language.filter(|language| !is_kept(*language)) {
        response.cookie(site.cookies.set_language(language));
    }
    response.finish()
}
