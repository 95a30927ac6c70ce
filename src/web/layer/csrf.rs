//! Protection against forged forms: a form must come from a page of ours, in the browser that
//! received the page.

use actix_web::{HttpRequest, http::header};

use crate::model::{endpoint::BaseUrl, secret::Token};

/// What the token of a form is derived for.
const FORM: &str = "form";

/// The token in every form for the browser `browser`.
pub(in crate::web) fn form_token(browser: &Token) -> String {
    browser.derive(FORM).to_text()
}

/// Whether `sent` is what only a holder of this browser's token can derive for `purpose`.
pub(in crate::web) fn is_proof(browser: Option<&Token>, purpose: &str, sent: &str) -> bool {
    let Some(browser) = browser else { return false };
    // Compares hashes, so that timing reveals nothing about the token.
    Token::parse(sent).is_some_and(|sent| sent.hash() == browser.derive(purpose).hash())
}

/// Whether a form was sent by a page of ours, with the token of this browser.
pub(in crate::web) fn is_valid(
    request: &HttpRequest,
    base: &BaseUrl,
    browser: Option<&Token>,
    sent: &str,
) -> bool {
    is_proof(browser, FORM, sent) && is_same_origin(request, base)
}

/// Whether a page of ours sent the form: by `Sec-Fetch-Site` if the browser sends it, else by
/// `Origin`; without either the form is refused. What other sites post is not processed: the
/// browser withheld our cookies, so a response would treat a signed-in user as signed out.
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
