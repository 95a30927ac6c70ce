//! In which language a page is written.

use actix_web::{HttpRequest, http::Method, http::header::ACCEPT_LANGUAGE};

use crate::{
    localization::{RequestedLanguages, named, negotiate},
    model::language::Language,
    web::layer::cookie::Cookies,
};

const UI_LOCALES: &str = "ui_locales";

/// The language that the request asks for; `default` if it asks for none that is spoken here.
pub(in crate::web) fn requested(request: &HttpRequest, cookies: Cookies, default: Language) -> Language {
    let ui_locales = ui_locales(request);
    let accepted = request.headers().get(ACCEPT_LANGUAGE);
    let asked = RequestedLanguages {
        ui_locales: ui_locales.as_deref(),
        chosen: cookies.language(request),
        accept_language: accepted.and_then(|header| header.to_str().ok()),
    };
    negotiate(asked, default)
}

/// The language that was chosen by the address, to be remembered by the browser.
pub(in crate::web) fn newly_chosen(request: &HttpRequest, cookies: Cookies) -> Option<Language> {
    let chosen = named(&ui_locales(request)?)?;
    (request.method() == Method::GET && cookies.language(request) != Some(chosen)).then_some(chosen)
}

/// The parameters that a page of ours is not the same without.
const KEPT: [&str; 3] = ["continue", "q", "after"];

/// The address of a page that can be loaded again in another language, with what is ours of its parameters.
pub(in crate::web) fn address(request: &HttpRequest) -> Option<String> {
    // What arrives there is a message, which is processed once.
    let is_message = request.path().starts_with("/saml/") || request.path().ends_with("/go");
    // Such a path would be the address of another host.
    let is_elsewhere = request.path().starts_with("//") || request.path().contains('\\');
    if request.method() != Method::GET || is_message || is_elsewhere {
        return None;
    }
    let others: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| is_ours(pair))
        .collect();
    Some(if others.is_empty() {
        request.path().to_owned()
    } else {
        format!("{}?{}", request.path(), others.join("&"))
    })
}

fn is_ours(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    // What is sealed is in base64url; anything else leads nowhere, and is not repeated.
    let is_sealed = || {
        value
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    KEPT.contains(&name) && (name != "continue" || is_sealed())
}

fn ui_locales(request: &HttpRequest) -> Option<String> {
    let query = request.query_string();
    // Most requests have none, and some have a long query.
    if !query.contains(UI_LOCALES) {
        return None;
    }
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, value) = pairs.find(|(name, _)| name == UI_LOCALES)?;
    Some(value.into_owned())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::model::endpoint::BaseUrl;

    fn cookies() -> Cookies {
        Cookies::new(&BaseUrl::parse("https://login.fernweh.example").unwrap())
    }

    #[test]
    fn the_address_goes_before_the_cookie_and_the_cookie_before_the_header() {
        let cookie = ("cookie", "__Host-hallpass-language=fr");
        let header = ("accept-language", "es;q=0.9, ja");
        for (uri, cookie, header, expected) in [
            (
                "/login?ui_locales=ar+de",
                Some(cookie),
                Some(header),
                Language::Arabic,
            ),
            (
                "/login?ui_locales=tlh",
                Some(cookie),
                Some(header),
                Language::French,
            ),
            ("/login", None, Some(header), Language::Japanese),
            (
                "/login",
                None,
                Some(("accept-language", "de-AT")),
                Language::German,
            ),
            (
                "/login",
                None,
                Some(("accept-language", "tlh")),
                Language::Spanish,
            ),
            ("/login", None, None, Language::Spanish),
            (
                "/login",
                Some(("cookie", "__Host-hallpass-language=xx")),
                None,
                Language::Spanish,
            ),
        ] {
            let mut request = TestRequest::with_uri(uri);
            for line in [cookie, header].into_iter().flatten() {
                request = request.append_header(line);
            }
            let request = request.to_http_request();
            assert_eq!(
                requested(&request, cookies(), Language::Spanish),
                expected,
                "{uri}"
            );
        }
    }

    #[test]
    fn a_page_is_loaded_again_with_what_is_ours_of_its_address() {
        for (uri, expected) in [
            ("/login", Some("/login")),
            ("/login?ui_locales=de", Some("/login")),
            (
                "/login?continue=x&ui_locales=de&ReturnTo=https://evil.example",
                Some("/login?continue=x"),
            ),
            ("/?q=a%20b&after=c&done=d", Some("/?q=a%20b&after=c")),
            ("/login?continue=https://evil.example", Some("/login")),
            ("//evil.example/x", None),
            ("/saml/sso?SAMLRequest=x", None),
            ("/logout/1/go", None),
        ] {
            let request = TestRequest::with_uri(uri).to_http_request();
            assert_eq!(address(&request).as_deref(), expected, "{uri}");
        }
        let post = TestRequest::post().uri("/login").to_http_request();
        assert_eq!(address(&post), None);
    }
}
