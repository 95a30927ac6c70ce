//! What is said if no user has an address.

use crate::model::user::Email;

pub(in crate::cli) fn no_such_user(email: &Email) -> String {
    format!("nobody here has the address {email}; `hallpass user list` shows everybody")
}
