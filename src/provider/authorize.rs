//! Whether somebody may do what they ask for. Every operation behind a handle with an actor asks here first, so that no
//! surface can forget it.

use crate::{
    model::{
        actor::{Actor, Denial},
        role::Role,
        use_case::UseCase,
    },
    provider::{core::Provider, error::Error, handle::People},
};

impl Provider {
    /// # Errors
    ///
    /// [`Error::Forbidden`] if the actor's role does not hold it, [`Error::FreshAuthenticationNeeded`] if the actor may,
    /// but authenticated too long ago for it.
    pub(in crate::provider) fn authorize(&self, actor: &Actor, use_case: UseCase) -> Result<(), Error> {
        let allowed = actor.may(use_case, self.now());
        allowed.map_err(|denial| denied(actor, use_case, denial))
    }
}

impl People<'_> {
    /// The same for a change of somebody, who may have the role `other`.
    pub(in crate::provider) fn may_change(
        &self,
        use_case: UseCase,
        other: Option<Role>,
    ) -> Result<(), Error> {
        let allowed = self.actor.may_change(other);
        allowed.map_err(|denial| denied(self.actor, use_case, denial))
    }
}

fn denied(actor: &Actor, use_case: UseCase, denial: Denial) -> Error {
    match denial {
        Denial::Forbidden => {
            tracing::warn!(
                actor = actor.name().as_deref().unwrap_or_default(),
                use_case = use_case.as_str(),
                "somebody asked for what their role does not hold"
            );
            Error::Forbidden
        }
        Denial::FreshAuthenticationNeeded => Error::FreshAuthenticationNeeded,
    }
}
