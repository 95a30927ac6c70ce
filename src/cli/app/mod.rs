//! `hallpass app …`

mod access;
mod arguments;
mod attribute;
mod certificates;
mod client;
mod client_secret;
mod convert;
mod draft;
mod edit;
mod finding;
mod import;
mod list;
mod lookup;
mod metadata;
mod preview;
mod report;
mod response_options;
mod show;
mod source;

use anyhow::{Context, Result, bail};

use crate::{
    api_model::application::RemovedOutput,
    cli::{
        actor,
        app::{
            arguments::{AddCommand, EditArguments},
            convert::{application_change, new_service_provider, new_workspace},
            edit::{edit_application, print_outcome},
            lookup::{describe_slug_conflict, find_application, no_such_application, readable},
        },
        output::{self, print_line},
    },
    model::{application::Slug, client_template::ClientTemplate},
    provider::{
        Provider,
        applications::{ApplicationEdit, register::RegisterOutcome},
        people::users::ChangeOutcome,
        repair::Repaired,
    },
};

pub(super) use crate::cli::app::arguments::Command;

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    match command {
        Command::Add {
            kind: AddCommand::Chatgpt(arguments),
        } => {
            let new = new_workspace(&arguments)?;
            let obtained = metadata::obtain(provider, arguments.metadata.as_deref(), None)?;
            let outcome = provider
                .applications(actor::current())
                .register_workspace(new, obtained.as_ref())??;
            print_registered(provider, outcome, arguments.json)
        }
        Command::Add {
            kind: AddCommand::Saml(arguments),
        } => {
            let (json, from) = (arguments.json, arguments.metadata.clone());
            let new = new_service_provider(arguments)?;
            let obtained = metadata::obtain(provider, from.as_deref(), new.entity_id.as_ref())?;
            let outcome = provider
                .applications(actor::current())
                .register_service_provider(new, obtained.as_ref())??;
            print_registered(provider, outcome, json)
        }
        Command::Add {
            kind: AddCommand::ChatgptOidc(arguments),
        } => client::add(provider, ClientTemplate::ChatGpt, arguments),
        Command::Add {
            kind: AddCommand::GptAction(arguments),
        } => client::add(provider, ClientTemplate::GptAction, arguments),
        Command::Add {
            kind: AddCommand::Librechat(arguments),
        } => client::add(provider, ClientTemplate::LibreChat, arguments),
        Command::Add {
            kind: AddCommand::Oidc(arguments),
        } => client::add(provider, ClientTemplate::Generic, arguments),
        Command::Secret { command } => client_secret::run(command, provider),
        Command::Draft(arguments) => draft::add(&arguments, provider),
        Command::List(arguments) => list::list(provider, &arguments),
        Command::Show { slug, json } => match draft::find(provider, &slug)? {
            Some(draft) => draft::show(&draft, provider, json),
            None => show::print_application(provider, &*find_application(provider, &slug)?, json, &[]),
        },
        Command::Preview { slug, email, json } => preview::show(provider, &slug, &email, json),
        Command::Edit(arguments) => edit(provider, arguments),
        Command::Attribute { command } => attribute::run(command, provider),
        Command::Access { command } => access::run(command, provider),
        Command::Disable { slug, json } => {
            let edit = ApplicationEdit {
                enabled: Some(false),
                ..ApplicationEdit::default()
            };
            let message = "is switched off: nobody signs in to it";
            edit_application(provider, &slug, edit, message, json)?;
            print_as_json(provider, &slug, json)
        }
        Command::Enable(arguments) => {
            if let Some(entity_id) = &arguments.known {
                let (from, slug) = (arguments.from.as_deref(), arguments.new_slug.as_deref());
                return import::enable_imported(provider, entity_id, from, slug, arguments.json);
            }
            let slug = arguments.slug.context("the short name is missing")?;
            let edit = ApplicationEdit {
                enabled: Some(true),
                ..ApplicationEdit::default()
            };
            edit_application(provider, &slug, edit, "is switched on", arguments.json)?;
            print_as_json(provider, &slug, arguments.json)
        }
        Command::Source(arguments) => source::run(provider, &arguments),
        Command::Confirm(arguments) => source::confirm(provider, &arguments),
        Command::Import(arguments) => import::import(provider, &arguments),
        Command::Known { command } => import::list_imported(provider, &command),
        Command::Repair { slug, json } => repair(provider, &slug, json),
        Command::Remove { slug, json } => remove(provider, &slug, json),
    }
}

fn remove(provider: &Provider, handle: &str, json: bool) -> Result<()> {
    let removed = RemovedOutput { removed: handle };
    let message = if provider.repair(actor::current()).remove_unreadable(handle)? {
        format!("{handle} is gone. It could not be read.")
    } else {
        let slug = Slug::parse(handle)?;
        if provider.applications(actor::current()).remove_draft(&slug)? == ChangeOutcome::Done(()) {
            format!("The draft {slug} is gone.")
        } else {
            match provider
                .applications(actor::current())
                .remove_application(&slug)?
            {
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
        return output::json(&removed);
    }
    print_line(format_args!("{message}"))
}

/// Prints what `app show --json` prints, after a change; without `json`, nothing.
fn print_as_json(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    if !json {
        return Ok(());
    }
    show::print_application(provider, &*find_application(provider, slug)?, true, &[])
}

fn repair(provider: &Provider, slug: &str, json: bool) -> Result<()> {
    let (application, lost) = match provider.repair(actor::current()).repair_application(slug)? {
        Repaired::Done { application, lost } => (application, lost),
        Repaired::Beyond(why) => bail!(
            "{slug} cannot be repaired: {why}. Run the version that wrote it, or remove it (`hallpass app remove {slug}`) and add it again"
        ),
        Repaired::NothingWrong if json => {
            return show::print_application(provider, &*find_application(provider, slug)?, true, &[]);
        }
        Repaired::NothingWrong => {
            return print_line(format_args!("All of {slug} can be read: nothing was changed."));
        }
        Repaired::Unknown => bail!(no_such_application(slug)),
        Repaired::Stale => bail!("somebody else changed it at the same moment; try again"),
    };
    if json {
        return show::print_application(provider, &application, true, &[]);
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

fn print_registered(provider: &Provider, outcome: RegisterOutcome, json: bool) -> Result<()> {
    match outcome {
        RegisterOutcome::Done {
            application,
            findings,
        } => {
            if !json {
                print_line(format_args!(
                    "{} is registered as {}.\n",
                    application.name, application.slug
                ))?;
            }
            show::print_application(provider, &application, json, &findings)
        }
        RegisterOutcome::SlugTaken(slug) => bail!(describe_slug_conflict(provider, &slug)?),
    }
}

fn edit(provider: &Provider, arguments: EditArguments) -> Result<()> {
    let (slug, json) = (arguments.slug.clone(), arguments.json);
    let obtained = metadata::obtain(provider, arguments.metadata.as_deref(), None)?;
    let (parsed, change) = (Slug::parse(&slug)?, application_change(arguments)?);
    let changed =
        provider
            .applications(actor::current())
            .change_application(&parsed, change, obtained.as_ref());
    let changed = readable(provider, &parsed, changed)??;
    let message = "is changed; this takes effect at the next sign-in";
    print_outcome(provider, &slug, changed.outcome, message, json)?;
    let application = find_application(provider, &slug)?;
    if json {
        return show::print_application(provider, &application, true, &changed.findings);
    }
    finding::sentences(provider, &application, &changed.findings)
        .iter()
        .try_for_each(|line| print_line(format_args!("- {line}")))
}
