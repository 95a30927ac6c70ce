//! Editing applications.

use crate::{
    model::{
        application::{
            AccessTokenFormat, Application, ApplicationAccess, AssertionConsumerService, Client, EntityId,
            LogoutEndpoint, Protocol, RefreshPolicy, Slug, SpUrl, SubjectType,
        },
        audit::AuditEvent,
        audit_action::AuditAction,
        chatgpt::ChatGptConnection,
        id::ApplicationId,
        key::Certificate,
        oidc_key::JwsAlgorithm,
        second_factor::SecondFactorPolicy,
        use_case::UseCase,
    },
    provider::{
        applications::bad_application::BadApplication, audit::changes, error::Error, handle::Applications,
        metadata_sources::FollowChange, people::users::ChangeOutcome,
        saml::response_options::ResponseOptionsEdit,
    },
    store::EditOutcome,
};

/// Changes to an application; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct ApplicationEdit {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    pub access: Option<ApplicationAccess>,
    /// Whether its users need a second factor; `Some(None)`: what holds for them everywhere.
    pub second_factor: Option<Option<SecondFactorPolicy>>,
    /// The URL that its tile opens; `Some(None)` removes it.
    pub tile_url: Option<Option<SpUrl>>,
    /// A new ChatGPT connection: kind, ACS URL and Audience.
    pub connection: Option<ChatGptConnection>,
    /// The entity ID; the Audience becomes the same.
    pub entity_id: Option<EntityId>,
    /// The ACS endpoints, the default first.
    pub acs_endpoints: Option<Vec<AssertionConsumerService>>,
    /// Where logout messages go; `Some(None)` removes the endpoint.
    pub logout: Option<Option<LogoutEndpoint>>,
    /// The certificates that verify its requests; replaces all of them.
    pub signing_certificates: Option<Vec<Certificate>>,
    pub require_signed_requests: Option<bool>,
    /// Whether its tile may start IdP-initiated SSO, with an unsolicited Response.
    pub allow_idp_initiated: Option<bool>,
    /// How Responses are built, and which attributes they contain.
    pub response_options: ResponseOptionsEdit,
    /// What changes of a client of OpenID Connect.
    pub client: ClientEdit,
}

/// Changes to a client of OpenID Connect; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientEdit {
    /// Where authorization responses may be sent; replaces all of them.
    pub redirect_uris: Option<Vec<SpUrl>>,
    pub subject_type: Option<SubjectType>,
    pub id_token_algorithm: Option<JwsAlgorithm>,
    pub claims_in_id_token: Option<bool>,
    pub access_token_format: Option<AccessTokenFormat>,
    pub refresh: Option<RefreshPolicy>,
}

impl ClientEdit {
    fn apply(self, client: &mut Client) {
        client.redirect_uris = self.redirect_uris.unwrap_or_else(|| client.redirect_uris.clone());
        client.subject_type = self.subject_type.unwrap_or(client.subject_type);
        client.id_token_algorithm = self.id_token_algorithm.unwrap_or(client.id_token_algorithm);
        client.claims_in_id_token = self.claims_in_id_token.unwrap_or(client.claims_in_id_token);
        client.access_token_format = self.access_token_format.unwrap_or(client.access_token_format);
        client.refresh = self.refresh.unwrap_or(client.refresh);
    }
}

impl Applications<'_> {
    pub fn edit_application(
        &self,
        slug: &Slug,
        edit: ApplicationEdit,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationEdit))?;
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        self.edit_following(&found, edit, None)
    }

    /// Edits the application that was read as `found`, and lets it follow a source or none: in one transaction.
    pub(super) fn edit_following(
        &self,
        found: &Application,
        edit: ApplicationEdit,
        follow: Option<&FollowChange>,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let action = match edit.enabled {
            Some(true) => AuditAction::ApplicationEnable,
            Some(false) => AuditAction::ApplicationDisable,
            None if edit.access.is_some() => AuditAction::ApplicationAccess,
            None => AuditAction::ApplicationEdit,
        };
        let asks_more = edit.response_options.replaces_attributes() || edit.enabled == Some(true);
        let mut application = apply_edit(found.clone(), edit);
        if application == *found {
            if let Some(follow) = follow {
                self.store().write_config(|tx| follow.write(tx))?;
            }
            return Ok(Ok(ChangeOutcome::Unchanged(application)));
        }
        application.updated_at = self.now();
        if let Some(bad) = self.check_application(&application, asks_more)? {
            return Ok(Err(bad));
        }
        let event = AuditEvent {
            changes: changes::application_changes(found, &application),
            ..self.application_event(action, application.id)
        };
        let outcome = self.store().write_config(|tx| {
            let outcome = tx.edit_application(&application)?;
            if outcome == EditOutcome::Done {
                tx.add_audit_event(&event)?;
                follow.iter().try_for_each(|follow| follow.write(tx))?;
            }
            Ok(outcome)
        })?;
        application.version += 1;
        Ok(Ok(match outcome {
            EditOutcome::Done => ChangeOutcome::Done(application),
            EditOutcome::Taken => ChangeOutcome::Taken,
            EditOutcome::Stale => ChangeOutcome::Stale,
        }))
    }

    pub(in crate::provider) fn application_event(
        &self,
        action: AuditAction,
        application: ApplicationId,
    ) -> AuditEvent {
        AuditEvent {
            application: Some(application),
            ..self.event(action, "ok", None)
        }
    }
}

fn apply_edit(mut application: Application, edit: ApplicationEdit) -> Application {
    if let Some(connection) = &edit.connection {
        application.kind = connection.kind;
    }
    if let Some(tile_url) = edit.tile_url {
        application.tile_url = tile_url;
    }
    application.name = edit.name.unwrap_or(application.name);
    application.enabled = edit.enabled.unwrap_or(application.enabled);
    application.access = edit.access.unwrap_or(application.access);
    application.second_factor = edit.second_factor.unwrap_or(application.second_factor);
    let saml = match &mut application.protocol {
        Protocol::Saml(saml) => saml,
        Protocol::Oidc(client) => {
            edit.client.apply(client);
            if let Some(attributes) = edit.response_options.attributes {
                client.attributes = attributes.into();
            }
            client.keys_on = edit.response_options.keys_on.unwrap_or(client.keys_on);
            return application;
        }
    };
    if let Some(connection) = edit.connection {
        saml.entity_id = connection.audience.clone();
        saml.audience = connection.audience;
        saml.acs_endpoints = vec![AssertionConsumerService {
            location: connection.acs_url,
            index: None,
        }];
    }
    if let Some(entity_id) = edit.entity_id {
        saml.audience = entity_id.clone();
        saml.entity_id = entity_id;
    }
    if let Some(endpoints) = edit.acs_endpoints {
        saml.acs_endpoints = endpoints;
    }
    if let Some(logout) = edit.logout {
        saml.logout = logout;
    }
    if let Some(certificates) = edit.signing_certificates {
        saml.signing_certificates = certificates;
    }
    edit.response_options.apply(saml);
    saml.require_signed_requests = edit
        .require_signed_requests
        .unwrap_or(saml.require_signed_requests);
    saml.allow_idp_initiated = edit.allow_idp_initiated.unwrap_or(saml.allow_idp_initiated);
    application
}
