//! What the changes of address in a file do at applications, in numbers.

use std::collections::BTreeMap;

use crate::{
    model::{application::Slug, keys_on::KeysOn, participant::EnteredApplication, user::Email},
    provider::{
        people::{
            email_decisions::{EmailDecision, EmailDecisions, EmailEffect},
            email_guard::{ApplicationEffect, KeptEmail, kept_emails},
        },
        snapshot::Snapshot,
    },
};

/// For how many people another address does the same at one application.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EffectCount {
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    pub keys_on: Option<KeysOn>,
    pub effect: EmailEffect,
    pub people: usize,
    /// What it is to receive; `None` if nothing was decided, or nothing has to be.
    pub decision: Option<EmailDecision>,
}

impl EffectCount {
    pub const fn is_undecided(&self) -> bool {
        self.effect.needs_decision() && self.decision.is_none()
    }

    pub fn sentence(&self) -> String {
        self.effect.sentence(&self.name)
    }
}

/// Counts, by application and effect.
#[derive(Debug, Default)]
pub(super) struct EmailEffects {
    pub(super) decisions: EmailDecisions,
    counts: BTreeMap<(Slug, EmailEffect), EffectCount>,
}

impl EmailEffects {
    pub(super) fn new(decisions: EmailDecisions) -> Self {
        Self {
            decisions,
            counts: BTreeMap::new(),
        }
    }

    /// Counts a person whose address becomes `new`. Returns what applications keep receiving; nothing while somebody has
    /// to decide, for then nothing is written.
    pub(super) fn add(
        &mut self,
        entered: &[EnteredApplication],
        snapshot: &Snapshot,
        new: &Email,
    ) -> Vec<KeptEmail> {
        let effects: Vec<ApplicationEffect> = entered
            .iter()
            .map(|entered| ApplicationEffect::new(entered, snapshot, new))
            .collect();
        for effect in &effects {
            let key = (effect.slug.clone(), effect.effect);
            let count = self.counts.entry(key).or_insert_with(|| EffectCount {
                slug: effect.slug.clone(),
                name: effect.name.clone(),
                keys_on: effect.keys_on,
                effect: effect.effect,
                people: 0,
                decision: effect
                    .effect
                    .needs_decision()
                    .then(|| self.decisions.of(&effect.slug))
                    .flatten(),
            });
            count.people += 1;
        }
        kept_emails(&effects, &self.decisions).unwrap_or_default()
    }

    pub(super) fn into_counts(self) -> Vec<EffectCount> {
        self.counts.into_values().collect()
    }
}
