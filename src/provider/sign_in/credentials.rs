//! What a user typed into the sign-in form.

use crate::model::secret::Secret;

#[derive(Debug)]
pub struct Credentials {
    /// As typed, in any spelling of the address.
    pub email: String,
    /// As typed.
    pub password: Secret<String>,
}
