//! `/continue/{sealed}`: resumes a pending sign-in. Safe to reload, to go back to and to open
//! twice.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};

use crate::{
    provider::sign_in::resume::Resumed,
    web::{
        error::Error,
        layer::off_thread::off_thread,
        page::{notice::NoticeKind, sign_in::SignInNotice},
        people::logout,
        people::sign_in::{self, SignInView},
        respond,
        state::{Site, see_other},
    },
};

pub(in crate::web) async fn get(
    request: HttpRequest,
    site: Data<Site>,
    sealed: Path<String>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed.into_inner();
    let visitor = site.visitor(&request);
    let step = {
        let sealed = sealed.clone();
        off_thread(&site, &request, move |p| p.resume_sign_in(&sealed, &visitor)).await?
    };
    Ok(match step {
        Resumed::Response(answer) => respond::saml_response(&site, &answer),
        Resumed::Refused(page) => respond::refusal(&site, &page),
        Resumed::Redirect(target) => see_other(&target).finish(),
        Resumed::BindToBrowser(waiting) => respond::redirect_to_pending(&site, &waiting),
        Resumed::Gone if site.cookies.browser(&request).is_none() => {
            site.notice(StatusCode::GONE, NoticeKind::NoCookies)
        }
        Resumed::Gone => site.notice(StatusCode::GONE, NoticeKind::SignInOver),
        Resumed::SignIn {
            application,
            reauthenticate: again,
            email,
        } => {
            if let Some(response) = logout::pending_logout(&request, &site).await? {
                return Ok(response);
            }
            let view = SignInView {
                application,
                email: email.unwrap_or_default(),
                notice: if again {
                    SignInNotice::SignInAgain
                } else {
                    SignInNotice::None
                },
                sealed: Some(sealed),
            };
            sign_in::sign_in_form(&site, &request, StatusCode::OK, &view)
        }
    })
}
