//! The application that a request is from, and the browser's session, both at the same generation.

use std::sync::Arc;

use crate::{
    model::{application::Application, secret::Token},
    provider::{core::Provider, error::Error, session::ActiveSession, snapshot::Snapshot},
};

/// What was found; `E` says why no application was.
pub(in crate::provider) struct LookedUp<E> {
    pub(in crate::provider) snapshot: Arc<Snapshot>,
    pub(in crate::provider) application: Result<Arc<Application>, E>,
    pub(in crate::provider) active_session: Option<ActiveSession>,
}

impl Provider {
    /// Finds the application by `find`, and the session with this token.
    pub(in crate::provider) fn look_up<E>(
        &self,
        token: Option<&Token>,
        find: impl Fn(&Snapshot) -> Result<Arc<Application>, E>,
    ) -> Result<LookedUp<E>, Error> {
        let mut snapshot = self.cached_snapshot()?;
        loop {
            let application = find(&snapshot);
            let (generation, view) = self.store().read(|tx| match (token, &application) {
                (Some(token), Ok(application)) => {
                    let view = tx.sso_view(token.hash(), application.id)?;
                    Ok((view.generation, Some(view)))
                }
                (None, _) | (_, Err(_)) => Ok((tx.generation()?, None)),
            })?;
            if generation == snapshot.installation.generation {
                let active_session = view.and_then(|view| {
                    ActiveSession::from_view(view, self.now(), self.policy().session_absolute)
                });
                return Ok(LookedUp {
                    snapshot,
                    application,
                    active_session,
                });
            }
            let newer = self.snapshot_at_generation(generation)?;
            if newer.installation.generation == snapshot.installation.generation {
                return Err(Error::UnsettledGeneration);
            }
            snapshot = newer;
        }
    }
}
