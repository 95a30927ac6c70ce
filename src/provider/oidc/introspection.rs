//! Token introspection (rfc7662): a client learns about its own tokens, and of others only that they are none of its.

use crate::{
    oidc::{
        refusal::Refusal,
        token_response::{Introspection, to_json},
    },
    provider::{
        error::Error,
        handle::Oidc,
        oidc::token::{Client, ClientRequest, ClientResponse},
        visitor::Visitor,
    },
};

impl Oidc<'_> {
    pub fn introspect(&self, request: &ClientRequest, visitor: &Visitor) -> Result<ClientResponse, Error> {
        self.with_client(request, visitor, |client, parameters| {
            if client.oidc.client.client_type.is_public() {
                return Ok(Err(Refusal::UnauthorizedClient(
                    "a public client cannot introspect",
                )));
            }
            let presented = match parameters.get("token") {
                Ok(Some(presented)) => presented,
                Ok(None) => return Ok(Err(Refusal::TokenRequest("`token` is missing".to_owned()))),
                Err(repeated) => {
                    let name = repeated.0;
                    return Ok(Err(Refusal::TokenRequest(format!("`{name}` stands in it twice"))));
                }
            };
            Ok(Ok(to_json(&self.introspected(client, presented)?)))
        })
    }

    fn introspected(&self, client: Client<'_>, presented: &str) -> Result<Introspection, Error> {
        let found = self.presented_access_token(client.snapshot, presented)?;
        let (token, view) = match found {
            Some(found) => (found.token, found.view),
            None => return Ok(Introspection::default()),
        };
        let is_theirs = view.grant.application == client.oidc.application.id;
        if !is_theirs || self.why_ended(&view, client.oidc.application).is_some() {
            return Ok(Introspection::default());
        }
        let user = Self::asserted_user(&view);
        Ok(Introspection {
            active: true,
            scope: Some(token.scope.to_string()),
            client_id: Some(client.oidc.client.client_id.to_string()),
            sub: Some(self.subject(client.oidc, &user)?),
            token_type: Some("Bearer"),
            iss: Some(client.snapshot.oidc.issuer.clone()),
            exp: Some(token.expires_at.timestamp()),
            iat: Some(token.created_at.timestamp()),
        })
    }
}
