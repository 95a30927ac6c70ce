//! Converts the arguments about an application into the types that the provider takes.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    cli::app::{
        arguments::{AddChatGptArguments, AddSamlArguments, EditArguments},
        find_application, metadata,
    },
    model::{
        application::{
            ApplicationKind, AssertionConsumerService, Binding, EntityId, LogoutEndpoint, ServiceProvider,
            Slug, SpUrl,
        },
        chatgpt,
        key::Certificate,
        name_id::NameIdFormat,
        preset::Preset,
        text::single_line,
    },
    provider::{
        Provider,
        applications::{self, ApplicationEdit, NewApplication},
        saml::import::ImportedMetadata,
    },
};

pub(super) fn new_chatgpt(args: &AddChatGptArguments, provider: &Provider) -> Result<NewApplication> {
    let connection = chatgpt::parse_connection(args.acs.trim(), args.audience.trim())?;
    let imported = match &args.metadata {
        Some(from) => Some(check_audience(
            metadata::obtain(provider, from, None)?.imported,
            &connection.audience,
        )?),
        None => None,
    };
    let (logout, certificates) = imported
        .map(|found| (found.logout, found.signing_certificates))
        .unwrap_or_default();
    Ok(NewApplication {
        name: single_line("the name", &args.name, 80)?,
        slug: args.slug.as_deref().map(Slug::parse).transpose()?,
        kind: connection.kind,
        tile_url: parse_chatgpt_tile_url(args.tile_url.as_deref())?,
        saml: ServiceProvider {
            logout,
            signing_certificates: certificates,
            attributes: Preset::ChatGpt.attributes(),
            ..ServiceProvider::with_defaults(
                connection.audience,
                vec![AssertionConsumerService {
                    location: connection.acs_url,
                    index: None,
                }],
            )
        },
    })
}

/// Refuses the metadata of another connection: it would bring that connection's key.
fn check_audience(imported: ImportedMetadata, audience: &EntityId) -> Result<ImportedMetadata> {
    if imported.entity_id == *audience {
        Ok(imported)
    } else {
        bail!(
            "this metadata is of another connection: it is for {}, and the Audience is {audience}",
            imported.entity_id
        )
    }
}

pub(super) fn new_saml(args: AddSamlArguments, imported: Option<ImportedMetadata>) -> Result<NewApplication> {
    if imported.is_none() && (args.entity_id.is_none() || args.acs.is_empty()) {
        bail!(
            "say what the application is: with --metadata FILE|URL, or with its values, --entity-id TEXT and --acs URL"
        );
    }
    let wanted = args.entity_id.as_deref().map(parse_entity_id).transpose()?;
    let name_of_metadata = imported.as_ref().map(ImportedMetadata::name);
    if let Some(found) = &imported
        && args.certificate.is_none()
        && args.require_signed_requests.is_none()
    {
        found.check_keys()?;
    }
    let refused_acs = imported.as_ref().map(|found| found.refused_acs.join("; "));
    let name_id_format = imported.as_ref().and_then(|found| found.name_id_format);
    let (metadata_id, described) = match imported {
        Some(found) => (Some(found.entity_id.clone()), Some(found.service_provider())),
        None => (None, None),
    };
    let signs = described
        .as_ref()
        .is_some_and(|saml| saml.require_signed_requests);
    let (mut consumers, mut logout, mut certificates, encryption_certificates) = described
        .map(|saml| {
            (
                saml.acs_endpoints,
                saml.logout,
                saml.signing_certificates,
                saml.encryption_certificates,
            )
        })
        .unwrap_or_default();
    if !args.acs.is_empty() {
        consumers = parse_acs_list(&args.acs)?;
    }
    if let Some(text) = &args.slo {
        logout = Some(logout_endpoint(text)?);
    }
    if let Some(file) = &args.certificate {
        certificates = read_certificates(file)?;
    }
    let Some(first) = consumers.first() else {
        match refused_acs.filter(|why| !why.is_empty()) {
            Some(why) => bail!(
                "the metadata names no address for responses that can be used: {why}; give one with --acs"
            ),
            None => {
                bail!("the metadata names no AssertionConsumerService over HTTP-POST: give one with --acs")
            }
        }
    };
    let entity_id = wanted
        .or(metadata_id)
        .context("the entity ID is missing: give it with --entity-id")?;
    let name = args
        .name
        .or(name_of_metadata)
        .unwrap_or_else(|| first.location.host());
    let mut saml = ServiceProvider {
        logout,
        signing_certificates: certificates,
        encryption_certificates,
        require_signed_requests: args.require_signed_requests.unwrap_or(signs),
        name_id_format: name_id_format.unwrap_or(NameIdFormat::EmailAddress),
        allow_idp_initiated: args.allow_idp_initiated,
        ..ServiceProvider::with_defaults(entity_id, consumers)
    };
    args.response_options.edit()?.apply(&mut saml);
    Ok(NewApplication {
        name: single_line("the name", &name, 80)?,
        slug: args.slug.as_deref().map(Slug::parse).transpose()?,
        kind: ApplicationKind::Saml,
        tile_url: parse_tile_url(args.tile_url.as_deref())?,
        saml,
    })
}

