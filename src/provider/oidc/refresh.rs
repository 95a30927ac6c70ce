//! Refreshes tokens: each refresh token has its turn, then leads to its successor for a while, and then to the end of
//! its grant (rfc9700, 4.14.2).

use crate::{
    model::{
        audit_action::AuditAction,
        grant::{RefreshDecision, RefreshToken, Words},
        opaque_token::OpaqueToken,
    },
    oidc::{refusal::Refusal, token_response::TokenResponse},
    provider::{
        error::Error,
        handle::Oidc,
        oidc::{code_exchange::REFRESH_IDLE, issuing::TokenOrder, respond::is_refreshable, token::Client},
    },
    store::GrantView,
};

/// What became of the token that was presented.
enum Turn {
    /// The client goes on with this one.
    GoesOn(OpaqueToken),
    /// Somebody else was first: look again.
    Lost,
    Reused,
    /// The sealing key was changed since it was rotated.
    Unopened,
}

impl Oidc<'_> {
    pub(super) fn refresh(
        &self,
        client: Client<'_>,
        presented: &OpaqueToken,
        scope: &Words,
        resource: &Words,
    ) -> Result<Result<TokenResponse, Refusal>, Error> {
        // Once more, if another request with the same token was first.
        for _attempt in 0..2 {
            let Some(token) = self.store().read(|tx| tx.refresh_token(presented.hash()))? else {
                return Ok(Err(Refusal::RefreshToken("it is unknown, or long over")));
            };
            let Some(view) = self.view_of(token.grant, client.oidc.application)? else {
                return Ok(Err(Refusal::RefreshToken("it belongs to another client")));
            };
            if let Some(why) = self.why_ended(&view, client.oidc.application) {
                return Ok(Err(Refusal::GrantEnded(why)));
            }
            if !is_refreshable(client.oidc, &view.grant.scope) {
                return Ok(Err(Refusal::GrantEnded("the client may no longer refresh")));
            }
            let decision = token.decide(self.now(), view.grant.recovered_at.is_some());
            match decision {
                RefreshDecision::Expired => {
                    return Ok(Err(Refusal::RefreshToken("it was not used for too long")));
                }
                RefreshDecision::Reused => return self.end_reused(&view, Refusal::RefreshTokenReused),
                RefreshDecision::Rotate | RefreshDecision::Repeat | RefreshDecision::Recover => {}
            }
            if !scope.are_among(&view.grant.scope) {
                return Ok(Err(Refusal::Scope));
            }
            if !resource.are_among(&view.grant.resource) {
                return Ok(Err(Refusal::Target(resource.to_string())));
            }
            let order = TokenOrder {
                snapshot: client.snapshot,
                oidc: client.oidc,
                view: &view,
                scope: if scope.is_empty() {
                    &view.grant.scope
                } else {
                    scope
                },
                audience: if resource.is_empty() {
                    &view.grant.resource
                } else {
                    resource
                },
                nonce: None,
            };
            let Ok(mut issued) = self.issue(&order)? else {
                return Ok(Err(Refusal::GrantEnded(
                    "the person lacks a value that the client requires",
                )));
            };
            let turn = match decision {
                RefreshDecision::Rotate => self.rotate(&token, &view, &issued.access_token)?,
                RefreshDecision::Repeat => self.repeat(&token, &view, &issued.access_token, false)?,
                RefreshDecision::Recover => self.repeat(&token, &view, &issued.access_token, true)?,
                RefreshDecision::Expired | RefreshDecision::Reused => Turn::Reused,
            };
            match turn {
                Turn::GoesOn(successor) => {
                    issued.response.refresh_token = Some(successor.expose().to_owned());
                    return Ok(Ok(issued.response));
                }
                Turn::Lost => {}
                Turn::Reused => return self.end_reused(&view, Refusal::RefreshTokenReused),
                Turn::Unopened => {
                    return Ok(Err(Refusal::RefreshToken(
                        "its successor was sealed with a key that is gone",
                    )));
                }
            }
        }
        Ok(Err(Refusal::RefreshToken(
            "other requests use it at the same moment",
        )))
    }

    fn rotate(
        &self,
        token: &RefreshToken,
        view: &GrantView,
        access_token: &crate::model::grant::AccessToken,
    ) -> Result<Turn, Error> {
        let now = self.now();
        let successor = OpaqueToken::new(self.random());
        let row = RefreshToken {
            hash: successor.hash(),
            grant: token.grant,
            created_at: now,
            expires_at: view.grant.expires_at.min(now + REFRESH_IDLE),
            rotation: None,
        };
        let plain = successor.expose().as_bytes();
        let sealed = self.refresh_key().seal(token.hash, plain, self.random())?;
        let is_first = self.store().write(|tx| {
            if !tx.rotate_refresh_token(token.hash, now, row.hash, &sealed)? {
                return Ok(false);
            }
            tx.add_refresh_token(&row)?;
            tx.add_access_token(access_token)?;
            Ok(true)
        })?;
        Ok(if is_first {
            Turn::GoesOn(successor)
        } else {
            Turn::Lost
        })
    }

    /// Hands out the successor once more; after the grace, one time at most.
    fn repeat(
        &self,
        token: &RefreshToken,
        view: &GrantView,
        access_token: &crate::model::grant::AccessToken,
        is_late: bool,
    ) -> Result<Turn, Error> {
        let now = self.now();
        let Some(rotation) = &token.rotation else {
            return Ok(Turn::Lost);
        };
        let Some(opened) = self.refresh_key().open(token.hash, &rotation.sealed)? else {
            return Ok(Turn::Unopened);
        };
        let Ok(successor) = std::str::from_utf8(opened.expose()).map(OpaqueToken::from_text) else {
            return Ok(Turn::Unopened);
        };
        let mut event = self.event(AuditAction::Token, "ok", None);
        event.detail = Some(
            "a refresh token was used again, whose successor nobody had used: its answer was lost".to_owned(),
        );
        event.user = Some(view.grant.user);
        event.application = Some(view.grant.application);
        let may = self.store().write(|tx| {
            if is_late {
                if !tx.recover_grant(token.grant, now)? {
                    return Ok(false);
                }
                tx.add_audit_event(&event)?;
            }
            tx.add_access_token(access_token)?;
            Ok(true)
        })?;
        Ok(if may {
            Turn::GoesOn(successor)
        } else {
            Turn::Reused
        })
    }
}
