//! What new metadata changes about an application, and whether that may happen by itself.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::{
    keys::pem,
    model::{
        application::{AcsUrl, Application, Consumer, LogoutEndpoint, Slug},
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
pub(super) fn reasons(
    current: &Application,
    from: &ApplicationSource,
    new: &Imported,
    vouching: Vouching,
) -> Vec<String> {
    let saml = &current.saml;
    let mut reasons = Vec::new();
    if new.entity_id != from.entity_id {
        reasons.push(format!("it calls itself {} now", new.entity_id));
    }
    let acs = |consumers: &[Consumer]| -> BTreeSet<String> {
        consumers
            .iter()
            .map(|consumer| consumer.location.origin())
            .collect()
    };
    // Another port is another server. Whoever is trusted with logout messages is not trusted with assertions; whoever
    // is trusted with assertions is with logout messages, which say less.
    let (known, asked) = (acs(&saml.consumers), acs(&new.consumers));
    reasons.extend(
        asked
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
            .filter(|origin| !asked.contains(*origin))
            .map(|origin| format!("it takes logout messages at a new address, {origin}")),
    );
    // Who can publish could else take the place of who published before, in one silent step. Where a pinned key has
    // signed it, that is noted and taken.
    if vouching == Vouching::Tls {
        let sets = [
            ("for signing", &saml.certificates, &new.certificates),
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
    if !from.signs_requests && new.signs_requests && new.certificates.is_empty() {
        reasons.push("it says now that its requests are signed, and no key of it can be used".to_owned());
    }
    if !saml.certificates.is_empty() && new.certificates.is_empty() {
        reasons.push("it now has no certificate for signing".to_owned());
    }
    if saml.making.encryption.is_some() && new.encryption_certificates.is_empty() {
        reasons.push("it now has no certificate to encrypt for".to_owned());
    }
    reasons
}

fn logout_origins(endpoint: Option<&LogoutEndpoint>) -> BTreeSet<String> {
    endpoint
        .into_iter()
        .flat_map(|endpoint| [&endpoint.location, endpoint.for_responses()])
        .map(AcsUrl::origin)
        .collect()
}

/// Whether there were keys and are keys, and none of the keys before is among them. A key may come in another
/// certificate.
fn are_all_replaced(old: &[Certificate], new: &[Certificate]) -> bool {
    let is_kept = |one: &Certificate| new.iter().any(|other| pem::is_same_key(one, other));
    !old.is_empty() && !new.is_empty() && !old.iter().any(is_kept)
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

/// What speaks for new metadata.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Vouching {
    /// That it came from its address, over TLS.
    Tls,
    /// The signature of a key that an administrator named.
    PinnedKey,
}

/// New metadata, as it came.
#[derive(Debug)]
pub(super) struct Delivery {
    /// An end that is its own, and not its source's.
    pub(super) own_end: Option<DateTime<Utc>>,
    pub(super) vouching: Vouching,
    /// Names the change if it has to wait.
    pub(super) change_id: String,
    pub(super) now: DateTime<Utc>,
}

/// Holds new metadata against an application.
pub(super) fn decide(
    application: &Application,
    from: &ApplicationSource,
    new: &Imported,
    delivery: Delivery,
) -> Decision {
    let Delivery {
        own_end,
        vouching,
        change_id,
        now,
    } = delivery;
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
    let mut lines = differences(application, &changed);
    if vouching == Vouching::PinnedKey && are_all_replaced(&application.saml.certificates, &new.certificates)
    {
        lines.push("all of its keys for signing are other ones than before; its federation's signature speaks for them".to_owned());
    }
    let mut reasons = reasons(application, from, new, vouching);
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
