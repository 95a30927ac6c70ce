//! Users: adding, changing and deleting them, and the links that let somebody in.

pub mod conflict;
pub mod deletion;
pub mod device_link;
mod domains;
pub mod email_decisions;
pub mod email_guard;
pub mod grants;
pub mod import;
pub mod leavers;
pub mod password_links;
pub mod pinned_emails;
mod role;
pub mod second_factors;
pub mod sessions;
pub mod user_edit;
pub mod users;
