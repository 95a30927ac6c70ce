//! What came of taking up a copy of metadata.

/// What was skipped is said of this many.
const MAX_SKIPPED_REASONS: usize = 20;

/// What came of taking up a copy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UpdateReport {
    /// Service providers in it that can be used.
    pub listed: usize,
    /// Those that were not known before.
    pub new: usize,
    /// Those of which something is other than before.
    pub updated: usize,
    /// Those that are missing now.
    pub delisted: usize,
    /// Applications that were changed, by slug.
    pub changed: Vec<String>,
    /// Applications whose change waits for an administrator.
    pub held_back: Vec<String>,
    /// Applications that the rule made.
    pub enabled: Vec<String>,
    /// Applications that were switched off, since they are missing now.
    pub disabled: Vec<String>,
    /// Applications that were switched on again, since they are back.
    pub re_enabled: Vec<String>,
    /// Service providers that cannot be used.
    pub skipped: usize,
    /// The first of them, and why.
    pub skipped_reasons: Vec<String>,
}

impl UpdateReport {
    /// In one line, for the audit trail; nothing, if nothing is other than before.
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
