//! Makes the tokens of a grant.

use crate::{
    claims::MissingClaims,
    model::{
        application::{AccessTokenFormat, OidcApplication},
        grant::{AccessToken, Grant, Words, scope},
        opaque_token::OpaqueToken,
    },
    oidc::{
        jwt::typ,
        token_response::TokenResponse,
        tokens::{self, ACCESS_TOKEN_LIFETIME, Place, RESOURCE_TOKEN_LIFETIME, TokenContext, UserClaim},
    },
    provider::{error::Error, handle::Oidc, oidc::presented_token::hash_of_jti, snapshot::Snapshot},
    store::GrantView,
};

/// What the tokens of one answer are for.
pub(super) struct TokenOrder<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) oidc: OidcApplication<'a>,
    pub(super) view: &'a GrantView,
    /// All of the grant's, or less.
    pub(super) scope: &'a Words,
    /// Whom the access token is for.
    pub(super) audience: &'a Words,
    /// Of the request that the code was for; a refresh has none (OpenID Connect Core, 12.2).
    pub(super) nonce: Option<&'a str>,
}

/// An answer, and the row of its access token.
pub(super) struct IssuedTokens {
    pub(super) response: TokenResponse,
    pub(super) access_token: AccessToken,
}

impl Oidc<'_> {
    /// Makes an access token, and an ID token if the client speaks OpenID Connect. Nothing is stored.
    pub(super) fn issue(&self, order: &TokenOrder<'_>) -> Result<Result<IssuedTokens, MissingClaims>, Error> {
        let (oidc, view, now) = (order.oidc, order.view, self.now());
        let user = Self::asserted_user(view);
        let claims = match self.user_claims(&oidc.client.attributes, &user)? {
            Ok(claims) => claims,
            Err(missing) => return Ok(Err(missing)),
        };
        let claims: Vec<UserClaim<'_>> = claims
            .into_iter()
            .map(|claim| UserClaim {
                rule: claim.rule,
                values: claim.values,
            })
            .collect();
        let sub = self.subject(oidc, &user)?;
        let sid = view
            .session
            .as_ref()
            .map(|session| session.session_index_for(oidc.application.id));
        let publication = &order.snapshot.oidc;
        let context = TokenContext {
            issuer: &publication.issuer,
            client_id: oidc.client.client_id.as_str(),
            sub: &sub,
            sid: sid.as_deref(),
            grant: &view.grant,
            now,
        };
        let signer = publication.signer(oidc.client.id_token_algorithm)?;
        let secret = OpaqueToken::new(self.random());
        let lifetime = if order.audience.is_empty() {
            ACCESS_TOKEN_LIFETIME
        } else {
            RESOURCE_TOKEN_LIFETIME
        };
        let access_token = AccessToken {
            hash: match oidc.client.access_token_format {
                AccessTokenFormat::Opaque => secret.hash(),
                AccessTokenFormat::Jwt => hash_of_jti(secret.expose()),
            },
            grant: view.grant.id,
            scope: order.scope.clone(),
            audience: order.audience.clone(),
            created_at: now,
            expires_at: now + lifetime,
        };
        let is_verified = self.is_email_verified(&user)?;
        let granted = Grant {
            scope: order.scope.clone(),
            ..view.grant.clone()
        };
        let written = match oidc.client.access_token_format {
            AccessTokenFormat::Opaque => secret.expose().to_owned(),
            AccessTokenFormat::Jwt => {
                let about = tokens::released_to_resource(&claims, order.scope);
                let (scope, audience) = (order.scope, order.audience);
                let jti = secret.expose();
                let claims = tokens::access_token(&context, &about, scope, audience, jti, lifetime);
                signer.sign(typ::ACCESS_TOKEN, tokens::to_text(&claims).as_bytes())?
            }
        };
        let id_token = if order.scope.contains(scope::OPENID) {
            let about = tokens::released(
                &claims,
                is_verified,
                &granted,
                Place::IdToken {
                    by_scope: oidc.client.claims_in_id_token,
                },
            );
            let claims = tokens::id_token(&context, &about, order.nonce, &written);
            Some(signer.sign(typ::ID_TOKEN, tokens::to_text(&claims).as_bytes())?)
        } else {
            None
        };
        Ok(Ok(IssuedTokens {
            response: TokenResponse {
                access_token: written,
                token_type: "Bearer",
                expires_in: lifetime.num_seconds(),
                refresh_token: None,
                id_token,
                scope: order.scope.to_string(),
            },
            access_token,
        }))
    }
}
