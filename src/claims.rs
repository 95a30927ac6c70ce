//! What a person's account says of them to an application, whatever the protocol.

use crate::model::{
    attribute::{AttributeRule, Source},
    user::{User, UserName},
};

/// The values of one rule; none where the account has none.
pub fn values(rule: &AttributeRule, user: &User) -> Vec<String> {
    let value = match &rule.source {
        Source::GivenName => Some(user.given_name.as_str().to_owned()),
        Source::FamilyName => Some(user.family_name.as_str().to_owned()),
        Source::FullName => Some(user.full_name()),
        Source::Email => Some(user.email.as_str().to_owned()),
        Source::UserId => Some(user.stable_id.as_str().to_owned()),
        Source::UserName => user.user_name.as_ref().map(UserName::as_str).map(str::to_owned),
        Source::Constant(value) => Some(value.clone()),
        Source::Own(_name) => None,
    };
    value
        .into_iter()
        .map(|value| {
            if rule.lower_case {
                value.to_lowercase()
            } else {
                value
            }
        })
        .collect()
}
