//! Registering, editing, disabling and removing applications.

mod bad_application;
pub mod change;
pub mod drafts;
pub mod finding;
pub mod register;
pub mod required_attributes;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    crypto::pem,
    model::{
        application::{
            Application, ApplicationKind, AssertionConsumerService, EntityId, LogoutEndpoint,
            ServiceProvider, Slug, SpUrl,
        },
        audit::AuditEvent,
        chatgpt::ChatGptConnection,
        id::ApplicationId,
        key::Certificate,
        text::{BadText, single_line},
    },
    provider::{
        audit::changes,
        core::Provider,
        error::Error,
        metadata_sources::{FollowChange, ObtainedMetadata},
        people::users::ChangeOutcome,
        saml::{
            response::UNCHECKED_SIGNATURE,
            response_options::{self, ResponseOptionsEdit},
        },
    },
    store::EditOutcome,
};

pub use crate::provider::applications::bad_application::BadApplication;

/// The values of a new application, as an administrator gives them.
#[derive(Clone, Debug)]
pub struct NewApplication {
    pub name: String,
    /// The name in URLs; derived from `name` if absent.
    pub slug: Option<Slug>,
    pub kind: ApplicationKind,
    /// The URL that its tile opens.
    pub tile_url: Option<SpUrl>,
    pub saml: ServiceProvider,
}

/// Changes to an application; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct ApplicationEdit {
    pub name: Option<String>,
    pub enabled: Option<bool>,
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
}

/// The longest name that users see, in characters.
const MAX_NAME: usize = 80;

/// Checks the name of an application or a draft.
pub fn parse_name(text: &str) -> Result<String, BadText> {
    single_line("the name", text, MAX_NAME)
}

/// Reads the certificates of a file: one or more.
pub fn read_certificates(file: &[u8]) -> Result<Vec<Certificate>, BadApplication> {
    pem::parse_certificates(file).map_err(|why| BadApplication::Certificate(why.to_string()))
}

/// Checks what can be checked without the database.
pub(in crate::provider) fn check(
    kind: ApplicationKind,
    saml: &ServiceProvider,
) -> Result<(), BadApplication> {
    if saml.require_signed_requests && saml.signing_certificates.is_empty() {
        Err(BadApplication::NoCertificate)
    } else if kind.is_chatgpt() && saml.allow_idp_initiated {
        Err(BadApplication::UnsolicitedChatGpt)
    } else {
        Ok(response_options::check_response_options(kind, saml)?)
    }
}

impl Provider {
    /// Why `application` cannot be stored as it is. With `more`, it requires more attributes than before: also checks
    /// whether all active users have them.
    fn check_application(
        &self,
        application: &Application,
        more: bool,
    ) -> Result<Option<BadApplication>, Error> {
        if let Err(bad) = check(application.kind, &application.saml) {
            return Ok(Some(bad));
        }
        for other in self.applications_with_same_entity_id(application)? {
            let of = |saml: &ServiceProvider| -> BTreeSet<String> {
                saml.acs_endpoints
                    .iter()
                    .map(|one| one.location.to_string())
                    .collect()
            };
            let (own, others) = (of(&application.saml), of(&other.saml));
            if own.is_subset(&others) || others.is_subset(&own) {
                return Ok(Some(BadApplication::SameEntityIdAndAcs {
                    entity_id: application.saml.entity_id.clone(),
                    slug: other.slug.clone(),
                }));
            }
        }
        if !(more && application.enabled) {
            return Ok(None);
        }
        let missing_attribute = self.first_missing_attribute(&application.saml.attributes)?;
        Ok(missing_attribute.map(BadApplication::MissingAttribute))
    }

    /// Other applications with the same entity ID: a request that names no ACS URL could be from any of them.
    pub fn applications_with_same_entity_id(
        &self,
        application: &Application,
    ) -> Result<Vec<Application>, Error> {
        Ok(self
            .store()
            .read(|tx| tx.applications_with_same_entity_id(application))?)
    }

    /// Adds an application that follows no metadata.
    pub fn add_application(
        &self,
        new: &NewApplication,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        self.add_following(new, None)
    }

