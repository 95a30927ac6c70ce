//! The style sheet and the logo: embedded in the binary, with their own hash in the address.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_TYPE, CacheControl, CacheDirective, EntityTag},
};

use crate::{model::hash::sha256_hex, web::layer::conditional::respond_unless_held};

/// One year, in seconds: practically without limit.
const IMMUTABLE_MAX_AGE: u32 = 31_536_000;

pub const STYLE_PATH: &str = "/assets/style.css";
/// The former address of the style sheet. It is served for one more release, because replicas of both
/// versions run at the same time during an upgrade.
pub const OLD_STYLE_PATH: &str = "/assets/look.css";
pub const LOGO_PATH: &str = "/assets/logo.svg";

pub static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        STYLE_PATH,
        "text/css; charset=utf-8",
        include_bytes!("assets/style.css"),
    )
});
pub static LOGO: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(LOGO_PATH, "image/svg+xml", include_bytes!("assets/logo.svg")));

/// A file embedded in the binary.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Path and version, as pages link to it.
    pub address: String,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
    etag: EntityTag,
    query: String,
}

impl Asset {
    fn new(path: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = sha256_hex(bytes);
        let query = format!("v={}", hash.chars().take(8).collect::<String>());
        let address = format!("{path}?{query}");
        Self {
            address,
            content_type,
            bytes,
            etag: EntityTag::new_strong(hash),
            query,
        }
    }

    /// Under its own version the asset never changes; under any other it is revalidated.
    fn caching(&self, query: &str) -> CacheControl {
        CacheControl(if query == self.query {
            vec![
                CacheDirective::Public,
                CacheDirective::MaxAge(IMMUTABLE_MAX_AGE),
                CacheDirective::Extension("immutable".to_owned(), None),
            ]
        } else {
            vec![CacheDirective::NoCache]
        })
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let caching = self.caching(request.query_string());
        respond_unless_held(request, self.etag.clone(), caching, |response| {
            response
                .insert_header((CONTENT_TYPE, self.content_type))
                .body(self.bytes)
        })
    }
}

/// `GET /assets/style.css`
pub async fn style(request: HttpRequest) -> HttpResponse {
    STYLE.respond(&request)
}

/// `GET /assets/logo.svg`
pub async fn logo(request: HttpRequest) -> HttpResponse {
    LOGO.respond(&request)
}

#[cfg(test)]
mod tests {
    use actix_web::{body::MessageBody, http::header::CACHE_CONTROL, test::TestRequest};

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
    fn the_style_sheet_loads_nothing_else() {
        let css = std::str::from_utf8(STYLE.bytes).unwrap();
        for foreign in ["url(", "@import", "http:", "https:", "!important"] {
            assert!(!css.contains(foreign), "{foreign}");
        }
    }
}
