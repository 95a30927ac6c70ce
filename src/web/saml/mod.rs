//! The SAML endpoints.

use actix_web::{HttpMessage, HttpRequest, web::Payload};

use crate::provider::saml::{Arrived, MAX_BODY};

pub(super) mod publish;
pub(super) mod slo;
pub(super) mod sso;
pub(super) mod start;

/// What came with the address alone.
fn query(request: &HttpRequest) -> Arrived {
    Arrived::Query(request.query_string().to_owned())
}

/// What came as a form, octet for octet.
async fn form(request: &HttpRequest, payload: Payload) -> Arrived {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Arrived::Unreadable;
    }
    match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => Arrived::Form {
            query: request.query_string().to_owned(),
            body: body.into(),
        },
        Ok(Err(_broken)) => Arrived::Unreadable,
        Err(_too_long) => Arrived::TooLong,
    }
}
