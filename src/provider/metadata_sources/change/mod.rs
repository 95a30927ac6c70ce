//! What new metadata changes about an application, and whether that needs a review.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    crypto::pem,
    model::{
        application::{Application, AssertionConsumerService, LogoutEndpoint, ServiceProvider, Slug, SpUrl},
        audit::AuditEvent,
        audit_action::AuditAction,
        id::ApplicationId,
        key::Certificate,
        metadata_source::{ApplicationMetadataSource, PendingChange},
        remedy::{Remediable, Remedy, RemedyWords},
    },
    provider::{
        applications::rules, error::Error, handle::MetadataSources, metadata_sources::report::UpdateReport,
        saml::import::ImportedMetadata,
    },
    store::EditOutcome,
};

/// Why an administrator must confirm a change; empty if it is applied without review. Otherwise, whoever can publish
/// the metadata could have the Assertions of all users sent to a host of their choice.
pub(super) fn review_reasons(
    saml: &ServiceProvider,
    from: &ApplicationMetadataSource,
    new: &ImportedMetadata,
    trust: MetadataTrust,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if new.entity_id != from.entity_id {
        reasons.push(format!("it calls itself {} now", new.entity_id));
    }
    let acs = |endpoints: &[AssertionConsumerService]| -> BTreeSet<String> {
        endpoints
            .iter()
            .map(|endpoint| endpoint.location.origin())
            .collect()
    };
    // Another port is another server. An origin that is trusted with logout messages is not trusted with Assertions;
    // one that is trusted with Assertions is also trusted with logout messages, which contain less.
    let (known, new_origins) = (acs(&saml.acs_endpoints), acs(&new.acs_endpoints));
    reasons.extend(
        new_origins
            .difference(&known)
            .map(|origin| format!("it takes responses at a new address, {origin}")),
    );
    let known: BTreeSet<String> = known
        .into_iter()
        .chain(logout_origins(saml.logout.as_ref()))
        .collect();
    reasons.extend(
        logout_origins(new.logout.as_ref())
            .difference(&known)
            .filter(|origin| !new_origins.contains(*origin))
            .map(|origin| format!("it takes logout messages at a new address, {origin}")),
    );
    // Otherwise whoever can publish the metadata could replace the application's keys in one silent step. If a pinned
    // key has signed the metadata, the change is applied and recorded.
    if trust == MetadataTrust::TlsOnly {
        let sets = [
            (
                "for signing",
                &saml.signing_certificates,
                &new.signing_certificates,
            ),
            (
                "for encryption",
                &saml.encryption_certificates,
                &new.encryption_certificates,
            ),
        ];
        reasons.extend(
            sets.into_iter()
                .filter(|(_, old, new)| are_all_replaced(old, new))
                .map(|(what, ..)| format!("all of its keys {what} are other ones than before")),
        );
    }
    if from.signs_requests && !new.signs_requests {
        reasons.push("it no longer says that its requests are signed".to_owned());
    }
    if !from.signs_requests && new.signs_requests && new.signing_certificates.is_empty() {
        reasons.push("it says now that its requests are signed, and no key of it can be used".to_owned());
    }
    if !saml.signing_certificates.is_empty() && new.signing_certificates.is_empty() {
        reasons.push("it now has no certificate for signing".to_owned());
    }
    if saml.response_options.encryption.is_some() && new.encryption_certificates.is_empty() {
        reasons.push("it now has no certificate to encrypt for".to_owned());
    }
    reasons
}

fn logout_origins(endpoint: Option<&LogoutEndpoint>) -> BTreeSet<String> {
    endpoint
        .into_iter()
        .flat_map(|endpoint| [&endpoint.location, endpoint.response_url()])
        .map(SpUrl::origin)
        .collect()
}

/// Whether both lists contain keys and no old key is among the new ones. The same key may come in another certificate.
fn are_all_replaced(old: &[Certificate], new: &[Certificate]) -> bool {
    let is_kept = |certificate: &Certificate| new.iter().any(|other| pem::is_same_key(certificate, other));
    !old.is_empty() && !new.is_empty() && !old.iter().any(is_kept)
}

