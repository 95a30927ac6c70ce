//! Every cookie that we set, and how each is read.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::COOKIE,
};

use crate::model::{endpoint::BaseUrl, id::LogoutId, language::Language, secret::Token};

/// The longest lifetime that browsers allow (400 days).
const MAX_LIFETIME: Duration = Duration::days(400);
/// How many logout cookies one browser may hold; beyond that the oldest is removed.
const MAX_LOGOUT_COOKIES: usize = 6;
const LOGOUT_PREFIX: &str = "hallpass-l-";

/// Names and attributes of cookies: `__Host-` and `Secure` over https, neither on loopback over
/// http.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Cookies {
    secure: bool,
}

impl Cookies {
    pub(in crate::web) const fn new(base: &BaseUrl) -> Self {
        Self {
            secure: base.is_https(),
        }
    }

    pub(in crate::web) fn session(self, request: &HttpRequest) -> Option<Token> {
        self.read(request, "hallpass-session")
    }

    pub(in crate::web) fn set_session(self, token: &Token) -> Cookie<'static> {
        self.build("hallpass-session", token.to_text())
    }

    pub(in crate::web) fn remove_session(self) -> Cookie<'static> {
        self.removal(self.full_name("hallpass-session"))
    }

    /// The token of a device on which a user has signed in before.
    pub(in crate::web) fn device(self, request: &HttpRequest) -> Option<Token> {
        self.read(request, "hallpass-device")
    }

    pub(in crate::web) fn set_device(self, token: &Token) -> Cookie<'static> {
        let mut cookie = self.build("hallpass-device", token.to_text());
        cookie.set_max_age(MAX_LIFETIME);
        cookie
    }

    /// Identifies the browser, even before a user signs in; forms are bound to it.
    pub(in crate::web) fn browser(self, request: &HttpRequest) -> Option<Token> {
        self.read(request, "hallpass-browser")
    }

    pub(in crate::web) fn set_browser(self, token: &Token) -> Cookie<'static> {
        let mut cookie = self.build("hallpass-browser", token.to_text());
        cookie.set_max_age(MAX_LIFETIME);
        cookie
    }

    /// The language that somebody chose in this browser.
    pub(in crate::web) fn language(self, request: &HttpRequest) -> Option<Language> {
        Language::from_tag(self.value(request, "hallpass-language")?)
    }

    pub(in crate::web) fn set_language(self, language: Language) -> Cookie<'static> {
        let mut cookie = self.build("hallpass-language", language.tag().to_owned());
        cookie.set_max_age(MAX_LIFETIME);
        cookie
    }

    /// For the redirect after a form that another site posted: the browser sends no other cookie of
    /// ours with that form.
    pub(in crate::web) fn posted(self, request: &HttpRequest) -> Option<Token> {
        self.read(request, "hallpass-posted")
    }

    pub(in crate::web) fn set_posted(self, token: &Token) -> Cookie<'static> {
        let mut cookie = self.build("hallpass-posted", token.to_text());
        cookie.set_max_age(Duration::minutes(10));
        cookie
    }

    /// The browser's secret for the logout `id`. Each logout has its own cookie, so that two tabs
    /// do not overwrite each other's.
    pub(in crate::web) fn logout(self, request: &HttpRequest, id: LogoutId) -> Option<Token> {
        self.read(request, &logout_cookie_name(id))
    }

    /// The logout cookies in this browser, at most [`MAX_LOGOUT_COOKIES`].
    pub(in crate::web) fn all_logouts(self, request: &HttpRequest) -> Vec<Token> {
        let prefix = self.full_name(LOGOUT_PREFIX);
        cookie_pairs(request)
            .filter(|(name, _)| name.starts_with(prefix.as_bytes()))
            .filter_map(|(_, value)| Token::parse(std::str::from_utf8(value).ok()?))
            .take(MAX_LOGOUT_COOKIES)
            .collect()
    }

    pub(in crate::web) fn set_logout(self, id: LogoutId, token: &Token, seconds: i64) -> Cookie<'static> {
        let mut cookie = self.build(&logout_cookie_name(id), token.to_text());
        cookie.set_max_age(Duration::seconds(seconds));
        cookie
    }

    /// Removals of the oldest logout cookies, so that there is room for one more.
    pub(in crate::web) fn remove_oldest_logouts(self, request: &HttpRequest) -> Vec<Cookie<'static>> {
        self.remove_oldest(request, LOGOUT_PREFIX, MAX_LOGOUT_COOKIES)
    }

    fn remove_oldest(self, request: &HttpRequest, prefix: &str, max_count: usize) -> Vec<Cookie<'static>> {
        let prefix = self.full_name(prefix);
        let names: Vec<_> = cookie_pairs(request)
            .filter_map(|(name, _)| std::str::from_utf8(name).ok())
            .filter(|name| name.starts_with(&prefix))
            .map(str::to_owned)
            .collect();
        let excess = (names.len() + 1).saturating_sub(max_count);
        names
            .into_iter()
            .take(excess)
            .map(|name| self.removal(name))
            .collect()
    }

    fn read(self, request: &HttpRequest, name: &str) -> Option<Token> {
        Token::parse(self.value(request, name)?)
    }

    fn value<'r>(self, request: &'r HttpRequest, name: &str) -> Option<&'r str> {
        let name = self.full_name(name);
        let mut found = cookie_pairs(request).filter(|(sent, _)| *sent == name.as_bytes());
        // Two cookies of one name: an attacker may have set one, so neither is used.
        match (found.next(), found.next()) {
            (Some((_, value)), None) => std::str::from_utf8(value).ok(),
            (_, _) => None,
        }
    }

    fn full_name(self, name: &str) -> String {
        if self.secure {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    fn build(self, name: &str, value: String) -> Cookie<'static> {
        Cookie::build(self.full_name(name), value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .finish()
    }

    fn removal(self, name: String) -> Cookie<'static> {
        let mut cookie = Cookie::build(name, "")
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .finish();
        cookie.make_removal();
        cookie
    }
}

/// Names and values byte for byte. Browsers protect the name `__Host-…`, but not `%5F%5FHost-…`,
/// which a sibling domain can set for ours.
fn cookie_pairs(request: &HttpRequest) -> impl Iterator<Item = (&[u8], &[u8])> {
    request
        .headers()
        .get_all(COOKIE)
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let at = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair.get(..at)?, pair.get(at + 1..)?))
        })
}

/// Ends in the last part of the id, which is random.
fn logout_cookie_name(id: LogoutId) -> String {
    let id = id.to_string();
    format!("{LOGOUT_PREFIX}{}", id.rsplit('-').next().unwrap_or_default())
}
