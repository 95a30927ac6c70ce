//! `hallpass app source`, `hallpass app confirm`: where metadata comes from, and changes that wait.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};

use crate::{
    cli::{
        app::{
            arguments::{Confirm, Source},
            found,
            listed::Shown,
            no_such,
            report::{Bar, say_report},
        },
        output::{self, say},
    },
    model::application::{Application, Slug},
    provider::{
        Provider,
        sources::{ApplicationSource, Confirmed, Listed, MetadataSource, Refreshed, SourceKind, Waiting},
    },
};

/// Shows sources, fetches one again, forgets one.
pub(super) fn source(provider: &Provider, typed: &Source) -> Result<()> {
    let Some(name) = &typed.name else {
        if typed.refresh || typed.forget {
            bail!("say which one: `hallpass app source` lists them");
        }
        return list(provider, typed.json);
    };
    let application = match Slug::parse(name) {
        Ok(slug) => provider.application(&slug)?,
        Err(_) => None,
    };
    let followed = match &application {
        Some(application) => provider.source_of(application.id)?,
        None => None,
    };
    if let (Some(application), Some((source, from))) = (&application, &followed) {
        return of_application(provider, application, source, from, typed);
    }
    match provider.aggregate(name)? {
        Some(listed) => of_aggregate(provider, &listed, typed),
        None => match &application {
            Some(application) => without_source(application, typed),
            None => {
                bail!("there is no application and no import of that name; `hallpass app source` lists them")
            }
        },
    }
}

/// An application that was entered by its values, or whose metadata was read once.
fn without_source(application: &Application, typed: &Source) -> Result<()> {
    let (name, slug) = (&application.name, &application.slug);
    let advice = format!(
        "{name} was entered by hand, or its metadata was read once from a file. `hallpass app edit {slug} --metadata URL` lets it follow an address."
    );
    if typed.refresh || typed.forget {
        bail!("there is nothing to fetch: {advice}");
    }
    if typed.json {
        return output::json(&Option::<Shown>::None);
    }
    say(format_args!("It follows no address: {advice}"))
}

fn list(provider: &Provider, json: bool) -> Result<()> {
    let all = provider.sources()?;
    if json {
        return output::json(&all.iter().map(Shown::from).collect::<Vec<_>>());
    }
    if all.is_empty() {
        return say(format_args!(
            "None: `hallpass app add saml --metadata URL` follows one application, `hallpass app import URL --signed-by CERTIFICATE` a federation."
        ));
    }
    for one in &all {
        let name = match one.applications.first() {
            Some((slug, _)) if one.source.kind == SourceKind::Entity => slug.as_str(),
            Some(_) | None => one.source.called(),
        };
        let from = one.source.url.as_ref().map_or("a file", |url| url.as_str());
        let state = if one.source.state.failing_since.is_some() {
            "  (failing)"
        } else {
            ""
        };
        say(format_args!("{name:24} {from}{state}"))?;
        for (slug, _) in one.applications.iter().filter(|(_, from)| from.waiting.is_some()) {
            say(format_args!(
                "  A change of {slug} waits: `hallpass app confirm {slug}` shows it."
            ))?;
        }
    }
    Ok(())
}

fn of_application(
    provider: &Provider,
    application: &Application,
    source: &MetadataSource,
    from: &ApplicationSource,
    typed: &Source,
) -> Result<()> {
    let slug = &application.slug;
    if typed.forget {
        provider.unfollow(application.id)?;
        if typed.json {
            return output::json(&Option::<Shown>::None);
        }
        return say(format_args!(
            "{slug} no longer follows a source; it stays as it is."
        ));
    }
    if typed.refresh {
        refresh(provider, source, typed)?;
    }
    let Some((source, from)) = provider
        .source_of(application.id)?
        .or(Some((source.clone(), from.clone())))
    else {
        return Ok(());
    };
    if typed.json {
        let listed = Listed {
            known: 1,
            gone: i64::from(from.gone_at.is_some()),
            applications: vec![(slug.clone(), from)],
            source,
        };
        return output::json(&Shown::from(&listed));
    }
    say(format_args!("{} ({slug})", application.name))?;
    for line in state(&source, provider.now()) {
        say(format_args!("  {line}"))?;
    }
    for line in of_link(slug, &from) {
        say(format_args!("  {line}"))?;
    }
    Ok(())
}

