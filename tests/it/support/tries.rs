//! Tries to sign in, from wherever the trusted proxy says.

use crate::support::{browser::Browser, http::Response, scene::Scene};

/// A browser that knows nothing, at `address` as the trusted proxy tells it.
pub(crate) fn at(scene: &Scene, address: &str) -> Browser {
    let mut browser = scene.house.browser();
    browser.extra = vec![("X-Forwarded-For".to_owned(), address.to_owned())];
    browser
}

pub(crate) fn try_once(browser: &mut Browser, email: &str, password: &str) -> Response {
    let login = browser.get("/login");
    browser.submit_login(&login, email, password)
}

/// How often passwords were hashed while `work` ran.
pub(crate) fn hashes(scene: &Scene, work: impl FnOnce()) -> u64 {
    let before = scene.house.provider.hashes();
    work();
    scene.house.provider.hashes() - before
}
