//! What a person's account says of them to an application, whatever the protocol.

use crate::model::user::User;

/// A claim: the name that applications know it by, and its value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// A URI, or a plain word.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// The set that serves both shapes of ChatGPT, each name once. `id` is the person's stable id, so that a
/// changed e-mail address is seen as the same person; the e-mail is the same in every place.
pub fn of(user: &User) -> Vec<Claim> {
    let email = user.email.as_str();
    let (given, family) = (user.given_name.as_str(), user.family_name.as_str());
    [
        (
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            email.to_owned(),
        ),
        (
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
            given.to_owned(),
        ),
        (
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
            family.to_owned(),
        ),
        (
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            user.full_name(),
        ),
        ("id", user.stable_id.as_str().to_owned()),
        ("email", email.to_owned()),
        ("firstName", given.to_owned()),
        ("lastName", family.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| Claim { name, value })
    .collect()
}
