//! `hallpass app source` and `hallpass app confirm`: where metadata comes from, and changes that wait for confirmation.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use crate::{
    api_model::metadata_source::SourceOutput,
    cli::{
        actor,
        app::{
            arguments::{ConfirmArguments, SourceArguments},
            lookup::{find_application, no_such_application},
            report::{ProgressBar, print_report},
        },
        output::{self, JsonArray, print_line, print_note},
        page,
    },
    model::{
        application::{Application, Slug},
        id::MetadataSourceId,
    },
    provider::{
        Provider,
        metadata_sources::{
            ApplicationMetadataSource, ChangeReviewOutcome, MetadataSource, MetadataSourceKind,
            PendingChange, ProposedChange, RefreshOutcome, SourceOverview,
        },
    },
};

/// Shows sources, fetches one again, or stops fetching it.
pub(super) fn run(provider: &Provider, arguments: &SourceArguments) -> Result<()> {
    let Some(name) = &arguments.name else {
        if arguments.refresh || arguments.forget {
            bail!("say which one: `hallpass app source` lists them");
        }
        return list(provider, arguments);
    };
    let application = match Slug::parse(name) {
        Ok(slug) => provider.applications(actor::current()).application(&slug)?,
        Err(_) => None,
    };
    let linked = match &application {
        Some(application) => provider
            .metadata_sources(actor::current())
            .source_of(application.id)?,
        None => None,
    };
    if let (Some(application), Some((source, from))) = (&application, &linked) {
        return show_application(provider, application, source, from, arguments);
    }
    match provider.metadata_sources(actor::current()).aggregate(name)? {
        Some(listed) => show_aggregate(provider, &listed, arguments),
        None => match &application {
            Some(application) => without_source(application, arguments),
            None => {
                bail!("there is no application and no import of that name; `hallpass app source` lists them")
            }
        },
    }
}

/// An application that was entered by its values, or whose metadata was read once.
fn without_source(application: &Application, arguments: &SourceArguments) -> Result<()> {
    let (name, slug) = (&application.name, &application.slug);
    let advice = format!(
        "{name} was entered by hand, or its metadata was read once from a file. `hallpass app edit {slug} --metadata URL` lets it follow an address."
    );
    if arguments.refresh || arguments.forget {
        bail!("there is nothing to fetch: {advice}");
    }
    if arguments.json {
        return output::json(&Option::<SourceOutput>::None);
    }
    print_line(format_args!("It follows no address: {advice}"))
}

fn list(provider: &Provider, arguments: &SourceArguments) -> Result<()> {
    let first = arguments.after.as_deref();
    let first = first.map(|name| source_named(provider, name)).transpose()?;
    let default = if arguments.json {
        u32::MAX
    } else {
        page::DEFAULT_LIMIT
    };
    let (mut array, mut last) = (JsonArray::begin(), None);
    let are_more = page::each_row(
        arguments.limit.unwrap_or(default),
        |after, limit| {
            Ok(provider
                .metadata_sources(actor::current())
                .sources(after.or(first), limit)?)
        },
        |overview| overview.source.id,
        |overview| {
            last = Some(name_of(overview).to_owned());
            if arguments.json {
                array.push(&SourceOutput::from(overview))
            } else {
                print_listed(overview)
            }
        },
    )?;
    let next = last
        .as_ref()
        .filter(|_last| are_more)
        .map(|last| format!("there are more: add --after {last} for the next page"));
    if arguments.json {
        array.end()?;
        if let Some(next) = next {
            print_note(&next);
        }
        return Ok(());
    }
    match (next, last) {
        (Some(next), _) => print_line(format_args!("… {next}")),
        (None, Some(_last)) => Ok(()),
        (None, None) if first.is_some() => print_line(format_args!("No more.")),
        (None, None) => print_line(format_args!(
            "None: `hallpass app add saml --metadata URL` follows one application, `hallpass app import URL --signed-by CERTIFICATE` a federation."
        )),
    }
}

/// The source of this application, or the import of this name.
fn source_named(provider: &Provider, name: &str) -> Result<MetadataSourceId> {
    if let Ok(slug) = Slug::parse(name)
        && let Some(application) = provider.applications(actor::current()).application(&slug)?
        && let Some((source, _from)) = provider
            .metadata_sources(actor::current())
            .source_of(application.id)?
    {
        return Ok(source.id);
    }
    match provider
        .metadata_sources(actor::current())
        .aggregate_source(name)?
    {
        Some(source) => Ok(source.id),
        None => bail!("no source has the name {name}; `hallpass app source` lists them"),
    }
}

/// What a source is called in the list.
fn name_of(overview: &SourceOverview) -> &str {
    match overview.applications.first() {
        Some((slug, _)) if overview.source.kind == MetadataSourceKind::Entity => slug.as_str(),
        Some(_) | None => overview.source.label(),
    }
}

