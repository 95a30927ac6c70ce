//! The scripts inside our pages: constant texts, so that the policy can allow each by its hash and
//! nothing else. Every page works without them.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Marks the page as one with script, before anything is drawn: what is useless without stays hidden.
pub const SCRIPT_FLAG: &str = include_str!("../templates/mark.js");
/// Shows and hides the password.
pub const SHOW_PASSWORD: &str = include_str!("../templates/reveal.js");
/// Counts down until a button can be pressed again.
pub const COUNTDOWN: &str = include_str!("../templates/wait.js");
/// Copies a value for another window.
pub const COPY_VALUE: &str = include_str!("../templates/copy.js");
/// Submits the form that carries a message to an application.
pub const AUTO_POST: &str = include_str!("../templates/onward.js");
/// Goes on with a logout, and on without an application that keeps the browser waiting.
pub const LOGOUT_PROGRESS: &str = include_str!("../templates/leave.js");

/// How a policy names one script (csp3, 2.3.1).
pub fn csp_source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}
