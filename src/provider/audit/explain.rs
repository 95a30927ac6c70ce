//! What an administrator sees about a code or a decision: the row of the audit log, and what is registered now. None of
//! this is ever shown on a page.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::Application,
        explanation::Explanation,
        id::{AuditId, UserId},
        reference::Reference,
        remedy::{Finding, Remedy},
        request_details::RequestDetails,
        user::User,
    },
    provider::{Provider, audit::codes, error::Error, saml::request_details::name, snapshot::Snapshot},
    store::AuditFilter,
};

pub use crate::store::StoredAuditEvent;

/// The maximum number of refusals that are listed for one reference.
const MAX_REFUSALS: i64 = 100;

/// A row of the audit log, with the application and the user that it names.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub row: StoredAuditEvent,
    /// Explains the outcome, if that is a code.
    pub explanation: Option<&'static Explanation>,
    /// The application, if it still exists.
    pub application: Option<Arc<Application>>,
    /// The user, if still stored.
    pub user: Option<User>,
    /// Observations from comparing the row with what is registered now.
    pub hints: Vec<Finding>,
}

/// Which audit events to list.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Inclusive.
    pub since: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
    pub application: Option<Arc<Application>>,
    pub user: Option<UserId>,
    /// This action, or all actions that begin with it and a full stop.
    pub action: Option<String>,
    /// This code, or `ok`.
    pub code: Option<String>,
    pub refused_only: bool,
    /// The maximum number of events; the newest are listed.
    pub limit: u32,
}

impl AuditEntry {
    /// The reference; a decision of the command line has none.
    pub fn reference(&self) -> Option<Reference> {
        self.row.request_id.as_deref().map(Reference::from_request_id)
    }

    /// The text of the row, and the values that the request contained.
    pub fn parsed_detail(&self) -> (&str, Vec<(&str, &str)>) {
        RequestDetails::parse_audit_detail(self.row.detail.as_deref().unwrap_or_default())
    }

