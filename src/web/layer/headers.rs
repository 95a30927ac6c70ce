//! The security and caching headers of every response.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
    PERMISSIONS_POLICY, PRAGMA, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

use crate::web::page::script;

pub(in crate::web) type Header = (HeaderName, HeaderValue);

/// Kinds of response that differ in their headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::web) enum ResponseKind {
    /// A page with a form, a redirect, and every response of no other kind.
    Page,
    /// The page that posts a message to an `https:` address of an application.
    AutoPost,
    /// The same, to a plain `http:` address on this machine.
    AutoPostToLoopback,
    /// The progress page of a logout, which continues by itself.
    LogoutProgress,
    /// The same, when it continues by posting a message to an `https:` address of an application.
    LogoutPost,
    /// The same, to a plain `http:` address on this machine.
    LogoutPostToLoopback,
}

/// The headers of every kind of response, built once.
#[derive(Clone, Debug)]
pub(in crate::web) struct Headers {
    page: Vec<Header>,
    auto_post: Vec<Header>,
    auto_post_to_loopback: Vec<Header>,
    logout_progress: Vec<Header>,
    logout_post: Vec<Header>,
    logout_post_to_loopback: Vec<Header>,
}

impl Headers {
    /// `https` says whether the base URL of the installation is an `https:` one.
    pub(in crate::web) fn new(https: bool) -> Result<Self, InvalidHeaderValue> {
        let page = content_security_policy(
            &[
                script::SCRIPT_FLAG,
                script::SHOW_PASSWORD,
                script::COPY_VALUE,
                script::COUNTDOWN,
                script::PRINT,
                script::PASSKEY,
            ],
            "'self'",
        );
        let auto_post = [script::SCRIPT_FLAG, script::AUTO_POST];
        let logout_headers = |form_action| {
            let policy =
                content_security_policy(&[script::SCRIPT_FLAG, script::LOGOUT_PROGRESS], form_action);
            common_headers(&policy, https).map(with_no_store)
        };
        Ok(Self {
            page: with_no_store(common_headers(&page, https)?),
            // Not limited to one origin: Chromium applies this to redirects by the application too,
            // and ChatGPT's ACS redirects on to two other origins.
            auto_post: with_no_store(common_headers(
                &content_security_policy(&auto_post, "https:"),
                https,
            )?),
            auto_post_to_loopback: with_no_store(common_headers(
                &content_security_policy(&auto_post, "https: http:"),
                https,
            )?),
            logout_progress: logout_headers("'self'")?,
            // Besides the application's form, the page has one of ours that skips the application.
            logout_post: logout_headers("'self' https:")?,
            logout_post_to_loopback: logout_headers("'self' https: http:")?,
        })
    }

    pub(in crate::web) fn for_kind(&self, answer: ResponseKind) -> &[Header] {
        match answer {
            ResponseKind::Page => &self.page,
            ResponseKind::AutoPost => &self.auto_post,
            ResponseKind::AutoPostToLoopback => &self.auto_post_to_loopback,
            ResponseKind::LogoutProgress => &self.logout_progress,
            ResponseKind::LogoutPost => &self.logout_post,
            ResponseKind::LogoutPostToLoopback => &self.logout_post_to_loopback,
        }
    }

