//! Sign-in attempts from any address that the trusted proxy reports.

use crate::support::{browser::Browser, http::Response, sso_setup::SsoSetup};

/// A new browser at `address`, as the trusted proxy reports it.
pub(crate) fn browser_from(setup: &SsoSetup, address: &str) -> Browser {
    let mut browser = setup.server.browser();
    browser.extra_headers = vec![("X-Forwarded-For".to_owned(), address.to_owned())];
    browser
}

pub(crate) fn attempt_sign_in(browser: &mut Browser, email: &str, password: &str) -> Response {
    let login = browser.get("/login");
    browser.submit_password(&login, email, password)
}

/// How often passwords were hashed while `work` ran.
pub(crate) fn password_hashes_during(setup: &SsoSetup, work: impl FnOnce()) -> u64 {
    let before = setup.server.provider.hash_count();
    work();
    setup.server.provider.hash_count() - before
}
