//! The HTTP interface: what browsers see and send. Contains no SAML and no SQL.

pub mod assets;
mod error;
mod health;
mod layer;
mod oidc;
pub mod page;
mod password_text;
mod people;
mod respond;
mod saml;
mod state;
mod text;

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
    layer::connection::{Deadlines, TimedStream},
    layer::permits::Permits,
    page::part::Brand,
    state::Site,
};

use crate::model::endpoint::path;

/// The largest form that is read, in bytes: an e-mail address, a password, two tokens.
const MAX_FORM: usize = 16 * 1024;

/// Every route of this server.
fn routes(app: &mut ServiceConfig) {
    app.service(resource(path::PORTAL).route(get_or_head().to(people::portal::get)));
    app.service(
        resource("/launch/{slug}")
            .route(get().to(people::portal::launch))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource(path::SIGN_IN)
            .route(get_or_head().to(people::sign_in::get))
            .route(post().to(people::sign_in::post)),
    );
    app.service(
        resource(path::REQUIRED_PASSWORD)
            .route(get_or_head().to(people::required_password::get))
            .route(post().to(people::required_password::post)),
    );
    app.service(
        resource(path::SECOND_FACTOR)
            .route(get_or_head().to(people::second_factor::get))
            .route(post().to(people::second_factor::post)),
    );
    passkey_routes(app);
    account_routes(app);
    app.service(
        resource(path::LOGOUT)
            .route(get_or_head().to(people::logout::ask))
            .route(post().to(people::logout::sign_out)),
    );
    app.service(
        resource("/logout/{id}")
            .route(get_or_head().to(people::logout::progress))
            .route(post().to(people::logout::skip)),
    );
    app.service(
        resource("/logout/{id}/go")
            .route(get().to(people::logout::advance))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource("/logout/{id}/resume")
            .route(get().to(saml::slo::resume))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource("/continue/{sealed}")
            .route(get().to(people::resume::get))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource("/device/{link}")
            .route(get_or_head().to(people::device_link::ask))
            .route(post().to(people::device_link::accept)),
    );
    app.service(
        resource(path::RECOVERY)
            .route(get_or_head().to(people::recovery::get))
            .route(post().to(people::recovery::post)),
    );
    app.service(
        resource("/link/{token}")
            .route(get_or_head().to(people::password_link::get))
            .route(post().to(people::password_link::post)),
    );
    app.service(
        resource(path::SSO)
            .route(get().to(saml::sso::get))
            .route(head().to(empty_ok))
            .route(post().to(saml::sso::post)),
    );
    app.service(
        resource(path::START)
            .route(get().to(saml::start::by_entity_id))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource("/saml/start/{slug}")
            .route(get().to(saml::start::by_slug))
            .route(head().to(empty_ok)),
    );
    app.service(
        resource(path::SLO)
            .route(get().to(saml::slo::get))
            .route(head().to(empty_ok))
            .route(post().to(saml::slo::post)),
    );
    app.service(resource(path::METADATA).route(get_or_head().to(saml::publish::metadata)));
    app.service(resource("/saml/metadata/{slug}").route(get_or_head().to(saml::publish::metadata_by_slug)));
    app.service(
        resource("/saml/metadata/{slug}/{token}").route(get_or_head().to(saml::publish::metadata_by_token)),
    );
    app.service(resource(path::CERTIFICATE_PEM).route(get_or_head().to(saml::publish::pem)));
    app.service(resource(path::CERTIFICATE_CER).route(get_or_head().to(saml::publish::cer)));
    oidc_routes(app);
    app.service(resource(assets::STYLE_PATH).route(get_or_head().to(assets::style)));
    app.service(resource(assets::OLD_STYLE_PATH).route(get_or_head().to(assets::style)));
    app.service(resource(assets::LOGO_PATH).route(get_or_head().to(assets::logo)));
    app.service(resource(health::LIVE).route(get_or_head().to(health::live)));
    app.service(resource(health::READY).route(get_or_head().to(health::ready)));
}

