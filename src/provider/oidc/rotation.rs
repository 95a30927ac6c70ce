//! The keys that sign tokens come and go by themselves.

use crate::{
    crypto::jose,
    model::{
        audit_action::AuditAction,
        id::KeyId,
        oidc_key::{JwsAlgorithm, OidcKeyState, OidcKeyStep, SealedOidcKey, step_due},
    },
    provider::{error::Error, handle::Oidc},
    store::Tx,
};

impl Oidc<'_> {
    /// Takes the steps that are due, if there is a client. Of several replicas one takes each.
    pub(in crate::provider) fn rotate_keys(&self) -> Result<(), Error> {
        if self.store().read(Tx::has_oidc_clients)? {
            self.provide_keys()?;
        }
        Ok(())
    }

    /// The same, before there is a client: it finds the keys when it comes.
    pub(in crate::provider) fn provide_keys(&self) -> Result<(), Error> {
        let keys = self.store().read(Tx::oidc_keys)?;
        for algorithm in JwsAlgorithm::ALL {
            if let Some(step) = step_due(&keys, algorithm, self.now()) {
                self.take_key_step(algorithm, step, &keys)?;
            }
        }
        Ok(())
    }

    fn take_key_step(
        &self,
        algorithm: JwsAlgorithm,
        step: OidcKeyStep,
        keys: &[SealedOidcKey],
    ) -> Result<(), Error> {
        let now = self.now();
        let mut event = self.event(AuditAction::OidcKey, "ok", None);
        let name = algorithm.name();
        match step {
            OidcKeyStep::Generate => {
                let (id, new) = (KeyId::new(now, self.random()), jose::generate(algorithm)?);
                let is_first = !keys
                    .iter()
                    .any(|key| key.algorithm == algorithm && key.state == OidcKeyState::Active);
                let sealing = &self.dependencies().sealing_key;
                let key = SealedOidcKey {
                    id,
                    algorithm,
                    state: if is_first {
                        OidcKeyState::Active
                    } else {
                        OidcKeyState::Next
                    },
                    sealed: Some(sealing.seal(id, new.private.expose(), self.random())?),
                    public: new.public,
                    created_at: now,
                    since: now,
                };
                event.detail = Some(format!("{name}: {} key generated", key.state.name()));
                self.store().write_config(|tx| {
                    if tx.add_oidc_key(&key)? {
                        tx.add_audit_event(&event)?;
                    }
                    Ok(())
                })?;
            }
            OidcKeyStep::Activate { next, active } => {
                event.detail = Some(format!("{name}: the next key signs now"));
                self.store().write_config(|tx| {
                    if tx.activate_oidc_key(next, active, now)? {
                        tx.add_audit_event(&event)?;
                    }
                    Ok(())
                })?;
            }
            OidcKeyStep::Remove(id) => {
                event.detail = Some(format!(
                    "{name}: key retired and published no more; tokens that it signed are not accepted back"
                ));
                self.store().write_config(|tx| {
                    if tx.remove_oidc_key(id)? {
                        tx.add_audit_event(&event)?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
