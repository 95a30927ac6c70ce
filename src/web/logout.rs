//! `/logout`: the form that ends a session, and the page of a logout that others are being told of. That page is
//! ours at each step: it is safe to reload, to go back to, to open twice, and it works without script.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Path},
};
use serde::Deserialize;

use crate::{
    model::{endpoint::path, id::LogoutId},
    provider::{
        saml::logout_hop::{Carrier, Departure, Next, Outbound, Progress, Turn},
        sign_off::{AboutToSignOut, Begun, SignedOff, Stop},
    },
    web::{
        csrf,
        error::Error,
        headers::Answer,
        off_thread::off_thread,
        page::{
            html::Page,
            leaving::{Leaving, Left, Returning, Way},
            onward::Base64,
            part::AppMark,
            sign_out::{SignOut, SignOutOver, SignedOut},
        },
        respond,
        state::{Site, page, see_other},
    },
};

/// What the sign-out form sends.
#[derive(Deserialize)]
pub(super) struct LogoutForm {
    #[serde(default)]
    csrf: String,
}

/// What *Continue* sends: the hop that is given up.
#[derive(Deserialize)]
pub(super) struct GiveUpForm {
    hop: i64,
}

/// `GET /logout`, and the Sign-out URL opened plainly: asks, and ends nothing yet. A logout that goes on in this
/// browser is shown.
pub(super) async fn ask(request: HttpRequest, site: Data<Site>) -> Result<HttpResponse, Error> {
    let visitor = site.visitor(&request);
    let cookies = site.cookies.all_leaving(&request);
    let (about, running) = off_thread(&site, &request, move |p| {
        Ok((p.about_to_sign_out(&visitor)?, p.running_logout(&cookies)?))
    })
    .await?;
    Ok(match (about, running) {
        (Some(AboutToSignOut::Over(applications)), None) => {
            site.form_page(&request, StatusCode::OK, |csrf| {
                SignOutOver {
                    brand: site.brand(),
                    applications,
                    csrf,
                }
                .html()
            })
        }
        (Some(AboutToSignOut::Session(person, stops)), _) => {
            site.form_page(&request, StatusCode::OK, |csrf| {
                SignOut {
                    brand: site.brand(),
                    person: respond::person(&person),
                    left: left(&stops),
                    csrf,
                }
                .html()
            })
        }
        (Some(AboutToSignOut::Over(_)) | None, Some(id)) => see_other(&address(id)).finish(),
        (None, None) => match waiting_here(&request, &site).await? {
            Some(led_on) => led_on,
            None => signed_out(&site),
        },
    })
}

/// `POST /logout`: ends the session. A form never ends in a redirect to another origin, so that what follows begins
/// on a page of ours.
pub(super) async fn sign_out(
    request: HttpRequest,
    site: Data<Site>,
    Form(sent): Form<LogoutForm>,
) -> Result<HttpResponse, Error> {
    if !csrf::comes_from_us(&request, site.base()) {
        site.disbelieve("a sign-out form of another site");
        return Ok(see_other(path::LOGOUT).finish());
    }
    if !csrf::is_ours(
        &request,
        site.base(),
        site.cookies.browser(&request).as_ref(),
        &sent.csrf,
    ) {
        site.disbelieve("a sign-out form");
        return ask(request, site).await;
    }
    let visitor = site.visitor(&request);
    let cookies = site.cookies.all_leaving(&request);
    let off = off_thread(&site, &request, move |p| p.sign_out(&visitor, &cookies)).await?;
    let mut response = match off {
        SignedOff::Done => signed_out(&site),
        SignedOff::Begun(begun) => begin(&site, &request, &begun),
        SignedOff::Running(id) => see_other(&address(id)).finish(),
    };
    // A cookie that cannot be added is one that is no valid header; ours are.
    let _added = response.add_cookie(&site.cookies.remove_session());
    Ok(response)
}

/// Sends the browser to the page of a logout that has begun.
pub(super) fn begin(site: &Site, request: &HttpRequest, begun: &Begun) -> HttpResponse {
    with_cookie(site, request, begun, &address(begun.id))
}

/// Sends the browser round by a GET, which brings its cookies along.
pub(super) fn go_round(site: &Site, request: &HttpRequest, posted: &Begun) -> HttpResponse {
    with_cookie(site, request, posted, &format!("{}/resume", address(posted.id)))
}

/// The logout that waits for this browser since its session ended elsewhere, at the visit of one of our own pages.
pub(super) async fn waiting_here(
    request: &HttpRequest,
    site: &Data<Site>,
) -> Result<Option<HttpResponse>, Error> {
    let visitor = site.visitor(request);
    if visitor.session.is_none() {
        return Ok(None);
    }
    let waiting = off_thread(site, request, move |p| p.logout_waiting_here(&visitor)).await?;
    Ok(waiting.map(|begun| begin(site, request, &begun)))
}

