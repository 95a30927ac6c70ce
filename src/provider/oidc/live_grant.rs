//! Whether a grant still counts: asked at every use of a code or a token.

use crate::{
    access::{self, AccessDecision},
    model::{application::Application, id::GrantId, user::User},
    provider::{error::Error, handle::Oidc},
    store::GrantView,
};

impl Oidc<'_> {
    /// Why nothing more is given for a grant; `None` if it counts.
    pub(super) fn why_ended(&self, view: &GrantView, application: &Application) -> Option<&'static str> {
        let now = self.now();
        let grant = &view.grant;
        if grant.ended_at.is_some() {
            return Some("it was ended");
        }
        if !grant.is_live(now) {
            return Some("it has expired");
        }
        match access::decide(&view.user, application, view.is_assigned) {
            AccessDecision::Allowed => {}
            AccessDecision::UserDisabled => return Some("the person is switched off"),
            AccessDecision::ApplicationDisabled => return Some("the application is switched off"),
            AccessDecision::NotAssigned => return Some("the person may no longer use the application"),
        }
        let session_counts = view
            .session
            .as_ref()
            .is_some_and(|session| session.is_active(now, self.policy().session_absolute));
        if !grant.outlives_session && !session_counts {
            return Some("the person has signed out, or the session has expired");
        }
        None
    }

    /// The user of a grant as the client receives them.
    pub(super) fn asserted_user(view: &GrantView) -> User {
        let pinned = view
            .identity
            .as_ref()
            .and_then(|known| known.pinned_email.clone());
        User {
            email: pinned.unwrap_or_else(|| view.user.email.clone()),
            ..view.user.clone()
        }
    }

    /// Whether the address that the client receives is known to be the user's.
    pub(super) fn is_email_verified(&self, user: &User) -> Result<bool, Error> {
        Ok(self
            .store()
            .read(|tx| tx.is_email_verified(user.id, &user.email))?)
    }

    /// A grant with what its use depends on, unless it is of another application.
    pub(super) fn view_of(
        &self,
        grant: GrantId,
        application: &Application,
    ) -> Result<Option<GrantView>, Error> {
        let view = self.store().read(|tx| tx.grant_view(grant))?;
        Ok(view.filter(|view| view.grant.application == application.id))
    }
}
