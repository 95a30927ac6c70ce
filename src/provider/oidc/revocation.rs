//! Token revocation (rfc7009): a refresh token ends with all that its grant gave, an access token alone. Tokens that are
//! unknown, or another client's, are answered as if they were gone (2.2).

use crate::{
    model::opaque_token::hash_of,
    oidc::refusal::Refusal,
    provider::{
        error::Error,
        handle::Oidc,
        oidc::{
            presented_token::access_token_hash,
            token::{Client, ClientRequest, ClientResponse},
        },
        visitor::Visitor,
    },
};

impl Oidc<'_> {
    pub fn revoke(&self, request: &ClientRequest, visitor: &Visitor) -> Result<ClientResponse, Error> {
        self.with_client(request, visitor, |client, parameters| {
            match parameters.get("token") {
                Ok(Some(presented)) => {
                    self.revoke_presented(client, presented)?;
                    Ok(Ok(String::new()))
                }
                Ok(None) => Ok(Err(Refusal::TokenRequest("`token` is missing".to_owned()))),
                Err(repeated) => {
                    let name = repeated.0;
                    Ok(Err(Refusal::TokenRequest(format!("`{name}` stands in it twice"))))
                }
            }
        })
    }

    fn revoke_presented(&self, client: Client<'_>, presented: &str) -> Result<(), Error> {
        let (now, application) = (self.now(), client.oidc.application);
        if let Some(token) = self.store().read(|tx| tx.refresh_token(hash_of(presented)))? {
            if self.view_of(token.grant, application)?.is_some() {
                self.store().write(|tx| tx.end_grant(token.grant, now))?;
            }
            return Ok(());
        }
        let Some(hash) = access_token_hash(client.snapshot, presented) else {
            return Ok(());
        };
        if let Some(token) = self.store().read(|tx| tx.access_token(hash, now))?
            && self.view_of(token.grant, application)?.is_some()
        {
            self.store().write(|tx| tx.remove_access_token(hash))?;
        }
        Ok(())
    }
}
