//! Redeems an authorization code, once (rfc6749, 4.1.3).

use chrono::TimeDelta;

use crate::{
    model::{
        application::ClientType,
        audit_action::AuditAction,
        grant::{RefreshToken, Words},
        opaque_token::OpaqueToken,
    },
    oidc::{pkce, refusal::Refusal, token_response::TokenResponse},
    provider::{
        error::Error,
        handle::Oidc,
        oidc::{issuing::TokenOrder, respond::is_refreshable, token::Client},
    },
    store::GrantView,
};

/// How long a refresh token that is not used stays good.
pub(super) const REFRESH_IDLE: TimeDelta = TimeDelta::days(30);

/// How long a client can refresh, from the sign-in on: a secret that was copied is of no use without the client's own.
pub(super) const fn refresh_lifetime(client_type: ClientType) -> TimeDelta {
    match client_type {
        ClientType::Public => TimeDelta::days(90),
        ClientType::Confidential => TimeDelta::days(180),
    }
}

impl Oidc<'_> {
    /// `proof` is the redirect URI of the request, repeated, and the code verifier.
    pub(super) fn exchange_code(
        &self,
        client: Client<'_>,
        code: &OpaqueToken,
        proof: (Option<&str>, Option<&str>),
        resource: &Words,
    ) -> Result<Result<TokenResponse, Refusal>, Error> {
        let now = self.now();
        let Some(stored) = self.store().read(|tx| tx.authorization_code(code.hash()))? else {
            return Ok(Err(Refusal::Code("it is unknown, or long over")));
        };
        let Some(view) = self.view_of(stored.grant, client.oidc.application)? else {
            return Ok(Err(Refusal::Code("it belongs to another client")));
        };
        if stored.used_at.is_some() {
            return self.end_reused(&view, Refusal::CodeReused);
        }
        let wrong = if now >= stored.expires_at {
            Some("it has expired")
        } else if proof.0 != Some(stored.redirect_uri.as_str()) {
            Some("redirect_uri is not that of the request")
        } else if !pkce::is_proved(stored.code_challenge.as_deref(), proof.1) {
            Some("code_verifier does not fit the request")
        } else {
            None
        };
        if let Some(why) = wrong {
            return Ok(Err(Refusal::Code(why)));
        }
        if let Some(why) = self.why_ended(&view, client.oidc.application) {
            return Ok(Err(Refusal::GrantEnded(why)));
        }
        if !resource.are_among(&view.grant.resource) {
            return Ok(Err(Refusal::Target(resource.to_string())));
        }
        let audience = if resource.is_empty() {
            &view.grant.resource
        } else {
            resource
        };
        let order = TokenOrder {
            snapshot: client.snapshot,
            oidc: client.oidc,
            view: &view,
            scope: &view.grant.scope,
            audience,
            nonce: stored.nonce.as_deref(),
        };
        let Ok(mut issued) = self.issue(&order)? else {
            return Ok(Err(Refusal::GrantEnded(
                "the person lacks a value that the client requires",
            )));
        };
        let refresh_token =
            is_refreshable(client.oidc, &view.grant.scope).then(|| OpaqueToken::new(self.random()));
        let until = if refresh_token.is_some() {
            now + refresh_lifetime(client.oidc.client.client_type)
        } else {
            issued.access_token.expires_at
        };
        let refresh_row = refresh_token.as_ref().map(|token| RefreshToken {
            hash: token.hash(),
            grant: view.grant.id,
            created_at: now,
            expires_at: until.min(now + REFRESH_IDLE),
            rotation: None,
        });
        let is_first = self.store().write(|tx| {
            if !tx.use_authorization_code(stored.hash, now)? {
                return Ok(false);
            }
            tx.extend_grant(view.grant.id, refresh_row.is_some(), until)?;
            tx.add_access_token(&issued.access_token)?;
            if let Some(row) = &refresh_row {
                tx.add_refresh_token(row)?;
            }
            Ok(true)
        })?;
        if !is_first {
            return self.end_reused(&view, Refusal::CodeReused);
        }
        issued.response.refresh_token = refresh_token.map(|token| token.expose().to_owned());
        Ok(Ok(issued.response))
    }

    /// Ends a grant whose code or token came a second time: somebody else may have it.
    pub(super) fn end_reused<T>(
        &self,
        view: &GrantView,
        refusal: Refusal,
    ) -> Result<Result<T, Refusal>, Error> {
        let now = self.now();
        // Whoever sends the code or the token again is not authenticated where the client is public: this row is, and
        // stays.
        let mut event = self.event(AuditAction::GrantEnd, refusal.code(), None);
        event.user = Some(view.grant.user);
        event.application = Some(view.grant.application);
        event.detail = Some(refusal.to_string());
        self.store().write(|tx| {
            if tx.end_grant(view.grant.id, now)? {
                tx.add_audit_event(&event)?;
            }
            Ok(())
        })?;
        Ok(Err(refusal))
    }
}
