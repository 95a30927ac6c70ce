//! `hallpass audit …`: the audit log, the newest first.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::{
    api_model::audit::AuditEntryOutput,
    cli::{
        actor,
        output::{JsonArray, print_line, print_note},
        page,
    },
    model::{application::Slug, audit::ValueChange, user::Email},
    provider::{
        Provider,
        audit::codes,
        audit::explain::{AuditEntry, AuditQuery},
    },
};

/// Which decisions to list.
#[derive(Debug, clap::Args)]
pub(super) struct AuditArguments {
    /// Not older: a date (2026-11-21), a time in UTC (2026-11-21 14:00), or so long ago (30m, 12h, 7d, 2w)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Older: in the same forms
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Of this application
    #[arg(long, value_name = "SLUG")]
    app: Option<String>,
    /// About this person
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Of this action, such as login or app.edit; `app` stands for all that begin with app.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Refusals alone
    #[arg(long)]
    refused: bool,
    /// With this code, or ok
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// How many of the newest, or all
    #[arg(short = 'n', long = "newest", value_name = "NUMBER", default_value = "50", value_parser = page::parse_count)]
    newest: u32,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn audit(arguments: &AuditArguments, provider: &Provider) -> Result<()> {
    let application = match &arguments.app {
        None => None,
        Some(slug) => Some(
            provider
                .applications(actor::current())
                .application(&Slug::parse(slug)?)?
                .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?,
        ),
    };
    let code = arguments.code.as_deref().map(parse_code).transpose()?;
    let at = |text: &Option<String>| {
        text.as_deref()
            .map(|text| parse_time(text, provider.now()))
            .transpose()
    };
    let user = match &arguments.user {
        None => None,
        Some(email) => {
            let email = Email::parse(email)?;
            let user = provider.people(actor::current()).user_by_email(&email)?;
            Some(
                user.with_context(|| {
                    format!("nobody here has the address {email}; `hallpass user list` shows everybody")
                })?
                .id,
            )
        }
    };
    let filter = AuditQuery {
        since: at(&arguments.since)?,
        until: at(&arguments.until)?,
        application,
        user,
        action: arguments.action.as_deref().map(parse_action).transpose()?,
        code,
        refused_only: arguments.refused,
        before: None,
        limit: 0,
        // Only JSON contains them.
        with_hints: arguments.json,
    };
    let older = "there are older ones: -n NUMBER, -n all, or --until WHEN";
    if arguments.json {
        let mut array = JsonArray::begin();
        let are_older = each_entry(provider, filter, arguments.newest, |decision| {
            array.push(&AuditEntryOutput::from(decision))
        })?;
        if are_older {
            print_note(older);
        }
        return array.end();
    }
    let mut is_empty = true;
    let are_older = each_entry(provider, filter, arguments.newest, |decision| {
        is_empty = false;
        print_entry(decision)
    })?;
    if is_empty {
        return print_line(format_args!("Nothing that fits."));
    }
    if are_older {
        print_line(format_args!("… {older}"))?;
    }
    Ok(())
}

/// Calls `each` with the `newest` rows that match, newest first. Returns whether there are older ones.
fn each_entry(
    provider: &Provider,
    mut query: AuditQuery,
    newest: u32,
    each: impl FnMut(&AuditEntry) -> Result<()>,
) -> Result<bool> {
    let read = |before, limit| {
        (query.before, query.limit) = (before, limit);
        Ok(provider.audit(actor::current()).audit_entries(&query)?)
    };
    page::each_row(newest, read, |decision| decision.row.id, each)
}

fn print_entry(decision: &AuditEntry) -> Result<()> {
    let row = &decision.row;
    let reference = decision
        .reference()
        .map(|reference| reference.to_string())
        .unwrap_or_default();
    let application = match (&decision.application, row.application) {
        (Some(application), _) => application.slug.as_str().to_owned(),
        (None, Some(_gone)) => "(removed)".to_owned(),
        (None, None) => String::new(),
    };
    let times = if row.occurrences > 1 {
        format!("  ({} times)", row.occurrences)
    } else {
        String::new()
    };
    let user_text = match (&decision.user, row.user) {
        (Some(user), _) => user.email.as_str().to_owned(),
        (None, Some(_gone)) => "(removed)".to_owned(),
        (None, None) => String::new(),
    };
    let source = match (row.address, &row.actor) {
        (Some(address), _) => address.to_string(),
        (None, Some(actor)) => format!("by {actor}"),
        (None, None) => String::new(),
    };
    let line = format!(
        "{}  {:18} {:20} {reference:9}  {application:16} {user_text:32} {source}{times}",
        row.at.format("%Y-%m-%d %H:%M:%SZ"),
        row.action,
        row.outcome,
    );
    print_line(format_args!("{}", line.trim_end()))?;
    for change in &row.changes {
        print_line(format_args!("    {}", describe_change(change)))?;
    }
    Ok(())
}

/// The values before and after an edit.
pub(super) fn describe_change(change: &ValueChange) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    format!(
        "{}: {} -> {}",
        change.name,
        value(&change.old),
        value(&change.new)
    )
}