pub(super) fn application_edit(
    args: EditArguments,
    imported: Option<ImportedMetadata>,
    provider: &Provider,
) -> Result<ApplicationEdit> {
    let application = find_application(provider, &args.slug)?;
    let is_chatgpt = application.kind.is_chatgpt();
    let mut edit = ApplicationEdit {
        name: args
            .name
            .map(|name| single_line("the name", &name, 80))
            .transpose()?,
        entity_id: args.entity_id.as_deref().map(parse_entity_id).transpose()?,
        require_signed_requests: args.require_signed_requests,
        allow_idp_initiated: args.allow_idp_initiated,
        response_options: args.response_options.edit()?,
        ..ApplicationEdit::default()
    };
    if let Some(text) = &args.tile_url {
        edit.tile_url = Some(if text.is_empty() {
            None
        } else if is_chatgpt {
            parse_chatgpt_tile_url(Some(text))?
        } else {
            parse_tile_url(Some(text))?
        });
    }
    if is_chatgpt {
        if edit.entity_id.is_some() {
            bail!(
                "a ChatGPT workspace has an Audience: paste ACS URL and Audience together, with --acs and --audience"
            );
        }
        edit.connection = match (args.acs.as_slice(), &args.audience) {
            ([], None) => None,
            ([acs], Some(audience)) => Some(chatgpt::parse_connection(acs.trim(), audience.trim())?),
            (_, _) => bail!("ACS URL and Audience change together: paste both, with --acs and --audience"),
        };
    } else if args.audience.is_some() {
        bail!("this application's audience is its entity ID: change it with --entity-id");
    } else if !args.acs.is_empty() {
        edit.acs_endpoints = Some(parse_acs_list(&args.acs)?);
    }
    if let Some(imported) = imported {
        let wanted = edit.entity_id.as_ref().unwrap_or(&application.saml.entity_id);
        let wanted = edit
            .connection
            .as_ref()
            .map_or(wanted, |connection| &connection.audience)
            .clone();
        let found = check_audience(imported, &wanted)?;
        if !is_chatgpt && edit.require_signed_requests.is_none() && args.certificate.is_none() {
            found.check_keys()?;
        }
        if !is_chatgpt && !found.acs_endpoints.is_empty() && edit.acs_endpoints.is_none() {
            edit.acs_endpoints = Some(found.acs_endpoints);
        }
        if !is_chatgpt && found.signs_requests {
            edit.require_signed_requests = edit.require_signed_requests.or(Some(true));
        }
        if !is_chatgpt && !found.encryption_certificates.is_empty() {
            edit.response_options
                .encryption_certificates
                .get_or_insert(found.encryption_certificates);
        }
        // What the metadata does not mention stays as it is.
        edit.logout = found.logout.map(Some);
        edit.signing_certificates = Some(found.signing_certificates).filter(|found| !found.is_empty());
    }
    if let Some(text) = &args.slo {
        edit.logout = Some(if text.is_empty() {
            None
        } else {
            Some(logout_endpoint(text)?)
        });
    }
    if let Some(file) = &args.certificate {
        edit.signing_certificates = Some(read_certificates(file)?);
    }
    Ok(edit)
}

/// Trims the white space that copying adds.
pub(super) fn parse_entity_id(text: &str) -> Result<EntityId> {
    Ok(EntityId::parse(text.trim())?)
}

/// Trims the white space that copying adds.
fn parse_address(text: &str) -> Result<SpUrl> {
    Ok(SpUrl::parse(text.trim())?)
}

fn parse_tile_url(text: Option<&str>) -> Result<Option<SpUrl>> {
    text.map(|text| parse_address(text).context("the tile URL cannot be used"))
        .transpose()
}

fn parse_chatgpt_tile_url(text: Option<&str>) -> Result<Option<SpUrl>> {
    let tile = parse_tile_url(text)?;
    if let Some(tile) = &tile {
        chatgpt::check_tile(tile).context("the tile URL cannot be used")?;
    }
    Ok(tile)
}

fn logout_endpoint(text: &str) -> Result<LogoutEndpoint> {
    Ok(LogoutEndpoint {
        binding: Binding::Redirect,
        location: parse_address(text)?,
        response_location: None,
    })
}

fn parse_acs_list(args: &[String]) -> Result<Vec<AssertionConsumerService>> {
    args.iter()
        .map(|text| {
            Ok(AssertionConsumerService {
                location: parse_address(text)?,
                index: None,
            })
        })
        .collect()
}

pub(super) fn read_certificates(file: &PathBuf) -> Result<Vec<Certificate>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    applications::read_certificates(&bytes).with_context(|| format!("cannot use {}", file.display()))
}
