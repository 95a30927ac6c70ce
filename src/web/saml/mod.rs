//! The SAML endpoints.

use actix_web::{HttpMessage, HttpRequest, error::PayloadError, web::Payload};

use crate::{
    provider::saml::{Arrived, MAX_BODY},
    web::{connection, error::Error},
};

pub(super) mod publish;
pub(super) mod slo;
pub(super) mod sso;
pub(super) mod start;

/// What came with the address alone.
fn query(request: &HttpRequest) -> Arrived {
    Arrived::Query(request.query_string().to_owned())
}

/// What came as a form, octet for octet.
async fn form(request: &HttpRequest, payload: Payload) -> Result<Arrived, Error> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Ok(Arrived::Unreadable);
    }
    Ok(match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => Arrived::Form {
            query: request.query_string().to_owned(),
            body: body.into(),
        },
        Ok(Err(broken)) if late(&broken) => return Err(Error::TooSlow),
        Ok(Err(_broken)) => Arrived::Unreadable,
        Err(_too_long) => Arrived::TooLong,
    })
}

fn late(broken: &actix_web::Error) -> bool {
    broken.as_error::<PayloadError>().is_some_and(connection::is_late)
}
