//! What people prove themselves with. Knows no database and no page.

pub mod password;
