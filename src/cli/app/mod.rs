//! `hallpass app …`

mod arguments;
mod attribute;
mod draft;
mod import;
mod making;
mod metadata;
mod report;
mod show;
mod source;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{
    cli::{
        app::arguments::{Add, AddChatGpt, AddSaml, Edit},
        output::say,
    },
    model::{
        application::{
            AcsUrl, Application, Binding, Consumer, EntityId, Kind, LogoutEndpoint, ServiceProvider, Slug,
        },
        chatgpt,
        key::Certificate,
        text::line,
    },
    provider::{
        Provider,
        applications::{self, ApplicationEdit, NewApplication},
        saml::import::Imported,
        sources::Obtained,
        users::Changed,
    },
};

pub(super) use crate::cli::app::arguments::Command;

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Add {
            kind: Add::Chatgpt(typed),
        } => {
            let json = typed.json;
            added(provider, &chatgpt(&typed, provider)?, None, json)
        }
        Command::Add {
            kind: Add::Saml(typed),
        } => {
            let json = typed.json;
            let wanted = typed.entity_id.as_deref().map(EntityId::parse).transpose()?;
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, wanted.as_ref())?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            added(provider, &saml(typed, imported)?, obtained.as_ref(), json)
        }
        Command::Draft(typed) => draft::add(&typed, provider),
        Command::List { json } => {
            show::list(&provider.applications()?, json)?;
            draft::list(provider, json)
        }
        Command::Show { slug, json } => match draft::find(provider, &slug)? {
            Some(draft) => draft::show(&draft, provider, json),
            None => show::one(provider, &*found(provider, &slug)?, json, Vec::new()),
        },
        Command::Edit(typed) => {
            let slug = typed.slug.clone();
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, None)?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            let edit = edit(typed, imported, provider)?;
            edited(provider, &slug, edit, "is changed; it holds at the next sign-on")?;
            match obtained {
                Some(obtained) => after_metadata(provider, &*found(provider, &slug)?, &obtained),
                None => Ok(()),
            }
        }
        Command::Attribute { slug, command } => attribute::run(&slug, command, provider),
        Command::Disable { slug } => {
            let edit = ApplicationEdit {
                enabled: Some(false),
                ..ApplicationEdit::default()
            };
            edited(provider, &slug, edit, "is switched off: nobody signs in to it")
        }
        Command::Enable(typed) => {
            if let Some(entity_id) = &typed.known {
                let (from, slug) = (typed.from.as_deref(), typed.new_slug.as_deref());
                return import::enable(provider, entity_id, from, slug, typed.json);
            }
            let slug = typed.slug.context("the short name is missing")?;
            let edit = ApplicationEdit {
                enabled: Some(true),
                ..ApplicationEdit::default()
            };
            edited(provider, &slug, edit, "is switched on")
        }
        Command::Source(typed) => source::source(provider, &typed),
        Command::Confirm(typed) => source::confirm(provider, &typed),
        Command::Import(typed) => import::import(provider, &typed),
        Command::Known { command } => import::known(provider, &command),
        Command::Remove { slug } => {
            let slug = Slug::parse(&slug)?;
            if provider.remove_draft(&slug)? == Changed::Done(()) {
                return say(format_args!("The draft {slug} is gone."));
            }
            match provider.remove_application(&slug)? {
                Changed::Done(()) => say(format_args!(
                    "{slug} is gone. Accounts at the application stay as they are."
                )),
                Changed::Unknown | Changed::Taken | Changed::Stale => bail!(no_such(slug.as_str())),
            }
        }
    }
}

fn no_such(slug: &str) -> String {
    format!("there is no application {slug}; `hallpass app list` shows all")
}

fn found(provider: &Provider, slug: &str) -> Result<std::sync::Arc<Application>> {
    provider
        .application(&Slug::parse(slug)?)?
        .with_context(|| no_such(slug))
}

