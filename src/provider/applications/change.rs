//! Changing an application: what an administrator gives, what new metadata says, and which of the two wins.

use crate::{
    model::{
        application::{Application, EntityId, Slug, SpUrl},
        audit_action::AuditAction,
        chatgpt,
        key::Certificate,
        second_factor::SecondFactorPolicy,
        use_case::UseCase,
    },
    provider::{
        applications::{
            bad_application::BadApplication,
            edit::{ApplicationEdit, ClientEdit},
            finding::ApplicationFinding,
            register::{acs_endpoints, check_entity_id, logout_endpoint},
            rules::parse_name,
        },
        error::Error,
        handle::Applications,
        metadata_sources::{FollowChange, ObtainedMetadata},
        people::users::ChangeOutcome,
        saml::{import::ImportedMetadata, response_options::ResponseOptionsEdit},
    },
};

/// What an administrator changes of an application; what is `None` or empty is not mentioned.
#[derive(Debug, Default)]
pub struct ApplicationChange {
    pub name: Option<String>,
    /// Where Responses go, the default first. For ChatGPT: the **ACS URL**, which changes with `audience`.
    pub acs_urls: Vec<String>,
    /// For ChatGPT: the **Audience**, which changes with the ACS URL.
    pub audience: Option<String>,
    /// For others than ChatGPT.
    pub entity_id: Option<EntityId>,
    /// The URL that its tile opens; `Some(None)` removes it.
    pub tile_url: Option<Option<SpUrl>>,
    /// Where logout messages go, over HTTP-Redirect; `Some(None)` removes the endpoint.
    pub logout_url: Option<Option<SpUrl>>,
    pub signing_certificates: Option<Vec<Certificate>>,
    /// Whether its users need a second factor there; `Some(None)`: what holds for them everywhere.
    pub second_factor: Option<Option<SecondFactorPolicy>>,
    pub require_signed_requests: Option<bool>,
    pub allow_idp_initiated: Option<bool>,
    pub response_options: ResponseOptionsEdit,
    pub client: ClientEdit,
}

/// A change that was accepted.
#[derive(Debug)]
pub struct ChangedApplication {
    pub outcome: ChangeOutcome<Application>,
    /// What the administrator should know about new metadata.
    pub findings: Vec<ApplicationFinding>,
}

impl Applications<'_> {
    /// Changes an application, and lets it follow the URL that new metadata was fetched from; metadata from a file ends
    /// that. Both in one transaction.
    pub fn change_application(
        &self,
        slug: &Slug,
        change: ApplicationChange,
        metadata: Option<&ObtainedMetadata>,
    ) -> Result<Result<ChangedApplication, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationEdit))?;
        let Some(before) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Ok(ChangedApplication {
                outcome: ChangeOutcome::Unknown,
                findings: Vec::new(),
            }));
        };
        let edit = match describe_edit(&before, change, metadata.map(|obtained| &obtained.imported)) {
            Ok(edit) => edit,
            Err(bad) => return Ok(Err(bad)),
        };
        // ChatGPT's URLs come from its SSO page: metadata adds to them once, and is not followed.
        let follow = match metadata {
            Some(obtained) if !before.kind.is_chatgpt() => self
                .metadata_sources(self.actor)
                .prepare_follow(before.id, obtained)?,
            Some(_) | None => None,
        };
        let outcome = match self.edit_following(&before, edit, follow.as_ref())? {
            Ok(outcome) => outcome,
            Err(bad) => return Ok(Err(bad)),
        };
        let mut findings = Vec::new();
        if let (ChangeOutcome::Done(application) | ChangeOutcome::Unchanged(application), Some(obtained)) =
            (&outcome, metadata)
        {
            if before.kind.is_chatgpt() {
                findings.extend(ApplicationFinding::of_weak_metadata(&obtained.imported));
            } else {
                findings.extend(ApplicationFinding::of_metadata(application, &obtained.imported));
                findings.extend(self.shared_entity_id(application)?);
                findings.extend(follow.map(FollowChange::finding));
            }
        }
        Ok(Ok(ChangedApplication { outcome, findings }))
    }
}

