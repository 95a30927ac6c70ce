//! Health checks for load balancers and supervisors.

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web::Data};

use crate::{
    api_model::remedy,
    model::remedy::{Finding, Remediable},
    web::{error::Error, state::Site},
};

/// Liveness: whether the process answers.
pub(super) const LIVE: &str = "/health/live";
/// Readiness: whether users can sign in.
pub(super) const READY: &str = "/health/ready";

/// Responds as long as the process runs.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("alive\n")
}

/// Whether users can sign in, according to the last check in the background: a probe itself queries
/// nothing. Warnings about problems to come follow, one per line.
pub(super) async fn ready(site: Data<Site>) -> Result<HttpResponse, Error> {
    Ok(match site.provider.health()? {
        Ok(warnings) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(ready_body(&warnings)),
        Err(why) => HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body(format!("{}\n", why.message())),
    })
}

/// Responds while the database server has not been reached yet.
pub(super) async fn unavailable() -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, "5"))
        .content_type("text/plain; charset=utf-8")
        .body("the database is away; this is tried again by itself\n")
}

fn ready_body(warnings: &[Finding]) -> String {
    let lines = warnings
        .iter()
        .map(|warning| format!("warning: {}\n", warning.with_words(remedy::words)));
    std::iter::once("ready\n".to_owned()).chain(lines).collect()
}
