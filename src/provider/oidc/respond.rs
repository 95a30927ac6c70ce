//! Answers an authorization request: a code, and what must be remembered for it.

use chrono::TimeDelta;

use crate::{
    model::{
        application::OidcApplication,
        audit_action::AuditAction,
        authentication::AuthenticationEvents,
        grant::{AuthorizationCode, Grant, Words, scope},
        id::GrantId,
        opaque_token::OpaqueToken,
        participant::{Participant, ParticipantSubject},
        sign_in::OidcPayload,
        user::UserSummary,
    },
    oidc::authorization_response,
    provider::{
        entry::Entry,
        error::Error,
        handle::Oidc,
        oidc::authorization_response::AuthorizationResponse,
        session::ActiveSession,
        sign_in::gate::Authenticated,
        sso::{ApplicationResponse, SignInOutcome},
    },
};

/// How long a code can be redeemed (rfc6749, 4.1.2).
pub(super) const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

impl Oidc<'_> {
    /// Answers a sign-in that has passed the gate; `None` if the session ended after it was read.
    pub(in crate::provider) fn respond_to_entry(
        &self,
        entry: &Entry<'_>,
        oidc: OidcApplication<'_>,
        payload: &OidcPayload,
        authenticated: Authenticated,
        active_session: &ActiveSession,
    ) -> Result<Option<SignInOutcome>, Error> {
        let now = self.now();
        let user = active_session.asserted_user();
        if let Err(missing) = self.user_claims(&oidc.client.attributes, &user)? {
            let context = entry.context.clone().with_session(active_session);
            return self
                .refuse_missing_claim(entry.snapshot, oidc, payload, &missing.0, &context)
                .map(Some);
        }
        let sub = self.subject(oidc, &user)?;
        let session = &active_session.session;
        // After a demand for a new sign-in, what was proved before does not count.
        let proved = if entry.pending.requirements.force_authn {
            session.authentications.since(entry.pending.created_at)
        } else {
            session.authentications.clone()
        };
        let recorded = active_session.participant.as_ref();
        let participant = Participant {
            session: session.id,
            application: oidc.application.id,
            session_handle: session.session_index_for(oidc.application.id),
            subject: ParticipantSubject::Oidc(sub),
            first_at: recorded.map_or(now, |recorded| recorded.first_at),
            last_at: now,
        };
        let grant = Grant {
            id: GrantId::new(now, self.random()),
            application: oidc.application.id,
            user: user.id,
            session: session.id,
            outlives_session: false,
            scope: payload.scope.clone(),
            resource: payload.resource.clone(),
            id_token_claims: payload.id_token_claims.clone(),
            userinfo_claims: payload.userinfo_claims.clone(),
            acr: authenticated.class.uri().to_owned(),
            amr: amr(&proved),
            auth_time: authenticated.at,
            created_at: now,
            expires_at: now + CODE_LIFETIME,
            ended_at: None,
            recovered_at: None,
        };
        let code = OpaqueToken::new(self.random());
        let stored = AuthorizationCode {
            hash: code.hash(),
            grant: grant.id,
            redirect_uri: payload.redirect_uri.clone(),
            code_challenge: payload.code_challenge.clone(),
            nonce: payload.nonce.clone(),
            created_at: now,
            expires_at: grant.expires_at,
            used_at: None,
        };
        let mut event = self.event(AuditAction::SingleSignOn, "ok", Some(entry.context.visitor));
        event.user = Some(user.id);
        event.application = Some(oidc.application.id);
        event.session = Some(session.id);
        let is_recorded = recorded.is_some_and(|recorded| recorded.still_describes(&participant));
        let identity = active_session.changed_identity(&participant);
        let is_open = self.store().write_relaxed(|tx| {
            if active_session.is_to_be_touched(now) {
                tx.touch_session(session.id, now, self.idle_expiry(now))?;
            }
            if !tx.lock_open_session(session.id)? {
                return Ok(false);
            }
            if is_recorded {
                tx.add_participant(&participant)?;
            } else {
                tx.save_participant(&participant)?;
            }
            if let Some(identity) = &identity {
                tx.save_application_identity(identity)?;
            }
            tx.add_grant(&grant)?;
            tx.add_authorization_code(&stored)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        if !is_open {
            return Ok(None);
        }
        let parameters = authorization_response::success(
            code.expose(),
            payload.state.as_deref(),
            &entry.snapshot.oidc.issuer,
        );
        Ok(Some(SignInOutcome::Respond(Box::new(ApplicationResponse::Oidc(
            AuthorizationResponse {
                application: oidc.application.id,
                application_name: oidc.application.name.clone(),
                redirect_uri: payload.redirect_uri.clone(),
                mode: payload.response_mode,
                parameters,
                user: Some(UserSummary::from(&active_session.user)),
            },
        )))))
    }
}

/// How the user authenticated (rfc8176): what proves nothing by itself is not named.
fn amr(events: &AuthenticationEvents) -> Words {
    let proved = events
        .methods()
        .filter(|method| method.is_first_factor() || method.is_second_factor())
        .map(crate::model::authentication::AuthenticationMethod::amr);
    let several = events.is_multi_factor().then_some("mfa");
    proved.chain(several).collect()
}

/// Whether a client receives a refresh token.
pub(super) fn is_refreshable(oidc: OidcApplication<'_>, granted: &Words) -> bool {
    use crate::model::application::RefreshPolicy;
    match oidc.client.refresh {
        RefreshPolicy::Never => false,
        RefreshPolicy::OfflineAccess => granted.contains(scope::OFFLINE_ACCESS),
        RefreshPolicy::Always => true,
    }
}
