//! By what a client knows a user.

use crate::{
    model::{
        application::{OidcApplication, SubjectType},
        sign_in::Subject,
        user::User,
    },
    provider::{error::Error, handle::Oidc, session::ActiveSession},
};

impl Oidc<'_> {
    /// The `sub` of `user`, who is given as the client receives them. A pairwise one is created at its first use.
    pub(in crate::provider) fn subject(
        &self,
        oidc: OidcApplication<'_>,
        user: &User,
    ) -> Result<String, Error> {
        match oidc.client.subject_type {
            SubjectType::StableId => Ok(user.stable_id.as_str().to_owned()),
            SubjectType::Email => Ok(user.email.as_str().to_owned()),
            SubjectType::Pairwise => self
                .saml()
                .persistent_name_id_or_new(oidc.application.id, user.id),
        }
    }

    /// Whether the signed-in user is the one that the request names.
    pub(in crate::provider) fn is_subject(
        &self,
        oidc: OidcApplication<'_>,
        active_session: &ActiveSession,
        subject: Option<&Subject>,
    ) -> Result<bool, Error> {
        match subject {
            None => Ok(true),
            Some(subject) => Ok(self.subject(oidc, &active_session.asserted_user())? == subject.value),
        }
    }
}
