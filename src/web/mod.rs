//! HTTP only: what browsers see and send. It knows neither SAML nor SQL.

pub mod assets;
mod connection;
mod cookie;
mod csrf;
mod error;
pub mod headers;
mod health;
mod login;
mod logout;
mod off_thread;
pub mod page;
mod portal;
mod respond;
mod saml;
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
    web::{Data, FormConfig, PayloadConfig, ServiceConfig, get, post, route},
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
    app.route(path::PORTAL, get().to(portal::get))
        .route("/launch/{slug}", get().to(portal::launch))
        .route(path::LOGIN, get().to(login::get))
        .route(path::LOGIN, post().to(login::post))
        .route(path::LOGOUT, get().to(logout::ask))
        .route(path::LOGOUT, post().to(logout::sign_out))
        .route("/logout/{id}", get().to(logout::progress))
        .route("/logout/{id}", post().to(logout::give_up))
        .route("/logout/{id}/go", get().to(logout::go))
        .route("/continue/{handle}", get().to(sign_on::get))
        .route(path::SSO, get().to(saml::sso::get))
        .route(path::SSO, post().to(saml::sso::post))
        .route(path::START, get().to(saml::start::by_entity_id))
        .route("/saml/start/{slug}", get().to(saml::start::by_slug))
        .route(path::SLO, get().to(saml::slo::get))
        .route(path::SLO, post().to(saml::slo::post))
        .route(path::METADATA, read().to(saml::publish::metadata))
        .route("/saml/metadata/{slug}", read().to(saml::publish::metadata_for))
        .route(path::CERTIFICATE_PEM, read().to(saml::publish::pem))
        .route(path::CERTIFICATE_CER, read().to(saml::publish::cer))
        .route(assets::LOOK_PATH, read().to(assets::look))
        .route(assets::LOGO_PATH, read().to(assets::logo))
        .route(health::LIVE, read().to(health::live))
        .route(health::READY, read().to(health::ready));
}

/// What is the same for everybody is looked at with HEAD too.
fn read() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
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
