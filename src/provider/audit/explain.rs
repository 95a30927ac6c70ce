//! What an administrator sees about a code or a decision: the row of the audit log, and what is registered now. None of
//! this is ever shown on a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{Application, EntityId},
        explanation::Explanation,
        id::{ApplicationId, AuditId, UserId},
        reference::Reference,
        remedy::{Finding, Remedy},
        request_details::RequestDetails,
        use_case::UseCase,
        user::User,
    },
    provider::{audit::codes, error::Error, handle::Audit, saml::request_details::name},
    store::AuditFilter,
};

pub use crate::store::StoredAuditEvent;

/// The maximum number of events that are listed for one reference.
const MAX_EVENTS: i64 = 100;

/// How many users are read at a time.
const USERS_PER_QUERY: usize = 500;
/// How many applications are read one by one; beyond that, all of them are read.
const MAX_READ_APPLICATIONS: usize = 200;
/// The sender is not registered.
const ISSUER_UNKNOWN: &str = "ISSUER-UNKNOWN";

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
    /// The user of the operating system who ran the command.
    pub actor: Option<String>,
    /// The oldest first; else the newest.
    pub oldest_first: bool,
    /// After this event, in that order: the last of a page leads to the next one.
    pub after: Option<AuditId>,
    /// The maximum number of events.
    pub limit: u32,
    /// Whether the entries get their [`hints`](AuditEntry::hints).
    pub with_hints: bool,
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
        let (_words, values) = self.parsed_detail();
        values
            .into_iter()
            .find_map(|(name, value)| (name == wanted).then_some(value))
    }
}

