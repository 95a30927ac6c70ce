//! Why a new password is not accepted, in words for the user who typed it.

use crate::provider::{new_password::BadPassword, sign_in::required_password::RefusedPassword};

pub(super) fn refusal(why: RefusedPassword) -> String {
    let bad = match why {
        RefusedPassword::SameAsBefore => {
            return "This is your current password. Choose a different one.".to_owned();
        }
        RefusedPassword::Bad(bad) => bad,
    };
    let text = match bad {
        BadPassword::TooShort { min } => {
            return format!(
                "This is too short. Take {min} characters or more: a few words in a row do well."
            );
        }
        BadPassword::Empty => "Type a new password.",
        BadPassword::TooLong => "This is longer than we can keep. Take a shorter one.",
        BadPassword::Common => {
            "This is too common: it is among those that are tried first. Use a few words that do not belong together."
        }
        BadPassword::ContextSpecific => {
            "This is made of your own name or address, or of the name of this place. Use a few words that have nothing to do with them."
        }
        BadPassword::Pattern => {
            "This is one piece over and over, a date or a row of keys. Use a few words that do not belong together."
        }
        BadPassword::Control => {
            "This contains a character that cannot be typed, such as a tab. Leave it out."
        }
    };
    text.to_owned()
}
