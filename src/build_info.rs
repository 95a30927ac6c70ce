//! Which build of which version this is.

use std::sync::LazyLock;

/// `HALLPASS_BUILD` is set when a package is built: `debian12, 1a2b3c4d5e6f`.
const BUILD: &str = match option_env!("HALLPASS_BUILD") {
    Some(build) => build,
    None => "built from source",
};

/// The version and the build, as in `0.1.0 (built from source)`.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| format!("{} ({BUILD})", env!("CARGO_PKG_VERSION")));
    &VERSION
}