fn of_aggregate(provider: &Provider, listed: &Listed, typed: &Source) -> Result<()> {
    let name = listed.source.called();
    if typed.forget {
        provider.forget_aggregate(name)?;
        if typed.json {
            return output::json(&Option::<Shown>::None);
        }
        return say(format_args!(
            "{name} is forgotten, and what was known from it. Applications that stay as they are: {}.",
            listed.applications.len()
        ));
    }
    if typed.refresh {
        refresh(provider, &listed.source, typed)?;
    }
    let Some(listed) = provider.aggregate(name)? else {
        bail!("it is gone");
    };
    if typed.json {
        return output::json(&Shown::from(&listed));
    }
    say(format_args!("{name}"))?;
    for line in state(&listed.source, provider.now()) {
        say(format_args!("  {line}"))?;
    }
    say(format_args!(
        "  entities: {} known, {} gone",
        listed.known, listed.gone
    ))?;
    say(format_args!("  enabled by itself: {}", listed.source.rule))?;
    say(format_args!(
        "  applications that follow it: {}",
        listed.applications.len()
    ))?;
    for (slug, from) in &listed.applications {
        for line in of_link(slug, from) {
            say(format_args!("  {slug}: {line}"))?;
        }
    }
    Ok(())
}

fn refresh(provider: &Provider, source: &MetadataSource, typed: &Source) -> Result<()> {
    let mut bar = Bar::new();
    let done = provider.refresh_source(source, typed.force, &mut |progress| bar.show(progress));
    bar.clear();
    match done? {
        Refreshed::Unchanged | Refreshed::Taken(_) if typed.json => Ok(()),
        Refreshed::Unchanged => say(format_args!("Nothing is new there.\n")),
        Refreshed::Taken(report) => {
            match source.kind {
                SourceKind::Aggregate => say_report(&report)?,
                SourceKind::Entity if report.changed.is_empty() && report.waiting.is_empty() => {
                    say(format_args!("It is fetched; nothing is other than before."))?;
                }
                SourceKind::Entity if report.waiting.is_empty() => {
                    say(format_args!(
                        "It is fetched; the changes take effect at the next sign-in."
                    ))?;
                }
                SourceKind::Entity => say(format_args!("It is fetched; a change waits."))?,
            }
            say(format_args!(""))
        }
        Refreshed::NoUrl => bail!(
            "this came from a file: import the new file, with --name {}",
            source.called()
        ),
        Refreshed::Failed(trouble) => {
            Err(anyhow::Error::new(trouble).context("nothing was taken; what was known before stays in use"))
        }
    }
}

/// What is known of a source, a line each.
fn state(source: &MetadataSource, now: DateTime<Utc>) -> Vec<String> {
    let state = &source.state;
    let mut lines = Vec::new();
    match &source.url {
        Some(url) => lines.push(format!("from {url}")),
        None => lines.push("from a file; it is not fetched again".to_owned()),
    }
    if let Some(at) = state.fetched_at {
        lines.push(format!("last taken {}", minute(at)));
    }
    if let Some(since) = state.failing_since {
        let why = state.last_error.as_deref().unwrap_or_default();
        let times = state.failures;
        lines.push(format!("FAILING since {} ({times} times): {why}", minute(since)));
    }
    if let Some(at) = state.next_at {
        lines.push(format!("fetched next {}", minute(at)));
    }
    if let Some(end) = state.valid_until {
        lines.push(if end > now {
            format!("valid until {}", minute(end))
        } else {
            format!(
                "EXPIRED on {}: sign-in is refused until a newer copy comes",
                minute(end)
            )
        });
    }
    lines
}

