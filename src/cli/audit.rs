//! `hallpass audit …`: the audit trail, the newest first.

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::{
    cli::{
        decision::Shown,
        output::{self, say},
    },
    model::application::Slug,
    provider::{Provider, codes, explain::Wanted},
};

/// Which decisions to list.
#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    /// Not older: a date (2026-11-21), a time (2026-11-21T14:00:00Z), or so long ago (30m, 12h, 7d)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Of this application
    #[arg(long, value_name = "SLUG")]
    app: Option<String>,
    /// With this code, or ok
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// How many of the newest
    #[arg(short = 'n', long = "newest", value_name = "NUMBER", default_value_t = 50)]
    newest: u32,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Lists decisions.
pub(super) fn audit(typed: &Audit, provider: &Provider) -> Result<()> {
    let application = match &typed.app {
        None => None,
        Some(slug) => Some(
            provider
                .application(&Slug::parse(slug)?)?
                .with_context(|| format!("there is no application {slug}; `hallpass app list` shows all"))?,
        ),
    };
    let code = typed.code.as_deref().map(known_code).transpose()?;
    let wanted = Wanted {
        since: typed
            .since
            .as_deref()
            .map(|text| moment(text, provider.now()))
            .transpose()?,
        application,
        code,
        newest: typed.newest,
    };
    let decisions = provider.audit(&wanted)?;
    if typed.json {
        return output::json(&decisions.iter().map(Shown::from).collect::<Vec<_>>());
    }
    if decisions.is_empty() {
        return say(format_args!("Nothing that fits."));
    }
    for decision in &decisions {
        let row = &decision.row;
        let reference = decision
            .reference()
            .map(|one| one.to_string())
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
        let line = format!(
            "{}  {:18} {:20} {reference:9}  {application}{times}",
            row.at.format("%Y-%m-%d %H:%M:%SZ"),
            row.action,
            row.outcome,
        );
        say(format_args!("{}", line.trim_end()))?;
    }
    Ok(())
}

/// The code as it is kept; what is no code would find nothing, without saying why.
fn known_code(text: &str) -> Result<String> {
    if text.eq_ignore_ascii_case("ok") {
        return Ok("ok".to_owned());
    }
    codes::explained(text)
        .map(|one| one.code.to_owned())
        .with_context(|| {
            format!(
                "there is no code `{}`; docs/errors.md lists all",
                text.escape_debug()
            )
        })
}

/// A date, a time, or so long before `now`.
fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = text
        .strip_suffix(['s', 'm', 'h', 'd'])
        .and_then(|number| number.parse::<u32>().ok())
        .zip(text.chars().next_back())
        .and_then(|(number, unit)| match unit {
            's' => TimeDelta::try_seconds(number.into()),
            'm' => TimeDelta::try_minutes(number.into()),
            'h' => TimeDelta::try_hours(number.into()),
            _ => TimeDelta::try_days(number.into()),
        });
    ago.and_then(|ago| now.checked_sub_signed(ago)).with_context(|| {
        format!(
            "`{}` is no time; write 2026-11-21, 2026-11-21T14:00:00Z, 30m, 12h or 7d",
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
        ] {
            assert_eq!(
                moment(text, now).unwrap(),
                at.parse::<DateTime<Utc>>().unwrap(),
                "{text}"
            );
        }
        for text in ["", "d", "-1d", "1w", "yesterday", "4294967296d", "7é"] {
            assert!(moment(text, now).is_err(), "{text:?}");
        }
    }
}
