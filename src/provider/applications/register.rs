//! Registering an application: what an administrator gives, what its metadata says, and which of the two wins.

use crate::{
    model::{
        application::{
            Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, Binding, EntityId,
            LogoutEndpoint, ServiceProvider, Slug, SpUrl,
        },
        audit_action::AuditAction,
        chatgpt::{self, ChatGptConnection},
        key::Certificate,
        preset::Preset,
        use_case::UseCase,
    },
    provider::{
        applications::{
            add::DescribedApplication, bad_application::BadApplication, finding::ApplicationFinding,
            rules::parse_name,
        },
        error::Error,
        handle::Applications,
        metadata_sources::ObtainedMetadata,
        people::users::ChangeOutcome,
        saml::{import::ImportedMetadata, response_options::ResponseOptionsEdit},
    },
};

/// The name of a ChatGPT workspace, unless another is given.
pub const WORKSPACE_NAME: &str = "ChatGPT";

/// A ChatGPT workspace, by what its SSO page shows.
#[derive(Debug)]
pub struct NewWorkspace {
    /// The name that users see.
    pub name: String,
    /// The name in URLs; derived from `name` if absent.
    pub slug: Option<Slug>,
    /// The URL that its tile opens.
    pub tile_url: Option<SpUrl>,
    pub access: ApplicationAccess,
    pub connection: ChatGptConnection,
}

/// A SAML service provider, by its metadata, by its values, or by both. A value that is given wins over the metadata,
/// and the metadata over the default.
#[derive(Debug, Default)]
pub struct NewServiceProvider {
    /// The name that users see; that of the metadata if absent, or the host of the ACS.
    pub name: Option<String>,
    /// The name in URLs; derived from the name if absent.
    pub slug: Option<Slug>,
    /// The URL that its tile opens.
    pub tile_url: Option<SpUrl>,
    /// Everyone if absent.
    pub access: Option<ApplicationAccess>,
    /// Also selects one of several entities in the metadata.
    pub entity_id: Option<EntityId>,
    /// Where Responses go, the default first.
    pub acs_urls: Vec<SpUrl>,
    /// Where logout messages go, over HTTP-Redirect.
    pub logout_url: Option<SpUrl>,
    pub signing_certificates: Option<Vec<Certificate>>,
    /// As the metadata says if absent.
    pub require_signed_requests: Option<bool>,
    pub allow_idp_initiated: bool,
    pub response_options: ResponseOptionsEdit,
}

/// The outcome of a registration.
#[derive(Debug)]
pub enum RegisterOutcome {
    Done {
        application: Box<Application>,
        /// What the administrator should know about its metadata.
        findings: Vec<ApplicationFinding>,
    },
    /// The slug is taken.
    SlugTaken(Slug),
}

impl Applications<'_> {
    /// Registers a ChatGPT workspace. Its metadata adds certificates and a logout endpoint, once: its URLs come from
    /// ChatGPT's SSO page, so the metadata is not followed.
    pub fn register_workspace(
        &self,
        new: NewWorkspace,
        metadata: Option<&ObtainedMetadata>,
    ) -> Result<Result<RegisterOutcome, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAdd))?;
        match describe_workspace(new, metadata.map(|obtained| &obtained.imported)) {
            Ok(new) => self.register(&new, None),
            Err(bad) => Ok(Err(bad)),
        }
    }

    /// Registers a service provider, and lets it follow the URL that its metadata was fetched from, if there is one:
    /// in one transaction.
    pub fn register_service_provider(
        &self,
        new: NewServiceProvider,
        metadata: Option<&ObtainedMetadata>,
    ) -> Result<Result<RegisterOutcome, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationAdd))?;
        match describe_service_provider(new, metadata.map(|obtained| &obtained.imported)) {
            Ok(new) => self.register(&new, metadata),
            Err(bad) => Ok(Err(bad)),
        }
    }

    fn register(
        &self,
        new: &DescribedApplication,
        metadata: Option<&ObtainedMetadata>,
    ) -> Result<Result<RegisterOutcome, BadApplication>, Error> {
        let outcome = match self.add_following(new, metadata, None)? {
            Ok(outcome) => outcome,
            Err(bad) => return Ok(Err(bad)),
        };
        let ChangeOutcome::Done(application) = outcome else {
            let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
            return Ok(Ok(RegisterOutcome::SlugTaken(slug)));
        };
        let mut findings = Vec::new();
        if let Some(obtained) = metadata {
            findings.extend(ApplicationFinding::of_metadata(&application, &obtained.imported));
        }
        findings.extend(self.shared_entity_id(&application)?);
        Ok(Ok(RegisterOutcome::Done {
            application: Box::new(application),
            findings,
        }))
    }
}

