//! Conditional requests: a document that the client has already is not sent again (RFC 9110, 13).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{CacheControl, ETag, EntityTag, Header, IfNoneMatch},
};

/// `document` completes a 200 with `ETag` and `Cache-Control`; if `If-None-Match` contains `etag`, the response is a 304
/// without a body instead. A malformed `If-None-Match` is ignored.
pub(in crate::web) fn respond_unless_held(
    request: &HttpRequest,
    etag: EntityTag,
    caching: CacheControl,
    document: impl FnOnce(&mut HttpResponseBuilder) -> HttpResponse,
) -> HttpResponse {
    let is_held = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(held)) => contains(&held, &etag),
        Err(_) => false,
    };
    let mut response = if is_held {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header(ETag(etag)).insert_header(caching);
    if is_held {
        response.finish()
    } else {
        document(&mut response)
    }
}

/// Whether `If-None-Match` contains `etag` itself: `*` does not say which version the client holds.
pub(in crate::web) fn names_etag(request: &HttpRequest, etag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(held)) => contains(&held, etag),
        Ok(IfNoneMatch::Any) | Err(_) => false,
    }
}

/// The weak comparison, as `If-None-Match` asks for (RFC 9110, 13.1.2).
fn contains(held: &[EntityTag], etag: &EntityTag) -> bool {
    held.iter().any(|held| held.weak_eq(etag))
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::header::{CacheDirective, IF_NONE_MATCH},
        test::TestRequest,
    };

    use super::*;

    fn status(held: &[&str]) -> u16 {
        let mut request = TestRequest::get();
        for held in held {
            request = request.append_header((IF_NONE_MATCH, *held));
        }
        let etag = EntityTag::new_strong("abc".to_owned());
        let caching = CacheControl(vec![CacheDirective::NoCache]);
        let response = respond_unless_held(
            &request.to_http_request(),
            etag,
            caching,
            HttpResponseBuilder::finish,
        );
        let headers = response.headers();
        assert_eq!(headers.get("etag").unwrap(), "\"abc\"", "{held:?}");
        assert_eq!(headers.get("cache-control").unwrap(), "no-cache", "{held:?}");
        response.status().as_u16()
    }

    #[test]
    fn a_document_that_is_held_is_not_sent_again() {
        for held in [
            &["\"abc\""][..],
            &["W/\"abc\""],
            &["\"x\", \"abc\""],
            &["\"x\"", "\"abc\""],
            &["*"],
        ] {
            assert_eq!(status(held), 304, "{held:?}");
        }
    }

    #[test]
    fn anything_else_is_sent() {
        for held in [
            &[][..],
            &["\"x\""],
            &["\"ABC\""],
            &["abc"],
            &["\""],
            &[""],
            &["\"ab\", c\""],
        ] {
            assert_eq!(status(held), 200, "{held:?}");
        }
    }
}
