//! Forms come from our own pages, in the browser that was given them.

use actix_web::{HttpRequest, http::header};

use crate::model::{endpoint::BaseUrl, secret::Token};

/// What a form of the browser `browser` carries.
pub(in crate::web) fn form_token(browser: &Token) -> String {
    browser.derive("form").to_text()
}

/// Whether a form may be believed: sent by a page of ours, and made for this browser.
pub(in crate::web) fn is_valid(
    request: &HttpRequest,
    base: &BaseUrl,
    browser: Option<&Token>,
    sent: &str,
) -> bool {
    let Some(browser) = browser else { return false };
    // Compared by hash, so that timing tells nothing of the token.
    let fits = Token::parse(sent).is_some_and(|sent| sent.hash() == browser.derive("form").hash());
    fits && is_same_origin(request, base)
}

/// Whether a page of ours sent the form: `Sec-Fetch-Site` where the browser sends it, else `Origin`; a browser that
/// says nothing is not believed. What other sites post is not looked at: the browser kept our cookies back, so that
/// an answer would take everybody for nobody.
pub(in crate::web) fn is_same_origin(request: &HttpRequest, base: &BaseUrl) -> bool {
    let value = |name: &str| {
        let mut all = request.headers().get_all(name);
        match (all.next(), all.next()) {
            (Some(only), None) => only.to_str().ok().map(str::to_owned),
            (_, _) => None,
        }
    };
    match value("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None if request.headers().contains_key("sec-fetch-site") => false,
        None => value(header::ORIGIN.as_str()).is_some_and(|origin| origin == base.origin()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_our_own_forms_are_accepted() {
        let base = BaseUrl::parse("https://login.example.com").unwrap();
        let browser = Token::new([1; 32]);
        let good = form_token(&browser);
        let ask = |headers: &[(&'static str, &'static str)], browser: Option<&Token>, sent: &str| {
            let mut request = TestRequest::post();
            for header in headers {
                request = request.insert_header(*header);
            }
            is_valid(&request.to_http_request(), &base, browser, sent)
        };
        let same = [("sec-fetch-site", "same-origin")];
        assert!(ask(&same, Some(&browser), &good));
        assert!(ask(
            &[("origin", "https://login.example.com")],
            Some(&browser),
            &good
        ));
        for bad in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://login.example.com.evil.example")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://login.example.com"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!ask(bad, Some(&browser), &good), "{bad:?}");
        }
        assert!(!ask(&same, None, &good), "no cookie");
        assert!(
            !ask(&same, Some(&Token::new([2; 32])), &good),
            "another browser's token"
        );
        assert!(!ask(&same, Some(&browser), ""), "no token");
        assert!(
            !ask(&same, Some(&browser), &browser.to_text()),
            "the cookie itself is not the token"
        );
    }
}
