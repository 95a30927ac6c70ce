//! `/account`: what users see of their own account, and change of it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Query},
};
use serde::Deserialize;

use crate::{
    model::{
        endpoint::path,
        language::Language,
        user::{NameComponent, NameComponents, Preferences, User, UserSummary},
    },
    provider::sign_in::{
        account::{OwnAccount, Profile, ProfileOutcome},
        enrolment::FactorChange,
    },
    web::{
        error::Error,
        layer::{csrf, off_thread::off_thread},
        page::{
            account::{AccountNotice, AccountPage, ProfileError, ProfilePage, SessionRow, ToldRow},
            html::Page,
        },
        people::{recovery, sign_in, steps},
        respond,
        state::{Site, see_other},
    },
};

/// `done` proves what this browser has just done.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    done: String,
}

/// `id` is that of one session; without it all others are meant.
#[derive(Deserialize)]
pub(in crate::web) struct SessionForm {
    #[serde(default)]
    csrf: String,
    id: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::web) struct ProfileForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    given: String,
    #[serde(default)]
    family: String,
    #[serde(default)]
    language: String,
    new_device_mail: Option<String>,
}

/// Each proves that this browser has just done that: no link leads to a page that says so.
const NOTICES: [(AccountNotice, &str); 5] = [
    (AccountNotice::ProfileSaved, "profile saved"),
    (AccountNotice::ProfileUnchanged, "profile unchanged"),
    (AccountNotice::SessionEnded, "session ended"),
    (AccountNotice::OthersEnded, "other sessions ended"),
    (AccountNotice::FormExpired, "account form expired"),
];

pub(in crate::web) async fn get(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let Some(account) = off_thread(&site, &request, move |p| p.sign_in().own_account(&visitor)).await? else {
        return sign_in::sign_in_and_return(&request, &site).await;
    };
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let done = parameters
        .map(|found| found.into_inner().done)
        .unwrap_or_default();
    let browser = site.cookies.browser(&request);
    let proved = NOTICES
        .iter()
        .find(|(_, purpose)| csrf::is_proof(browser.as_ref(), purpose, &done));
    let notice = proved.map_or(AccountNotice::None, |(notice, _)| *notice);
    Ok(page(&site, &request, account, notice))
}

/// `POST /account/sessions/end`
pub(in crate::web) async fn end_sessions(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<SessionForm>,
) -> Result<HttpResponse, Error> {
    if !is_own_form(&site, &request, &form.csrf) {
        return Ok(done(&site, &request, AccountNotice::FormExpired));
    }
    let only = match form.id.map(|id| id.parse()) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_no_id)) => return Ok(see_other(path::ACCOUNT).finish()),
    };
    let visitor = site.visitor(&request);
    let ended = off_thread(&site, &request, move |p| {
        p.sign_in().end_own_sessions(only, &visitor)
    })
    .await?;
    let notice = match (ended, only) {
        (None, _) => return Ok(see_other(path::ACCOUNT).finish()),
        // It had ended by itself: the page no longer shows it.
        (Some(ended), _) if ended.sessions == 0 => return Ok(see_other(path::ACCOUNT).finish()),
        (Some(_), Some(_)) => AccountNotice::SessionEnded,
        (Some(_), None) => AccountNotice::OthersEnded,
    };
    Ok(done(&site, &request, notice))
}

/// `GET /account/profile`
pub(in crate::web) async fn profile(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let begun = off_thread(&site, &request, move |p| p.sign_in().begin_profile(&visitor)).await?;
    let user = match begun {
        FactorChange::Done(user) => user,
        FactorChange::SecondFactorStale => {
            return steps::second_factor_afresh(&site, &request, path::PROFILE).await;
        }
        FactorChange::Stale | FactorChange::SignedOut => {
            return steps::sign_in_afresh(&site, &request, path::PROFILE).await;
        }
    };
    let form = ProfileForm {
        csrf: String::new(),
        given: user
            .names
            .given()
            .map_or_else(String::new, |name| name.as_str().to_owned()),
        family: user
            .names
            .family()
            .map_or_else(String::new, |name| name.as_str().to_owned()),
        language: user
            .preferences
            .language
            .map_or_else(String::new, |language| language.tag().to_owned()),
        new_device_mail: user.preferences.new_device_mail.then(String::new),
    };
    Ok(profile_page(
        &site,
        &request,
        StatusCode::OK,
        (&user, &form),
        None,
    ))
}