fn with_cookie(site: &Site, request: &HttpRequest, begun: &Begun, to: &str) -> HttpResponse {
    let mut response = see_other(to);
    for removal in site.cookies.room_to_leave(request) {
        response.cookie(removal);
    }
    response
        .cookie(
            site.cookies
                .set_leaving(begun.id, &begun.browser, begun.lifetime.num_seconds()),
        )
        .finish()
}

/// Sends the browser on with a logout.
pub(super) fn go_on(id: LogoutId) -> HttpResponse {
    see_other(&address(id)).finish()
}

/// `GET /logout/{id}`: who has confirmed, who is next. It asks nobody by itself; what it shows goes on.
pub(super) async fn progress(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.leaving(&request, id));
    let progress = off_thread(&site, &request, move |p| {
        p.logout_progress(id, browser.as_ref(), &visitor)
    })
    .await?;
    Ok(match progress {
        Some(progress) => shown(&site, id, &progress),
        None => ask(request, site).await?,
    })
}

/// `GET /logout/{id}/go`: the way out to the application whose turn it is.
pub(super) async fn go(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    let (visitor, browser) = (site.visitor(&request), site.cookies.leaving(&request, id));
    let departure = off_thread(&site, &request, move |p| p.depart(id, browser.as_ref(), &visitor)).await?;
    Ok(match departure {
        None => ask(request, site).await?,
        Some(Departure::Stay) => go_on(id),
        Some(Departure::Answer(outbound)) => respond::outbound(&site, &outbound),
        Some(Departure::Ask(asked)) => {
            let (outbound, progress) = *asked;
            asking(&site, id, &outbound, &progress)
        }
    })
}

/// `POST /logout/{id}`: goes on without an application.
pub(super) async fn give_up(
    request: HttpRequest,
    site: Data<Site>,
    id: Path<String>,
    Form(sent): Form<GiveUpForm>,
) -> Result<HttpResponse, Error> {
    let Ok(id) = id.parse::<LogoutId>() else {
        return ask(request, site).await;
    };
    // The cookie is `SameSite=Lax`: another site's form comes without it.
    let browser = site.cookies.leaving(&request, id);
    off_thread(&site, &request, move |p| {
        p.give_up(id, browser.as_ref(), sent.hop)
    })
    .await?;
    Ok(go_on(id))
}

/// The session here has ended, and nobody else was to be told.
fn signed_out(site: &Site) -> HttpResponse {
    over(site, Vec::new(), None)
}

fn over(site: &Site, left: Vec<Left>, back: Option<(AppMark, &str)>) -> HttpResponse {
    page(
        StatusCode::OK,
        &SignedOut {
            brand: site.brand(),
            left,
            back,
        },
    )
}

fn shown(site: &Site, id: LogoutId, progress: &Progress) -> HttpResponse {
    let address = address(id);
    let left = left(&progress.stops);
    match &progress.next {
        Next::Ask(turn) => leaving(site, &address, left, turn, Way::Link, Answer::Leaving),
        Next::Stuck(turn) => leaving(site, &address, left, turn, Way::Person, Answer::Leaving),
        Next::Return { to } => {
            let page = Returning {
                brand: site.brand(),
                left,
                application: respond::mark(to.0, &to.1),
                address: &address,
            };
            site.page_as(Answer::Leaving, &page)
        }
        Next::Over(back) => {
            let go = format!("{address}/go");
            let back = back
                .as_ref()
                .map(|(id, name)| (respond::mark(*id, name), go.as_str()));
            over(site, left, back)
        }
    }
}

/// The way to an application: by redirect, or by a page of ours that posts.
fn asking(site: &Site, id: LogoutId, outbound: &Outbound, progress: &Progress) -> HttpResponse {
    match (&outbound.carrier, &progress.next) {
        (Carrier::Redirect(to), _) => see_other(to).finish(),
        (
            Carrier::Post {
                location, message, ..
            },
            Next::Ask(turn),
        ) => {
            let way = Way::Post {
                location: location.as_str(),
                message: Base64::of(message),
            };
            let answer = if location.is_plain_http() {
                Answer::LeavingByPostToLoopback
            } else {
                Answer::LeavingByPost
            };
            leaving(site, &address(id), left(&progress.stops), turn, way, answer)
        }
        (Carrier::Post { .. }, Next::Stuck(_) | Next::Return { .. } | Next::Over(_)) => go_on(id),
    }
}

fn leaving(
    site: &Site,
    address: &str,
    left: Vec<Left>,
    turn: &Turn,
    way: Way<'_>,
    answer: Answer,
) -> HttpResponse {
    let page = Leaving {
        brand: site.brand(),
        left,
        application: respond::mark(turn.application.0, &turn.application.1),
        position: turn.position,
        way,
        address,
    };
    site.page_as(answer, &page)
}

fn left(stops: &[Stop]) -> Vec<Left> {
    stops
        .iter()
        .map(|stop| Left {
            application: respond::mark(stop.application, &stop.name),
            state: stop.state,
            open: stop.open.clone(),
        })
        .collect()
}

fn address(id: LogoutId) -> String {
    format!("{}{id}", path::LEAVING)
}
