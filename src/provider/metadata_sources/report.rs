//! The result of processing a copy of metadata.

/// The maximum number of skipped entities that are reported with a reason.
const MAX_SKIPPED_REASONS: usize = 20;

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UpdateReport {
    /// Usable service providers in the copy.
    pub listed: usize,
    /// Those that were not listed before.
    pub new: usize,
    /// Those whose metadata changed.
    pub updated: usize,
    /// Those that are no longer listed.
    pub delisted: usize,
    /// Applications that were changed, by slug.
    pub changed: Vec<String>,
    /// Applications whose change waits for a review.
    pub held_back: Vec<String>,
    /// Applications that the source's rule created.
    pub enabled: Vec<String>,
    /// Applications that were disabled because they are no longer listed.
    pub disabled: Vec<String>,
    /// Applications that were enabled because they are listed again.
    pub re_enabled: Vec<String>,
    /// Service providers that cannot be used.
    pub skipped: usize,
    /// The first of those, with the reasons.
    pub skipped_reasons: Vec<String>,
}

impl UpdateReport {
    /// One line for the audit log; `None` if nothing changed.
    pub(super) fn summary(&self) -> Option<String> {
        let counts = [
            (self.new, "new"),
            (self.updated, "updated"),
            (self.delisted, "gone"),
            (self.enabled.len(), "enabled"),
            (self.changed.len(), "applications changed"),
            (self.held_back.len(), "changes wait"),
            (self.disabled.len(), "switched off"),
            (self.re_enabled.len(), "switched on again"),
        ];
        let detail: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!detail.is_empty()).then(|| detail.join(", "))
    }

    pub(super) fn skip(&mut self, entity_id: &str, why: &str) {
        self.skipped += 1;
        if self.skipped_reasons.len() < MAX_SKIPPED_REASONS {
            let shown: String = entity_id.escape_debug().take(200).collect();
            self.skipped_reasons.push(format!("{shown}: {why}"));
        }
    }
}