fn describe_workspace(
    new: NewWorkspace,
    metadata: Option<&ImportedMetadata>,
) -> Result<DescribedApplication, BadApplication> {
    let connection = new.connection;
    if let Some(metadata) = metadata {
        check_entity_id(metadata, &connection.audience)?;
    }
    if let Some(tile) = &new.tile_url {
        chatgpt::check_tile(tile).map_err(BadApplication::TileUrl)?;
    }
    let (logout, signing_certificates) = metadata
        .map(|found| (found.logout.clone(), found.signing_certificates.clone()))
        .unwrap_or_default();
    Ok(DescribedApplication {
        name: parse_name(&new.name)?,
        slug: new.slug,
        kind: connection.kind,
        access: new.access,
        tile_url: new.tile_url,
        protocol: ServiceProvider {
            logout,
            signing_certificates,
            attributes: Preset::ChatGpt.attributes().into(),
            ..ServiceProvider::with_defaults(connection.audience, acs_endpoints([connection.acs_url]))
        }
        .into(),
    })
}

fn describe_service_provider(
    new: NewServiceProvider,
    metadata: Option<&ImportedMetadata>,
) -> Result<DescribedApplication, BadApplication> {
    if let Some(found) = metadata
        && new.signing_certificates.is_none()
        && new.require_signed_requests.is_none()
    {
        found.check_keys()?;
    }
    let mut saml = match (metadata, new.entity_id) {
        (Some(found), entity_id) => {
            let mut saml = found.service_provider();
            if let Some(entity_id) = entity_id {
                saml.audience = entity_id.clone();
                saml.entity_id = entity_id;
            }
            saml
        }
        (None, Some(entity_id)) if !new.acs_urls.is_empty() => {
            ServiceProvider::with_defaults(entity_id, Vec::new())
        }
        (None, _) => return Err(BadApplication::NotDescribed),
    };
    if !new.acs_urls.is_empty() {
        saml.acs_endpoints = acs_endpoints(new.acs_urls);
    }
    if let Some(url) = new.logout_url {
        saml.logout = Some(logout_endpoint(url));
    }
    if let Some(certificates) = new.signing_certificates {
        saml.signing_certificates = certificates;
    }
    let Some(first) = saml.acs_endpoints.first() else {
        let refused = metadata.map(|found| found.refused_acs.join("; "));
        return Err(match refused.filter(|why| !why.is_empty()) {
            Some(why) => BadApplication::NoUsableAcs(why),
            None => BadApplication::NoAcs,
        });
    };
    let name = new
        .name
        .or_else(|| metadata.map(ImportedMetadata::name))
        .unwrap_or_else(|| first.location.host());
    saml.require_signed_requests = new
        .require_signed_requests
        .unwrap_or(saml.require_signed_requests);
    saml.allow_idp_initiated = new.allow_idp_initiated;
    new.response_options.apply(&mut saml);
    Ok(DescribedApplication {
        name: parse_name(&name)?,
        slug: new.slug,
        kind: ApplicationKind::Other,
        access: new.access.unwrap_or(ApplicationAccess::Everyone),
        tile_url: new.tile_url,
        protocol: saml.into(),
    })
}

/// Refuses the metadata of another application: it would bring that application's key.
pub(super) fn check_entity_id(
    metadata: &ImportedMetadata,
    expected: &EntityId,
) -> Result<(), BadApplication> {
    if metadata.entity_id == *expected {
        Ok(())
    } else {
        Err(BadApplication::OtherMetadata {
            found: metadata.entity_id.clone(),
            expected: expected.clone(),
        })
    }
}

pub(super) fn acs_endpoints(urls: impl IntoIterator<Item = SpUrl>) -> Vec<AssertionConsumerService> {
    urls.into_iter()
        .map(|location| AssertionConsumerService {
            location,
            index: None,
        })
        .collect()
}