/// Refuses what the application's protocol does not have.
fn check_protocol(
    application: &Application,
    change: &ApplicationChange,
    has_metadata: bool,
) -> Result<(), BadApplication> {
    let name = || application.name.clone();
    if application.oidc().is_none() {
        return if change.client == ClientEdit::default() {
            Ok(())
        } else {
            Err(BadApplication::NotOidc(name()))
        };
    }
    let is_of_saml = has_metadata
        || !change.acs_urls.is_empty()
        || change.audience.is_some()
        || change.entity_id.is_some()
        || change.logout_url.is_some()
        || change.signing_certificates.is_some()
        || change.require_signed_requests.is_some()
        || change.allow_idp_initiated.is_some()
        || change.response_options.is_of_saml();
    if is_of_saml {
        Err(BadApplication::NotSaml(name()))
    } else {
        Ok(())
    }
}

/// The edit that a change amounts to.
fn describe_edit(
    application: &Application,
    change: ApplicationChange,
    metadata: Option<&ImportedMetadata>,
) -> Result<ApplicationEdit, BadApplication> {
    let is_chatgpt = application.kind.is_chatgpt();
    check_protocol(application, &change, metadata.is_some())?;
    let mut edit = ApplicationEdit {
        name: change.name.as_deref().map(parse_name).transpose()?,
        tile_url: change.tile_url,
        second_factor: change.second_factor,
        require_signed_requests: change.require_signed_requests,
        allow_idp_initiated: change.allow_idp_initiated,
        response_options: change.response_options,
        client: change.client,
        ..ApplicationEdit::default()
    };
    if is_chatgpt {
        if let Some(Some(tile)) = &edit.tile_url {
            chatgpt::check_tile(tile).map_err(BadApplication::TileUrl)?;
        }
        if change.entity_id.is_some() {
            return Err(BadApplication::EntityIdOfChatGpt);
        }
        edit.connection = match (change.acs_urls.as_slice(), &change.audience) {
            ([], None) => None,
            ([acs], Some(audience)) => Some(chatgpt::parse_connection(acs.trim(), audience.trim())?),
            (_, _) => return Err(BadApplication::HalfConnection),
        };
    } else if change.audience.is_some() {
        return Err(BadApplication::AudienceIsEntityId);
    } else if !change.acs_urls.is_empty() {
        let urls = change.acs_urls.iter().map(|text| SpUrl::parse(text.trim()));
        edit.acs_endpoints = Some(acs_endpoints(urls.collect::<Result<Vec<_>, _>>()?));
    }
    let is_certificate_given = change.signing_certificates.is_some();
    edit.entity_id = change.entity_id;
    if let Some(found) = metadata {
        add_metadata(&mut edit, application, found, is_certificate_given)?;
    }
    if let Some(url) = change.logout_url {
        edit.logout = Some(url.map(logout_endpoint));
    }
    if let Some(certificates) = change.signing_certificates {
        edit.signing_certificates = Some(certificates);
    }
    Ok(edit)
}

/// Adds what the metadata says and the administrator does not. What the metadata does not mention stays as it is.
fn add_metadata(
    edit: &mut ApplicationEdit,
    application: &Application,
    found: &ImportedMetadata,
    is_certificate_given: bool,
) -> Result<(), BadApplication> {
    let connection = edit.connection.as_ref().map(|connection| &connection.audience);
    let entity_id = connection.or(edit.entity_id.as_ref());
    if let Some(entity_id) = entity_id.or(application.entity_id()) {
        check_entity_id(found, entity_id)?;
    }
    if !application.kind.is_chatgpt() {
        if edit.require_signed_requests.is_none() && !is_certificate_given {
            found.check_keys()?;
        }
        if edit.acs_endpoints.is_none() && !found.acs_endpoints.is_empty() {
            edit.acs_endpoints = Some(found.acs_endpoints.clone());
        }
        if found.signs_requests {
            edit.require_signed_requests = edit.require_signed_requests.or(Some(true));
        }
        if !found.encryption_certificates.is_empty() {
            edit.response_options
                .encryption_certificates
                .get_or_insert_with(|| found.encryption_certificates.clone());
        }
    }
    edit.logout = found.logout.clone().map(Some);
    if !found.signing_certificates.is_empty() {
        edit.signing_certificates = Some(found.signing_certificates.clone());
    }
    Ok(())
}
