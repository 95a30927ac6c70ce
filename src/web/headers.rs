//! What every answer tells the browser about how it may be shown, kept and left.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
    PERMISSIONS_POLICY, PRAGMA, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

use crate::web::page::script;

/// One header.
pub type Pair = (HeaderName, HeaderValue);

/// What is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A page with a form or a person, or a redirect: anything that is not one of the others.
    Page,
    /// The page that posts a message to an application at an address of `https:`.
    SelfPost,
    /// The same, to an address of plain `http:` on this machine.
    SelfPostToLoopback,
    /// The page of a logout under way: it goes on by itself.
    Leaving,
    /// The same, where it goes on by posting a message to an application at an address of `https:`.
    LeavingByPost,
    /// The same, to an address of plain `http:` on this machine.
    LeavingByPostToLoopback,
    /// What is the same for everybody and says itself how long it may be kept: metadata, certificate,
    /// style sheet.
    Document,
}

/// The headers of every kind of answer, made once.
#[derive(Clone, Debug)]
pub struct Headers {
    page: Vec<Pair>,
    self_post: Vec<Pair>,
    self_post_to_loopback: Vec<Pair>,
    leaving: Vec<Pair>,
    leaving_by_post: Vec<Pair>,
    leaving_by_post_to_loopback: Vec<Pair>,
    document: Vec<Pair>,
}

impl Headers {
    /// The headers of an installation; `https` tells whether its base URL is one of https.
    pub fn new(https: bool) -> Result<Self, InvalidHeaderValue> {
        let page = policy(
            &[script::MARK, script::REVEAL, script::COPY, script::WAIT],
            "'self'",
        );
        let onward = [script::MARK, script::ONWARD];
        let leave = |form_action| {
            let policy = policy(&[script::MARK, script::LEAVE], form_action);
            common(&policy, https).map(kept_from_caches)
        };
        Ok(Self {
            page: kept_from_caches(common(&page, https)?),
            // Never one origin: Chromium applies this to the application's own redirects too, and
            // ChatGPT's consumer redirects on to two other origins.
            self_post: kept_from_caches(common(&policy(&onward, "https:"), https)?),
            self_post_to_loopback: kept_from_caches(common(&policy(&onward, "https: http:"), https)?),
            leaving: leave("'self'")?,
            // Besides the application's form it has one of ours, that goes on without it.
            leaving_by_post: leave("'self' https:")?,
            leaving_by_post_to_loopback: leave("'self' https: http:")?,
            document: common(&page, https)?,
        })
    }

    /// The headers of one kind of answer.
    pub fn of(&self, answer: Answer) -> &[Pair] {
        match answer {
            Answer::Page => &self.page,
            Answer::SelfPost => &self.self_post,
            Answer::SelfPostToLoopback => &self.self_post_to_loopback,
            Answer::Leaving => &self.leaving,
            Answer::LeavingByPost => &self.leaving_by_post,
            Answer::LeavingByPostToLoopback => &self.leaving_by_post_to_loopback,
            Answer::Document => &self.document,
        }
    }

