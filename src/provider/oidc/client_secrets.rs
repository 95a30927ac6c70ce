//! The secrets of confidential clients: several at once, so that a client can change to a new one before the old one
//! ends.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::Slug, audit_action::AuditAction, client_secret::ClientSecret, id::ClientSecretId,
        opaque_token::OpaqueToken, use_case::UseCase,
    },
    provider::{error::Error, handle::Applications},
};

/// The outcome of a change of secrets.
#[derive(Debug)]
pub enum ClientSecretOutcome<T> {
    Done(T),
    /// There is no application with this slug.
    UnknownApplication,
    /// It keeps no secret: it speaks another protocol, or is a public client.
    NoSecrets,
    /// It has as many as it may.
    TooMany,
    /// It has no secret with this id that works.
    UnknownSecret,
}

impl Applications<'_> {
    /// Makes a secret beside those that the client has. It is shown once.
    pub fn add_client_secret(
        &self,
        slug: &Slug,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<ClientSecretOutcome<(ClientSecret, OpaqueToken)>, Error> {
        self.may(UseCase::Change(AuditAction::ClientSecret))?;
        let application = match self.confidential_client(slug)? {
            Ok(application) => application,
            Err(outcome) => return Ok(outcome.into_other()),
        };
        let now = self.now();
        let token = OpaqueToken::new(self.random());
        let secret = ClientSecret {
            id: ClientSecretId::new(now, self.random()),
            application,
            hash: token.hash(),
            created_at: now,
            expires_at,
        };
        let mut event = self.application_event(AuditAction::ClientSecret, application);
        event.detail = Some(format!("{} added", secret.id));
        let is_added = self.store().write(|tx| {
            let live = tx.client_secrets(application)?;
            if live.iter().filter(|known| known.is_live(now)).count() >= ClientSecret::MAX_LIVE {
                return Ok(false);
            }
            tx.add_client_secret(&secret)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(if is_added {
            ClientSecretOutcome::Done((secret, token))
        } else {
            ClientSecretOutcome::TooMany
        })
    }

    /// The secrets of a client, the oldest first: when each was made and ends, and never the secret itself.
    pub fn client_secrets(&self, slug: &Slug) -> Result<ClientSecretOutcome<Vec<ClientSecret>>, Error> {
        self.may(UseCase::ReadApplications)?;
        Ok(match self.confidential_client(slug)? {
            Ok(application) => {
                ClientSecretOutcome::Done(self.store().read(|tx| tx.client_secrets(application))?)
            }
            Err(outcome) => outcome.into_other(),
        })
    }

    /// Ends a secret now, or at a time.
    pub fn revoke_client_secret(
        &self,
        slug: &Slug,
        id: ClientSecretId,
        at: Option<DateTime<Utc>>,
    ) -> Result<ClientSecretOutcome<()>, Error> {
        self.may(UseCase::Change(AuditAction::ClientSecret))?;
        let application = match self.confidential_client(slug)? {
            Ok(application) => application,
            Err(outcome) => return Ok(outcome.into_other()),
        };
        let now = self.now();
        let end = at.unwrap_or(now);
        let mut event = self.application_event(AuditAction::ClientSecret, application);
        event.detail = Some(format!("{id} ends"));
        let is_ended = self.store().write(|tx| {
            let known = tx.client_secrets(application)?;
            if !known.iter().any(|secret| secret.id == id && secret.is_live(now)) {
                return Ok(false);
            }
            tx.end_client_secret(application, id, end)?;
            tx.add_audit_event(&event)?;
            Ok(true)
        })?;
        Ok(if is_ended {
            ClientSecretOutcome::Done(())
        } else {
            ClientSecretOutcome::UnknownSecret
        })
    }

    fn confidential_client(
        &self,
        slug: &Slug,
    ) -> Result<Result<crate::model::id::ApplicationId, ClientSecretOutcome<()>>, Error> {
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Err(ClientSecretOutcome::UnknownApplication));
        };
        Ok(match found.oidc() {
            Some(client) if !client.client_type.is_public() => Ok(found.id),
            Some(_) | None => Err(ClientSecretOutcome::NoSecrets),
        })
    }
}

impl ClientSecretOutcome<()> {
    /// The same failure of another operation.
    fn into_other<T>(self) -> ClientSecretOutcome<T> {
        match self {
            Self::UnknownApplication => ClientSecretOutcome::UnknownApplication,
            Self::NoSecrets | Self::Done(()) => ClientSecretOutcome::NoSecrets,
            Self::TooMany => ClientSecretOutcome::TooMany,
            Self::UnknownSecret => ClientSecretOutcome::UnknownSecret,
        }
    }
}
