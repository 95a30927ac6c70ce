//! The domains that are the organisation's own: addresses in them count as verified.

use crate::{
    model::{audit_action::AuditAction, email_change::EmailDomain, use_case::UseCase},
    provider::{error::Error, handle::People},
    store::Tx,
};

impl People<'_> {
    /// Declares a domain the organisation's own; `false` if it is already.
    pub fn add_domain(&self, domain: &EmailDomain) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::Domain))?;
        self.change_domain(domain, "added", |tx| {
            tx.add_organisation_domain(domain, self.now())
        })
    }

    /// Takes it back; `false` if it is none.
    pub fn remove_domain(&self, domain: &EmailDomain) -> Result<bool, Error> {
        self.may(UseCase::Change(AuditAction::Domain))?;
        self.change_domain(domain, "removed", |tx| tx.remove_organisation_domain(domain))
    }

    fn change_domain(
        &self,
        domain: &EmailDomain,
        what: &str,
        change: impl FnOnce(&mut Tx) -> Result<bool, crate::store::Error>,
    ) -> Result<bool, Error> {
        let mut event = self.event(AuditAction::Domain, "ok", None);
        event.detail = Some(format!("{} {what}", domain.as_str()));
        Ok(self.store().write(|tx| {
            let is_changed = change(tx)?;
            if is_changed {
                tx.add_audit_event(&event)?;
            }
            Ok(is_changed)
        })?)
    }

    pub fn domains(&self) -> Result<Vec<EmailDomain>, Error> {
        self.may(UseCase::ReadPeople)?;
        Ok(self.store().read(Tx::organisation_domains)?)
    }
}
