//! `hallpass app …`

mod arguments;
mod attribute;
mod draft;
mod import;
mod list;
mod listed;
mod making;
mod metadata;
mod preview;
mod report;
mod show;
mod source;
mod typed;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    cli::{
        app::{
            arguments::Add,
            typed::{chatgpt, edit, entity_id, saml},
        },
        output::{self, say},
    },
    model::{
        application::{Application, Slug},
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

pub(super) use crate::cli::app::{arguments::Command, show::kind};

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
            let wanted = typed.entity_id.as_deref().map(entity_id).transpose()?;
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, wanted.as_ref())?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            added(provider, &saml(typed, imported)?, obtained.as_ref(), json)
        }
        Command::Draft(typed) => draft::add(&typed, provider),
        Command::List { json } => list::list(provider, json),
        Command::Show { slug, json } => match draft::find(provider, &slug)? {
            Some(draft) => draft::show(&draft, provider, json),
            None => show::one(provider, &*found(provider, &slug)?, json, Vec::new()),
        },
        Command::Preview { slug, email, json } => preview::show(provider, &slug, &email, json),
        Command::Edit(typed) => {
            let (slug, json) = (typed.slug.clone(), typed.json);
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, None)?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            let edit = edit(typed, imported, provider)?;
            let words = "is changed; this takes effect at the next sign-in";
            edited(provider, &slug, edit, words, json)?;
            let application = found(provider, &slug)?;
            match obtained {
                Some(obtained) if json => {
                    let more = after_metadata(provider, &application, &obtained)?;
                    show::one(provider, &application, true, more)
                }
                Some(obtained) => after_metadata(provider, &application, &obtained)?
                    .iter()
                    .try_for_each(|line| say(format_args!("- {line}"))),
                None if json => show::one(provider, &application, true, Vec::new()),
                None => Ok(()),
            }
        }
        Command::Attribute { command } => attribute::run(command, provider),
        Command::Disable { slug, json } => {
            let edit = ApplicationEdit {
                enabled: Some(false),
                ..ApplicationEdit::default()
            };
            let words = "is switched off: nobody signs in to it";
            edited(provider, &slug, edit, words, json)?;
            shown_as_json(provider, &slug, json)
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
            edited(provider, &slug, edit, "is switched on", typed.json)?;
            shown_as_json(provider, &slug, typed.json)
        }
        Command::Source(typed) => source::source(provider, &typed),
        Command::Confirm(typed) => source::confirm(provider, &typed),
        Command::Import(typed) => import::import(provider, &typed),
        Command::Known { command } => import::known(provider, &command),
        Command::Remove { slug, json } => {
            let slug = Slug::parse(&slug)?;
            let gone = Removed {
                removed: slug.as_str(),
            };
            if provider.remove_draft(&slug)? == Changed::Done(()) {
                if json {
                    return output::json(&gone);
                }
                return say(format_args!("The draft {slug} is gone."));
            }
            match provider.remove_application(&slug)? {
                Changed::Done(()) if json => output::json(&gone),
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

#[derive(Serialize)]
struct Removed<'a> {
    removed: &'a str,
}

fn no_such(slug: &str) -> String {
    format!("there is no application {slug}; `hallpass app list` shows all")
}

/// Whose short name it is that is taken.
fn taken(provider: &Provider, slug: &Slug) -> Result<String> {
    if let Some(other) = provider.application(slug)? {
        return Ok(format!(
            "{slug} is {}'s short name: `hallpass app edit {slug} …` changes that application, --slug NAME makes another",
            other.name
        ));
    }
    if let Some(draft) = provider.drafts()?.into_iter().find(|draft| draft.slug == *slug) {
        return Ok(format!(
            "{slug} is the short name of the draft {}: `hallpass app add … --slug {slug}` fills it in, --slug NAME makes another",
            draft.name
        ));
    }
    Ok(format!(
        "the short name {slug} is taken; give another one with --slug"
    ))
}

/// What `app show --json` prints, after a change.
fn shown_as_json(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    if !json {
        return Ok(());
    }
    show::one(provider, &*found(provider, slug)?, true, Vec::new())
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
        Changed::Taken => {
            let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
            bail!(taken(provider, &slug)?)
        }
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
            "It requires the attribute {}, which it is not sent: `hallpass app attribute set {slug} '{}' SOURCE` sends it.",
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

/// Edits, and says so; with `json` it says nothing, and the caller prints what holds now.
fn edited(provider: &Provider, slug: &str, edit: ApplicationEdit, words: &str, json: bool) -> Result<()> {
    match provider.edit_application(&Slug::parse(slug)?, edit)?? {
        Changed::Done(_) | Changed::Same(_) if json => Ok(()),
        Changed::Done(application) => say(format_args!("{} {words}.", application.name)),
        Changed::Same(application) => say(format_args!(
            "{} is so already: nothing was changed.",
            application.name
        )),
        // Says what it is, where it is a draft.
        Changed::Unknown | Changed::Taken => found(provider, slug).map(drop),
        Changed::Stale => {
            bail!("somebody else changed it at the same moment; look again with `hallpass app show {slug}`")
        }
    }
}

/// What metadata brought besides, and where it is fetched from.
fn after_metadata(
    provider: &Provider,
    application: &Application,
    obtained: &Obtained,
) -> Result<Vec<String>> {
    let weak = obtained.imported.findings.iter();
    let mut lines: Vec<String> = weak
        .map(|finding| format!("In its metadata: {finding}."))
        .collect();
    if application.kind.is_chatgpt() {
        // Its addresses are those of its SSO page; metadata adds to them, once.
        return Ok(lines);
    }
    lines.extend(unlike(application, &obtained.imported));
    lines.extend(shared(provider, application)?);
    lines.extend(metadata::follow(provider, application, obtained)?);
    Ok(lines)
}