fn added(provider: &Provider, new: &NewApplication, obtained: Option<&Obtained>, json: bool) -> Result<()> {
    match provider.add_application(new)?? {
        Changed::Done(application) => {
            let mut findings = Vec::new();
            if let Some(obtained) = obtained {
                metadata::follow(provider, &application, obtained)?;
                let weak = obtained.imported.findings.iter();
                findings.extend(weak.map(|finding| format!("In its metadata: {finding}.")));
            }
            if !json {
                say(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            show::one(provider, &application, json, findings)
        }
        Changed::Taken => bail!("the short name is taken; give another one with --slug"),
        Changed::Unknown | Changed::Stale => bail!("the application could not be added"),
    }
}

fn edited(provider: &Provider, slug: &str, edit: ApplicationEdit, words: &str) -> Result<()> {
    match provider.edit_application(&Slug::parse(slug)?, edit)?? {
        Changed::Done(application) => say(format_args!("{} {words}.", application.name)),
        Changed::Unknown | Changed::Taken => bail!(no_such(slug)),
        Changed::Stale => {
            bail!("somebody else changed it at the same moment; look again with `hallpass app show {slug}`")
        }
    }
}

fn chatgpt(typed: &AddChatGpt, provider: &Provider) -> Result<NewApplication> {
    let connection = chatgpt::connection(&typed.acs, &typed.audience)?;
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
        tile_url: tile_url(typed.tile_url.as_deref())?,
        saml: ServiceProvider {
            logout,
            certificates,
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

/// Says what metadata brought besides, and where it is fetched from.
fn after_metadata(provider: &Provider, application: &Application, obtained: &Obtained) -> Result<()> {
    for finding in &obtained.imported.findings {
        say(format_args!("- In its metadata: {finding}."))?;
    }
    if application.kind.is_chatgpt() {
        // Its addresses are those of its SSO page; metadata adds to them, once.
        return Ok(());
    }
    match metadata::follow(provider, application, obtained)? {
        Some(words) => say(format_args!("{words}")),
        None => Ok(()),
    }
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

fn saml(typed: AddSaml, imported: Option<Imported>) -> Result<NewApplication> {
    let wanted = typed.entity_id.as_deref().map(EntityId::parse).transpose()?;
    let name_of_metadata = imported.as_ref().map(Imported::name);
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
        bail!("the metadata names no AssertionConsumerService over HTTP-POST: give one with --acs");
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
        require_signed_requests: typed.require_signed_requests || signs,
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

fn edit(typed: Edit, imported: Option<Imported>, provider: &Provider) -> Result<ApplicationEdit> {
    let application = found(provider, &typed.slug)?;
    let is_chatgpt = application.kind.is_chatgpt();
    let mut edit = ApplicationEdit {
        name: typed.name.map(|name| line("the name", &name, 80)).transpose()?,
        entity_id: typed.entity_id.as_deref().map(EntityId::parse).transpose()?,
        require_signed_requests: typed.require_signed_requests,
        allow_idp_initiated: typed.allow_idp_initiated,
        making: typed.making.edit()?,
        ..ApplicationEdit::default()
    };
    if let Some(text) = &typed.tile_url {
        edit.tile_url = Some(if text.is_empty() {
            None
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
            ([acs], Some(audience)) => Some(chatgpt::connection(acs, audience)?),
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
        if !is_chatgpt && !found.consumers.is_empty() && edit.consumers.is_none() {
            edit.consumers = Some(found.consumers);
        }
        if !is_chatgpt && found.signs_requests && !found.certificates.is_empty() {
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

fn tile_url(text: Option<&str>) -> Result<Option<AcsUrl>> {
    text.map(|text| AcsUrl::parse(text).context("the tile URL cannot be used"))
        .transpose()
}

fn logout_at(text: &str) -> Result<LogoutEndpoint> {
    Ok(LogoutEndpoint {
        binding: Binding::Redirect,
        location: AcsUrl::parse(text)?,
        response_location: None,
    })
}

fn consumers_of(typed: &[String]) -> Result<Vec<Consumer>> {
    typed
        .iter()
        .map(|text| {
            Ok(Consumer {
                location: AcsUrl::parse(text)?,
                index: None,
            })
        })
        .collect()
}

fn read_certificates(file: &PathBuf) -> Result<Vec<Certificate>> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    applications::certificates(&bytes).with_context(|| format!("cannot use {}", file.display()))
}