    fn detail_value(&self, wanted: &str) -> Option<&str> {
        let (_words, facts) = self.parsed_detail();
        facts
            .into_iter()
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

impl Provider {
    /// The decisions other than `ok` about the requests that `reference` matches, oldest first. A full request ID also
    /// finds decisions that were `ok`.
    pub fn audit_entries_by_reference(&self, reference: &Reference) -> Result<Vec<AuditEntry>, Error> {
        let mut rows = self
            .store()
            .read(|tx| tx.refusals_by_request_prefix(reference.prefix(), MAX_REFUSALS))?;
        if rows.is_empty() && reference.is_full_request_id() {
            rows = self
                .store()
                .read(|tx| tx.audit_events_of_request(reference.prefix()))?;
        }
        rows.sort_unstable_by_key(|row| row.id);
        self.explain_rows(rows)
    }

    /// The newest audit events that match, newest first.
    pub fn audit_entries(&self, wanted: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        let filter = AuditFilter {
            since: wanted.since.map(|since| AuditId::new(since, [0; 10])),
            until: wanted.until.map(|until| AuditId::new(until, [0; 10])),
            application: wanted.application.as_ref().map(|application| application.id),
            user: wanted.user,
            action: wanted.action.clone(),
            outcome: wanted.code.clone(),
            refused: wanted.refused_only,
        };
        let rows = self
            .store()
            .read(|tx| tx.audit_events(&filter, i64::from(wanted.limit)))?;
        self.explain_rows(rows)
    }

    fn explain_rows(&self, rows: Vec<StoredAuditEvent>) -> Result<Vec<AuditEntry>, Error> {
        let snapshot = self.fresh_snapshot()?;
        let mut decisions = Vec::with_capacity(rows.len());
        for row in rows {
            let person = match row.user {
                Some(id) => self.store().read(|tx| tx.user(id))?,
                None => None,
            };
            let mut decision = AuditEntry {
                explanation: codes::explanation(&row.outcome),
                application: row.application.and_then(|id| snapshot.by_id(id).cloned()),
                user: person,
                hints: Vec::new(),
                row,
            };
            decision.hints = self.hints(&snapshot, &decision);
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// Compares what the request contained with what is registered now.
    fn hints(&self, snapshot: &Snapshot, decision: &AuditEntry) -> Vec<Finding> {
        let mut hints = Vec::new();
        let application = decision.application.as_deref();
        match (decision.row.outcome.as_str(), application) {
            (codes::LOGIN_WRONG, _) => hints.push(wrong_password_hint(decision)),
            ("ACS-UNKNOWN", Some(application)) => {
                let known = application
                    .saml
                    .acs_endpoints
                    .iter()
                    .map(|consumer| consumer.location.as_str());
                if let Some(asked) = decision.detail_value(name::ACS) {
                    hints.extend(known.filter_map(|known| {
                        describe_difference("the registered ACS URL", asked, known).map(Finding::new)
                    }));
                }
            }
            ("DESTINATION-WRONG", _) => {
                let endpoints = self.endpoints();
                let ours = if decision.row.action == "logout" {
                    &endpoints.slo
                } else {
                    &endpoints.sso
                };
                match decision.detail_value(name::DESTINATION) {
                    Some(asked) => {
                        hints.extend(describe_difference("our address", asked, ours).map(Finding::new));
                    }
                    None => hints.push(Finding::new("it was signed without a Destination")),
                }
                hints.push(Finding::new(format!("our address is {ours}")));
            }
            ("ISSUER-UNKNOWN", _) => {
                if let Some(asked) = decision.detail_value(name::ISSUER) {
                    for application in snapshot.applications.iter() {
                        let known = application.saml.entity_id.as_str();
                        let what = format!("the entity ID of {}", application.slug.as_str());
                        hints.extend(describe_difference(&what, asked, known).map(Finding::new));
                    }
                }
            }
            ("APPLICATION-DISABLED", Some(application)) if application.enabled => {
                hints.push(Finding::new("it is enabled by now"));
            }
            ("SIGNATURE-WRONG", Some(application)) => {
                let (_words, facts) = decision.parsed_detail();
                let now = &application.saml.signing_certificates;
                let changed = facts
                    .iter()
                    .filter(|(name, _)| *name == name::TRIED_CERTIFICATE)
                    .any(|(_, tried)| now.iter().all(|certificate| certificate.sha256 != *tried));
                if changed {
                    hints.push(Finding::new("other certificates are registered by now"));
                }
                let embedded: Vec<_> = facts
                    .iter()
                    .filter_map(|(name, sha256)| (*name == name::EMBEDDED_CERTIFICATE).then_some(*sha256))
                    .collect();
                if embedded.is_empty() {
                    // HTTP-Redirect carries no certificate that would show whose key it was.
                } else if now.iter().any(|known| embedded.contains(&known.sha256.as_str())) {
                    hints.push(Finding::new("it brings a registered certificate, so it was changed on its way, or signed with another key"));
                } else {
                    hints.push(Finding::new("it brings a certificate that is not registered; register that one only if the application's own settings show the same fingerprint"));
                }
            }
            (_, _) => {}
        }
        hints
    }
}

/// Why an e-mail address and a password did not belong together.
fn wrong_password_hint(decision: &AuditEntry) -> Finding {
    match (&decision.row.user, &decision.user) {
        (None, _) => {
            Finding::new("Nobody here has the address that was typed").with_remedy(Remedy::ListUsers)
        }
        (Some(_), None) => Finding::new("The person has been removed since."),
        (Some(_), Some(user)) if user.deleted_at.is_some() => {
            Finding::new(format!("{} is deleted", user.email))
                .with_remedy(Remedy::RestoreUser(user.email.clone()))
        }
        (Some(_), Some(user)) if !user.enabled => Finding::new(format!("{} is switched off", user.email))
            .with_remedy(Remedy::EnableUser(user.email.clone())),
        (Some(_), Some(user)) => Finding::new(format!(
            "The address is that of {}, and the password was wrong",
            user.full_name()
        ))
        .with_remedy(Remedy::SetPassword(user.email.clone())),
    }
}

/// Describes how `asked` and `known` differ, if they are equal or nearly so.
fn describe_difference(what: &str, asked: &str, known: &str) -> Option<String> {
    let bare = |text: &str| text.trim_end_matches('/').to_lowercase();
    if asked == known {
        Some(format!("{what} is the same by now: {known}"))
    } else if asked.trim_end_matches('/') == known.trim_end_matches('/') {
        Some(format!("{what} differs only in a slash at the end: {known}"))
    } else if bare(asked) == bare(known) {
        Some(format!("{what} differs only in upper and lower case: {known}"))
    } else if asked.split('?').next() == known.split('?').next() {
        Some(format!(
            "{what} differs only in what follows the question mark: {known}"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_described() {
        let said = |asked, known| describe_difference("it", asked, known);
        for (asked, known, part) in [
            ("https://sp.example/acs", "https://sp.example/acs/", "slash"),
            ("URN:x", "urn:x", "lower case"),
            (
                "https://sp.example/a?c=1",
                "https://sp.example/a",
                "question mark",
            ),
            ("urn:x", "urn:x", "by now"),
        ] {
            let text = said(asked, known).unwrap();
            assert!(text.contains(part), "{asked}, {known}: {text}");
        }
        assert_eq!(said("urn:x", "urn:y"), None);
    }
}
