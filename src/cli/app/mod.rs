//! `hallpass app …`

mod arguments;
mod attribute;
mod convert;
mod draft;
mod import;
mod list;
mod metadata;
mod preview;
mod report;
mod response_options;
mod show;
mod source;

use anyhow::{Context, Result, bail};

use crate::{
    api_model::{application::RemovedOutput, remedy},
    cli::{
        app::{
            arguments::AddCommand,
            convert::{application_edit, new_chatgpt, new_saml, parse_entity_id},
        },
        output::{self, print_line},
    },
    model::{
        application::{Application, Slug},
        name_id::NameIdFormat,
        remedy::Remediable,
    },
    provider::{
        self, Provider,
        applications::{ApplicationEdit, NewApplication},
        metadata_sources::ObtainedMetadata,
        people::users::ChangeOutcome,
        repair::Repaired,
        saml::import::ImportedMetadata,
    },
};

pub(super) use crate::cli::app::arguments::Command;

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Add {
            kind: AddCommand::Chatgpt(typed),
        } => {
            let json = typed.json;
            add_application(provider, &new_chatgpt(&typed, provider)?, None, json)
        }
        Command::Add {
            kind: AddCommand::Saml(typed),
        } => {
            let json = typed.json;
            let wanted = typed.entity_id.as_deref().map(parse_entity_id).transpose()?;
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, wanted.as_ref())?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            add_application(provider, &new_saml(typed, imported)?, obtained.as_ref(), json)
        }
        Command::Draft(typed) => draft::add(&typed, provider),
        Command::List { json } => list::list(provider, json),
        Command::Show { slug, json } => match draft::find(provider, &slug)? {
            Some(draft) => draft::show(&draft, provider, json),
            None => show::print_application(provider, &*find_application(provider, &slug)?, json, Vec::new()),
        },
        Command::Preview { slug, email, json } => preview::show(provider, &slug, &email, json),
        Command::Edit(typed) => {
            let (slug, json) = (typed.slug.clone(), typed.json);
            let obtained = match &typed.metadata {
                Some(from) => Some(metadata::obtain(provider, from, None)?),
                None => None,
            };
            let imported = obtained.as_ref().map(|obtained| obtained.imported.clone());
            let edit = application_edit(typed, imported, provider)?;
            let words = "is changed; this takes effect at the next sign-in";
            edit_application(provider, &slug, edit, words, json)?;
            let application = find_application(provider, &slug)?;
            match obtained {
                Some(obtained) if json => {
                    let more = metadata_findings(provider, &application, &obtained)?;
                    show::print_application(provider, &application, true, more)
                }
                Some(obtained) => metadata_findings(provider, &application, &obtained)?
                    .iter()
                    .try_for_each(|line| print_line(format_args!("- {line}"))),
                None if json => show::print_application(provider, &application, true, Vec::new()),
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
            edit_application(provider, &slug, edit, words, json)?;
            print_as_json(provider, &slug, json)
        }
        Command::Enable(typed) => {
            if let Some(entity_id) = &typed.known {
                let (from, slug) = (typed.from.as_deref(), typed.new_slug.as_deref());
                return import::enable_imported(provider, entity_id, from, slug, typed.json);
            }
            let slug = typed.slug.context("the short name is missing")?;
            let edit = ApplicationEdit {
                enabled: Some(true),
                ..ApplicationEdit::default()
            };
            edit_application(provider, &slug, edit, "is switched on", typed.json)?;
            print_as_json(provider, &slug, typed.json)
        }
        Command::Source(typed) => source::run(provider, &typed),
        Command::Confirm(typed) => source::confirm(provider, &typed),
        Command::Import(typed) => import::import(provider, &typed),
        Command::Known { command } => import::list_imported(provider, &command),
        Command::Repair { slug, json } => repair(provider, &slug, json),
        Command::Remove { slug, json } => remove(provider, &slug, json),
    }
}

fn remove(provider: &Provider, typed: &str, json: bool) -> Result<()> {
    let gone = RemovedOutput { removed: typed };
    let words = if provider.remove_unreadable(typed)? {
        format!("{typed} is gone. It could not be read.")
    } else {
        let slug = Slug::parse(typed)?;
        if provider.remove_draft(&slug)? == ChangeOutcome::Done(()) {
            format!("The draft {slug} is gone.")
        } else {
            match provider.remove_application(&slug)? {
                ChangeOutcome::Done(()) => {
                    format!("{slug} is gone. Accounts at the application stay as they are.")
                }
                ChangeOutcome::Unchanged(())
                | ChangeOutcome::Unknown
                | ChangeOutcome::Taken
                | ChangeOutcome::Stale => {
                    bail!(no_such_application(slug.as_str()))
                }
            }
        }
    };
    if json {
        return output::json(&gone);
    }
    print_line(format_args!("{words}"))
}

fn no_such_application(slug: &str) -> String {
    format!("there is no application {slug}; `hallpass app list` shows all")
}

