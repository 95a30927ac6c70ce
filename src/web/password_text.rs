//! Why a new password is not accepted, in words for the user who typed it.

use crate::{
    provider::{new_password::BadPassword, sign_in::required_password::RefusedPassword},
    web::page::password::PasswordError,
};

pub(super) const fn refusal(why: RefusedPassword) -> PasswordError {
    let (id, min_characters) = match why {
        RefusedPassword::SameAsBefore => ("password-same", 0),
        RefusedPassword::Bad(BadPassword::TooShort { min }) => ("password-too-short", min),
        RefusedPassword::Bad(BadPassword::Empty) => ("password-empty", 0),
        RefusedPassword::Bad(BadPassword::TooLong) => ("password-too-long", 0),
        RefusedPassword::Bad(BadPassword::Common) => ("password-common", 0),
        RefusedPassword::Bad(BadPassword::ContextSpecific) => ("password-of-yours", 0),
        RefusedPassword::Bad(BadPassword::Pattern) => ("password-pattern", 0),
        RefusedPassword::Bad(BadPassword::Control) => ("password-control", 0),
    };
    PasswordError { id, min_characters }
}
