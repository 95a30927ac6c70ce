//! The scripts inside our pages: constant texts, so that the policy can allow each by its hash and
//! nothing else. Every page works without them.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// Marks the page as one with script, before anything is drawn: what is useless without stays hidden.
pub const MARK: &str = include_str!("../templates/mark.js");
/// Shows and hides the password.
pub const REVEAL: &str = include_str!("../templates/reveal.js");
/// Counts down until a button can be pressed again.
pub const WAIT: &str = include_str!("../templates/wait.js");
/// Copies a value for another window.
pub const COPY: &str = include_str!("../templates/copy.js");
/// Submits the form that carries a message to an application.
pub const ONWARD: &str = include_str!("../templates/onward.js");
/// Goes on with a logout, and on without an application that keeps the browser waiting.
pub const LEAVE: &str = include_str!("../templates/leave.js");

/// How a policy names one script (csp3, 2.3.1).
pub fn source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}
