//! HTTP only: what browsers see and send. It knows neither SAML nor SQL.

pub mod assets;
mod connection;
mod cookie;
mod csrf;
mod device;
mod error;
pub mod headers;
mod health;
mod login;
mod logout;
mod off_thread;
pub mod page;
mod portal;
mod queue;
mod respond;
mod saml;
mod seldom;
mod sign_on;
mod state;
mod trace;
mod visitor;
mod words;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, ResponseError, Route,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    error::{InternalError, UrlencodedError},
    guard,
    http::StatusCode,
    middleware::from_fn,
    web::{Data, FormConfig, PayloadConfig, ServiceConfig, get, head, post, resource, route},
};

pub use self::{
    connection::{Deadlines, Guarded},
    off_thread::Permits,
    state::Site,
};

use crate::model::endpoint::path;

/// The longest form that is read, in bytes: an e-mail address, a password, two tokens.
const MAX_FORM: usize = 16 * 1024;

/// Every address that this server answers, on one page.
fn routes(app: &mut ServiceConfig) {
    app.service(resource(path::PORTAL).route(read().to(portal::get)));
    app.service(
        resource("/launch/{slug}")
            .route(get().to(portal::launch))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource(path::LOGIN)
            .route(read().to(login::get))
            .route(post().to(login::post)),
    );
    app.service(
        resource(path::LOGOUT)
            .route(read().to(logout::ask))
            .route(post().to(logout::sign_out)),
    );
    app.service(
        resource("/logout/{id}")
            .route(read().to(logout::progress))
            .route(post().to(logout::give_up)),
    );
    app.service(
        resource("/logout/{id}/go")
            .route(get().to(logout::go))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource("/logout/{id}/resume")
            .route(get().to(saml::slo::resume))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource("/continue/{sealed}")
            .route(get().to(sign_on::get))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource("/device/{link}")
            .route(read().to(device::ask))
            .route(post().to(device::accept)),
    );
    app.service(
        resource(path::SSO)
            .route(get().to(saml::sso::get))
            .route(head().to(nothing_done))
            .route(post().to(saml::sso::post)),
    );
    app.service(
        resource(path::START)
            .route(get().to(saml::start::by_entity_id))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource("/saml/start/{slug}")
            .route(get().to(saml::start::by_slug))
            .route(head().to(nothing_done)),
    );
    app.service(
        resource(path::SLO)
            .route(get().to(saml::slo::get))
            .route(head().to(nothing_done))
            .route(post().to(saml::slo::post)),
    );
    app.service(resource(path::METADATA).route(read().to(saml::publish::metadata)));
    app.service(resource("/saml/metadata/{slug}").route(read().to(saml::publish::metadata_by_slug)));
    app.service(resource("/saml/metadata/{slug}/{token}").route(read().to(saml::publish::metadata_by_token)));
    app.service(resource(path::CERTIFICATE_PEM).route(read().to(saml::publish::pem)));
    app.service(resource(path::CERTIFICATE_CER).route(read().to(saml::publish::cer)));
    app.service(resource(assets::LOOK_PATH).route(read().to(assets::look)));
    app.service(resource(assets::LOGO_PATH).route(read().to(assets::logo)));
    app.service(resource(health::LIVE).route(read().to(health::live)));
    app.service(resource(health::READY).route(read().to(health::ready)));
}

/// HEAD is answered as GET is, without the body (rfc9110, 9.3.2). A path with another method is 405.
fn read() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// HEAD where a GET does something once: nothing is done by it, or whoever looks at links would use them up.
async fn nothing_done() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// The whole site, for a server to run.
pub fn app(
    site: Data<Site>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(site)
        .app_data(FormConfig::default().limit(MAX_FORM).error_handler(unread))
        .app_data(PayloadConfig::new(MAX_FORM))
        .configure(routes)
        .wrap(from_fn(trace::layer))
}

/// What answers while the database server has not come yet: that this process lives, and that nobody can sign in.
pub fn waiting() -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .route(health::LIVE, read().to(health::live))
        .default_service(route().to(health::waiting))
        .wrap(from_fn(trace::layer))
}

/// A form that is not read: [`trace`] puts the page around the status.
fn unread(error: UrlencodedError, _: &HttpRequest) -> Error {
    let status = if matches!(&error, UrlencodedError::Payload(broken) if connection::is_late(broken)) {
        StatusCode::REQUEST_TIMEOUT
    } else {
        error.status_code()
    };
    InternalError::from_response(error, HttpResponse::build(status).finish()).into()
}