impl Audit<'_> {
    /// The decisions other than `ok` about the requests that `reference` matches, oldest first. A full request ID also
    /// finds decisions that were `ok`.
    pub fn audit_entries_by_reference(&self, reference: &Reference) -> Result<Vec<AuditEntry>, Error> {
        self.may(UseCase::ReadAuditLog)?;
        let mut rows = self
            .store()
            .read(|tx| tx.refusals_by_request_prefix(reference.prefix(), MAX_EVENTS))?;
        if rows.is_empty() && reference.is_full_request_id() {
            rows = self
                .store()
                .read(|tx| tx.audit_events_of_request(reference.prefix(), MAX_EVENTS))?;
        }
        rows.sort_unstable_by_key(|row| row.id);
        self.explain_rows(rows, true)
    }

    /// The first audit events that match, in the order that is wanted.
    pub fn audit_entries(&self, wanted: &AuditQuery) -> Result<Vec<AuditEntry>, Error> {
        self.may(UseCase::ReadAuditLog)?;
        let first_at = |at: DateTime<Utc>| AuditId::new(at, [0; 10]);
        let (since, until) = (wanted.since.map(first_at), wanted.until.map(first_at));
        let (newer_than, older_than) = if wanted.oldest_first {
            (wanted.after, None)
        } else {
            (None, wanted.after)
        };
        let filter = AuditFilter {
            since,
            after: newer_than,
            until: until.into_iter().chain(older_than).min(),
            application: wanted.application.as_ref().map(|application| application.id),
            user: wanted.user,
            action: wanted.action.clone(),
            outcome: wanted.code.clone(),
            refused: wanted.refused_only,
            actor: wanted.actor.clone(),
            oldest_first: wanted.oldest_first,
        };
        let rows = self
            .store()
            .read(|tx| tx.audit_events(&filter, i64::from(wanted.limit)))?;
        self.explain_rows(rows, wanted.with_hints)
    }

    fn explain_rows(&self, rows: Vec<StoredAuditEvent>, with_hints: bool) -> Result<Vec<AuditEntry>, Error> {
        let needs_issuers = with_hints && rows.iter().any(|row| row.outcome == ISSUER_UNKNOWN);
        let ids: BTreeSet<ApplicationId> = rows.iter().filter_map(|row| row.application).collect();
        // A command has no snapshot yet, and reading thousands of applications for a few rows takes long.
        let snapshot = if needs_issuers || ids.len() > MAX_READ_APPLICATIONS {
            Some(self.fresh_snapshot()?)
        } else {
            None
        };
        let issuers = snapshot
            .as_ref()
            .filter(|_snapshot| needs_issuers)
            .map(|snapshot| KnownIssuers::new(snapshot.applications.iter()));
        let mut applications = BTreeMap::new();
        for id in ids {
            let found = match &snapshot {
                Some(snapshot) => snapshot.by_id(id).cloned(),
                None => self.store().read(|tx| tx.readable_application(id))?.map(Arc::new),
            };
            applications.extend(found.map(|found| (id, found)));
        }
        let ids: BTreeSet<UserId> = rows.iter().filter_map(|row| row.user).collect();
        let mut users = BTreeMap::new();
        for ids in ids.into_iter().collect::<Vec<_>>().chunks(USERS_PER_QUERY) {
            let found = self.store().read(|tx| tx.users_by_id(ids))?;
            users.extend(found.into_iter().map(|user| (user.id, user)));
        }
        Ok(rows
            .into_iter()
            .map(|row| {
                let mut decision = AuditEntry {
                    explanation: codes::explanation(&row.outcome),
                    application: row.application.and_then(|id| applications.get(&id).cloned()),
                    user: row.user.and_then(|id| users.get(&id).cloned()),
                    hints: Vec::new(),
                    row,
                };
                if with_hints {
                    decision.hints = self.hints(issuers.as_ref(), &decision);
                }
                decision
            })
            .collect())
    }

    /// Compares what the request contained with what is registered now.
    fn hints(&self, issuers: Option<&KnownIssuers<'_>>, decision: &AuditEntry) -> Vec<Finding> {
        let mut hints = Vec::new();
        let application = decision.application.as_deref();
        match (decision.row.outcome.as_str(), application) {
            (codes::LOGIN_WRONG, _) => hints.push(wrong_password_hint(decision)),
            ("ACS-UNKNOWN", Some(application)) => {
                let known = application
                    .saml()
                    .into_iter()
                    .flat_map(|sp| &sp.acs_endpoints)
                    .map(|endpoint| endpoint.location.as_str());
                if let Some(requested) = decision.detail_value(name::ACS) {
                    hints.extend(known.filter_map(|known| {
                        describe_difference("the registered ACS URL", requested, known).map(Finding::new)
                    }));
                }
            }
            ("DESTINATION-WRONG", _) => {
                let endpoints = self.endpoints();
                let own_url = if decision.row.action == "logout" {
                    &endpoints.slo
                } else {
                    &endpoints.sso
                };
                match decision.detail_value(name::DESTINATION) {
                    Some(requested) => {
                        hints
                            .extend(describe_difference("our address", requested, own_url).map(Finding::new));
                    }
                    None => hints.push(Finding::new("it was signed without a Destination")),
                }
                hints.push(Finding::new(format!("our address is {own_url}")));
            }
            (ISSUER_UNKNOWN, _) => {
                if let (Some(requested), Some(issuers)) = (decision.detail_value(name::ISSUER), issuers) {
                    hints.extend(issuers.like(requested).filter_map(|application| {
                        let what = format!("the entity ID of {}", application.slug.as_str());
                        describe_difference(&what, requested, application.entity_id()?.as_str())
                            .map(Finding::new)
                    }));
                }
            }
            ("APPLICATION-DISABLED", Some(application)) if application.enabled => {
                hints.push(Finding::new("it is enabled by now"));
            }
            ("SIGNATURE-WRONG", Some(application)) => {
                let (_words, values) = decision.parsed_detail();
                let now = application
                    .saml()
                    .map(|sp| sp.signing_certificates.as_slice())
                    .unwrap_or_default();
                let changed = values
                    .iter()
                    .filter(|(name, _)| *name == name::TRIED_CERTIFICATE)
                    .any(|(_, tried)| now.iter().all(|certificate| certificate.sha256 != *tried));
                if changed {
                    hints.push(Finding::new("other certificates are registered by now"));
                }
                let embedded: Vec<_> = values
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

/// Applications by what an entity ID must have in common with theirs for [`describe_difference`] to find them alike.
struct KnownIssuers<'a> {
    /// By name.
    applications: Vec<&'a Application>,
    /// Positions in `applications`.
    bare_ids: BTreeMap<String, Vec<usize>>,
    paths: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> KnownIssuers<'a> {
    fn new(applications: impl Iterator<Item = &'a Arc<Application>>) -> Self {
        let mut all = Self {
            applications: Vec::new(),
            bare_ids: BTreeMap::new(),
            paths: BTreeMap::new(),
        };
        for application in applications {
            let Some(entity_id) = application.entity_id().map(EntityId::as_str) else {
                continue;
            };
            let at = all.applications.len();
            all.applications.push(application);
            all.bare_ids.entry(bare(entity_id)).or_default().push(at);
            all.paths.entry(path(entity_id)).or_default().push(at);
        }
        all
    }

    /// The applications whose entity ID is like `requested`, by name.
    fn like(&self, requested: &str) -> impl Iterator<Item = &'a Application> {
        let found: BTreeSet<usize> = [
            self.bare_ids.get(&bare(requested)),
            self.paths.get(path(requested)),
        ]
        .into_iter()
        .flatten()
        .flatten()
        .copied()
        .collect();
        found
            .into_iter()
            .filter_map(|at| self.applications.get(at).copied())
    }
}

/// Without slashes at the end, and in lower case.
fn bare(text: &str) -> String {
    text.trim_end_matches('/').to_lowercase()
}

/// What comes before the question mark.
fn path(text: &str) -> &str {
    text.split_once('?').map_or(text, |(path, _)| path)
}

/// Describes how `requested` and `registered` differ, if they are equal or nearly so.
fn describe_difference(what: &str, requested: &str, registered: &str) -> Option<String> {
    if requested == registered {
        Some(format!("{what} is the same by now: {registered}"))
    } else if requested.trim_end_matches('/') == registered.trim_end_matches('/') {
        Some(format!("{what} differs only in a slash at the end: {registered}"))
    } else if bare(requested) == bare(registered) {
        Some(format!(
            "{what} differs only in upper and lower case: {registered}"
        ))
    } else if path(requested) == path(registered) {
        Some(format!(
            "{what} differs only in what follows the question mark: {registered}"
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
        let difference = |requested, known| describe_difference("it", requested, known);
        for (requested, known, part) in [
            ("https://sp.example/acs", "https://sp.example/acs/", "slash"),
            ("URN:x", "urn:x", "lower case"),
            (
                "https://sp.example/a?c=1",
                "https://sp.example/a",
                "question mark",
            ),
            ("urn:x", "urn:x", "by now"),
        ] {
            let text = difference(requested, known).unwrap();
            assert!(text.contains(part), "{requested}, {known}: {text}");
        }
        assert_eq!(difference("urn:x", "urn:y"), None);
    }
}
