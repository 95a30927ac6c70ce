//! Applications: registered, edited, switched off.

pub mod drafts;
pub mod required_attributes;

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    keys::pem,
    model::{
        application::{
            Application, ApplicationKind, AssertionConsumerService, EntityId, LogoutEndpoint,
            ServiceProvider, Slug, SpUrl,
        },
        audit::AuditEvent,
        chatgpt::ChatGptConnection,
        id::ApplicationId,
        key::Certificate,
        text::BadText,
    },
    provider::{
        Provider,
        applications::required_attributes::MissingAttribute,
        audit::changes,
        error::Error,
        people::users::ChangeOutcome,
        saml::{
            response::UNCHECKED_SIGNATURE,
            response_options::{self, BadResponseOptions, ResponseOptionsEdit},
        },
    },
    saml::metadata::sp::BadMetadata,
    store::EditOutcome,
};

/// What an administrator says of a new application.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// Its name for people.
    pub name: String,
    /// Its name in addresses; made of `name` if absent.
    pub slug: Option<Slug>,
    /// What it is.
    pub kind: ApplicationKind,
    /// What its tile opens.
    pub tile_url: Option<SpUrl>,
    /// What SAML needs to know.
    pub saml: ServiceProvider,
}

/// What changes about an application; absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ApplicationEdit {
    /// Its name for people.
    pub name: Option<String>,
    /// Whether it may be used.
    pub enabled: Option<bool>,
    /// What its tile opens; `Some(None)` takes the bookmark away.
    pub tile_url: Option<Option<SpUrl>>,
    /// A new connection of ChatGPT: shape, ACS URL and Audience.
    pub connection: Option<ChatGptConnection>,
    /// Its entity ID, which is also the audience.
    pub entity_id: Option<EntityId>,
    /// Where responses go, the default first.
    pub acs_endpoints: Option<Vec<AssertionConsumerService>>,
    /// Where logout messages go; `Some(None)` takes the address away.
    pub logout: Option<Option<LogoutEndpoint>>,
    /// The certificates of its requests, all of them.
    pub signing_certificates: Option<Vec<Certificate>>,
    /// Whether requests must be signed.
    pub require_signed_requests: Option<bool>,
    /// Whether its tile may send a response that nobody asked for.
    pub allow_idp_initiated: Option<bool>,
    /// How responses are made, and what they say of people.
    pub response_options: ResponseOptionsEdit,
}

/// Why an application is not taken as described.
#[derive(Debug, thiserror::Error)]
pub enum BadApplication {
    /// Signatures are demanded that nothing could be held against.
    #[error(
        "signed requests cannot be required without the application's certificate: add --certificate FILE or --metadata FILE"
    )]
    NoCertificate,
    /// It says that it signs its requests, and none of its keys is used.
    #[error(
        "its metadata says that it signs its requests, and no key of it can be used ({0}). Give its certificate with --certificate FILE, or take its requests unsigned with --require-signed-requests false"
    )]
    SignsWithoutKey(String),
    /// Another application is known by the same entity ID, and no ACS URL tells the two apart.
    #[error(
        "the entity ID {entity_id} is that of {slug}, and no ACS URL tells the two apart: nobody could sign in to either. Change that one with `hallpass app edit {slug}`, or remove it first"
    )]
    SameEntityIdAndAcs {
        /// The entity ID of both.
        entity_id: EntityId,
        /// The application that has it already.
        slug: Slug,
    },
    /// A value that is none.
    #[error(transparent)]
    Text(#[from] BadText),
    /// Metadata that cannot be used.
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    /// A certificate that cannot be used.
    #[error("a certificate cannot be used: {0}")]
    Certificate(String),
    /// A text that no message could carry.
    #[error("the metadata holds a character that no message can carry")]
    UnwritableCharacter,
    /// ChatGPT takes no response that it did not ask for.
    #[error(
        "ChatGPT takes no response that it did not ask for: give its tile the address from its SSO page with --tile-url"
    )]
    UnsolicitedChatGpt,
    /// Responses that cannot be made so.
    #[error(transparent)]
    ResponseOptions(#[from] BadResponseOptions),
    /// People would be shut out.
    #[error("nothing was changed: {0}")]
    MissingAttribute(MissingAttribute),
}

/// Reads the certificates of a file: one or several.
pub fn read_certificates(file: &[u8]) -> Result<Vec<Certificate>, BadApplication> {
    pem::parse_certificates(file).map_err(|why| BadApplication::Certificate(why.to_string()))
}

/// Whether an application may be so.
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

impl BadApplication {
    /// Whether what was asked for is not in the metadata at all.
    pub(in crate::provider) const fn is_entity_absent(&self) -> bool {
        matches!(self, Self::Metadata(BadMetadata::NoServiceProvider(_)))
    }
}

impl Provider {
    /// Why `application` may not be so; where it asks for `more` of people than before, also whether they
    /// have it.
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

    /// Other applications with the same entity ID: requests that name no ACS URL cannot be told apart.
    pub fn applications_with_same_entity_id(
        &self,
        application: &Application,
    ) -> Result<Vec<Arc<Application>>, Error> {
        let snapshot = self.fresh_snapshot()?;
        let all = snapshot.by_entity_id(&application.saml.entity_id).iter();
        Ok(all.filter(|other| other.id != application.id).cloned().collect())
    }

    /// Registers an application.
    pub fn add_application(
        &self,
        new: &NewApplication,
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
        for number in 2..100 {
            let added = self.store().write(|tx| {
                let added = tx.add_application(&application)?;
                if added {
                    tx.raise_generation()?;
                    tx.add_audit_event(&event)?;
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

    /// Every application, by name.
    pub fn applications(&self) -> Result<Vec<Arc<Application>>, Error> {
        Ok(self.fresh_snapshot()?.applications.clone())
    }

    /// The application with this slug.
    pub fn application(&self, slug: &Slug) -> Result<Option<Arc<Application>>, Error> {
        Ok(self.fresh_snapshot()?.by_slug(slug).map(Arc::clone))
    }

    /// Changes an application.
    pub fn edit_application(
        &self,
        slug: &Slug,
        edit: ApplicationEdit,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        let action = match edit.enabled {
            Some(true) => "app.enable",
            Some(false) => "app.disable",
            None => "app.edit",
        };
        let asks_more = edit.response_options.attributes.is_some() || edit.enabled == Some(true);
        let mut application = apply_edit(found.clone(), edit);
        if application == found {
            return Ok(Ok(ChangeOutcome::Unchanged(found)));
        }
        application.updated_at = self.now();
        if let Some(bad) = self.check_application(&application, asks_more)? {
            return Ok(Err(bad));
        }
        let event = AuditEvent {
            changes: changes::application_changes(&found, &application),
            ..self.application_event(action, application.id)
        };
        let outcome = self.store().write(|tx| {
            let outcome = tx.edit_application(&application)?;
            if outcome == EditOutcome::Done {
                tx.raise_generation()?;
                tx.add_audit_event(&event)?;
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

    /// Takes an application away, with all that it was told. Accounts at the application stay.
    pub fn remove_application(&self, slug: &Slug) -> Result<ChangeOutcome<()>, Error> {
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(ChangeOutcome::Unknown);
        };
        let event = self.application_event("app.remove", found.id);
        let removed = self.store().write(|tx| {
            tx.decline_entity(found.id, event.at)?;
            let removed = tx.remove_application(found.id)?;
            if removed {
                tx.remove_unused_metadata_sources()?;
                tx.raise_generation()?;
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

    /// When a request of `application` was last signed by a key that nobody registered, if it was.
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
