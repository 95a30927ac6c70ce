//! The outermost layer of every request: a request id, one log line (never a query, a cookie or a
//! form), the headers of every response, and a page where a handler sent an error without one.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
    },
    middleware::Next,
    web::Data,
};
use tracing::Instrument;

use crate::{
    model::reference::Reference,
    provider::audit::codes,
    web::{
        health,
        layer::connection,
        layer::headers::ResponseKind,
        layer::language,
        layer::request_id::RequestId,
        page::notice::{FailurePage, NoticeKind},
        state::{Site, page},
    },
};

/// The longest request line and header block that are accepted, in bytes.
const MAX_REQUEST_LINE: usize = 16 * 1024;
const MAX_HEADERS: usize = 32 * 1024;

pub(in crate::web) async fn layer(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let _guard = connection::begin_request(&mut request);
    let Some(site) = request.app_data::<Data<Site>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let id = site.provider.request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id);
    let began = Instant::now();
    let method = request.method().clone();
    let refused = oversized(&request).or_else(|| installation_is_missing(&site, &request));
    let mut response = match refused {
        Some(status) => request.into_response(actix_web::HttpResponse::build(status).finish()),
        None => match next.call(request).instrument(span.clone()).await {
            Ok(response) => response.map_into_boxed_body(),
            Err(error) => return Err(error),
        },
    };
    let status = response.status();
    if response.response().body().size() == BodySize::Sized(0) && wants_page(status) {
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        let mut page = match &retry_after {
            Some(_) => site.notice(response.request(), status, NoticeKind::Busy),
            None => default_page(&site, response.request(), status, &id),
        };
        if let Some(retry_after) = retry_after {
            page.headers_mut().insert(RETRY_AFTER, retry_after);
        }
        response = response.into_response(page);
    }
    let is_page = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if (is_page || status.is_redirection())
        && let Some(chosen) = language::newly_chosen(response.request(), site.cookies)
        && let Err(error) = response
            .response_mut()
            .add_cookie(&site.cookies.set_language(chosen))
    {
        tracing::error!(%error, "the cookie of a language could not be written");
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    site.headers.apply(ResponseKind::Page, headers);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let route = response.request().match_pattern().unwrap_or_default();
    span.in_scope(|| tracing::debug!(%method, route, status = status.as_u16(), micros, "answered"));
    Ok(response)
}

/// If the database file is missing or replaced, every write would be lost: all requests except
/// health checks get 503.
fn installation_is_missing(site: &Site, request: &ServiceRequest) -> Option<StatusCode> {
    let is_probe = [health::LIVE, health::READY].contains(&request.path());
    (!is_probe && site.provider.check_database_file().is_err()).then_some(StatusCode::SERVICE_UNAVAILABLE)
}

fn oversized(request: &ServiceRequest) -> Option<StatusCode> {
    let line = request
        .uri()
        .path_and_query()
        .map_or(0, |part| part.as_str().len());
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if line > MAX_REQUEST_LINE {
        Some(StatusCode::URI_TOO_LONG)
    } else if headers > MAX_HEADERS {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        None
    }
}

fn wants_page(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn default_page(site: &Site, request: &HttpRequest, status: StatusCode, id: &str) -> actix_web::HttpResponse {
    if status.is_server_error() {
        page(
            status,
            &FailurePage {
                page: site.page_context(request),
                code: codes::FAILURE,
                reference: Reference::from_request_id(id),
            },
        )
    } else {
        let kind = match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => NoticeKind::NotFound,
            StatusCode::REQUEST_TIMEOUT => NoticeKind::BodyTimeout,
            StatusCode::PAYLOAD_TOO_LARGE => NoticeKind::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => NoticeKind::NotAForm,
            _ => NoticeKind::Unreadable,
        };
        site.notice(request, status, kind)
    }
}
