//! Parses the arguments about an application into the types that the provider takes.

use anyhow::{Context, Result};

use crate::{
    cli::app::{
        arguments::{AddChatGptArguments, AddSamlArguments, EditArguments},
        certificates::read_certificates,
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

pub(super) fn new_workspace(args: &AddChatGptArguments) -> Result<NewWorkspace> {
    Ok(NewWorkspace {
        connection: chatgpt::parse_connection(args.acs.trim(), args.audience.trim())?,
        name: args.name.clone(),
        slug: args.slug.as_deref().map(Slug::parse).transpose()?,
        tile_url: args.tile_url.as_deref().map(parse_tile_url).transpose()?,
    })
}

pub(super) fn new_service_provider(args: AddSamlArguments) -> Result<NewServiceProvider> {
    Ok(NewServiceProvider {
        name: args.name,
        slug: args.slug.as_deref().map(Slug::parse).transpose()?,
        tile_url: args.tile_url.as_deref().map(parse_tile_url).transpose()?,
        entity_id: args.entity_id.as_deref().map(parse_entity_id).transpose()?,
        acs_urls: args
            .acs
            .iter()
            .map(|text| parse_url(text))
            .collect::<Result<_>>()?,
        logout_url: args.slo.as_deref().map(parse_url).transpose()?,
        signing_certificates: args.certificate.as_ref().map(read_certificates).transpose()?,
        require_signed_requests: args.require_signed_requests,
        allow_idp_initiated: args.allow_idp_initiated,
        response_options: args.response_options.edit()?,
    })
}

pub(super) fn application_change(args: EditArguments) -> Result<ApplicationChange> {
    Ok(ApplicationChange {
        name: args.name,
        acs_urls: args.acs,
        audience: args.audience,
        entity_id: args.entity_id.as_deref().map(parse_entity_id).transpose()?,
        tile_url: args
            .tile_url
            .as_deref()
            .map(|text| unless_empty(text).map(parse_tile_url).transpose())
            .transpose()?,
        logout_url: args
            .slo
            .as_deref()
            .map(|text| unless_empty(text).map(parse_url).transpose())
            .transpose()?,
        signing_certificates: args.certificate.as_ref().map(read_certificates).transpose()?,
        require_signed_requests: args.require_signed_requests,
        allow_idp_initiated: args.allow_idp_initiated,
        response_options: args.response_options.edit()?,
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
