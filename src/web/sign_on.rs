//! `/continue/{handle}`: a sign-on that waited goes on. Safe to reload, to go back to, to open twice.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};

use crate::{
    model::secret::Token,
    provider::sign_on::Step,
    web::{
        error::Error,
        login::{self, Shown},
        logout,
        off_thread::off_thread,
        page::{login::LoginNotice, notice::NoticeKind},
        respond,
        state::Site,
    },
};

pub(super) async fn get(
    request: HttpRequest,
    site: Data<Site>,
    handle: Path<String>,
) -> Result<HttpResponse, Error> {
    let gone = || site.notice(StatusCode::GONE, NoticeKind::Ended);
    let Some(handle) = Token::parse(&handle) else {
        return Ok(gone());
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.waiting(&request, &handle));
    let step = {
        let handle = handle.clone();
        off_thread(&site.provider, &site.permits, move |p| {
            p.go_on(&handle, browser.as_ref(), &visitor)
        })
        .await?
    };
    Ok(match step {
        Step::Answer(answer) => respond::answer(&site, &answer),
        Step::Refused(page) => respond::refused(&site, &page),
        Step::Gone => gone(),
        Step::LogIn {
            application,
            again,
            email,
        } => {
            if let Some(led_on) = logout::waiting_here(&request, &site).await? {
                return Ok(led_on);
            }
            let shown = Shown {
                application: Some(application),
                email: email.unwrap_or_default(),
                notice: if again {
                    LoginNotice::Again
                } else {
                    LoginNotice::None
                },
                handle: Some(handle),
            };
            login::form(&site, &request, StatusCode::OK, &shown)
        }
    })
}
