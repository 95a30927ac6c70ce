//! `/continue/{sealed}`: a sign-in that waited goes on. Safe to reload, to go back to, to open twice.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};

use crate::{
    provider::sign_on::Step,
    web::{
        error::Error,
        login::{self, Shown},
        logout,
        off_thread::off_thread,
        page::{login::LoginNotice, notice::NoticeKind},
        respond,
        state::{Site, see_other},
    },
};

pub(super) async fn get(
    request: HttpRequest,
    site: Data<Site>,
    sealed: Path<String>,
) -> Result<HttpResponse, Error> {
    let sealed = sealed.into_inner();
    let visitor = site.visitor(&request);
    let step = {
        let sealed = sealed.clone();
        off_thread(&site, &request, move |p| p.go_on(&sealed, &visitor)).await?
    };
    Ok(match step {
        Step::Answer(answer) => respond::answer(&site, &answer),
        Step::Refused(page) => respond::refused(&site, &page),
        Step::Open(target) => see_other(&target).finish(),
        Step::Bind(waiting) => respond::wait(&site, &waiting),
        Step::Gone if site.cookies.browser(&request).is_none() => {
            site.notice(StatusCode::GONE, NoticeKind::NoCookies)
        }
        Step::Gone => site.notice(StatusCode::GONE, NoticeKind::Ended),
        Step::LogIn {
            application,
            again,
            email,
        } => {
            if let Some(led_on) = logout::waiting_here(&request, &site).await? {
                return Ok(led_on);
            }
            let shown = Shown {
                application,
                email: email.unwrap_or_default(),
                notice: if again {
                    LoginNotice::Again
                } else {
                    LoginNotice::None
                },
                sealed: Some(sealed),
            };
            login::form(&site, &request, StatusCode::OK, &shown)
        }
    })
}
