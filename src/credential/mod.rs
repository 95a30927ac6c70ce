//! How users authenticate. Knows no database and no page.

mod blocklist;
pub mod password;

pub use self::blocklist::PasswordContext;