fn of_link(slug: &Slug, from: &ApplicationSource) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(at) = from.gone_at {
        lines.push(format!("its source has not listed it since {}", minute(at)));
    }
    if let Some(change) = &from.waiting {
        lines.push(format!(
            "a change waits since {} ({}): `hallpass app confirm {slug}` shows it",
            minute(change.since),
            change.why
        ));
    }
    lines
}

/// What `app show` says of where the application's metadata comes from.
pub(super) fn findings(provider: &Provider, application: &Application) -> Result<Vec<String>> {
    let Some((source, from)) = provider.source_of(application.id)? else {
        return Ok(Vec::new());
    };
    let lines = state(&source, provider.now()).into_iter();
    let mut said = vec![format!(
        "Its metadata comes {}.",
        lines.collect::<Vec<_>>().join(", ")
    )];
    let about = of_link(&application.slug, &from).into_iter();
    said.extend(about.map(|line| {
        let mut letters = line.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    }));
    Ok(said)
}

/// What `app source SLUG --json` prints.
fn source_as_json(provider: &Provider, slug: &Slug) -> Result<()> {
    let typed = Source {
        name: Some(slug.as_str().to_owned()),
        refresh: false,
        force: false,
        forget: false,
        json: true,
    };
    source(provider, &typed)
}

/// Shows a change that waits; takes it up, or rejects it.
pub(super) fn confirm(provider: &Provider, typed: &Confirm) -> Result<()> {
    let application = found(provider, &typed.slug)?;
    let slug = &application.slug;
    let outcome = match (&typed.accept, &typed.reject) {
        (Some(named), _) => provider.confirm_change(slug, named)?,
        (None, Some(named)) => provider.reject_change(slug, named)?,
        (None, None) if typed.json => return source_as_json(provider, slug),
        (None, None) => return shown(provider, slug),
    };
    match outcome {
        Confirmed::Done(_) | Confirmed::Rejected(_) if typed.json => source_as_json(provider, slug),
        Confirmed::Done(waiting) => {
            differences(&waiting)?;
            say(format_args!(
                "{} is changed; this takes effect at the next sign-in.",
                application.name
            ))
        }
        Confirmed::Rejected(_) => say(format_args!(
            "The change is rejected: the settings stay as they are, and the same change is not offered again."
        )),
        Confirmed::Nothing => bail!("no change of {slug} waits"),
        Confirmed::Other => {
            bail!("another change waits than that one: `hallpass app confirm {slug}` shows it")
        }
        Confirmed::Stale => bail!("somebody else changed it at the same moment; try again"),
        Confirmed::Unusable(trouble) => {
            Err(anyhow::Error::new(trouble).context("the waiting change can no longer be used"))
        }
    }
}

fn shown(provider: &Provider, slug: &Slug) -> Result<()> {
    match provider.waiting_change(slug)? {
        None => {
            if provider.application(slug)?.is_none() {
                bail!(no_such(slug.as_str()));
            }
            say(format_args!("No change of {slug} waits."))
        }
        Some(Err(trouble)) => {
            Err(anyhow::Error::new(trouble).context("the waiting change can no longer be used"))
        }
        Some(Ok(waiting)) => {
            let id = &waiting.change.id;
            say(format_args!(
                "A change of {} waits since {}, because {}:\n",
                waiting.application.name,
                minute(waiting.change.since),
                waiting.change.why
            ))?;
            differences(&waiting)?;
            say(format_args!(
                "\nNothing is changed yet. Ask whoever runs it whether this is theirs, then:"
            ))?;
            say(format_args!("  hallpass app confirm {slug} --accept {id}"))?;
            say(format_args!("  hallpass app confirm {slug} --reject {id}"))
        }
    }
}

fn differences(waiting: &Waiting) -> Result<()> {
    for line in &waiting.differences {
        say(format_args!("  {line}"))?;
    }
    Ok(())
}

fn minute(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.format("%Y-%m-%d %H:%M UTC")
}