fn print_listed(overview: &SourceOverview) -> Result<()> {
    let name = name_of(overview);
    let from = overview.source.url.as_ref().map_or("a file", |url| url.as_str());
    let state = if overview.source.state.failing_since.is_some() {
        "  (failing)"
    } else {
        ""
    };
    print_line(format_args!("{name:24} {from}{state}"))?;
    for (slug, _) in overview
        .applications
        .iter()
        .filter(|(_, from)| from.pending_change.is_some())
    {
        print_line(format_args!(
            "  A change of {slug} waits: `hallpass app confirm {slug}` shows it."
        ))?;
    }
    Ok(())
}

fn show_application(
    provider: &Provider,
    application: &Application,
    source: &MetadataSource,
    from: &ApplicationMetadataSource,
    arguments: &SourceArguments,
) -> Result<()> {
    let slug = &application.slug;
    if arguments.forget {
        provider
            .metadata_sources(actor::current())
            .unfollow_source(application.id)?;
        if arguments.json {
            return output::json(&Option::<SourceOutput>::None);
        }
        return print_line(format_args!(
            "{slug} no longer follows a source; it stays as it is."
        ));
    }
    if arguments.refresh {
        refresh(provider, source, arguments)?;
    }
    let Some((source, from)) = provider
        .metadata_sources(actor::current())
        .source_of(application.id)?
        .or(Some((source.clone(), from.clone())))
    else {
        return Ok(());
    };
    if arguments.json {
        let listed = SourceOverview {
            listed_count: 1,
            delisted_count: i64::from(from.delisted_at.is_some()),
            applications: vec![(slug.clone(), from)],
            source,
        };
        return output::json(&SourceOutput::from(&listed));
    }
    print_line(format_args!("{} ({slug})", application.name))?;
    for line in source_lines(&source, provider.now()) {
        print_line(format_args!("  {line}"))?;
    }
    for line in application_source_lines(slug, &from) {
        print_line(format_args!("  {line}"))?;
    }
    Ok(())
}

fn show_aggregate(provider: &Provider, listed: &SourceOverview, arguments: &SourceArguments) -> Result<()> {
    let name = listed.source.label();
    if arguments.forget {
        provider
            .metadata_sources(actor::current())
            .remove_aggregate(name)?;
        if arguments.json {
            return output::json(&Option::<SourceOutput>::None);
        }
        return print_line(format_args!(
            "{name} is forgotten, and what was known from it. Applications that stay as they are: {}.",
            listed.applications.len()
        ));
    }
    if arguments.refresh {
        refresh(provider, &listed.source, arguments)?;
    }
    let Some(listed) = provider.metadata_sources(actor::current()).aggregate(name)? else {
        bail!("it is gone");
    };
    if arguments.json {
        return output::json(&SourceOutput::from(&listed));
    }
    print_line(format_args!("{name}"))?;
    for line in source_lines(&listed.source, provider.now()) {
        print_line(format_args!("  {line}"))?;
    }
    print_line(format_args!(
        "  entities: {} known, {} gone",
        listed.listed_count, listed.delisted_count
    ))?;
    print_line(format_args!("  enabled by itself: {}", listed.source.rule))?;
    print_line(format_args!(
        "  applications that follow it: {}",
        listed.applications.len()
    ))?;
    for (slug, from) in &listed.applications {
        for line in application_source_lines(slug, from) {
            print_line(format_args!("  {slug}: {line}"))?;
        }
    }
    Ok(())
}

fn refresh(provider: &Provider, source: &MetadataSource, arguments: &SourceArguments) -> Result<()> {
    let mut bar = ProgressBar::new();
    let done = provider.metadata_sources(actor::current()).refresh_source(
        source,
        arguments.force,
        &mut |progress| bar.show(progress),
    );
    bar.clear();
    match done? {
        RefreshOutcome::Unchanged | RefreshOutcome::Updated(_) if arguments.json => Ok(()),
        RefreshOutcome::Unchanged => print_line(format_args!("Nothing is new there.\n")),
        RefreshOutcome::Updated(report) => {
            match source.kind {
                MetadataSourceKind::Aggregate => print_report(&report)?,
                MetadataSourceKind::Entity if report.changed.is_empty() && report.held_back.is_empty() => {
                    print_line(format_args!("It is fetched; nothing is other than before."))?;
                }
                MetadataSourceKind::Entity if report.held_back.is_empty() => {
                    print_line(format_args!(
                        "It is fetched; the changes take effect at the next sign-in."
                    ))?;
                }
                MetadataSourceKind::Entity => print_line(format_args!("It is fetched; a change waits."))?,
            }
            print_line(format_args!(""))
        }
        RefreshOutcome::NoUrl => bail!(
            "this came from a file: import the new file, with --name {}",
            source.label()
        ),
        RefreshOutcome::Failed(error) => {
            Err(anyhow::Error::new(error).context("nothing was taken; what was known before stays in use"))
        }
    }
}

