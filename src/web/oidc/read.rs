//! Takes the parameters out of a request, undecoded.

use actix_web::{HttpMessage, HttpRequest, error::PayloadError, http::header::AUTHORIZATION, web::Payload};

use crate::{
    provider::oidc::{
        authorization_request::{MAX_PARAMETERS, RawParameters},
        token::ClientRequest,
    },
    web::{error::Error, layer::connection},
};

/// The parameters of a form.
pub(super) async fn read_form(request: &HttpRequest, payload: Payload) -> Result<RawParameters, Error> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Ok(RawParameters::Unreadable);
    }
    Ok(match payload.to_bytes_limited(MAX_PARAMETERS).await {
        Ok(Ok(body)) => RawParameters::Encoded(body.into()),
        Ok(Err(broken)) if is_timeout(&broken) => return Err(Error::BodyTimeout),
        Ok(Err(_broken)) => RawParameters::Unreadable,
        Err(_too_long) => RawParameters::TooLong,
    })
}

/// The same, with what the client says of itself in the header.
pub(super) async fn read_client_request(
    request: &HttpRequest,
    payload: Payload,
) -> Result<ClientRequest, Error> {
    Ok(ClientRequest {
        authorization: authorization(request),
        parameters: read_form(request, payload).await?,
    })
}

/// The header `Authorization`, if it is text.
pub(super) fn authorization(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(AUTHORIZATION)?;
    value.to_str().ok().map(str::to_owned)
}

fn is_timeout(broken: &actix_web::Error) -> bool {
    broken
        .as_error::<PayloadError>()
        .is_some_and(connection::is_timeout)
}
