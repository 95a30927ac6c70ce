//! UserInfo (OpenID Connect Core, 5.3).

use crate::{
    model::{grant::scope, request_details::RequestDetails},
    oidc::tokens::{self, Place, UserClaim},
    provider::{
        error::Error, handle::Oidc, oidc::authorization_request::RawParameters, refusal::RefusalContext,
        visitor::Visitor,
    },
};

/// What UserInfo answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UserInfoResponse {
    /// JSON.
    Ok(String),
    /// No token was sent (rfc6750, 3.1: the answer then names no error).
    NoToken,
    InvalidToken,
    /// The token is good, and not for this.
    InsufficientScope,
}

impl Oidc<'_> {
    /// What a client learns with an access token, which stands in the header or in the form.
    pub fn user_info(
        &self,
        header: Option<&str>,
        form: Option<&RawParameters>,
        visitor: &Visitor,
    ) -> Result<UserInfoResponse, Error> {
        let parameters = form.and_then(|form| form.parse().ok());
        let in_form = parameters
            .as_ref()
            .and_then(|parameters| parameters.get("access_token").ok().flatten());
        let Some(presented) = header.or(in_form) else {
            return Ok(UserInfoResponse::NoToken);
        };
        let snapshot = self.fresh_snapshot()?;
        let Some(found) = self.presented_access_token(&snapshot, presented)? else {
            return self.refuse_token("it is unknown, or has expired", visitor);
        };
        let application = snapshot.by_id(found.view.grant.application);
        let Some(oidc) = application.and_then(|application| application.as_oidc()) else {
            return self.refuse_token("its client is gone", visitor);
        };
        if let Some(why) = self.why_ended(&found.view, oidc.application) {
            return self.refuse_token(why, visitor);
        }
        if !found.token.scope.contains(scope::OPENID) {
            return Ok(UserInfoResponse::InsufficientScope);
        }
        let user = Self::asserted_user(&found.view);
        let Ok(claims) = self.user_claims(&oidc.client.attributes, &user)? else {
            return self.refuse_token("the person lacks a value that the client requires", visitor);
        };
        let claims: Vec<UserClaim<'_>> = claims
            .into_iter()
            .map(|claim| UserClaim {
                rule: claim.rule,
                values: claim.values,
            })
            .collect();
        let grant = crate::model::grant::Grant {
            scope: found.token.scope,
            ..found.view.grant
        };
        let is_verified = self.is_email_verified(&user)?;
        let released = tokens::released(&claims, is_verified, &grant, Place::UserInfo);
        let sub = self.subject(oidc, &user)?;
        Ok(UserInfoResponse::Ok(tokens::to_text(&tokens::user_info(
            &sub, released,
        ))))
    }

    fn refuse_token(&self, why: &'static str, visitor: &Visitor) -> Result<UserInfoResponse, Error> {
        let refusal = crate::oidc::refusal::Refusal::AccessToken(why);
        let context = RefusalContext {
            action: crate::model::audit_action::AuditAction::Token,
            ..RefusalContext::sso(None, RequestDetails::default(), visitor)
        };
        self.record_refused(refusal.code(), &refusal.to_string(), &context)?;
        Ok(UserInfoResponse::InvalidToken)
    }
}
