//! `hallpass app …`

mod arguments;
mod attribute;
mod draft;
mod import;
mod making;
mod metadata;
mod preview;
mod report;
mod show;
mod source;
mod typed;

use anyhow::{Context, Result, bail};

use crate::{
    cli::{
        app::{
            arguments::Add,
            typed::{chatgpt, edit, saml},
        },
        output::say,
    },
    model::{
        application::{Application, EntityId, Slug},
        name_id::NameIdFormat,
    },
    provider::{
        Provider,
        applications::{ApplicationEdit, NewApplication},
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
        Command::Preview { slug, email, json } => preview::show(provider, &slug, &email, json),
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
                Changed::Same(()) | Changed::Unknown | Changed::Taken | Changed::Stale => {
                    bail!(no_such(slug.as_str()))
                }
            }
        }
    }
}

fn no_such(slug: &str) -> String {
    format!("there is no application {slug}; `hallpass app list` shows all")
}

/// Whose short name it is that is taken.
fn taken(provider: &Provider, new: &NewApplication) -> Result<String> {
    let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
    Ok(match provider.application(&slug)? {
        Some(other) => format!(
            "{slug} is {}'s short name: `hallpass app edit {slug} …` changes that application, --slug NAME makes another",
            other.name
        ),
        None => format!("the short name {slug} is taken; give another one with --slug"),
    })
}

fn found(provider: &Provider, slug: &str) -> Result<std::sync::Arc<Application>> {
    let slug = Slug::parse(slug)?;
    if let Some(found) = provider.application(&slug)? {
        return Ok(found);
    }
    if provider.drafts()?.iter().any(|draft| draft.slug == slug) {
        bail!("{slug} is a draft, no application yet: `hallpass app add … --slug {slug}` fills it in");
    }
    bail!(no_such(slug.as_str()))
}

fn added(provider: &Provider, new: &NewApplication, obtained: Option<&Obtained>, json: bool) -> Result<()> {
    match provider.add_application(new)?? {
        Changed::Done(application) => {
            let mut findings = Vec::new();
            if let Some(obtained) = obtained {
                metadata::follow(provider, &application, obtained)?;
                let weak = obtained.imported.findings.iter();
                findings.extend(weak.map(|finding| format!("In its metadata: {finding}.")));
                findings.extend(unlike(&application, &obtained.imported));
            }
            findings.extend(shared(provider, &application)?);
            if !json {
                say(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            show::one(provider, &application, json, findings)
        }
        Changed::Taken => bail!(taken(provider, new)?),
        Changed::Same(_) | Changed::Unknown | Changed::Stale => bail!("the application could not be added"),
    }
}

/// What the metadata asks for, and the application as it is registered is not sent.
fn unlike(application: &Application, imported: &Imported) -> Vec<String> {
    let (slug, saml) = (&application.slug, &application.saml);
    let mut findings = Vec::new();
    if let Some(format) = imported.name_id_format {
        let (asked, sent) = (format.word(), saml.name_id_format.word());
        if asked != sent {
            findings.push(format!(
                "Its metadata asks for names of the format {asked}, and it is sent {sent} ones: `hallpass app edit {slug} --name-id {asked}` changes that."
            ));
        } else if format != NameIdFormat::EmailAddress {
            findings.push(format!(
                "It is sent names of the format {sent}, the first in its metadata that can be made here, and not the e-mail address: `hallpass app edit {slug} --name-id email` changes that."
            ));
        }
    }
    let missing = imported
        .required_attributes
        .iter()
        .filter(|asked| saml.attributes.iter().all(|rule| rule.name != asked.name));
    findings.extend(missing.map(|asked| {
        format!(
            "It requires the attribute {}, which it is not sent: `hallpass app attribute {slug} set '{}' SOURCE` sends it.",
            asked.name, asked.name
        )
    }));
    findings
}

/// Other applications that bear its entity ID.
fn shared(provider: &Provider, application: &Application) -> Result<Option<String>> {
    let others: Vec<_> = provider
        .namesakes(application)?
        .iter()
        .map(|other| other.slug.to_string())
        .collect();
    Ok((!others.is_empty()).then(|| {
        format!(
            "Its entity ID is also that of {}: they are told apart by their ACS URLs, and a request that names none is refused (ISSUER-AMBIGUOUS).",
            others.join(", ")
        )
    }))
}

fn edited(provider: &Provider, slug: &str, edit: ApplicationEdit, words: &str) -> Result<()> {
    match provider.edit_application(&Slug::parse(slug)?, edit)?? {
        Changed::Done(application) => say(format_args!("{} {words}.", application.name)),
        Changed::Same(application) => say(format_args!(
            "{} is so already: nothing was changed.",
            application.name
        )),
        Changed::Unknown | Changed::Taken => bail!(no_such(slug)),
        Changed::Stale => {
            bail!("somebody else changed it at the same moment; look again with `hallpass app show {slug}`")
        }
    }
}

/// Says what metadata brought besides, and where it is fetched from.
fn after_metadata(provider: &Provider, application: &Application, obtained: &Obtained) -> Result<()> {
    for finding in &obtained.imported.findings {
        say(format_args!("- In its metadata: {finding}."))?;
    }
    if !application.kind.is_chatgpt() {
        let findings = unlike(application, &obtained.imported).into_iter();
        for finding in findings.chain(shared(provider, application)?) {
            say(format_args!("- {finding}"))?;
        }
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