/// An action as it is stored: lower-case words, separated by full stops.
fn parse_action(text: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
    if text.is_empty() || !text.chars().all(plain) {
        bail!(
            "`{}` is not an action; docs/logging.md lists all, such as login, sign_on or app.edit",
            text.escape_debug()
        );
    }
    Ok(text.to_owned())
}

/// A code as it is stored. Any other text is an error: it would find nothing, without saying why.
fn parse_code(text: &str) -> Result<String> {
    if text.eq_ignore_ascii_case("ok") {
        return Ok("ok".to_owned());
    }
    codes::explanation(text)
        .map(|explanation| explanation.code.to_owned())
        .with_context(|| {
            format!(
                "there is no code `{}`; docs/errors.md lists all",
                text.escape_debug()
            )
        })
}

/// A date, a time, or a duration before `now`.
fn parse_time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    // Without a zone it is UTC, as everything that is printed here.
    let plain = text.strip_suffix('Z').or_else(|| text.strip_suffix(" UTC"));
    let plain = plain.unwrap_or(text).replace('T', " ");
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(&plain, form) {
            return Ok(at.and_utc());
        }
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = text
        .strip_suffix(['s', 'm', 'h', 'd', 'w'])
        .and_then(|number| number.parse::<u32>().ok())
        .zip(text.chars().next_back())
        .and_then(|(number, unit)| match unit {
            's' => TimeDelta::try_seconds(number.into()),
            'm' => TimeDelta::try_minutes(number.into()),
            'h' => TimeDelta::try_hours(number.into()),
            'w' => TimeDelta::try_weeks(number.into()),
            _ => TimeDelta::try_days(number.into()),
        });
    ago.and_then(|ago| now.checked_sub_signed(ago)).with_context(|| {
        format!(
            "`{}` is not a time; write 2026-11-21, 2026-11-21 14:00 (in UTC), 30m, 12h, 7d or 2w",
            text.escape_debug()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_date_a_time_or_so_long_ago() {
        let now: DateTime<Utc> = "2026-11-21T14:30:00Z".parse().unwrap();
        for (text, at) in [
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-21T14:00:00+01:00", "2026-11-21T13:00:00Z"),
            ("30m", "2026-11-21T14:00:00Z"),
            ("12h", "2026-11-21T02:30:00Z"),
            ("7d", "2026-11-14T14:30:00Z"),
            ("1w", "2026-11-14T14:30:00Z"),
            ("2026-11-21T14:00:00", "2026-11-21T14:00:00Z"),
            ("2026-11-21T14:00", "2026-11-21T14:00:00Z"),
            ("2026-11-21 14:00", "2026-11-21T14:00:00Z"),
            ("2026-11-21 14:00:05", "2026-11-21T14:00:05Z"),
            ("2026-11-21 14:00:05Z", "2026-11-21T14:00:05Z"),
            ("2026-11-21 14:00:05 UTC", "2026-11-21T14:00:05Z"),
        ] {
            assert_eq!(
                parse_time(text, now).unwrap(),
                at.parse::<DateTime<Utc>>().unwrap(),
                "{text}"
            );
        }
        for text in ["", "d", "-1d", "1y", "yesterday", "4294967296d", "7é"] {
            assert!(parse_time(text, now).is_err(), "{text:?}");
        }
    }
}
