//! How users authenticate. Knows no database and no page.

mod context;
pub mod imported_hash;
pub mod passkey;
pub mod password;
pub mod recovery_code;
pub mod rules;
mod strength;
pub mod totp;

pub use self::context::PasswordContext;
