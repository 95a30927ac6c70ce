//! The style sheet and the logo: in the binary, named by their own hash.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use sha2::{Digest, Sha256};

/// Where the style sheet is served.
pub const STYLE_PATH: &str = "/assets/look.css";
/// Where the logo is served.
pub const LOGO_PATH: &str = "/assets/logo.svg";

/// The style sheet.
pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        STYLE_PATH,
        "text/css; charset=utf-8",
        include_bytes!("assets/look.css"),
    )
});
/// The logo.
pub static LOGO: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(LOGO_PATH, "image/svg+xml", include_bytes!("assets/logo.svg")));

/// A file that is part of the binary.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The path with its version, as pages link it.
    pub address: String,
    /// Its media type.
    pub content_type: &'static str,
    /// What it holds.
    pub bytes: &'static [u8],
    /// A strong validator (RFC 9110, 8.8.3).
    pub etag: String,
    query: String,
}

impl Asset {
    fn new(path: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = format!("{:x}", Sha256::digest(bytes));
        let query = format!("v={}", hash.chars().take(8).collect::<String>());
        let address = format!("{path}?{query}");
        Self {
            address,
            content_type,
            bytes,
            etag: format!("\"{hash}\""),
            query,
        }
    }

    /// For how long it may be kept: for ever under its own version, else only while it is the same.
    pub fn cache_control(&self, query: &str) -> &'static str {
        if query == self.query {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }

    /// Whether one of the validators that the browser holds is ours (RFC 9110, 13.1.2).
    pub fn matches_etag(&self, if_none_match: &str) -> bool {
        if_none_match
            .split(',')
            .map(str::trim)
            .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == self.etag)
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let held = request
            .headers()
            .get_all(IF_NONE_MATCH)
            .filter_map(|value| value.to_str().ok())
            .any(|value| self.matches_etag(value));
        let mut answer = if held {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        answer
            .insert_header((ETAG, self.etag.as_str()))
            .insert_header((CACHE_CONTROL, self.cache_control(request.query_string())));
        if held {
            return answer.finish();
        }
        answer
            .insert_header((CONTENT_TYPE, self.content_type))
            .body(self.bytes)
    }
}

/// `GET /assets/look.css`
pub async fn style(request: HttpRequest) -> HttpResponse {
    STYLE.respond(&request)
}

/// `GET /assets/logo.svg`
pub async fn logo(request: HttpRequest) -> HttpResponse {
    LOGO.respond(&request)
}

#[cfg(test)]
mod tests {
    use actix_web::{body::MessageBody, test::TestRequest};

    use super::*;

    fn header(answer: &HttpResponse, name: actix_web::http::header::HeaderName) -> &str {
        answer.headers().get(name).unwrap().to_str().unwrap()
    }

    #[test]
    fn a_linked_asset_is_cached_for_good_and_another_version_is_revalidated() {
        for asset in [&*STYLE, &*LOGO] {
            let linked = asset.respond(&TestRequest::get().uri(&asset.address).to_http_request());
            assert_eq!(linked.status(), 200);
            assert_eq!(
                header(&linked, CACHE_CONTROL),
                "public, max-age=31536000, immutable"
            );
            assert_eq!(header(&linked, CONTENT_TYPE), asset.content_type);
            assert_eq!(linked.into_body().try_into_bytes().unwrap(), asset.bytes);
            let (path, _) = asset.address.split_once('?').unwrap();
            for uri in [path.to_owned(), format!("{path}?v=00000000")] {
                let other = asset.respond(&TestRequest::get().uri(&uri).to_http_request());
                assert_eq!(header(&other, CACHE_CONTROL), "no-cache");
            }
        }
    }

    #[test]
    fn an_asset_that_the_browser_has_is_not_sent_again() {
        let etag = STYLE.etag.clone();
        for (held, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            (etag.trim_matches('"').to_owned(), 200),
        ] {
            let request = TestRequest::get()
                .insert_header((IF_NONE_MATCH, held.as_str()))
                .to_http_request();
            let answer = STYLE.respond(&request);
            assert_eq!(answer.status(), status, "{held}");
            assert_eq!(header(&answer, ETAG), etag);
        }
    }

    #[test]
    fn the_style_sheet_loads_nothing_else() {
        let css = std::str::from_utf8(STYLE.bytes).unwrap();
        for foreign in ["url(", "@import", "http:", "https:", "!important"] {
            assert!(!css.contains(foreign), "{foreign}");
        }
    }
}
