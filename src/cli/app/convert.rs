//! Parses the arguments about an application into the types that the provider takes.

use anyhow::{Context, Result};

use crate::{
    cli::{
        app::{
            arguments::{
                AddChatGptArguments, AddClientArguments, AddSamlArguments, ClientEditArguments, EditArguments,
            },
            certificates::read_certificates,
        },
        second_factor,
    },
    model::{
        application::{
            AccessTokenFormat, ApplicationAccess, ClientType, EntityId, RefreshPolicy, Slug, SpUrl,
            SubjectType,
        },
        chatgpt,
        client_template::ClientTemplate,
        oidc_key::JwsAlgorithm,
    },
    provider::applications::{
        ClientEdit,
        change::ApplicationChange,
        register::{NewServiceProvider, NewWorkspace},
        register_client::NewClient,
    },
};

pub(super) fn new_workspace(arguments: &AddChatGptArguments) -> Result<NewWorkspace> {
    Ok(NewWorkspace {
        connection: chatgpt::parse_connection(arguments.acs.trim(), arguments.audience.trim())?,
        name: arguments.name.clone(),
        slug: arguments.slug.as_deref().map(Slug::parse).transpose()?,
        tile_url: arguments.tile_url.as_deref().map(parse_tile_url).transpose()?,
        access: arguments.access.into(),
    })
}

pub(super) fn new_service_provider(arguments: AddSamlArguments) -> Result<NewServiceProvider> {
    Ok(NewServiceProvider {
        name: arguments.name,
        slug: arguments.slug.as_deref().map(Slug::parse).transpose()?,
        tile_url: arguments.tile_url.as_deref().map(parse_tile_url).transpose()?,
        access: Some(arguments.access.into()),
        entity_id: arguments.entity_id.as_deref().map(parse_entity_id).transpose()?,
        acs_urls: arguments
            .acs
            .iter()
            .map(|text| parse_url(text))
            .collect::<Result<_>>()?,
        logout_url: arguments.slo.as_deref().map(parse_url).transpose()?,
        signing_certificates: arguments
            .certificate
            .as_ref()
            .map(read_certificates)
            .transpose()?,
        require_signed_requests: arguments.require_signed_requests,
        allow_idp_initiated: arguments.allow_idp_initiated,
        response_options: arguments.response_options.edit()?,
    })
}

pub(super) fn application_change(arguments: EditArguments) -> Result<ApplicationChange> {
    Ok(ApplicationChange {
        name: arguments.name,
        acs_urls: arguments.acs,
        audience: arguments.audience,
        entity_id: arguments.entity_id.as_deref().map(parse_entity_id).transpose()?,
        tile_url: arguments
            .tile_url
            .as_deref()
            .map(|text| unless_empty(text).map(parse_tile_url).transpose())
            .transpose()?,
        logout_url: arguments
            .slo
            .as_deref()
            .map(|text| unless_empty(text).map(parse_url).transpose())
            .transpose()?,
        signing_certificates: arguments
            .certificate
            .as_ref()
            .map(read_certificates)
            .transpose()?,
        second_factor: arguments
            .second_factor
            .as_deref()
            .map(second_factor::parse_rule)
            .transpose()?,
        require_signed_requests: arguments.require_signed_requests,
        allow_idp_initiated: arguments.allow_idp_initiated,
        response_options: arguments.response_options.edit()?,
        client: client_edit(&arguments.client)?,
    })
}

/// Trims the white space that copying adds.
pub(super) fn parse_entity_id(text: &str) -> Result<EntityId> {
    Ok(EntityId::parse(text.trim())?)
}

/// Trims the white space that copying adds.
fn parse_url(text: &str) -> Result<SpUrl> {
    Ok(SpUrl::parse(text.trim())?)
}

fn parse_tile_url(text: &str) -> Result<SpUrl> {
    parse_url(text).context("the tile URL cannot be used")
}

pub(super) fn new_client(template: ClientTemplate, arguments: AddClientArguments) -> Result<NewClient> {
    let default_access = match template {
        ClientTemplate::ChatGpt => ApplicationAccess::Assigned,
        ClientTemplate::Generic | ClientTemplate::GptAction | ClientTemplate::LibreChat => {
            ApplicationAccess::Everyone
        }
    };
    Ok(NewClient {
        template,
        name: arguments.name,
        slug: arguments.slug.as_deref().map(Slug::parse).transpose()?,
        tile_url: arguments.tile_url.as_deref().map(parse_tile_url).transpose()?,
        access: arguments.access.map_or(default_access, ApplicationAccess::from),
        client_type: if arguments.public {
            ClientType::Public
        } else {
            ClientType::Confidential
        },
        redirect_uris: parse_redirect_uris(&arguments.redirect_uri)?,
        subject_type: parse_word(arguments.subject.as_deref(), SubjectType::from_name, SUBJECTS)?,
        refresh: parse_word(arguments.refresh.as_deref(), RefreshPolicy::from_name, REFRESHES)?,
    })
}

const SUBJECTS: &str = "--subject is one of id, pairwise and email";
const REFRESHES: &str = "--refresh is one of never, offline_access and always";

fn client_edit(arguments: &ClientEditArguments) -> Result<ClientEdit> {
    let uris = parse_redirect_uris(&arguments.redirect_uri)?;
    Ok(ClientEdit {
        redirect_uris: Some(uris).filter(|uris| !uris.is_empty()),
        subject_type: parse_word(arguments.subject.as_deref(), SubjectType::from_name, SUBJECTS)?,
        id_token_algorithm: parse_word(
            arguments.id_token_algorithm.as_deref(),
            JwsAlgorithm::from_name,
            "--id-token-algorithm is RS256 or ES256",
        )?,
        claims_in_id_token: arguments.claims_in_id_token,
        access_token_format: parse_word(
            arguments.access_token.as_deref(),
            AccessTokenFormat::from_name,
            "--access-token is opaque or jwt",
        )?,
        refresh: parse_word(arguments.refresh.as_deref(), RefreshPolicy::from_name, REFRESHES)?,
    })
}

fn parse_redirect_uris(texts: &[String]) -> Result<Vec<SpUrl>> {
    texts
        .iter()
        .map(|text| parse_url(text).context("the redirect URI cannot be used"))
        .collect()
}

fn parse_word<T>(
    word: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<Option<T>> {
    word.map(|word| parse(word).context(expected)).transpose()
}

/// An empty text removes a value.
fn unless_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