/// `POST /account/profile`
pub(in crate::web) async fn save_profile(
    request: HttpRequest,
    site: Data<Site>,
    Form(form): Form<ProfileForm>,
) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let user = off_thread(&site, &request, move |p| p.sign_in().own_account(&visitor)).await?;
    let Some(user) = user.map(|account| account.user) else {
        return Ok(see_other(path::PROFILE).finish());
    };
    let shown = |status, error| profile_page(&site, &request, status, (&user, &form), Some(error));
    if !is_own_form(&site, &request, &form.csrf) {
        return Ok(shown(StatusCode::FORBIDDEN, ProfileError::FormExpired));
    }
    let name = |text: &str| NameComponent::parse_optional("the name", text);
    let is_name =
        |text: &str| !text.contains("://") && !text.contains(['@', '/']) && !text.contains(is_direction);
    let (Ok(given), Ok(family), true) = (
        name(&form.given),
        name(&form.family),
        is_name(&form.given) && is_name(&form.family),
    ) else {
        let max_len = NameComponent::MAX_LEN;
        return Ok(shown(StatusCode::OK, ProfileError::BadName { max_len }));
    };
    let Ok(names) = NameComponents::new(given, family) else {
        return Ok(shown(StatusCode::OK, ProfileError::NameMissing));
    };
    let language = Language::from_tag(&form.language);
    // The page shows the switch only where mail is sent: else it stays as it is.
    let new_device_mail = if recovery::is_offered(&site) {
        form.new_device_mail.is_some()
    } else {
        user.preferences.new_device_mail
    };
    let profile = Profile {
        names,
        preferences: Preferences {
            language,
            new_device_mail,
        },
    };
    let visitor = site.visitor(&request);
    let saved = off_thread(&site, &request, move |p| {
        p.sign_in().edit_profile(&profile, &visitor)
    })
    .await?;
    let notice = match saved {
        FactorChange::Done(ProfileOutcome::Saved) => AccountNotice::ProfileSaved,
        FactorChange::Done(ProfileOutcome::Unchanged) => AccountNotice::ProfileUnchanged,
        FactorChange::Done(ProfileOutcome::NameMissing) => {
            return Ok(shown(StatusCode::OK, ProfileError::NameMissing));
        }
        FactorChange::Done(ProfileOutcome::Stale) => {
            return Ok(shown(StatusCode::CONFLICT, ProfileError::Stale));
        }
        FactorChange::SecondFactorStale => {
            return steps::second_factor_afresh(&site, &request, path::PROFILE).await;
        }
        FactorChange::Stale | FactorChange::SignedOut => {
            return steps::sign_in_afresh(&site, &request, path::PROFILE).await;
        }
    };
    let mut response = done(&site, &request, notice);
    if let Some(language) = language
        && let Err(error) = response.add_cookie(&site.cookies.set_language(language))
    {
        tracing::error!(%error, "the cookie of a language could not be written");
    }
    Ok(response)
}

/// Whether it turns the text around it (UAX #9, 2.1 to 2.5).
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// To the page that then says what was done.
fn done(site: &Site, request: &HttpRequest, notice: AccountNotice) -> HttpResponse {
    let purpose = NOTICES.iter().find(|(known, _)| *known == notice);
    let address = match (purpose, site.cookies.browser(request)) {
        (Some((_, purpose)), Some(browser)) => {
            format!("{}?done={}", path::ACCOUNT, browser.derive(purpose).to_text())
        }
        (_, _) => path::ACCOUNT.to_owned(),
    };
    see_other(&address).finish()
}

fn is_own_form(site: &Site, request: &HttpRequest, token: &str) -> bool {
    let browser = site.cookies.browser(request);
    let is_own = csrf::is_valid(request, site.base(), browser.as_ref(), token);
    if !is_own {
        site.log_rejected_form("a form about somebody's own account");
    }
    is_own
}

fn page(site: &Site, request: &HttpRequest, account: OwnAccount, notice: AccountNotice) -> HttpResponse {
    let sessions = account.sessions.into_iter().map(|session| SessionRow {
        id: session.id.to_string(),
        device: session.device,
        address: session.address,
        last_seen_at: session.last_seen_at,
        is_this: session.is_this,
        applications: session.applications,
    });
    let applications = account.applications.into_iter().map(|told| ToldRow {
        mark: respond::app_mark(told.id, &told.name),
        email: (told.email != told.name_id).then_some(told.email),
        name_id: told.name_id,
        first_at: told.first_at,
    });
    let (sessions, applications) = (sessions.collect(), applications.collect());
    let preferences = account.user.preferences;
    site.form_page(request, StatusCode::OK, |csrf| {
        AccountPage {
            page: site.page_context(request),
            user: respond::user_mark(&UserSummary::from(&account.user)),
            notice,
            language: preferences.language,
            new_device_mail: recovery::is_offered(site).then_some(preferences.new_device_mail),
            changes_email: site.provider.sign_in().changes_own_email(),
            password_changed_at: account.password_changed_at,
            second_factors: account.second_factors,
            recovery_codes: account.recovery_codes,
            sessions,
            applications,
            csrf,
        }
        .html()
    })
}

fn profile_page(
    site: &Site,
    request: &HttpRequest,
    status: StatusCode,
    (user, form): (&User, &ProfileForm),
    error: Option<ProfileError>,
) -> HttpResponse {
    site.form_page(request, status, |csrf| {
        ProfilePage {
            page: site.page_context(request),
            user: respond::user_mark(&UserSummary::from(user)),
            error,
            given: &form.given,
            family: &form.family,
            language: Language::from_tag(&form.language),
            new_device_mail: recovery::is_offered(site).then_some(form.new_device_mail.is_some()),
            csrf,
        }
        .html()
    })
}
