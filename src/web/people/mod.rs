//! The pages for users: signing in, their applications, signing out.

pub(in crate::web) mod account_password;
pub(in crate::web) mod device_link;
pub(in crate::web) mod logout;
pub(in crate::web) mod outcome;
pub(in crate::web) mod portal;
pub(in crate::web) mod required_password;
pub(in crate::web) mod resume;
pub(in crate::web) mod sealed_sign_in;
pub(in crate::web) mod sign_in;
