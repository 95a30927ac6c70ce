//! `hallpass app attribute …`: which attributes an application receives.

use anyhow::Result;
use clap::{Subcommand, ValueEnum};

use crate::{
    api_model::attribute::AttributeOutput,
    cli::{
        actor,
        app::{
            edit::print_outcome,
            lookup::{find_application, readable},
        },
        output::{self, print_line, print_note},
    },
    model::{
        application::{Application, Slug},
        attribute::{AttributeRule, AttributeSource, NameFormat},
        preset::Preset,
        text::single_line,
    },
    provider::{Provider, applications::attributes::AttributeEdit},
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Lists the attributes that the application receives
    List {
        /// The application's short name
        slug: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Sends an attribute, or changes how it is sent
    Set {
        /// The application's short name
        slug: String,
        /// Its name at the application
        name: String,
        /// Where its value comes from: given-name, family-name, full-name, email, user-id, user-name,
        /// groups, groups:NAME,NAME, groups:PREFIX*, constant:TEXT, or own:NAME for an attribute that `hallpass user
        /// edit --attribute` gives
        source: String,
        /// What kind of name it is; by default uri for a name with a colon, else basic
        #[arg(long, value_name = "FORMAT")]
        format: Option<NameFormatArgument>,
        /// The same name for people to read
        #[arg(long, value_name = "TEXT")]
        friendly_name: Option<String>,
        /// Turns the value into lower case
        #[arg(long)]
        lower_case: bool,
        /// Joins several values into one, with this between them
        #[arg(long, value_name = "TEXT")]
        join: Option<String>,
        /// Refuses the sign-in of a person who has no value
        #[arg(long)]
        required: bool,
        /// Prints what `list --json` prints then
        #[arg(long)]
        json: bool,
    },
    /// Stops sending an attribute
    Remove {
        /// The application's short name
        slug: String,
        /// Its name at the application
        name: String,
        /// Prints what `list --json` prints then
        #[arg(long)]
        json: bool,
    },
    /// Sends what a known application wants, in place of all that was sent before
    Preset {
        /// The application's short name
        slug: String,
        /// Its name; docs/attributes.md lists all
        name: String,
        /// Prints what `list --json` prints then
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::cli) enum NameFormatArgument {
    Uri,
    Basic,
    Unspecified,
}

/// The value's source, and how the value is changed before it is sent.
pub(super) fn describe(attribute: &AttributeOutput) -> String {
    let mut text = attribute.source.clone();
    if let Some(friendly) = &attribute.friendly_name {
        text = format!("{text}, as \"{friendly}\"");
    }
    if attribute.lower_case {
        text.push_str(", in lower case");
    }
    if let Some(separator) = &attribute.join {
        text = format!("{text}, joined with \"{separator}\"");
    }
    if attribute.required {
        text.push_str(", required");
    }
    text
}

pub(super) fn run(command: Command, provider: &Provider) -> Result<()> {
    let (slug, json) = match &command {
        Command::List { slug, json }
        | Command::Set { slug, json, .. }
        | Command::Remove { slug, json, .. }
        | Command::Preset { slug, json, .. } => (slug.clone(), *json),
    };
    let application = find_application(provider, &slug)?;
    let (edit, message) = match command {
        Command::List { .. } => return list(&application, json),
        Command::Set {
            name,
            source,
            format,
            friendly_name,
            lower_case,
            join,
            required,
            ..
        } => {
            let name = single_line("the attribute's name", &name, AttributeRule::MAX_NAME)?;
            let rule = AttributeRule {
                name_format: format.map_or_else(
                    || NameFormat::default_for(&name),
                    |format| match format {
                        NameFormatArgument::Uri => NameFormat::Uri,
                        NameFormatArgument::Basic => NameFormat::Basic,
                        NameFormatArgument::Unspecified => NameFormat::Unspecified,
                    },
                ),
                friendly_name: friendly_name
                    .map(|text| single_line("the friendly name", &text, AttributeRule::MAX_NAME))
                    .transpose()?,
                source: AttributeSource::parse(&source)?,
                lower_case,
                join,
                required,
                name,
            };
            let message = format!("now receives {}", rule.name);
            (AttributeEdit::Set(rule), message)
        }
        Command::Remove { name, .. } => {
            let message = format!("no longer receives {name}");
            (AttributeEdit::Remove(name), message)
        }
        Command::Preset { name, .. } => {
            let preset = Preset::parse(&name)?;
            let sent = application.saml().map(|sp| sp.name_id_format);
            if sent.is_some_and(|sent| sent != preset.name_id_format()) {
                let warning = format!(
                    "{} is known to want another name: `hallpass app edit {slug} --preset {}` sets that too.",
                    application.name,
                    preset.name()
                );
                if json {
                    print_note(&warning);
                } else {
                    print_line(format_args!("{warning}"))?;
                }
            }
            (
                AttributeEdit::Preset(preset),
                format!("now receives what {} wants", preset.name()),
            )
        }
    };
    let message = format!("{message}; this takes effect at the next sign-in");
    let parsed = Slug::parse(&slug)?;
    let edited = provider
        .applications(actor::current())
        .edit_attributes(&parsed, edit);
    print_outcome(
        provider,
        &slug,
        readable(provider, &parsed, edited)??,
        &message,
        json,
    )?;
    if json {
        return list(&*find_application(provider, &slug)?, true);
    }
    Ok(())
}

fn list(application: &Application, json: bool) -> Result<()> {
    let shown: Vec<_> = application
        .attributes()
        .iter()
        .map(AttributeOutput::from)
        .collect();
    if json {
        return output::json(&shown);
    }
    if shown.is_empty() {
        return print_line(format_args!(
            "{} receives no attributes, only the name.",
            application.name
        ));
    }
    for attribute in &shown {
        print_line(format_args!("{:70} {}", attribute.name, describe(attribute)))?;
    }
    Ok(())
}
