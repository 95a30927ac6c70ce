//! Takes a message out of a request, undecoded.

use actix_web::{HttpMessage, HttpRequest, error::PayloadError, web::Payload};

use crate::{
    provider::saml::{MAX_BODY, RawMessage},
    web::{error::Error, layer::connection},
};

/// A message in the query of a GET.
pub(super) fn read_query(request: &HttpRequest) -> RawMessage {
    RawMessage::Query(request.query_string().to_owned())
}

/// A message in a form; the body stays byte for byte as it was sent.
pub(super) async fn read_form(request: &HttpRequest, payload: Payload) -> Result<RawMessage, Error> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Ok(RawMessage::Unreadable);
    }
    Ok(match payload.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(body)) => RawMessage::Form {
            query: request.query_string().to_owned(),
            body: body.into(),
        },
        Ok(Err(broken)) if is_timeout(&broken) => return Err(Error::BodyTimeout),
        Ok(Err(_broken)) => RawMessage::Unreadable,
        Err(_too_long) => RawMessage::TooLong,
    })
}

fn is_timeout(broken: &actix_web::Error) -> bool {
    broken
        .as_error::<PayloadError>()
        .is_some_and(connection::is_timeout)
}
