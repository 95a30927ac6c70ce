//! Parses the arguments about an application into the types that the provider takes.

use anyhow::{Context, Result};

use crate::{
    cli::{
        app::{
            arguments::{AddChatGptArguments, AddSamlArguments, EditArguments},
            certificates::read_certificates,
        },
        second_factor,
    },
    model::{
        application::{EntityId, Slug, SpUrl},
        chatgpt,
    },
    provider::applications::{
        change::ApplicationChange,
        register::{NewServiceProvider, NewWorkspace},
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

/// An empty text removes a value.
fn unless_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