    /// Adds what is missing; what the answer says itself stays. Laid on everything as `Answer::Page`, it
    /// keeps whatever does not speak for itself out of caches.
    pub fn lay_on(&self, answer: Answer, headers: &mut HeaderMap) {
        let speaks_of_caches = headers.contains_key(CACHE_CONTROL);
        for (name, value) in self.of(answer) {
            let is_settled = headers.contains_key(name) || (*name == PRAGMA && speaks_of_caches);
            if !is_settled {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

fn policy(scripts: &[&str], form_action: &str) -> String {
    let scripts: Vec<String> = scripts.iter().map(|text| script::source(text)).collect();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src {}; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'",
        scripts.join(" ")
    )
}

/// There is no Cross-Origin-Opener-Policy among them: an application may sign people in in a window of
/// its own, and would lose the hold on it here.
fn common(policy: &str, https: bool) -> Result<Vec<Pair>, InvalidHeaderValue> {
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

fn kept_from_caches(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    pairs.push((PRAGMA, HeaderValue::from_static("no-cache")));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Answer; 7] = [
        Answer::Page,
        Answer::SelfPost,
        Answer::SelfPostToLoopback,
        Answer::Leaving,
        Answer::LeavingByPost,
        Answer::LeavingByPostToLoopback,
        Answer::Document,
    ];

    fn value(headers: &Headers, answer: Answer, name: &HeaderName) -> Option<String> {
        let (_, value) = headers.of(answer).iter().find(|(n, _)| n == name)?;
        Some(value.to_str().unwrap().to_owned())
    }

    fn directive(headers: &Headers, answer: Answer, name: &str) -> String {
        let policy = value(headers, answer, &CONTENT_SECURITY_POLICY).unwrap();
        let found = policy
            .split("; ")
            .find_map(|d| d.strip_prefix(&format!("{name} ")).map(str::to_owned));
        found.unwrap_or_else(|| panic!("{name} in {policy}"))
    }

    #[test]
    fn nothing_is_framed_sniffed_or_let_out_of_the_policy() {
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
    fn only_the_self_posting_page_posts_elsewhere_and_never_to_one_origin() {
        let headers = Headers::new(true).unwrap();
        assert_eq!(directive(&headers, Answer::Page, "form-action"), "'self'");
        assert_eq!(directive(&headers, Answer::Document, "form-action"), "'self'");
        assert_eq!(directive(&headers, Answer::SelfPost, "form-action"), "https:");
        assert_eq!(
            directive(&headers, Answer::SelfPostToLoopback, "form-action"),
            "https: http:"
        );
        assert_eq!(directive(&headers, Answer::Leaving, "form-action"), "'self'");
        assert_eq!(
            directive(&headers, Answer::LeavingByPost, "form-action"),
            "'self' https:"
        );
        assert_eq!(
            directive(&headers, Answer::LeavingByPostToLoopback, "form-action"),
            "'self' https: http:"
        );
        let onward = script::source(script::ONWARD);
        assert!(!directive(&headers, Answer::Page, "script-src").contains(&onward));
        assert!(directive(&headers, Answer::SelfPost, "script-src").contains(&onward));
    }

    #[test]
    fn only_documents_are_kept() {
        let headers = Headers::new(true).unwrap();
        for answer in ALL {
            if answer == Answer::Document {
                continue;
            }
            assert_eq!(value(&headers, answer, &CACHE_CONTROL).unwrap(), "no-store");
            assert_eq!(value(&headers, answer, &PRAGMA).unwrap(), "no-cache");
        }
        assert_eq!(value(&headers, Answer::Document, &CACHE_CONTROL), None);
    }

    #[test]
    fn https_is_only_promised_where_it_is_spoken() {
        for answer in ALL {
            let told = |https| value(&Headers::new(https).unwrap(), answer, &STRICT_TRANSPORT_SECURITY);
            assert_eq!(told(true).as_deref(), Some("max-age=31536000"));
            assert_eq!(told(false), None);
        }
    }

    #[test]
    fn what_an_answer_says_itself_stays() {
        let headers = Headers::new(false).unwrap();
        let mut map = HeaderMap::new();
        headers.lay_on(Answer::SelfPost, &mut map);
        headers.lay_on(Answer::Page, &mut map);
        assert!(
            map.get(CONTENT_SECURITY_POLICY)
                .unwrap()
                .to_str()
                .unwrap()
                .contains("form-action https:;")
        );
        assert_eq!(map.get_all(CONTENT_SECURITY_POLICY).count(), 1);

        let mut map = HeaderMap::new();
        map.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.lay_on(Answer::Page, &mut map);
        assert_eq!(map.get(CACHE_CONTROL).unwrap(), "no-cache");
        assert!(!map.contains_key(PRAGMA));
        assert!(map.contains_key(CONTENT_SECURITY_POLICY));
    }
}
