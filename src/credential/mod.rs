//! What people prove themselves with. Knows no database and no page.

mod obvious;
pub mod password;

pub use self::obvious::PasswordContext;
