//! What new metadata changes about an application, and whether that may happen by itself.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{AcsUrl, Application, LogoutEndpoint, Slug},
        audit::AuditEvent,
        id::ApplicationId,
        key::Certificate,
        metadata_source::{ApplicationSource, WaitingChange},
    },
    provider::{Provider, applications, error::Error, saml::import::Imported, sources::report::Taken},
    store::Edited,
};

/// Why a change must be confirmed; none: it is taken up by itself. Whoever can publish metadata could
/// else have the assertions of everybody sent to a host of theirs.
pub(super) fn reasons(current: &Application, from: &ApplicationSource, new: &Imported) -> Vec<String> {
    let saml = &current.saml;
    let mut reasons = Vec::new();
    if new.entity_id != from.entity_id {
        reasons.push(format!("it calls itself {} now", new.entity_id));
    }
    let known: BTreeSet<String> = saml
        .consumers
        .iter()
        .map(|consumer| consumer.location.host())
        .chain(logout_hosts(saml.logout.as_ref()))
        .collect();
    let consumers = new.consumers.iter().map(|consumer| consumer.location.host());
    let hosts: BTreeSet<String> = consumers.filter(|host| !known.contains(host)).collect();
    reasons.extend(
        hosts
            .iter()
            .map(|host| format!("it takes responses on a new host, {host}")),
    );
    let logout: BTreeSet<String> = logout_hosts(new.logout.as_ref())
        .filter(|host| !known.contains(host) && !hosts.contains(host))
        .collect();
    reasons.extend(
        logout
            .iter()
            .map(|host| format!("it takes logout messages on a new host, {host}")),
    );
    if from.signs_requests && !new.signs_requests {
        reasons.push("it does not say any more that its requests are signed".to_owned());
    }
    if !saml.certificates.is_empty() && new.certificates.is_empty() {
        reasons.push("it has no certificate for signing any more".to_owned());
    }
    if saml.making.encryption.is_some() && new.encryption_certificates.is_empty() {
        reasons.push("it has no certificate to encrypt for any more".to_owned());
    }
    reasons
}

fn logout_hosts(endpoint: Option<&LogoutEndpoint>) -> impl Iterator<Item = String> {
    endpoint
        .into_iter()
        .flat_map(|endpoint| [&endpoint.location, endpoint.for_responses()])
        .map(AcsUrl::host)
        .collect::<BTreeSet<_>>()
        .into_iter()
}

/// What would be other than now, a line each: `- ` goes, `+ ` comes.
pub(super) fn differences(current: &Application, changed: &Application) -> Vec<String> {
    let (old, new) = (&current.saml, &changed.saml);
    let mut lines = Vec::new();
    let mut differ = |what: &str, old: Vec<String>, new: Vec<String>| {
        let gone = old.iter().filter(|one| !new.contains(one));
        lines.extend(gone.map(|one| format!("- {what} {one}")));
        let come = new.iter().filter(|one| !old.contains(one));
        lines.extend(come.map(|one| format!("+ {what} {one}")));
    };
    let signed = |required: bool| vec![if required { "required" } else { "not required" }.to_owned()];
    differ(
        "entity ID",
        vec![old.entity_id.to_string()],
        vec![new.entity_id.to_string()],
    );
    differ(
        "ACS URL",
        old.consumers.iter().map(|one| one.location.to_string()).collect(),
        new.consumers.iter().map(|one| one.location.to_string()).collect(),
    );
    differ(
        "default ACS URL",
        first(old.default_consumer()),
        first(new.default_consumer()),
    );
    differ(
        "logout address",
        logout(old.logout.as_ref()),
        logout(new.logout.as_ref()),
    );
    differ(
        "signing certificate",
        shown(&old.certificates),
        shown(&new.certificates),
    );
    differ(
        "encryption certificate",
        shown(&old.encryption_certificates),
        shown(&new.encryption_certificates),
    );
    differ(
        "signed requests",
        signed(old.require_signed_requests),
        signed(new.require_signed_requests),
    );
    lines
}

fn first(address: Option<&AcsUrl>) -> Vec<String> {
    address.into_iter().map(ToString::to_string).collect()
}

fn logout(endpoint: Option<&LogoutEndpoint>) -> Vec<String> {
    let shown = |endpoint: &LogoutEndpoint| match &endpoint.response_location {
        None => format!("{} ({})", endpoint.location, endpoint.binding.word()),
        Some(responses) => format!(
            "{} ({}; responses to {responses})",
            endpoint.location,
            endpoint.binding.word()
        ),
    };
    endpoint.into_iter().map(shown).collect()
}

fn shown(certificates: &[Certificate]) -> Vec<String> {
    certificates
        .iter()
        .map(|one| {
            let short: String = one.sha256.chars().take(16).collect();
            format!(
                "{short}… ({}, until {})",
                one.subject,
                one.not_after.format("%Y-%m-%d")
            )
        })
        .collect()
}

