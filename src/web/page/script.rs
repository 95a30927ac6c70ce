//! The scripts inside our pages: constant text, so that the Content-Security-Policy can allow each
//! by its hash and nothing else. Every page works without them.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::model::hash::sha256;

/// Marks the page before anything is drawn: without the mark, elements that need a script stay
/// hidden.
pub const SCRIPT_FLAG: &str = include_str!("../templates/script_flag.js");
/// Shows and hides the password.
pub const SHOW_PASSWORD: &str = include_str!("../templates/show_password.js");
/// Counts down until a button can be pressed again.
pub const COUNTDOWN: &str = include_str!("../templates/countdown.js");
/// Copies a value to the clipboard.
pub const COPY_VALUE: &str = include_str!("../templates/copy_value.js");
/// Asks an authenticator for a passkey, and sends its answer.
pub const PASSKEY: &str = include_str!("../templates/passkey.js");
/// Prints the page.
pub const PRINT: &str = include_str!("../templates/print.js");
/// Submits the form that carries a message to an application.
pub const AUTO_POST: &str = include_str!("../templates/auto_post.js");
/// Continues a logout, and skips an application that keeps the browser waiting.
pub const LOGOUT_PROGRESS: &str = include_str!("../templates/logout_progress.js");

/// The source expression that allows one script (csp3, 2.3.1).
pub fn csp_source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(sha256(script)))
}
