//! `/link/{token}`: somebody who cannot sign in chooses a password.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    model::{
        endpoint::path,
        one_time_link::LinkPurpose,
        secret::{Secret, Token},
    },
    provider::sign_in::{
        password_link::{PasswordLink, PasswordLinkOutcome},
        required_password::RefusedPassword,
    },
    web::{
        error::Error,
        layer::csrf,
        layer::off_thread::{hashing, off_thread},
        page::{
            html::Page,
            notice::NoticeKind,
            password::PasswordError,
            password_link::{PasswordLinkPage, PasswordLinkReason},
        },
        password_text,
        people::sign_in,
        state::{Site, see_other},
    },
};

/// `email` is for password managers, and nothing else.
#[derive(Deserialize)]
pub(in crate::web) struct PasswordLinkForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    new: String,
}

/// Shows the form and uses nothing up: mail scanners open links too.
pub(in crate::web) async fn get(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
) -> Result<HttpResponse, Error> {
    let text = link.into_inner();
    Ok(match find(&site, &request, &text).await? {
        Some(found) => page(&site, &request, StatusCode::OK, (&text, &found), Problem::None),
        None => expired(&site, &request),
    })
}

/// Sets the password, and leads to the sign-in form: a link stands for no second factor.
pub(in crate::web) async fn post(
    request: HttpRequest,
    site: Data<Site>,
    link: Path<String>,
    Form(form): Form<PasswordLinkForm>,
) -> Result<HttpResponse, Error> {
    let text = link.into_inner();
    // Before anything is hashed: whoever has no link makes nobody wait.
    let (Some(found), Some(token)) = (find(&site, &request, &text).await?, Token::parse(&text)) else {
        return Ok(expired(&site, &request));
    };
    let browser = site.cookies.browser(&request);
    let Some(browser) = browser.filter(|own| csrf::is_valid(&request, site.base(), Some(own), &form.csrf))
    else {
        site.log_rejected_form("a form of a one-time link");
        let status = StatusCode::FORBIDDEN;
        return Ok(page(&site, &request, status, (&text, &found), Problem::None));
    };
    let (new, organisation) = (Secret::new(form.new), site.brand().organisation);
    let visitor = site.visitor(&request);
    let done = hashing(&site, &request, false, move |p| {
        p.sign_in()
            .choose_password_by_link(&token, &new, &organisation, &visitor)
    })
    .await;
    match done {
        Err(Error::Busy { seconds }) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut response = page(&site, &request, status, (&text, &found), Problem::Busy);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Err(error) => Err(error),
        Ok(PasswordLinkOutcome::Done(device)) => {
            let proof = browser.derive(sign_in::PASSWORD_SET).to_text();
            Ok(see_other(&format!("{}?set={proof}", path::SIGN_IN))
                .cookie(site.cookies.set_device(&device))
                .finish())
        }
        Ok(PasswordLinkOutcome::Refused(found, bad)) => {
            let problem = Problem::Refused(password_text::refusal(RefusedPassword::Bad(bad)));
            Ok(page(&site, &request, StatusCode::OK, (&text, &found), problem))
        }
        Ok(PasswordLinkOutcome::Expired) => Ok(expired(&site, &request)),
    }
}

async fn find(site: &Data<Site>, request: &HttpRequest, text: &str) -> Result<Option<PasswordLink>, Error> {
    let Some(token) = Token::parse(text) else {
        return Ok(None);
    };
    off_thread(site, request, move |p| p.sign_in().password_link(&token)).await
}

fn expired(site: &Site, request: &HttpRequest) -> HttpResponse {
    site.notice(request, StatusCode::GONE, NoticeKind::PasswordLinkExpired)
}

/// What prevented the password from being set.
#[derive(Clone, Copy)]
enum Problem {
    None,
    Busy,
    /// In words.
    Refused(PasswordError),
}

fn page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    (link, found): (&str, &PasswordLink),
    problem: Problem,
) -> HttpResponse {
    let (is_busy, error) = match problem {
        Problem::None => (false, None),
        Problem::Busy => (true, None),
        Problem::Refused(words) => (false, Some(words)),
    };
    site.form_page(request, status, |csrf| {
        PasswordLinkPage {
            page: site.page_context(request),
            reason: match found.purpose {
                LinkPurpose::Rescue | LinkPurpose::RescueWithoutFactors => PasswordLinkReason::Rescue,
                LinkPurpose::Recovery => PasswordLinkReason::Recovery,
                LinkPurpose::Invitation => PasswordLinkReason::Invitation,
            },
            greeting: found.user.names.greeting(),
            email: found.user.email.as_str(),
            link,
            until: found.expires_at,
            min_characters: site.provider.min_password_length(),
            error,
            is_busy,
            csrf,
        }
        .html()
    })
}
