//! The id of a request, by which its log lines and audit events are found.

use actix_web::{HttpMessage, HttpRequest};

use crate::model::reference::Reference;

/// The request id: 16 hex digits.
#[derive(Clone, Debug)]
pub(in crate::web) struct RequestId(pub(in crate::web) String);

/// `code`, and the reference by which audit events and log lines of this request are found.
pub(in crate::web) fn code_with_reference(request: &HttpRequest, code: &str) -> String {
    match request.extensions().get::<RequestId>() {
        Some(RequestId(id)) => format!("{code} {}", Reference::from_request_id(id)),
        None => code.to_owned(),
    }
}