    /// Adds the headers that are missing; those that the response sets itself stay. Applied to
    /// every response as [`ResponseKind::Page`], so that nothing is cached unless it sets its own
    /// `Cache-Control`.
    pub(in crate::web) fn apply(&self, answer: ResponseKind, headers: &mut HeaderMap) {
        let speaks_of_caches = headers.contains_key(CACHE_CONTROL);
        for (name, value) in self.for_kind(answer) {
            let is_settled = headers.contains_key(name) || (*name == PRAGMA && speaks_of_caches);
            if !is_settled {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

fn content_security_policy(scripts: &[&str], form_action: &str) -> String {
    let scripts: Vec<String> = scripts.iter().map(|text| script::csp_source(text)).collect();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src {}; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'",
        scripts.join(" ")
    )
}

/// Cross-Origin-Opener-Policy is absent on purpose: an application may sign users in in a window
/// that it opened, and would lose its reference to that window here.
fn common_headers(policy: &str, https: bool) -> Result<Vec<Header>, InvalidHeaderValue> {
    let mut pairs = vec![
        (CONTENT_SECURITY_POLICY, HeaderValue::from_str(policy)?),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        // `no-referrer` would make our own forms arrive with `Origin: null`.
        (REFERRER_POLICY, HeaderValue::from_static("strict-origin")),
        (
            PERMISSIONS_POLICY,
            HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
        ),
    ];
    if https {
        pairs.push((
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        ));
    }
    Ok(pairs)
}

fn with_no_store(mut pairs: Vec<Header>) -> Vec<Header> {
    pairs.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    pairs.push((PRAGMA, HeaderValue::from_static("no-cache")));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ResponseKind; 6] = [
        ResponseKind::Page,
        ResponseKind::AutoPost,
        ResponseKind::AutoPostToLoopback,
        ResponseKind::LogoutProgress,
        ResponseKind::LogoutPost,
        ResponseKind::LogoutPostToLoopback,
    ];

    fn value(headers: &Headers, answer: ResponseKind, name: &HeaderName) -> Option<String> {
        let (_, value) = headers.for_kind(answer).iter().find(|(n, _)| n == name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    fn directive(headers: &Headers, answer: ResponseKind, name: &str) -> String {
        let policy = value(headers, answer, &CONTENT_SECURITY_POLICY).unwrap();
        let found = policy
            .split("; ")
            .find_map(|d| d.strip_prefix(&format!("{name} ")).map(str::to_owned));
        found.unwrap_or_else(|| panic!("{name} in {policy}"))
    }

    #[test]
    fn no_response_is_framed_sniffed_or_without_a_policy() {
        let headers = Headers::new(true).unwrap();
        for answer in ALL {
            assert_eq!(directive(&headers, answer, "default-src"), "'none'");
            assert_eq!(directive(&headers, answer, "style-src"), "'self'");
            assert_eq!(directive(&headers, answer, "img-src"), "'self' data:");
            assert_eq!(directive(&headers, answer, "frame-ancestors"), "'none'");
            assert_eq!(directive(&headers, answer, "base-uri"), "'none'");
            let scripts = directive(&headers, answer, "script-src");
            assert!(
                scripts
                    .split(' ')
                    .all(|s| s.starts_with("'sha256-") && s.len() == 53),
                "{scripts}"
            );
            assert_eq!(
                value(&headers, answer, &X_CONTENT_TYPE_OPTIONS).unwrap(),
                "nosniff"
            );
            assert_eq!(value(&headers, answer, &X_FRAME_OPTIONS).unwrap(), "DENY");
            assert_eq!(
                value(&headers, answer, &REFERRER_POLICY).unwrap(),
                "strict-origin"
            );
        }
    }

    #[test]
    fn only_an_auto_posting_page_posts_elsewhere_and_never_to_one_origin() {
        let headers = Headers::new(true).unwrap();
        assert_eq!(directive(&headers, ResponseKind::Page, "form-action"), "'self'");
        assert_eq!(
            directive(&headers, ResponseKind::AutoPost, "form-action"),
            "https:"
        );
        assert_eq!(
            directive(&headers, ResponseKind::AutoPostToLoopback, "form-action"),
            "https: http:"
        );
        assert_eq!(
            directive(&headers, ResponseKind::LogoutProgress, "form-action"),
            "'self'"
        );
        assert_eq!(
            directive(&headers, ResponseKind::LogoutPost, "form-action"),
            "'self' https:"
        );
        assert_eq!(
            directive(&headers, ResponseKind::LogoutPostToLoopback, "form-action"),
            "'self' https: http:"
        );
        let auto_post = script::csp_source(script::AUTO_POST);
        let sources = directive(&headers, ResponseKind::Page, "script-src");
        assert!(!sources.contains(&auto_post), "{sources}");
        let sources = directive(&headers, ResponseKind::AutoPost, "script-src");
        assert!(sources.contains(&auto_post), "{sources}");
    }

    #[test]
    fn nothing_is_cached_unless_it_says_so_itself() {
        let headers = Headers::new(true).unwrap();
        for answer in ALL {
            assert_eq!(value(&headers, answer, &CACHE_CONTROL).unwrap(), "no-store");
            assert_eq!(value(&headers, answer, &PRAGMA).unwrap(), "no-cache");
        }
    }

    #[test]
    fn hsts_is_sent_only_over_https() {
        for answer in ALL {
            let hsts = |https| value(&Headers::new(https).unwrap(), answer, &STRICT_TRANSPORT_SECURITY);
            assert_eq!(hsts(true).as_deref(), Some("max-age=31536000"));
            assert_eq!(hsts(false), None);
        }
    }

    #[test]
    fn headers_that_a_response_sets_itself_stay() {
        let headers = Headers::new(false).unwrap();
        let mut map = HeaderMap::new();
        headers.apply(ResponseKind::AutoPost, &mut map);
        headers.apply(ResponseKind::Page, &mut map);
        let policy = map.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.contains("form-action https:;"), "{policy}");
        assert_eq!(map.get_all(CONTENT_SECURITY_POLICY).count(), 1);

        let mut map = HeaderMap::new();
        map.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.apply(ResponseKind::Page, &mut map);
        assert_eq!(map.get(CACHE_CONTROL).unwrap(), "no-cache");
        assert!(!map.contains_key(PRAGMA), "{map:?}");
        assert!(map.contains_key(CONTENT_SECURITY_POLICY), "{map:?}");
    }
}
