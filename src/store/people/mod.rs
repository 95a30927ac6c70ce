//! Users: their rows, their own attributes, who owns the installation, and what is kept about deleted users.

pub(in crate::store) mod bulk;
pub(in crate::store) mod deleted_users;
mod email_changes;
mod leavers;
mod one_time_links;
pub(in crate::store) mod owners;
pub(in crate::store) mod passkeys;
pub(in crate::store) mod pinned_emails;
mod reserved_emails;
pub(in crate::store) mod second_factors;
mod unreadable_users;
pub(in crate::store) mod user_attributes;
pub(in crate::store) mod users;
mod verified_emails;
