//! What was typed about an application, as the provider takes it.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    cli::app::{
        arguments::{AddChatGpt, AddSaml, Edit},
        found, metadata,
    },
    model::{
        application::{AcsUrl, Binding, Consumer, EntityId, Kind, LogoutEndpoint, ServiceProvider, Slug},
        chatgpt,
        key::Certificate,
        name_id::NameIdFormat,
        preset::Preset,
        text::line,
    },
    provider::{
        Provider,
        applications::{self, ApplicationEdit, NewApplication},
        saml::import::Imported,
    },
};

pub(super) fn chatgpt(typed: &AddChatGpt, provider: &Provider) -> Result<NewApplication> {
    let connection = chatgpt::connection(typed.acs.trim(), typed.audience.trim())?;
    let imported = match &typed.metadata {
        Some(from) => Some(of_connection(
            metadata::obtain(provider, from, None)?.imported,
            &connection.audience,
        )?),
        None => None,
    };
    let (logout, certificates) = imported
        .map(|found| (found.logout, found.certificates))
        .unwrap_or_default();
    Ok(NewApplication {
        name: line("the name", &typed.name, 80)?,
        slug: typed.slug.as_deref().map(Slug::parse).transpose()?,
        kind: connection.kind,
        tile_url: chatgpt_tile(typed.tile_url.as_deref())?,
        saml: ServiceProvider {
            logout,
            certificates,
            attributes: Preset::ChatGpt.attributes(),
            ..ServiceProvider::usual(
                connection.audience,
                vec![Consumer {
                    location: connection.acs,
                    index: None,
                }],
            )
        },
    })
}

/// Metadata of another connection would bring another connection's key.
fn of_connection(imported: Imported, audience: &EntityId) -> Result<Imported> {
    if imported.entity_id == *audience {
        Ok(imported)
    } else {
        bail!(
            "this metadata is of another connection: it is for {}, and the Audience is {audience}",
            imported.entity_id
        )
    }
}

pub(super) fn saml(typed: AddSaml, imported: Option<Imported>) -> Result<NewApplication> {
    if imported.is_none() && (typed.entity_id.is_none() || typed.acs.is_empty()) {
        bail!(
            "say what the application is: with --metadata FILE|URL, or with its values, --entity-id TEXT and --acs URL"
        );
    }
    let wanted = typed.entity_id.as_deref().map(entity_id).transpose()?;
    let name_of_metadata = imported.as_ref().map(Imported::name);
    if let Some(found) = &imported
        && typed.certificate.is_none()
        && typed.require_signed_requests.is_none()
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
                saml.consumers,
                saml.logout,
                saml.certificates,
                saml.encryption_certificates,
            )
        })
        .unwrap_or_default();
    if !typed.acs.is_empty() {
        consumers = consumers_of(&typed.acs)?;
    }
    if let Some(text) = &typed.slo {
        logout = Some(logout_at(text)?);
    }
    if let Some(file) = &typed.certificate {
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
    let name = typed
        .name
        .or(name_of_metadata)
        .unwrap_or_else(|| first.location.host());
    let mut saml = ServiceProvider {
        logout,
        certificates,
        encryption_certificates,
        require_signed_requests: typed.require_signed_requests.unwrap_or(signs),
        name_id_format: name_id_format.unwrap_or(NameIdFormat::EmailAddress),
        allow_idp_initiated: typed.allow_idp_initiated,
        ..ServiceProvider::usual(entity_id, consumers)
    };
    typed.making.edit()?.apply(&mut saml);
    Ok(NewApplication {
        name: line("the name", &name, 80)?,
        slug: typed.slug.as_deref().map(Slug::parse).transpose()?,
        kind: Kind::Saml,
        tile_url: tile_url(typed.tile_url.as_deref())?,
        saml,
    })
}

