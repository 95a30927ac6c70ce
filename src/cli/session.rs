//! `hallpass session …`: where people are signed in, and ending that.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::{
    api_model::session::{EndedSessionOutput, SessionOutput},
    cli::{
        actor,
        output::{self, JsonArray, print_line, print_note},
        page,
        user::lookup::no_such_user,
    },
    model::{authentication::AuthenticationMethod, id::SessionId, user::Email},
    provider::{
        Provider,
        people::sessions::{EndedByAdministrator, ListedSession, SessionQuery},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists where people are signed in, the oldest first, 100 at a time
    List(ListArguments),
    /// Ends one session, or all of one person
    End(EndArguments),
}

#[derive(Args, Debug)]
pub(super) struct ListArguments {
    /// Those of one person
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// After this session: the last one of a page leads to the next page
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many, or all; 100 if left out, and with --json all
    #[arg(long, value_name = "NUMBER", value_parser = page::parse_count)]
    limit: Option<u32>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct EndArguments {
    /// The session, as `session list` shows it
    #[arg(value_name = "ID", required_unless_present = "user", conflicts_with = "user")]
    id: Option<String>,
    /// Every session of one person
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, provider: &Provider) -> Result<()> {
    match command {
        Command::List(arguments) => list(provider, arguments),
        Command::End(arguments) => end(provider, arguments),
    }
}

fn list(provider: &Provider, arguments: &ListArguments) -> Result<()> {
    let user = match &arguments.user {
        None => None,
        Some(email) => {
            let email = Email::parse(email)?;
            let found = provider.people(actor::current()).user_by_email(&email)?;
            Some(found.with_context(|| no_such_user(&email))?.id)
        }
    };
    let query = SessionQuery {
        user,
        after: arguments.after.as_deref().map(parse_id).transpose()?,
    };
    let is_json = arguments.json;
    let mut array = is_json.then(JsonArray::begin);
    let limit = if is_json { u32::MAX } else { page::DEFAULT_LIMIT };
    let mut last = None;
    let are_more = page::each_row(
        arguments.limit.unwrap_or(limit),
        |after, limit| {
            let query = SessionQuery {
                after: after.or(query.after),
                ..query
            };
            Ok(provider.people(actor::current()).sessions(&query, limit)?)
        },
        |session| session.id,
        |session| {
            last = Some(session.id);
            let applications = applications(provider, session)?;
            match &mut array {
                Some(array) => array.push(&SessionOutput::new(session, applications)),
                None => print_session(session, &applications),
            }
        },
    )?;
    if let Some(array) = array {
        array.end()?;
    } else if last.is_none() {
        print_line(format_args!("Nobody is signed in."))?;
    }
    if let Some(last) = last.filter(|_last| are_more) {
        print_note(&format!("there are more: add --after {last} for the next page"));
    }
    Ok(())
}

fn print_session(session: &ListedSession, applications: &[String]) -> Result<()> {
    let time = "%Y-%m-%d %H:%M";
    print_line(format_args!("{}  {}", session.id, session.email))?;
    print_line(format_args!(
        "    {} from {}, by {}",
        session.device.as_deref().unwrap_or("a browser that is not known"),
        session
            .address
            .as_deref()
            .unwrap_or("an address that is not known"),
        methods(session)
    ))?;
    print_line(format_args!(
        "    began {}, last seen {} UTC",
        session.id.made_at().format(time),
        session.last_seen_at.format(time)
    ))?;
    if !applications.is_empty() {
        print_line(format_args!("    entered {}", applications.join(", ")))?;
    }
    Ok(())
}

fn methods(session: &ListedSession) -> String {
    let words: Vec<&str> = session
        .authentications
        .methods()
        .map(|method| match method {
            AuthenticationMethod::Password => "password",
            AuthenticationMethod::OneTimePassword => "one-time password",
            AuthenticationMethod::HardwareKey => "hardware key",
            AuthenticationMethod::RememberedDevice => "a remembered device",
            AuthenticationMethod::Unknown => "a way that a newer version knows",
        })
        .collect();
    words.join(" and ")
}

fn applications(provider: &Provider, session: &ListedSession) -> Result<Vec<String>> {
    let name = |id: &_| {
        let slug = provider.people(actor::current()).entered_application(*id)?;
        anyhow::Ok(slug.map_or_else(|| id.to_string(), |slug| slug.to_string()))
    };
    session.applications.iter().map(name).collect()
}

fn end(provider: &Provider, arguments: &EndArguments) -> Result<()> {
    let people = provider.people(actor::current());
    let ended = match (&arguments.id, &arguments.user) {
        (Some(id), _) => {
            let ended = people.end_session(parse_id(id)?)?;
            vec![ended.with_context(|| {
                format!("there is no session {id}, or it has ended; `hallpass session list` shows all")
            })?]
        }
        (None, Some(email)) => {
            let email = Email::parse(email)?;
            let ended = people.end_sessions_of(&email)?;
            ended.with_context(|| no_such_user(&email))?
        }
        (None, None) => bail!("name a session, or a person with --user"),
    };
    if arguments.json {
        let ended: Vec<_> = ended
            .iter()
            .map(|ended| EndedSessionOutput {
                id: ended.id.to_string(),
                not_told: &ended.not_told,
            })
            .collect();
        return output::json(&ended);
    }
    match ended.len() {
        0 => print_line(format_args!("Not signed in anywhere: nothing was ended."))?,
        1 => print_line(format_args!("1 session was ended."))?,
        count => print_line(format_args!("{count} sessions were ended."))?,
    }
    ended.iter().try_for_each(print_not_told)
}

/// Only the browser of a session can tell its applications.
fn print_not_told(ended: &EndedByAdministrator) -> Result<()> {
    if ended.not_told.is_empty() {
        return Ok(());
    }
    print_line(format_args!(
        "Not told: {}. The sessions there go on until they end by themselves, or until the browser comes here again within a day. To be sure, sign the person out there too.",
        ended.not_told.join(", ")
    ))
}

fn parse_id(text: &str) -> Result<SessionId> {
    text.parse()
        .with_context(|| format!("{text} is not the id of a session; `hallpass session list` shows them"))
}
