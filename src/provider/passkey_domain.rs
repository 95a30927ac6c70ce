//! The domain that passkeys are for: stored at the first enrolment, and given up only where somebody says so.

use std::fmt;

use crate::{
    model::{
        audit_action::AuditAction, endpoint::BaseUrl, id::SecondFactorId, passkey::RpId, use_case::UseCase,
    },
    provider::{core::Provider, error::Error, handle::Installations},
    store::{Store, Tx},
};

/// How many passkeys are read at once.
const BATCH: i64 = 500;

/// Passkeys that cannot be used at the addresses that are configured.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LostPasskeys {
    pub rp_id: RpId,
    /// How many people have some.
    pub people: usize,
}

impl fmt::Display for LostPasskeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let people = match self.people {
            1 => "1 person has".to_owned(),
            many => format!("{many} people have"),
        };
        write!(
            f,
            "{people} passkeys for {}, which work at no address that is configured now",
            self.rp_id
        )
    }
}

/// What there is of passkeys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PasskeyReport {
    /// The domain of new passkeys; `None` before the first enrolment.
    pub rp_id: Option<RpId>,
    /// Every domain that there are passkeys for, how many, and how many people have them.
    pub domains: Vec<(RpId, usize, usize)>,
    /// How many cannot be read.
    pub unreadable: usize,
    /// How many owners have no other second factor and no recovery code.
    pub owners_by_passkey: i64,
}

/// Before anything is served: fails, with the passkeys, if those of people could not be used at `addresses`. Where nobody
/// has any, the domain is chosen anew; where an address is back, its passkeys are.
pub fn settle(store: &Store, addresses: &[&BaseUrl]) -> Result<Option<LostPasskeys>, Error> {
    let is_valid = |rp_id: &RpId| addresses.iter().any(|base| rp_id.is_valid_for(base));
    let found = store.read(|tx| {
        let stored = tx.installation()?.map(|installation| installation.passkey_rp_id);
        let people = match stored.as_ref().and_then(Option::as_ref) {
            Some(rp_id) => tx.count_passkey_users(rp_id)?,
            None => 0,
        };
        Ok(stored.map(|rp_id| (rp_id, people)))
    });
    let Some((stored, people)) = found.map_err(Error::of_own_row)? else {
        return Ok(None);
    };
    match stored {
        Some(rp_id) if is_valid(&rp_id) => return Ok(None),
        Some(rp_id) if people > 0 => return Ok(Some(LostPasskeys { rp_id, people })),
        Some(_) | None => {}
    }
    let known = store.read(Tx::passkey_domains)?;
    let back = known.into_iter().map(|(rp_id, _)| rp_id).find(is_valid);
    if back != stored {
        store.write_config(|tx| tx.set_passkey_rp_id(back.as_ref()))?;
    }
    Ok(None)
}

impl Provider {
    /// How many passkeys are stored, and how many of them cannot be opened or read.
    pub fn count_unreadable_passkeys(&self) -> Result<(usize, usize), Error> {
        let (mut all, mut unreadable) = (0, 0);
        let mut after: Option<SecondFactorId> = None;
        loop {
            let batch = self.store().read(|tx| tx.passkeys_after(after, BATCH))?;
            let Some(last) = batch.last() else {
                self.record_unreadable_passkeys(unreadable)?;
                return Ok((all, unreadable));
            };
            after = Some(last.factor.id);
            for stored in &batch {
                all += 1;
                if stored.passkey.is_none() || self.open_passkey(stored)?.is_none() {
                    unreadable += 1;
                }
            }
        }
    }

    /// The addresses that may use our passkeys, where those of another address do too (webauthn-3, 5.11).
    pub fn related_origins(&self) -> Vec<&str> {
        if self.dependencies().passkey_origins.is_empty() {
            return Vec::new();
        }
        self.passkey_addresses().map(BaseUrl::origin).collect()
    }
}

impl Installations<'_> {
    pub fn passkeys(&self) -> Result<PasskeyReport, Error> {
        self.may(UseCase::ReadInstallation)?;
        let (installation, domains, owners) = self.store().read(|tx| {
            let mut domains = Vec::new();
            for (rp_id, count) in tx.passkey_domains()? {
                let people = tx.count_passkey_users(&rp_id)?;
                domains.push((rp_id, count, people));
            }
            Ok((tx.installation()?, domains, tx.owners()?))
        })?;
        Ok(PasskeyReport {
            rp_id: installation.and_then(|installation| installation.passkey_rp_id),
            domains,
            unreadable: self.count_unreadable_passkeys()?.1,
            owners_by_passkey: owners.ready - owners.without_passkey,
        })
    }

    /// Gives up the domain of passkeys: the next enrolment chooses another one. The passkeys stay, and work again once
    /// Hallpass is back at their address.
    ///
    /// # Errors
    ///
    /// `NoOwnerLeft` of the store, if no owner has another second factor or a recovery code.
    pub fn give_up_passkey_domain(&self) -> Result<(), Error> {
        let action = AuditAction::PasskeyMove;
        self.may(UseCase::Change(action))?;
        let mut event = self.event(action, "ok", None);
        Ok(self.store().write_config(|tx| {
            let before = tx.installation()?.and_then(|known| known.passkey_rp_id);
            if let Some(before) = before {
                let owners = tx.locked_owners()?;
                let people = tx.count_passkey_users(&before)?;
                event.detail = Some(format!(
                    "{before} given up; people with passkeys for it: {people}"
                ));
                tx.set_passkey_rp_id(None)?;
                tx.keep_an_owner(owners)?;
                tx.add_audit_event(&event)?;
            }
            Ok(())
        })?)
    }
}
