//! The pages for users: signing in, their applications, signing out.

pub(in crate::web) mod account;
pub(in crate::web) mod account_email;
pub(in crate::web) mod account_factors;
pub(in crate::web) mod account_password;
pub(in crate::web) mod device_link;
pub(in crate::web) mod email_undo;
pub(in crate::web) mod enrolment;
mod factor_pages;
pub(in crate::web) mod logout;
pub(in crate::web) mod outcome;
pub(in crate::web) mod passkey;
pub(in crate::web) mod password_link;
pub(in crate::web) mod portal;
pub(in crate::web) mod recovery;
pub(in crate::web) mod required_password;
pub(in crate::web) mod resume;
mod sealed_sign_in;
pub(in crate::web) mod second_factor;
pub(in crate::web) mod sign_in;
mod signed_in;
mod steps;
