//! What came of taking up a copy of metadata.

/// What was skipped is said of this many.
const MOST_SKIPPED: usize = 20;

/// What came of taking up a copy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Taken {
    /// Service providers in it that can be used.
    pub listed: usize,
    /// Those that were not known before.
    pub new: usize,
    /// Those of which something is other than before.
    pub updated: usize,
    /// Those that are missing now.
    pub gone: usize,
    /// Applications that were changed, by slug.
    pub changed: Vec<String>,
    /// Applications whose change waits for an administrator.
    pub waiting: Vec<String>,
    /// Applications that the rule made.
    pub enabled: Vec<String>,
    /// Applications that were switched off, since they are missing now.
    pub disabled: Vec<String>,
    /// Applications that were switched on again, since they are back.
    pub returned: Vec<String>,
    /// Service providers that cannot be used.
    pub skipped: usize,
    /// The first of them, and why.
    pub skipped_words: Vec<String>,
}

impl Taken {
    /// In one line, for the audit trail; nothing, if nothing is other than before.
    pub(super) fn words(&self) -> Option<String> {
        let counts = [
            (self.new, "new"),
            (self.updated, "updated"),
            (self.gone, "gone"),
            (self.enabled.len(), "enabled"),
            (self.changed.len(), "applications changed"),
            (self.waiting.len(), "changes wait"),
            (self.disabled.len(), "switched off"),
            (self.returned.len(), "switched on again"),
        ];
        let words: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    pub(super) fn skip(&mut self, entity_id: &str, why: &str) {
        self.skipped += 1;
        if self.skipped_words.len() < MOST_SKIPPED {
            let shown: String = entity_id.escape_debug().take(200).collect();
            self.skipped_words.push(format!("{shown}: {why}"));
        }
    }
}