    /// Adds an application, and lets it follow the URL that `metadata` was fetched from: in one transaction.
    fn add_following(
        &self,
        new: &NewApplication,
        metadata: Option<&ObtainedMetadata>,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let now = self.now();
        let id = ApplicationId::new(now, self.random());
        let wanted = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
        let mut application = Application {
            id,
            slug: wanted.clone(),
            name: new.name.clone(),
            kind: new.kind,
            enabled: true,
            tile_url: new.tile_url.clone(),
            saml: new.saml.clone(),
            metadata_valid_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        if let Some(bad) = self.check_application(&application, true)? {
            return Ok(Err(bad));
        }
        let event = self.application_event("app.add", id);
        let follow = match metadata {
            Some(obtained) => self.prepare_follow(id, obtained)?,
            None => None,
        };
        for number in 2..100 {
            let added = self.store().write_config(|tx| {
                let added = tx.add_application(&application)?;
                if added {
                    tx.add_audit_event(&event)?;
                    follow.iter().try_for_each(|follow| follow.write(tx))?;
                }
                Ok(added)
            })?;
            if added {
                return Ok(Ok(ChangeOutcome::Done(application)));
            }
            if new.slug.is_some() {
                break;
            }
            application.slug = wanted.with_number(number);
        }
        Ok(Ok(ChangeOutcome::Taken))
    }

    /// All applications, by name.
    pub fn applications(&self) -> Result<Vec<Arc<Application>>, Error> {
        Ok(self.fresh_snapshot()?.applications.iter().cloned().collect())
    }

    pub fn has_applications(&self) -> Result<bool, Error> {
        Ok(!self.fresh_snapshot()?.applications.is_empty())
    }

    pub fn application(&self, slug: &Slug) -> Result<Option<Arc<Application>>, Error> {
        let found = self.store().read(|tx| tx.application_by_slug(slug))?;
        Ok(found.map(Arc::new))
    }

    pub fn edit_application(
        &self,
        slug: &Slug,
        edit: ApplicationEdit,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        self.edit_following(&found, edit, None)
    }

    /// Edits the application that was read as `found`, and lets it follow a source or none: in one transaction.
    fn edit_following(
        &self,
        found: &Application,
        edit: ApplicationEdit,
        follow: Option<&FollowChange>,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let action = match edit.enabled {
            Some(true) => "app.enable",
            Some(false) => "app.disable",
            None => "app.edit",
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

    /// Removes an application and everything stored about it. Accounts at the application remain.
    pub fn remove_application(&self, slug: &Slug) -> Result<ChangeOutcome<()>, Error> {
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(ChangeOutcome::Unknown);
        };
        let event = self.application_event("app.remove", found.id);
        let removed = self.store().write_config(|tx| {
            tx.decline_entity(found.id, event.at)?;
            let removed = tx.remove_application(found.id)?;
            if removed {
                tx.remove_unused_metadata_sources()?;
                tx.add_audit_event(&event)?;
            }
            Ok(removed)
        })?;
        Ok(if removed {
            ChangeOutcome::Done(())
        } else {
            ChangeOutcome::Unknown
        })
    }

    /// When a request of `application` was last signed by a key that is not registered.
    pub fn last_unchecked_signature(
        &self,
        application: ApplicationId,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        Ok(self
            .store()
            .read(|tx| tx.last_audit_event_at(application, UNCHECKED_SIGNATURE))?)
    }

    fn application_event(&self, action: &'static str, application: ApplicationId) -> AuditEvent {
        AuditEvent {
            application: Some(application),
            ..self.event(action, "ok", None)
        }
    }
}

fn apply_edit(mut application: Application, edit: ApplicationEdit) -> Application {
    let saml = &mut application.saml;
    if let Some(connection) = edit.connection {
        application.kind = connection.kind;
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
    if let Some(consumers) = edit.acs_endpoints {
        saml.acs_endpoints = consumers;
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
    if let Some(tile_url) = edit.tile_url {
        application.tile_url = tile_url;
    }
    application.name = edit.name.unwrap_or(application.name);
    application.enabled = edit.enabled.unwrap_or(application.enabled);
    application
}
