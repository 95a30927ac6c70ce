//! What a change of address does at applications, and what is pinned for them.

use serde::Serialize;

use crate::{
    api_model::time::format_rfc3339,
    model::{keys_on::KeysOn, participant::EnteredApplication, user::Email},
    provider::people::{
        email_decisions::EmailDecision, email_guard::ApplicationEffect, import::email_effects::EffectCount,
    },
};

/// What `user edit` prints if somebody has to decide first.
#[derive(Debug, Serialize)]
pub struct UndecidedOutput<'a> {
    pub email: &'a str,
    pub new_email: &'a str,
    pub applications: Vec<EffectOutput<'a>>,
}

#[derive(Debug, Serialize)]
pub struct EffectOutput<'a> {
    slug: &'a str,
    name: &'a str,
    last_entered: Option<String>,
    last_name_id: &'a str,
    last_email: &'a str,
    /// None if the NameID does not depend on the address.
    next_name_id: Option<&'a str>,
    /// None if no address is sent beside it.
    next_email: Option<&'a str>,
    keys_on: Option<&'static str>,
    effect: &'static str,
    /// A sentence for people; its wording may change.
    meaning: String,
    needs_decision: bool,
}

impl<'a> From<&'a ApplicationEffect> for EffectOutput<'a> {
    fn from(effect: &'a ApplicationEffect) -> Self {
        Self {
            slug: effect.slug.as_str(),
            name: &effect.name,
            last_entered: effect.last_entered.map(format_rfc3339),
            last_name_id: &effect.last_name_id,
            last_email: effect.last_email.as_str(),
            next_name_id: effect.next_name_id.as_ref().map(Email::as_str),
            next_email: effect.next_email.as_ref().map(Email::as_str),
            keys_on: effect.keys_on.map(KeysOn::name),
            effect: effect.effect.name(),
            meaning: effect.sentence(),
            needs_decision: effect.effect.needs_decision(),
        }
    }
}

/// For how many people of a file another address does the same at one application.
#[derive(Debug, Serialize)]
pub struct EffectCountOutput<'a> {
    slug: &'a str,
    name: &'a str,
    keys_on: Option<&'static str>,
    effect: &'static str,
    /// A sentence for people; its wording may change.
    meaning: String,
    people: usize,
    needs_decision: bool,
    /// `keep-old` or `send-new`.
    decision: Option<&'static str>,
}

impl<'a> From<&'a EffectCount> for EffectCountOutput<'a> {
    fn from(count: &'a EffectCount) -> Self {
        Self {
            slug: count.slug.as_str(),
            name: &count.name,
            keys_on: count.keys_on.map(KeysOn::name),
            effect: count.effect.name(),
            meaning: count.sentence(),
            people: count.people,
            needs_decision: count.effect.needs_decision(),
            decision: count.decision.map(EmailDecision::name),
        }
    }
}

/// An application that a user has signed in to, as `user pin` prints it.
#[derive(Debug, Serialize)]
pub struct EnteredOutput<'a> {
    slug: &'a str,
    name: &'a str,
    first_name_id: &'a str,
    first_email: &'a str,
    last_name_id: &'a str,
    last_email: &'a str,
    pinned_email: Option<&'a str>,
}

impl<'a> From<&'a EnteredApplication> for EnteredOutput<'a> {
    fn from(entered: &'a EnteredApplication) -> Self {
        let identity = &entered.identity;
        Self {
            slug: entered.slug.as_str(),
            name: &entered.name,
            first_name_id: &identity.first_name_id,
            first_email: identity.first_email.as_str(),
            last_name_id: &identity.last_name_id,
            last_email: identity.last_email.as_str(),
            pinned_email: identity.pinned_email.as_ref().map(Email::as_str),
        }
    }
}
