//! Editing an application, and what came of it in words.

use anyhow::{Result, bail};

use crate::{
    cli::{
        actor,
        app::lookup::{find_application, readable},
        output::print_line,
    },
    model::application::{Application, Slug},
    provider::{Provider, applications::ApplicationEdit, people::users::ChangeOutcome},
};

/// Edits the application and reports it. With `json` it prints nothing: the caller prints the new state.
pub(super) fn edit_application(
    provider: &Provider,
    slug: &str,
    edit: ApplicationEdit,
    message: &str,
    json: bool,
) -> Result<()> {
    let parsed = Slug::parse(slug)?;
    let outcome = readable(
        provider,
        &parsed,
        provider
            .applications(actor::current())
            .edit_application(&parsed, edit),
    )??;
    print_outcome(provider, slug, outcome, message, json)
}

pub(super) fn print_outcome(
    provider: &Provider,
    slug: &str,
    outcome: ChangeOutcome<Application>,
    message: &str,
    json: bool,
) -> Result<()> {
    match outcome {
        ChangeOutcome::Done(_) | ChangeOutcome::Unchanged(_) if json => Ok(()),
        ChangeOutcome::Done(application) => print_line(format_args!("{} {message}.", application.name)),
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