/// The application as the new metadata describes it. What an administrator chose stays: name, tile,
/// attributes, what is signed, and that signatures are demanded although the metadata never said so.
pub(super) fn applied(current: &Application, from: &ApplicationSource, new: &Imported) -> Application {
    let mut changed = current.clone();
    let saml = &mut changed.saml;
    if saml.entity_id != new.entity_id {
        if saml.audience == saml.entity_id {
            saml.audience = new.entity_id.clone();
        }
        saml.entity_id = new.entity_id.clone();
    }
    saml.consumers.clone_from(&new.consumers);
    saml.logout.clone_from(&new.logout);
    saml.certificates.clone_from(&new.certificates);
    saml.encryption_certificates
        .clone_from(&new.encryption_certificates);
    if new.signs_requests != from.signs_requests {
        saml.require_signed_requests = new.signs_requests;
    }
    // Nothing could be held against any certificate: everything would be refused.
    saml.require_signed_requests &= !saml.certificates.is_empty();
    changed
}

/// What becomes of new metadata.
#[derive(Debug)]
pub(super) enum Decision {
    /// Nothing is new, or nothing that was not decided before.
    Nothing,
    /// Whoever publishes it took a change back that was waiting.
    Withdrawn { next: ApplicationSource },
    /// It holds from now on.
    TakeUp {
        changed: Box<Application>,
        next: ApplicationSource,
        lines: Vec<String>,
    },
    /// An administrator has to look first.
    HoldBack {
        id: ApplicationId,
        slug: Slug,
        change: WaitingChange,
        lines: Vec<String>,
    },
}

/// Holds new metadata against an application. `own_end` is an end that is its own, and not its source's; `change_id`
/// names the change if it has to wait.
pub(super) fn decide(
    application: &Application,
    from: &ApplicationSource,
    new: &Imported,
    own_end: Option<DateTime<Utc>>,
    change_id: String,
    now: DateTime<Utc>,
) -> Decision {
    let next = followed(from, new, own_end);
    if new.sha256 == from.applied {
        return match &from.waiting {
            Some(_) => Decision::Withdrawn { next },
            None => Decision::Nothing,
        };
    }
    let is_waiting = from
        .waiting
        .as_ref()
        .is_some_and(|change| change.sha256 == new.sha256);
    if is_waiting || from.rejected.as_deref() == Some(new.sha256.as_str()) {
        return Decision::Nothing;
    }
    let mut changed = applied(application, from, new);
    changed.updated_at = now;
    let lines = differences(application, &changed);
    let mut reasons = reasons(application, from, new);
    if let Err(bad) = applications::check(changed.kind, &changed.saml) {
        reasons.push(bad.to_string());
    }
    if reasons.is_empty() {
        return Decision::TakeUp {
            changed: Box::new(changed),
            next,
            lines,
        };
    }
    Decision::HoldBack {
        id: application.id,
        slug: application.slug.clone(),
        change: WaitingChange {
            id: change_id,
            metadata: new.metadata.clone(),
            sha256: new.sha256.clone(),
            why: reasons.join("; "),
            since: now,
        },
        lines,
    }
}

/// Where the application's metadata comes from once `new` holds.
pub(super) fn followed(
    from: &ApplicationSource,
    new: &Imported,
    own_end: Option<DateTime<Utc>>,
) -> ApplicationSource {
    ApplicationSource {
        entity_id: new.entity_id.clone(),
        applied: new.sha256.clone(),
        signs_requests: new.signs_requests,
        valid_until: own_end,
        waiting: None,
        rejected: None,
        ..from.clone()
    }
}

impl Provider {
    /// Writes decisions down, all at once: every replica reads its applications again after it.
    pub(super) fn carry_out(&self, decisions: Vec<Decision>, report: &mut Taken) -> Result<(), Error> {
        let due: Vec<_> = decisions
            .into_iter()
            .filter_map(|decision| Some((self.event_of(&decision)?, decision)))
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let (changed, waiting) = self.store().write(|tx| {
            let (mut changed, mut waiting) = (Vec::new(), Vec::new());
            for (event, decision) in &due {
                match decision {
                    Decision::Nothing => continue,
                    Decision::Withdrawn { next } => tx.note_applied(next)?,
                    Decision::TakeUp {
                        changed: application,
                        next,
                        lines,
                    } => {
                        // Somebody edited it at the same moment: the next fetch comes back to it.
                        if !lines.is_empty() && tx.edit_application(application)? != Edited::Done {
                            continue;
                        }
                        tx.note_applied(next)?;
                        changed.push(application.slug.as_str().to_owned());
                    }
                    Decision::HoldBack { id, slug, change, .. } => {
                        if !tx.note_waiting(*id, change)? {
                            continue;
                        }
                        waiting.push(slug.as_str().to_owned());
                    }
                }
                tx.add_audit(event)?;
            }
            if !changed.is_empty() {
                tx.raise_generation()?;
            }
            Ok((changed, waiting))
        })?;
        for slug in &waiting {
            tracing::warn!(slug, "new metadata waits: `hallpass app confirm {slug}` shows it");
        }
        report.changed.extend(changed);
        report.waiting.extend(waiting);
        Ok(())
    }

    fn event_of(&self, decision: &Decision) -> Option<AuditEvent> {
        let (outcome, id, words) = match decision {
            Decision::Nothing => return None,
            Decision::Withdrawn { next } => (
                "withdrawn",
                next.application,
                "the change that waited was taken back by its source".to_owned(),
            ),
            Decision::TakeUp { changed, lines, .. } => ("ok", changed.id, lines.join("; ")),
            Decision::HoldBack {
                id, change, lines, ..
            } => ("waits", *id, format!("{}: {}", change.why, lines.join("; "))),
        };
        Some(self.about_metadata("app.metadata", outcome, id, &words))
    }
}

#[cfg(test)]
mod tests;