/// Which application or draft has the short name already.
fn describe_slug_conflict(provider: &Provider, slug: &Slug) -> Result<String> {
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

/// Prints what `app show --json` prints, after a change; without `json`, nothing.
fn print_as_json(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    if !json {
        return Ok(());
    }
    show::print_application(provider, &*find_application(provider, slug)?, true, Vec::new())
}

/// Returns what was read; if it is unreadable, the error says so, and how to fix it.
fn readable<T>(provider: &Provider, slug: &Slug, read: Result<T, provider::error::Error>) -> Result<T> {
    if let Err(error) = &read
        && error.is_unreadable()
    {
        let unreadable = provider.unreadable()?;
        if let Some(row) = unreadable
            .iter()
            .find(|row| row.slug.as_deref() == Some(slug.as_str()))
        {
            bail!(row.with_words(remedy::words));
        }
    }
    Ok(read?)
}

fn repair(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    let (application, lost) = match provider.repair_application(slug)? {
        Repaired::Done { application, lost } => (application, lost),
        Repaired::Beyond(why) => bail!(
            "{slug} cannot be repaired: {why}. Run the version that wrote it, or remove it (`hallpass app remove {slug}`) and add it again"
        ),
        Repaired::NothingWrong if json => {
            return show::print_application(provider, &*find_application(provider, slug)?, true, Vec::new());
        }
        Repaired::NothingWrong => {
            return print_line(format_args!("All of {slug} can be read: nothing was changed."));
        }
        Repaired::Unknown => bail!(no_such_application(slug)),
        Repaired::Stale => bail!("somebody else changed it at the same moment; try again"),
    };
    if json {
        return show::print_application(provider, &application, true, Vec::new());
    }
    print_line(format_args!(
        "{} can be read again, and is switched off.",
        application.name
    ))?;
    print_line(format_args!(
        "What could not be read is gone, and what is usual stands in its place:"
    ))?;
    for column in lost {
        print_line(format_args!("  {column}"))?;
    }
    print_line(format_args!(
        "Look at it (`hallpass app show {slug}`), set right what is wrong (`hallpass app edit {slug}`), then `hallpass app enable {slug}`."
    ))
}

fn find_application(provider: &Provider, slug: &str) -> Result<std::sync::Arc<Application>> {
    let slug = Slug::parse(slug)?;
    if let Some(found) = readable(provider, &slug, provider.application(&slug))? {
        return Ok(found);
    }
    if provider.drafts()?.iter().any(|draft| draft.slug == slug) {
        bail!("{slug} is a draft, no application yet: `hallpass app add … --slug {slug}` fills it in");
    }
    bail!(no_such_application(slug.as_str()))
}

fn add_application(
    provider: &Provider,
    new: &NewApplication,
    obtained: Option<&ObtainedMetadata>,
    json: bool,
) -> Result<()> {
    match provider.add_application(new)?? {
        ChangeOutcome::Done(application) => {
            let mut findings = Vec::new();
            if let Some(obtained) = obtained {
                metadata::follow_source(provider, &application, obtained)?;
                let weak = obtained.imported.warnings.iter();
                findings.extend(weak.map(|finding| format!("In its metadata: {finding}.")));
                findings.extend(metadata_mismatches(&application, &obtained.imported));
            }
            findings.extend(shared_entity_id(provider, &application)?);
            if !json {
                print_line(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            show::print_application(provider, &application, json, findings)
        }
        ChangeOutcome::Taken => {
            let slug = new.slug.clone().unwrap_or_else(|| Slug::from_name(&new.name));
            bail!(describe_slug_conflict(provider, &slug)?)
        }
        ChangeOutcome::Unchanged(_) | ChangeOutcome::Unknown | ChangeOutcome::Stale => {
            bail!("the application could not be added")
        }
    }
}

/// What the metadata asks for and the application, as it is registered, is not sent.
fn metadata_mismatches(application: &Application, imported: &ImportedMetadata) -> Vec<String> {
    let (slug, saml) = (&application.slug, &application.saml);
    let mut findings = Vec::new();
    if let Some(format) = imported.name_id_format {
        let (asked, sent) = (format.name(), saml.name_id_format.name());
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

/// Other applications with the same entity ID.
fn shared_entity_id(provider: &Provider, application: &Application) -> Result<Option<String>> {
    let others: Vec<_> = provider
        .applications_with_same_entity_id(application)?
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

/// Edits the application and reports it. With `json` it prints nothing: the caller prints the new state.
fn edit_application(
    provider: &Provider,
    slug: &str,
    edit: ApplicationEdit,
    words: &str,
    json: bool,
) -> Result<()> {
    let parsed = Slug::parse(slug)?;
    match readable(provider, &parsed, provider.edit_application(&parsed, edit))?? {
        ChangeOutcome::Done(_) | ChangeOutcome::Unchanged(_) if json => Ok(()),
        ChangeOutcome::Done(application) => print_line(format_args!("{} {words}.", application.name)),
        ChangeOutcome::Unchanged(application) => print_line(format_args!(
            "{} is so already: nothing was changed.",
            application.name
        )),
        // For a draft, `find_application` fails and says so.
        ChangeOutcome::Unknown | ChangeOutcome::Taken => find_application(provider, slug).map(drop),
        ChangeOutcome::Stale => {
            bail!("somebody else changed it at the same moment; look again with `hallpass app show {slug}`")
        }
    }
}

/// Warnings about the metadata, and where it is fetched from.
fn metadata_findings(
    provider: &Provider,
    application: &Application,
    obtained: &ObtainedMetadata,
) -> Result<Vec<String>> {
    let weak = obtained.imported.warnings.iter();
    let mut lines: Vec<String> = weak
        .map(|finding| format!("In its metadata: {finding}."))
        .collect();
    if application.kind.is_chatgpt() {
        // ChatGPT's addresses come from its SSO page; metadata adds to them once, and is not fetched again.
        return Ok(lines);
    }
    lines.extend(metadata_mismatches(application, &obtained.imported));
    lines.extend(shared_entity_id(provider, application)?);
    lines.extend(metadata::follow_source(provider, application, obtained)?);
    Ok(lines)
}
