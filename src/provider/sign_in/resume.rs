//! Resumes a pending sign-in.

use crate::{
    model::id::ApplicationId,
    provider::{
        error::Error,
        handle::SignIn,
        sign_in::pending::Opened,
        sso::{Refused, SignInOutcome, SignInPrompt, Step},
        visitor::Visitor,
    },
};

impl SignIn<'_> {
    /// Resumes the sign-in that this browser carries.
    pub fn resume_sign_in(&self, sealed: &str, visitor: &Visitor) -> Result<SignInOutcome, Error> {
        let gone = SignInOutcome::Refused(Refused::Gone);
        match self.open_sealed(sealed, visitor)? {
            Some(Opened::SignIn(pending, binding)) => {
                let snapshot = self.fresh_snapshot()?;
                match snapshot.by_id(pending.application) {
                    Some(application) => self.resume_at(&snapshot, application, *pending, binding, visitor),
                    None => Ok(gone),
                }
            }
            Some(Opened::Target(target)) => Ok(SignInOutcome::Step(if self.is_signed_in(visitor)? {
                Step::Redirect(target)
            } else {
                Step::SignIn(SignInPrompt::default())
            })),
            Some(Opened::FreshTarget(target, since)) => {
                let active = self.active_session(visitor.session.as_ref())?;
                let signed_in_at = active
                    .as_ref()
                    .and_then(|active| active.session.authentications.first_factor_at());
                Ok(SignInOutcome::Step(if signed_in_at >= Some(since) {
                    Step::Redirect(target)
                } else {
                    Step::SignIn(SignInPrompt {
                        application: None,
                        reauthenticate: active.is_some(),
                        email: active.map(|active| active.user.email.as_str().to_owned()),
                        needs_password: false,
                    })
                }))
            }
            None => Ok(gone),
        }
    }

    /// The application that a sign-in is for, so that the form can name it.
    pub fn application_of_sign_in(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<(ApplicationId, String)>, Error> {
        let Some(Opened::SignIn(pending, _)) = self.open_sealed(sealed, visitor)? else {
            return Ok(None);
        };
        let snapshot = self.cached_snapshot()?;
        Ok(snapshot
            .by_id(pending.application)
            .map(|application| (application.id, application.name.clone())))
    }
}
