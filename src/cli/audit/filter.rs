//! Which decisions are meant.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::{
    cli::actor,
    model::{application::Slug, user::Email},
    provider::{Provider, audit::codes, audit::explain::AuditQuery},
};

#[derive(Debug, clap::Args)]
pub(super) struct FilterArguments {
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
    /// By this user of the operating system, as `by` names them
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Of this action, such as login or app.edit; `app` stands for all that begin with app.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Refusals alone
    #[arg(long)]
    refused: bool,
    /// With this code, or ok
    #[arg(long, value_name = "CODE", visible_alias = "outcome")]
    code: Option<String>,
}

impl FilterArguments {
    /// The query for these decisions: newest first, without hints, and still without a limit.
    pub(super) fn query(&self, provider: &Provider) -> Result<AuditQuery> {
        let application = match &self.app {
            None => None,
            Some(slug) => Some(
                provider
                    .applications(actor::current())
                    .application(&Slug::parse(slug)?)?
                    .with_context(|| {
                        format!("there is no application {slug}; `hallpass app list` shows all")
                    })?,
            ),
        };
        let user = match &self.user {
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
        let at = |text: &Option<String>| {
            text.as_deref()
                .map(|text| parse_time(text, provider.now()))
                .transpose()
        };
        Ok(AuditQuery {
            since: at(&self.since)?,
            until: at(&self.until)?,
            application,
            user,
            actor: self.actor.clone(),
            action: self.action.as_deref().map(parse_action).transpose()?,
            code: self.code.as_deref().map(parse_code).transpose()?,
            refused_only: self.refused,
            ..AuditQuery::default()
        })
    }
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
