//! The codes, each with its explanation, in one place: pages, status responses, `hallpass explain` and docs/errors.md
//! all use them.

mod page;
mod status;

use crate::model::explanation::Explanation;

pub(in crate::saml::refusal) use crate::saml::refusal::code::{page::*, status::*};

/// Defines a constant for each explanation, and a list of all of them.
macro_rules! explanations {
    ($list:ident: $($(#[$doc:meta])* $name:ident = $explanation:expr;)+) => {
        $($(#[$doc])* pub(in crate::saml::refusal) const $name: Explanation = $explanation;)+
        pub(in crate::saml::refusal) const $list: &[Explanation] = &[$($name),+];
    };
}
use explanations;

/// Every code that a refused message can have.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    MESSAGES.iter().chain(WISHES)
}
