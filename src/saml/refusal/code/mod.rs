//! The codes, each with its explanation, in one place: pages, status responses, `hallpass explain` and docs/errors.md
//! all use them.

mod explanations;
mod page;
mod status;

use crate::model::explanation::Explanation;

pub(in crate::saml::refusal) use crate::saml::refusal::code::{page::*, status::*};

/// Every code that a refused message can have.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    SHOWN_ON_PAGE.iter().chain(SENT_AS_STATUS)
}
