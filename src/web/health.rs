//! For load balancers and supervisors.

use actix_web::{HttpResponse, web::Data};

use crate::{
    provider::Provider,
    web::{off_thread::off_thread, state::Site},
};

/// The process answers.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("alive\n")
}

/// The database answers too. What will go wrong if nobody does anything stands below, a line each.
pub(super) async fn ready(site: Data<Site>) -> HttpResponse {
    match off_thread(&site.provider, &site.permits, Provider::health).await {
        Ok(warnings) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(body(&warnings)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain; charset=utf-8")
                .body("the database does not answer\n")
        }
    }
}

fn body(warnings: &[String]) -> String {
    let lines = warnings.iter().map(|warning| format!("warning: {warning}\n"));
    std::iter::once("ready\n".to_owned()).chain(lines).collect()
}