/// What would change, one line each: `- ` is removed, `+ ` is added.
pub(super) fn differences(current: &Application, changed: &Application) -> Vec<String> {
    let (Some(old), Some(new)) = (current.saml(), changed.saml()) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut differ = |what: &str, old: Vec<String>, new: Vec<String>| {
        let removed = old.iter().filter(|value| !new.contains(value));
        lines.extend(removed.map(|value| format!("- {what} {value}")));
        let added = new.iter().filter(|value| !old.contains(value));
        lines.extend(added.map(|value| format!("+ {what} {value}")));
    };
    let signed = |required: bool| vec![if required { "required" } else { "not required" }.to_owned()];
    differ(
        "entity ID",
        vec![old.entity_id.to_string()],
        vec![new.entity_id.to_string()],
    );
    differ(
        "ACS URL",
        old.acs_endpoints
            .iter()
            .map(|endpoint| endpoint.location.to_string())
            .collect(),
        new.acs_endpoints
            .iter()
            .map(|endpoint| endpoint.location.to_string())
            .collect(),
    );
    differ(
        "default ACS URL",
        acs_line(old.default_acs()),
        acs_line(new.default_acs()),
    );
    differ(
        "logout address",
        logout_lines(old.logout.as_ref()),
        logout_lines(new.logout.as_ref()),
    );
    differ(
        "signing certificate",
        certificate_lines(&old.signing_certificates),
        certificate_lines(&new.signing_certificates),
    );
    differ(
        "encryption certificate",
        certificate_lines(&old.encryption_certificates),
        certificate_lines(&new.encryption_certificates),
    );
    differ(
        "signed requests",
        signed(old.require_signed_requests),
        signed(new.require_signed_requests),
    );
    lines
}

fn acs_line(address: Option<&SpUrl>) -> Vec<String> {
    address.into_iter().map(ToString::to_string).collect()
}

fn logout_lines(endpoint: Option<&LogoutEndpoint>) -> Vec<String> {
    let shown = |endpoint: &LogoutEndpoint| match &endpoint.response_location {
        None => format!("{} ({})", endpoint.location, endpoint.binding.name()),
        Some(responses) => format!(
            "{} ({}; responses to {responses})",
            endpoint.location,
            endpoint.binding.name()
        ),
    };
    endpoint.into_iter().map(shown).collect()
}

fn certificate_lines(certificates: &[Certificate]) -> Vec<String> {
    certificates
        .iter()
        .map(|certificate| {
            let short: String = certificate.sha256.chars().take(16).collect();
            format!(
                "{short}… ({}, until {})",
                certificate.subject,
                certificate.not_after.format("%Y-%m-%d")
            )
        })
        .collect()
}

/// The application as the new metadata describes it. What an administrator chose stays: name, tile, attributes, what is
/// signed, and that signatures are required although the metadata never said so.
pub(super) fn apply_metadata(
    current: &Application,
    from: &ApplicationMetadataSource,
    new: &ImportedMetadata,
) -> Application {
    let mut changed = current.clone();
    let Some(saml) = changed.saml_mut() else {
        return changed;
    };
    if saml.entity_id != new.entity_id {
        if saml.audience == saml.entity_id {
            saml.audience = new.entity_id.clone();
        }
        saml.entity_id = new.entity_id.clone();
    }
    saml.acs_endpoints.clone_from(&new.acs_endpoints);
    saml.logout.clone_from(&new.logout);
    saml.signing_certificates.clone_from(&new.signing_certificates);
    saml.encryption_certificates
        .clone_from(&new.encryption_certificates);
    if new.signs_requests != from.signs_requests {
        saml.require_signed_requests = new.signs_requests;
    }
    // Without a certificate no signature can be verified, and every request would be refused.
    saml.require_signed_requests &= !saml.signing_certificates.is_empty();
    changed
}

/// What happens with new metadata.
#[derive(Debug)]
pub(super) enum ChangeDecision {
    /// Nothing is new, or the same was decided before.
    Unchanged,
    /// The source withdrew a change that was pending.
    Withdrawn { source: ApplicationMetadataSource },
    /// It is applied without review.
    Apply {
        changed: Box<Application>,
        source: ApplicationMetadataSource,
        differences: Vec<String>,
    },
    /// An administrator must review it first.
    HoldForReview {
        id: ApplicationId,
        slug: Slug,
        change: PendingChange,
        differences: Vec<String>,
    },
}

/// What authenticates new metadata.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MetadataTrust {
    /// Only that it was fetched from its URL over TLS.
    TlsOnly,
    /// The signature of a key that an administrator pinned.
    PinnedKey,
}

/// How and when new metadata was received.
#[derive(Debug)]
pub(super) struct ReceivedMetadata {
    /// The entity's own `validUntil`, not that of its source.
    pub(super) own_valid_until: Option<DateTime<Utc>>,
    pub(super) trust: MetadataTrust,
    /// Identifies the change if it has to be reviewed.
    pub(super) change_id: String,
    pub(super) now: DateTime<Utc>,
    /// For the reason of a change that waits, which is stored.
    pub(super) remedy_words: RemedyWords,
}