pub(super) fn edit(typed: Edit, imported: Option<Imported>, provider: &Provider) -> Result<ApplicationEdit> {
    let application = found(provider, &typed.slug)?;
    let is_chatgpt = application.kind.is_chatgpt();
    let mut edit = ApplicationEdit {
        name: typed.name.map(|name| line("the name", &name, 80)).transpose()?,
        entity_id: typed.entity_id.as_deref().map(entity_id).transpose()?,
        require_signed_requests: typed.require_signed_requests,
        allow_idp_initiated: typed.allow_idp_initiated,
        making: typed.making.edit()?,
        ..ApplicationEdit::default()
    };
    if let Some(text) = &typed.tile_url {
        edit.tile_url = Some(if text.is_empty() {
            None
        } else if is_chatgpt {
            chatgpt_tile(Some(text))?
        } else {
            tile_url(Some(text))?
        });
    }
    if is_chatgpt {
        if edit.entity_id.is_some() {
            bail!(
                "a ChatGPT workspace has an Audience: paste ACS URL and Audience together, with --acs and --audience"
            );
        }
        edit.connection = match (typed.acs.as_slice(), &typed.audience) {
            ([], None) => None,
            ([acs], Some(audience)) => Some(chatgpt::connection(acs.trim(), audience.trim())?),
            (_, _) => bail!("ACS URL and Audience change together: paste both, with --acs and --audience"),
        };
    } else if typed.audience.is_some() {
        bail!("this application's audience is its entity ID: change it with --entity-id");
    } else if !typed.acs.is_empty() {
        edit.consumers = Some(consumers_of(&typed.acs)?);
    }
    if let Some(imported) = imported {
        let wanted = edit.entity_id.as_ref().unwrap_or(&application.saml.entity_id);
        let wanted = edit
            .connection
            .as_ref()
            .map_or(wanted, |connection| &connection.audience)
            .clone();
        let found = of_connection(imported, &wanted)?;
        if !is_chatgpt && edit.require_signed_requests.is_none() && typed.certificate.is_none() {
            found.check_keys()?;
        }
        if !is_chatgpt && !found.consumers.is_empty() && edit.consumers.is_none() {
            edit.consumers = Some(found.consumers);
        }
        if !is_chatgpt && found.signs_requests {
            edit.require_signed_requests = edit.require_signed_requests.or(Some(true));
        }
        if !is_chatgpt && !found.encryption_certificates.is_empty() {
            edit.making
                .encryption_certificates
                .get_or_insert(found.encryption_certificates);
        }
        // What the metadata does not speak of stays as it is.
        edit.logout = found.logout.map(Some);
        edit.certificates = Some(found.certificates).filter(|found| !found.is_empty());
    }
    if let Some(text) = &typed.slo {
        edit.logout = Some(if text.is_empty() {
            None
        } else {
            Some(logout_at(text)?)
        });
    }
    if let Some(file) = &typed.certificate {
        edit.certificates = Some(read_certificates(file)?);
    }
    Ok(edit)
}

/// An entity ID; what a clipboard leaves around it falls away.
pub(super) fn entity_id(text: &str) -> Result<EntityId> {
    Ok(EntityId::parse(text.trim())?)
}

/// An address; what a clipboard leaves around it falls away.
fn address(text: &str) -> Result<AcsUrl> {
    Ok(AcsUrl::parse(text.trim())?)
}

fn tile_url(text: Option<&str>) -> Result<Option<AcsUrl>> {
    text.map(|text| address(text).context("the tile URL cannot be used"))
        .transpose()
}

fn chatgpt_tile(text: Option<&str>) -> Result<Option<AcsUrl>> {
    let tile = tile_url(text)?;
    if let Some(tile) = &tile {
        chatgpt::check_tile(tile).context("the tile URL cannot be used")?;
    }
    Ok(tile)
}

fn logout_at(text: &str) -> Result<LogoutEndpoint> {
    Ok(LogoutEndpoint {
        binding: Binding::Redirect,
        location: address(text)?,
        response_location: None,
    })
}

fn consumers_of(typed: &[String]) -> Result<Vec<Consumer>> {
    typed
        .iter()
        .map(|text| {
            Ok(Consumer {
                location: address(text)?,
                index: None,
            })
        })
        .collect()
}

pub(super) fn read_certificates(file: &PathBuf) -> Result<Vec<Certificate>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    applications::certificates(&bytes).with_context(|| format!("cannot use {}", file.display()))
}
