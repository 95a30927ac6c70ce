//! Who asks at the token endpoint.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, ClientType},
        opaque_token::hash_of,
    },
    oidc::{
        client_authentication::{self, ClientCredentials},
        parameters::Parameters,
        refusal::Refusal,
    },
    provider::{error::Error, handle::Oidc, snapshot::Snapshot},
};

/// A client that has said who it is, and proved it if it can.
pub(super) struct AuthenticatedClient {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) application: Arc<Application>,
}

/// A client that was not authenticated: who it claimed to be, if anybody, and whether it used the header.
pub(super) struct UnauthenticatedClient {
    pub(super) refusal: Refusal,
    pub(super) application: Option<Arc<Application>>,
    pub(super) is_basic: bool,
}

impl Oidc<'_> {
    pub(super) fn authenticate_client(
        &self,
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Result<AuthenticatedClient, UnauthenticatedClient>, Error> {
        let credentials = match client_authentication::read(authorization, parameters) {
            Ok(credentials) => credentials,
            Err(refusal) => {
                let is_basic = authorization.is_some();
                return Ok(Err(UnauthenticatedClient {
                    refusal,
                    application: None,
                    is_basic,
                }));
            }
        };
        let snapshot = self.fresh_snapshot()?;
        let application = snapshot.by_client_id(&credentials.client_id).map(Arc::clone);
        let refused = |refusal, application| {
            Ok(Err(UnauthenticatedClient {
                refusal,
                application,
                is_basic: credentials.is_basic,
            }))
        };
        let Some(application) = application else {
            let refusal = Refusal::ClientAuthentication("no client has this client_id");
            return refused(refusal, None);
        };
        if let Some(refusal) = self.why_not_authenticated(&application, &credentials)? {
            return refused(refusal, Some(application));
        }
        if !application.enabled {
            let refusal = Refusal::UnauthorizedClient("the application is switched off");
            return refused(refusal, Some(application));
        }
        Ok(Ok(AuthenticatedClient {
            snapshot,
            application,
        }))
    }

    fn why_not_authenticated(
        &self,
        application: &Application,
        credentials: &ClientCredentials,
    ) -> Result<Option<Refusal>, Error> {
        let client_type = application.oidc().map(|client| client.client_type);
        let why = match (client_type, &credentials.secret) {
            (Some(ClientType::Public), None) => None,
            (Some(ClientType::Public), Some(_)) => Some("it is a public client, and has no secret"),
            (Some(ClientType::Confidential), None) => Some("it gave no client secret"),
            (Some(ClientType::Confidential), Some(secret)) => {
                let hash = hash_of(secret.expose());
                match self.store().read(|tx| tx.client_secret(application.id, hash))? {
                    None => Some("the client secret is wrong"),
                    Some(known) if !known.is_live(self.now()) => Some("the client secret has ended"),
                    Some(_) => None,
                }
            }
            (None, _) => Some("no client has this client_id"),
        };
        Ok(why.map(Refusal::ClientAuthentication))
    }
}
