//! The pending sign-in that a form carries.

use crate::model::endpoint::path;

/// What the form field `continue` holds, if it is safe in our own address `/continue/{sealed}`: it has only characters
/// of base64url.
pub(in crate::web) fn from_form(field: &str) -> Option<String> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!field.is_empty() && field.bytes().all(is_safe)).then(|| field.to_owned())
}

/// Where a user goes on who has signed in.
pub(in crate::web) fn next_address(sealed: Option<&str>) -> String {
    sealed.map_or_else(
        || path::PORTAL.to_owned(),
        |sealed| format!("{}{sealed}", path::RESUME_SIGN_IN),
    )
}
