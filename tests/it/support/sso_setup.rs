//! A server with a user and an application: where most tests begin.

use chrono::{DateTime, Utc};
use hallpass::{
    clock::Clock,
    model::{application::Application, user::User},
    provider::applications::NewApplication,
};

use crate::support::{
    browser::Browser,
    http::Response,
    test_server::{Database, PASSWORD, TestServer},
    test_sp::TestSp,
};

pub(crate) const ADA: &str = "ada@fernweh.example";
pub(crate) const WIKI: &str = "urn:test:wiki";
pub(crate) const ACS: &str = "https://wiki.example/acs?connection=a&b=c";
/// Everything that may be damaged in transit.
pub(crate) const RELAY_STATE: &str = "deep/link?a=b&c=\"d\"'<e>+%20 \u{e9};${7*7}{{7*7}}";

pub(crate) struct SsoSetup {
    pub(crate) server: TestServer,
    pub(crate) sp: TestSp,
    pub(crate) ada: User,
    pub(crate) wiki: Application,
}

impl SsoSetup {
    pub(crate) fn new(database: &Database) -> Self {
        Self::with(database, &[], |_, _| {})
    }

    /// Like `new`, with settings, and with a registration that `change` has changed.
    pub(crate) fn with(
        database: &Database,
        environment: &[(&str, &str)],
        change: impl FnOnce(&TestSp, &mut NewApplication),
    ) -> Self {
        let server = TestServer::start(database, environment);
        let sp = TestSp::new(WIKI, ACS);
        let ada = server.add_user(ADA, "Ada", "Lovelace");
        let wiki = server.add_application("Wiki", WIKI, ACS, |new| change(&sp, new));
        Self {
            server,
            sp,
            ada,
            wiki,
        }
    }

    /// The time of this server's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.server.clock.now()
    }

    /// The URL of a plain request with a RelayState.
    pub(crate) fn sso_url(&self, id: &str) -> String {
        let xml = self.sp.authn_request(id, self.now(), "", "");
        format!(
            "/saml/sso?{}",
            self.sp.redirect_query(&xml, Some(RELAY_STATE), false)
        )
    }

    /// The URL of an unsigned request with more attributes and elements.
    pub(crate) fn sso_url_with(&self, id: &str, attributes: &str, inside: &str) -> String {
        let xml = self.sp.authn_request(id, self.now(), attributes, inside);
        format!(
            "/saml/sso?{}",
            self.sp.redirect_query(&xml, Some(RELAY_STATE), false)
        )
    }

    pub(crate) fn signed_in_browser(&self) -> Browser {
        let mut browser = self.server.browser();
        let portal = Self::sign_in(&mut browser);
        assert_eq!(portal.status, 200, "{}", portal.body);
        browser
    }

    /// Signs Ada in on the portal.
    pub(crate) fn sign_in(browser: &mut Browser) -> Response {
        let page = browser.get_following_redirects("/login");
        browser.sign_in(&page, ADA, PASSWORD)
    }

    /// Whether a user is signed in in `browser`.
    pub(crate) fn is_signed_in(browser: &Browser) -> bool {
        browser.clone().get("/").status == 200
    }

    #[track_caller]
    pub(crate) fn assert_signed_in(browser: &Browser) {
        let portal = browser.clone().get("/");
        assert_eq!(portal.status, 200, "nobody is signed in: {}", portal.body);
    }

    #[track_caller]
    pub(crate) fn assert_signed_out(browser: &Browser) {
        let portal = browser.clone().get("/");
        assert_ne!(portal.status, 200, "somebody is signed in: {}", portal.body);
    }
}