fn oidc_routes(app: &mut ServiceConfig) {
    for address in [path::OPENID_CONFIGURATION, path::OAUTH_METADATA] {
        app.service(resource(address).route(get_or_head().to(oidc::publish::metadata)));
    }
    app.service(resource(path::JWKS).route(get_or_head().to(oidc::publish::jwks)));
    app.service(
        resource(path::AUTHORIZE)
            .route(get().to(oidc::authorize::get))
            .route(head().to(empty_ok))
            .route(post().to(oidc::authorize::post)),
    );
    app.service(resource(path::TOKEN).route(post().to(oidc::token::token)));
    app.service(resource(path::INTROSPECT).route(post().to(oidc::token::introspect)));
    app.service(resource(path::REVOKE).route(post().to(oidc::token::revoke)));
    app.service(
        resource(path::USERINFO)
            .route(get_or_head().to(oidc::user_info::get))
            .route(post().to(oidc::user_info::post)),
    );
}

/// Signing in with a passkey alone.
fn passkey_routes(app: &mut ServiceConfig) {
    app.service(
        resource(path::PASSKEY_SIGN_IN)
            .route(get_or_head().to(people::passkey::to_sign_in))
            .route(post().to(people::passkey::sign_in)),
    );
    app.service(resource(path::RELATED_ORIGINS).route(get_or_head().to(people::passkey::related_origins)));
}

/// Where people change how they sign in.
fn account_routes(app: &mut ServiceConfig) {
    app.service(resource(path::ACCOUNT).route(get_or_head().to(people::account::get)));
    app.service(
        resource(path::PROFILE)
            .route(get_or_head().to(people::account::profile))
            .route(post().to(people::account::save_profile)),
    );
    app.service(resource(path::END_OWN_SESSIONS).route(post().to(people::account::end_sessions)));
    app.service(
        resource(path::ACCOUNT_PASSWORD)
            .route(get_or_head().to(people::account_password::get))
            .route(post().to(people::account_password::post)),
    );
    app.service(
        resource(path::ACCOUNT_EMAIL)
            .route(get_or_head().to(people::account_email::get))
            .route(post().to(people::account_email::post)),
    );
    app.service(
        resource("/account/email/{token}")
            .route(get_or_head().to(people::account_email::ask))
            .route(post().to(people::account_email::confirm)),
    );
    app.service(
        resource("/email/undo/{token}")
            .route(get_or_head().to(people::email_undo::ask))
            .route(post().to(people::email_undo::undo)),
    );
    app.service(resource(path::ACCOUNT_FACTORS).route(get_or_head().to(people::account_factors::get)));
    app.service(
        resource(path::ADD_FACTOR)
            .route(get_or_head().to(people::enrolment::get))
            .route(post().to(people::enrolment::post)),
    );
    app.service(
        resource(path::ADD_PASSKEY)
            .route(get_or_head().to(people::passkey::get))
            .route(post().to(people::passkey::post)),
    );
    app.service(resource(path::REMOVE_FACTOR).route(post().to(people::account_factors::remove)));
    app.service(resource(path::FORGET_DEVICES).route(post().to(people::account_factors::forget_devices)));
    app.service(resource(path::RECOVERY_CODES).route(post().to(people::account_factors::new_recovery_codes)));
}

/// HEAD gets the response of GET without the body (rfc9110, 9.3.2). Another method on a known path
/// gets 405.
fn get_or_head() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// HEAD where a GET has an effect that happens once: it does nothing, so that link scanners do not
/// use links up.
async fn empty_ok() -> HttpResponse {
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
        .app_data(FormConfig::default().limit(MAX_FORM).error_handler(form_error))
        .app_data(PayloadConfig::new(MAX_FORM))
        .configure(routes)
        .wrap(from_fn(layer::trace::layer))
}

/// What runs while the database server has not been reached yet: reports that the process is alive
/// and that nobody can sign in.
pub fn unavailable_app() -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .route(health::LIVE, get_or_head().to(health::live))
        .default_service(route().to(health::unavailable))
        .wrap(from_fn(layer::trace::layer))
}

/// A form that could not be read: `layer::trace` adds a page to the status.
fn form_error(error: UrlencodedError, _: &HttpRequest) -> Error {
    let status = if matches!(&error, UrlencodedError::Payload(broken) if layer::connection::is_timeout(broken))
    {
        StatusCode::REQUEST_TIMEOUT
    } else {
        error.status_code()
    };
    InternalError::from_response(error, HttpResponse::build(status).finish()).into()
}
