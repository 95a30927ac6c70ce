//! Which certificates expire soon, and the warnings about them in the log.

use chrono::{DateTime, Utc};

use crate::{
    model::{key::CertificateExpiry, remedy::Remediable, use_case::UseCase},
    provider::{
        error::Error,
        handle::Keys,
        keys::certificate_expiry::{CertificateOwner, ExpiringCertificate},
        snapshot::Snapshot,
    },
};

impl Keys<'_> {
    /// Our certificates that expire soon or are not yet valid; from memory.
    pub fn own_expiring_certificates(&self) -> Result<Vec<ExpiringCertificate>, Error> {
        self.may(UseCase::ReadKeys)?;
        Ok(own_expiring_certificates(&*self.cached_snapshot()?, self.now()))
    }

    /// Certificates of enabled applications that expire soon or are not yet valid.
    pub fn application_expiring_certificates(&self) -> Result<Vec<ExpiringCertificate>, Error> {
        self.may(UseCase::ReadKeys)?;
        let (snapshot, now) = (self.fresh_snapshot()?, self.now());
        let enabled = snapshot
            .applications
            .iter()
            .filter(|application| application.enabled);
        Ok(enabled
            .flat_map(|application| {
                let owner = CertificateOwner::Application {
                    slug: application.slug.to_string(),
                    name: application.name.clone(),
                };
                application
                    .saml()
                    .into_iter()
                    .flat_map(|sp| &sp.signing_certificates)
                    .filter_map(move |certificate| {
                        ExpiringCertificate::from_certificate(owner.clone(), certificate, now)
                    })
            })
            .collect())
    }

    /// Logs which of our certificates expire soon: each once a day, and whenever the next expiry limit is reached.
    pub(in crate::provider) fn warn_of_expiring_certificates(&self) -> Result<(), Error> {
        for expiring in self.own_expiring_certificates()? {
            let is_new = self
                .0
                .warned_today
                .lock()
                .map_err(|_poisoned| Error::Poisoned)?
                .is_new(&expiring, self.now());
            if !is_new {
                continue;
            }
            let (sha256, message) = (
                &expiring.certificate.sha256,
                expiring.with_words(self.dependencies().remedy_words),
            );
            if matches!(
                expiring.expiry,
                CertificateExpiry::Expired | CertificateExpiry::NotYetValid
            ) {
                tracing::error!(sha256, days = expiring.days_left, "{message}");
            } else {
                tracing::warn!(sha256, days = expiring.days_left, "{message}");
            }
        }
        Ok(())
    }
}

fn own_expiring_certificates(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<ExpiringCertificate> {
    let publication = &snapshot.publication;
    let active_owner = CertificateOwner::Ours {
        next_is_prepared: publication.next.is_some(),
    };
    let next = publication
        .next
        .iter()
        .map(|next| (CertificateOwner::NextKey, next));
    std::iter::once((active_owner, &publication.active))
        .chain(next)
        .filter_map(|(owner, certificate)| ExpiringCertificate::from_certificate(owner, certificate, now))
        .collect()
}