/// Decides what happens to an application when new metadata arrives.
pub(super) fn decide(
    application: &Application,
    from: &ApplicationMetadataSource,
    new: &ImportedMetadata,
    delivery: ReceivedMetadata,
) -> ChangeDecision {
    let ReceivedMetadata {
        own_valid_until: own_end,
        trust,
        change_id,
        now,
        remedy_words,
    } = delivery;
    let Some(saml) = application.saml() else {
        return ChangeDecision::Unchanged;
    };
    let next = source_after(from, new, own_end);
    if new.sha256 == from.applied_sha256 {
        return match &from.pending_change {
            Some(_) => ChangeDecision::Withdrawn { source: next },
            None => ChangeDecision::Unchanged,
        };
    }
    let is_waiting = from
        .pending_change
        .as_ref()
        .is_some_and(|change| change.sha256 == new.sha256);
    if is_waiting || from.rejected_sha256.as_deref() == Some(new.sha256.as_str()) {
        return ChangeDecision::Unchanged;
    }
    let mut changed = apply_metadata(application, from, new);
    changed.updated_at = now;
    let mut lines = differences(application, &changed);
    if trust == MetadataTrust::PinnedKey
        && are_all_replaced(&saml.signing_certificates, &new.signing_certificates)
    {
        lines.push("all of its keys for signing are other ones than before; its federation's signature speaks for them".to_owned());
    }
    let mut reasons = review_reasons(saml, from, new, trust);
    if let Err(bad) = rules::check(&changed) {
        reasons.push(bad.with_words(remedy_words));
    }
    if reasons.is_empty() {
        return ChangeDecision::Apply {
            changed: Box::new(changed),
            source: next,
            differences: lines,
        };
    }
    ChangeDecision::HoldForReview {
        id: application.id,
        slug: application.slug.clone(),
        change: PendingChange {
            id: change_id,
            metadata: new.metadata.clone(),
            sha256: new.sha256.clone(),
            reason: reasons.join("; "),
            pending_since: now,
        },
        differences: lines,
    }
}

/// The application's metadata source once `new` is applied.
pub(super) fn source_after(
    from: &ApplicationMetadataSource,
    new: &ImportedMetadata,
    own_end: Option<DateTime<Utc>>,
) -> ApplicationMetadataSource {
    ApplicationMetadataSource {
        entity_id: new.entity_id.clone(),
        applied_sha256: new.sha256.clone(),
        signs_requests: new.signs_requests,
        valid_until: own_end,
        pending_change: None,
        rejected_sha256: None,
        ..from.clone()
    }
}

impl MetadataSources<'_> {
    /// Writes decisions in one transaction: every replica reloads its applications once after it.
    pub(super) fn apply_decisions(
        &self,
        decisions: Vec<ChangeDecision>,
        report: &mut UpdateReport,
    ) -> Result<(), Error> {
        let due: Vec<_> = decisions
            .into_iter()
            .filter_map(|decision| Some((self.decision_event(&decision)?, decision)))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let (changed, waiting) = self.store().write_config(|tx| {
            let (mut changed, mut waiting) = (Vec::new(), Vec::new());
            for (event, decision) in &due {
                match decision {
                    ChangeDecision::Unchanged => continue,
                    ChangeDecision::Withdrawn { source: next } => tx.record_applied_metadata(next)?,
                    ChangeDecision::Apply {
                        changed: application,
                        source: next,
                        differences: lines,
                    } => {
                        // An administrator edited it at the same time: the next fetch tries again.
                        if !lines.is_empty() && tx.edit_application(application)? != EditOutcome::Done {
                            continue;
                        }
                        tx.record_applied_metadata(next)?;
                        changed.push(application.slug.as_str().to_owned());
                    }
                    ChangeDecision::HoldForReview { id, slug, change, .. } => {
                        if !tx.record_pending_change(*id, change)? {
                            continue;
                        }
                        waiting.push(slug.clone());
                    }
                }
                tx.add_audit_event(event)?;
            }
            Ok((changed, waiting))
        })?;
        for slug in &waiting {
            let remedy = (self.dependencies().remedy_words)(&Remedy::ReviewChange(slug.clone()));
            tracing::warn!(slug = slug.as_str(), "new metadata waits{remedy}");
        }
        report.changed.extend(changed);
        report
            .held_back
            .extend(waiting.iter().map(|slug| slug.as_str().to_owned()));
        Ok(())
    }

    fn decision_event(&self, decision: &ChangeDecision) -> Option<AuditEvent> {
        let (outcome, id, detail) = match decision {
            ChangeDecision::Unchanged => return None,
            ChangeDecision::Withdrawn { source: next } => (
                "withdrawn",
                next.application,
                "the change that waited was taken back by its source".to_owned(),
            ),
            ChangeDecision::Apply {
                changed,
                differences: lines,
                ..
            } => ("ok", changed.id, lines.join("; ")),
            ChangeDecision::HoldForReview {
                id,
                change,
                differences: lines,
                ..
            } => ("waits", *id, format!("{}: {}", change.reason, lines.join("; "))),
        };
        Some(self.metadata_event(AuditAction::ApplicationMetadata, outcome, id, &detail))
    }
}

#[cfg(test)]
mod tests;