/// What is known about a source, one line each.
pub(super) fn source_lines(source: &MetadataSource, now: DateTime<Utc>) -> Vec<String> {
    let state = &source.state;
    let mut lines = Vec::new();
    match &source.url {
        Some(url) => lines.push(format!("from {url}")),
        None => lines.push("from a file; it is not fetched again".to_owned()),
    }
    if let Some(at) = state.fetched_at {
        lines.push(format!("last taken {}", format_minute(at)));
    }
    if let Some(since) = state.failing_since {
        let why = state.last_error.as_deref().unwrap_or_default();
        let times = state.failures;
        lines.push(format!(
            "FAILING since {} ({times} times): {why}",
            format_minute(since)
        ));
    }
    if let Some(at) = state.next_fetch_at {
        lines.push(format!("fetched next {}", format_minute(at)));
    }
    if let Some(end) = state.valid_until {
        lines.push(if end > now {
            format!("valid until {}", format_minute(end))
        } else {
            format!(
                "EXPIRED on {}: sign-in is refused until a newer copy comes",
                format_minute(end)
            )
        });
    }
    lines
}

fn application_source_lines(slug: &Slug, from: &ApplicationMetadataSource) -> Vec<String> {
    let delisted = from.delisted_at.map(delisted_line);
    let change = from
        .pending_change
        .as_ref()
        .map(|change| change_line(slug, change));
    delisted.into_iter().chain(change).collect()
}

pub(super) fn delisted_line(since: DateTime<Utc>) -> String {
    format!("its source has not listed it since {}", format_minute(since))
}

pub(super) fn change_line(slug: &Slug, change: &PendingChange) -> String {
    format!(
        "a change waits since {} ({}): `hallpass app confirm {slug}` shows it",
        format_minute(change.pending_since),
        change.reason
    )
}

/// What `app source SLUG --json` prints.
fn source_as_json(provider: &Provider, slug: &Slug) -> Result<()> {
    let arguments = SourceArguments {
        name: Some(slug.as_str().to_owned()),
        refresh: false,
        force: false,
        forget: false,
        after: None,
        limit: None,
        json: true,
    };
    run(provider, &arguments)
}

/// Shows a change that waits, and accepts or rejects it.
pub(super) fn confirm(provider: &Provider, arguments: &ConfirmArguments) -> Result<()> {
    let application = find_application(provider, &arguments.slug)?;
    let slug = &application.slug;
    let outcome = match (&arguments.accept, &arguments.reject) {
        (Some(named), _) => provider
            .metadata_sources(actor::current())
            .confirm_change(slug, named)?,
        (None, Some(named)) => provider
            .metadata_sources(actor::current())
            .reject_change(slug, named)?,
        (None, None) if arguments.json => return source_as_json(provider, slug),
        (None, None) => return print_pending_change(provider, slug),
    };
    match outcome {
        ChangeReviewOutcome::Applied(_) | ChangeReviewOutcome::Rejected(_) if arguments.json => {
            source_as_json(provider, slug)
        }
        ChangeReviewOutcome::Applied(waiting) => {
            print_differences(&waiting)?;
            print_line(format_args!(
                "{} is changed; this takes effect at the next sign-in.",
                application.name
            ))
        }
        ChangeReviewOutcome::Rejected(_) => print_line(format_args!(
            "The change is rejected: the settings stay as they are, and the same change is not offered again."
        )),
        ChangeReviewOutcome::NothingPending => bail!("no change of {slug} waits"),
        ChangeReviewOutcome::AnotherPending => {
            bail!("another change waits than that one: `hallpass app confirm {slug}` shows it")
        }
        ChangeReviewOutcome::Stale => bail!("somebody else changed it at the same moment; try again"),
        ChangeReviewOutcome::Unusable(error) => {
            Err(anyhow::Error::new(error).context("the waiting change can no longer be used"))
        }
    }
}

fn print_pending_change(provider: &Provider, slug: &Slug) -> Result<()> {
    match provider
        .metadata_sources(actor::current())
        .proposed_change(slug)?
    {
        None => {
            if provider
                .applications(actor::current())
                .application(slug)?
                .is_none()
            {
                bail!(no_such_application(slug.as_str()));
            }
            print_line(format_args!("No change of {slug} waits."))
        }
        Some(Err(error)) => {
            Err(anyhow::Error::new(error).context("the waiting change can no longer be used"))
        }
        Some(Ok(waiting)) => {
            let id = &waiting.change.id;
            print_line(format_args!(
                "A change of {} waits since {}, because {}:\n",
                waiting.application.name,
                format_minute(waiting.change.pending_since),
                waiting.change.reason
            ))?;
            print_differences(&waiting)?;
            print_line(format_args!(
                "\nNothing is changed yet. Ask whoever runs it whether this is theirs, then:"
            ))?;
            print_line(format_args!("  hallpass app confirm {slug} --accept {id}"))?;
            print_line(format_args!("  hallpass app confirm {slug} --reject {id}"))
        }
    }
}

fn print_differences(waiting: &ProposedChange) -> Result<()> {
    for line in &waiting.differences {
        print_line(format_args!("  {line}"))?;
    }
    Ok(())
}

fn format_minute(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}