/// An endpoint that was given by its URL: over HTTP-Redirect.
pub(super) fn logout_endpoint(location: SpUrl) -> LogoutEndpoint {
    LogoutEndpoint {
        binding: Binding::Redirect,
        location,
        response_location: None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::provider::saml::import::import;

    const FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

    fn metadata(acs: &str) -> ImportedMetadata {
        let xml = format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"urn:test:sp\">\
             <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:NameIDFormat>{FORMAT}</md:NameIDFormat>\
             <md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"{acs}\" index=\"0\"/>\
             </md:SPSSODescriptor></md:EntityDescriptor>"
        );
        import(&xml, None, DateTime::UNIX_EPOCH).unwrap()
    }

    fn url(text: &str) -> SpUrl {
        SpUrl::parse(text).unwrap()
    }

    #[test]
    fn a_value_wins_over_the_metadata_and_the_metadata_over_the_default() {
        let found = metadata("https://sp.example/acs");
        let plain = describe_service_provider(NewServiceProvider::default(), Some(&found)).unwrap();
        assert_eq!(
            (plain.name.as_str(), plain.kind),
            ("sp.example", ApplicationKind::Other)
        );
        assert_eq!(plain.protocol, found.service_provider().into());

        let new = NewServiceProvider {
            name: Some(" Wiki ".to_owned()),
            entity_id: Some(EntityId::parse("urn:test:other").unwrap()),
            acs_urls: vec![url("https://other.example/acs")],
            logout_url: Some(url("https://other.example/slo")),
            response_options: ResponseOptionsEdit {
                preset: Some(Preset::GitLab),
                ..ResponseOptionsEdit::default()
            },
            ..NewServiceProvider::default()
        };
        let given = describe_service_provider(new, Some(&found)).unwrap();
        let crate::model::application::Protocol::Saml(saml) = given.protocol else {
            panic!("a service provider")
        };
        assert_eq!(given.name, "Wiki");
        assert_eq!(
            (saml.entity_id.as_str(), saml.audience.as_str()),
            ("urn:test:other", "urn:test:other")
        );
        assert_eq!(
            saml.acs_endpoints,
            acs_endpoints([url("https://other.example/acs")])
        );
        assert_eq!(
            saml.logout,
            Some(logout_endpoint(url("https://other.example/slo")))
        );
        assert_eq!(*saml.attributes, Preset::GitLab.attributes());
        assert_eq!(saml.name_id_format, Preset::GitLab.name_id_format());
    }

    #[test]
    fn what_is_given_beside_a_preset_wins() {
        let mut saml = metadata("https://sp.example/acs").service_provider();
        let edit = ResponseOptionsEdit {
            preset: Some(Preset::GitLab),
            name_id_format: Some(crate::model::name_id::NameIdFormat::Unspecified),
            ..ResponseOptionsEdit::default()
        };
        edit.apply(&mut saml);
        assert_eq!(
            saml.name_id_format,
            crate::model::name_id::NameIdFormat::Unspecified
        );
        assert_eq!(*saml.attributes, Preset::GitLab.attributes());
    }

    #[test]
    fn what_is_missing_is_refused() {
        let refusal =
            |new, metadata: Option<&ImportedMetadata>| describe_service_provider(new, metadata).unwrap_err();
        let bare = NewServiceProvider::default;
        assert!(matches!(refusal(bare(), None), BadApplication::NotDescribed));
        let only_entity_id = NewServiceProvider {
            entity_id: Some(EntityId::parse("urn:test:sp").unwrap()),
            ..bare()
        };
        assert!(matches!(
            refusal(only_entity_id, None),
            BadApplication::NotDescribed
        ));
        let unusable = metadata("javascript:alert(1)");
        assert!(matches!(
            refusal(bare(), Some(&unusable)),
            BadApplication::NoUsableAcs(_)
        ));
        let connection =
            chatgpt::parse_connection("https://external.auth.openai.com/sso/saml/acs/A", "A").unwrap();
        let workspace = NewWorkspace {
            name: WORKSPACE_NAME.to_owned(),
            slug: None,
            tile_url: None,
            access: ApplicationAccess::Assigned,
            connection,
        };
        let other = metadata("https://sp.example/acs");
        assert!(matches!(
            describe_workspace(workspace, Some(&other)),
            Err(BadApplication::OtherMetadata { .. })
        ));
    }
}
