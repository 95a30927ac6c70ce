//! `hallpass app import` and `hallpass app known`: aggregates, and the entities that were imported from them.

use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    api_model::metadata_source::{ImportReportOutput, ImportedEntityOutput},
    cli::{
        actor,
        app::{
            arguments::{ImportArguments, ImportedCommand},
            certificates::read_certificates,
            convert::parse_entity_id,
            lookup::describe_slug_conflict,
            metadata::with_metadata,
            report::{ProgressBar, print_report},
            show,
        },
        output::{self, print_line, print_note},
    },
    model::application::Slug,
    provider::{
        Provider,
        metadata_sources::{EnableOutcome, EnableRule, ImportOutcome, ImportRequest},
    },
};

pub(super) fn import(provider: &Provider, arguments: &ImportArguments) -> Result<()> {
    let file = &arguments.signed_by;
    let signed_by = read_certificates(file)?;
    let name = arguments.name.as_deref().map(Slug::parse).transpose()?;
    let rule = enable_rule(arguments)?;
    let longest_validity = parse_longest_validity(&arguments.longest_validity)?;
    let mut bar = ProgressBar::new();
    let done = with_metadata(&arguments.metadata, |input| {
        let request = ImportRequest {
            name,
            input,
            signed_by,
            rule,
            longest_validity,
            force: arguments.force,
        };
        Ok(provider
            .metadata_sources(actor::current())
            .import_aggregate(request, &mut |progress| bar.show(progress))?)
    });
    bar.clear();
    match done? {
        ImportOutcome::Failed(error) => {
            Err(anyhow::Error::new(error).context(format!("cannot use {}", arguments.metadata)))
        }
        ImportOutcome::Done { source, report } => {
            let name = source.label();
            if arguments.json {
                return output::json(&ImportReportOutput::new(name, &report));
            }
            print_line(format_args!("{name}:"))?;
            print_report(&report)?;
            if source.url.is_some() {
                print_line(format_args!(
                    "It is fetched again by itself; `hallpass app source {name}` shows when."
                ))?;
            }
            if source.rule == EnableRule::Nothing {
                print_line(format_args!(
                    "Nothing is enabled by itself: `hallpass app known list --search TEXT`, then `hallpass app enable --known ENTITY_ID`."
                ))?;
            }
            Ok(())
        }
    }
}

fn enable_rule(arguments: &ImportArguments) -> Result<EnableRule> {
    Ok(
        match (
            arguments.enable_all,
            &arguments.enable_host,
            &arguments.enable_authority,
        ) {
            (true, _, _) => EnableRule::All,
            (false, Some(host), _) => EnableRule::host(host)?,
            (false, None, Some(authority)) => EnableRule::authority(authority)?,
            (false, None, None) => EnableRule::Nothing,
        },
    )
}

fn parse_longest_validity(text: &str) -> Result<Option<TimeDelta>> {
    if text == "any" {
        return Ok(None);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u16>().ok());
    match days {
        Some(days @ 1..) => Ok(Some(TimeDelta::days(days.into()))),
        Some(_) | None => bail!("`{text}` is not a number of days such as 35d, nor `any`"),
    }
}

/// Registers an imported entity as an application.
pub(super) fn enable_imported(
    provider: &Provider,
    entity_id: &str,
    from: Option<&str>,
    slug: Option<&str>,
    json: bool,
) -> Result<()> {
    let entity_id = parse_entity_id(entity_id)?;
    let slug = slug.map(Slug::parse).transpose()?;
    match provider
        .metadata_sources(actor::current())
        .enable_imported(&entity_id, from, slug.as_ref())?
    {
        EnableOutcome::Done(application) => {
            if !json {
                print_line(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            show::print_application(provider, &application, json, &[])
        }
        EnableOutcome::Unknown => bail!(
            "no imported metadata lists {entity_id}; `hallpass app known list --search TEXT` looks for parts of a name"
        ),
        EnableOutcome::Ambiguous(sources) => bail!(
            "several imports list {entity_id}: say which with --from ({})",
            sources.join(", ")
        ),
        EnableOutcome::AlreadyRegistered(slug) => bail!("{entity_id} is registered as {slug} already"),
        EnableOutcome::Taken => match &slug {
            Some(slug) => bail!(describe_slug_conflict(provider, slug)?),
            None => bail!("the short name is taken; give another one with --slug"),
        },
        EnableOutcome::Unusable(error) => {
            Err(anyhow::Error::new(error).context(format!("{entity_id} cannot be enabled")))
        }
    }
}

pub(super) fn list_imported(provider: &Provider, command: &ImportedCommand) -> Result<()> {
    let ImportedCommand::List { search, limit, json } = command;
    // One more than the limit, to know whether there are more.
    let mut found = provider
        .metadata_sources(actor::current())
        .imported_entities(search.as_deref().unwrap_or_default(), i64::from(*limit) + 1)?;
    let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    let are_more = found.len() > limit;
    found.truncate(limit);
    let more = "there are more: --search TEXT, or --limit NUMBER";
    if *json {
        if are_more {
            print_note(more);
        }
        return output::json(&found.iter().map(ImportedEntityOutput::from).collect::<Vec<_>>());
    }
    if found.is_empty() {
        return print_line(format_args!(
            "Nothing is known: `hallpass app import FILE|URL --signed-by CERTIFICATE` imports a federation's metadata."
        ));
    }
    for line in &found {
        let day = |at: DateTime<Utc>| at.format("%Y-%m-%d");
        let state = match (&line.application, line.delisted_at, line.declined_at) {
            (_, Some(at), _) => format!("  (gone since {})", day(at)),
            (Some(slug), None, _) => format!("  (enabled as {slug})"),
            (None, None, Some(at)) => format!("  (removed on {}; no rule enables it)", day(at)),
            (None, None, None) => String::new(),
        };
        print_line(format_args!("{}  {}{state}", line.entity_id, line.display_name))?;
    }
    if are_more {
        print_line(format_args!("… {more}"))?;
    }
    Ok(())
}
