//! Output of the commands: text for people, JSON for programs. All output goes through this module, which escapes
//! whatever could control the terminal, reverse the direction of a line, or be invisible.

use std::{
    fmt::Arguments,
    io::{self, BufWriter, StdoutLock, Write},
};

use anyhow::Result;
use serde::Serialize;

use crate::{
    api_model::remedy,
    model::{
        remedy::{Remediable, Remedy},
        text::{escaped, escaped_json},
    },
    provider::{
        self,
        applications::{BadApplication, access::BadAssignment},
        keys::StepRefused,
        metadata_sources::SourceError,
        people::user_edit::BadUserEdit,
    },
};

pub(super) fn print_line(line: Arguments<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", escape_lines(&line.to_string()))?;
    Ok(())
}

/// A script for a shell, as it is: it is made of our own words alone.
pub(super) fn shell_script(script: &[u8]) -> Result<()> {
    io::stdout().lock().write_all(script)?;
    Ok(())
}

/// `value` as JSON, indented. What could do harm on a terminal is escaped as JSON allows, so that programs read the
/// same value.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", escaped_json(&text))?;
    Ok(())
}

/// A JSON array that is printed value by value, in the same form as [`json`] prints one: a long list is never in memory
/// as a whole.
pub(super) struct JsonArray {
    out: BufWriter<StdoutLock<'static>>,
    is_empty: bool,
}

impl JsonArray {
    pub(super) fn begin() -> Self {
        Self {
            out: BufWriter::new(io::stdout().lock()),
            is_empty: true,
        }
    }

    pub(super) fn push(&mut self, value: &impl Serialize) -> Result<()> {
        // A line break within a text is escaped, so every one of these is indentation.
        let text = serde_json::to_string_pretty(value)?.replace('\n', "\n  ");
        // Nothing is printed if the first page cannot be read.
        let separator = if self.is_empty { "[" } else { "," };
        self.is_empty = false;
        write!(self.out, "{separator}\n  {}", escaped_json(&text))?;
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<()> {
        let end = if self.is_empty { "[]" } else { "\n]" };
        writeln!(self.out, "{end}")?;
        self.out.flush()?;
        Ok(())
    }
}

/// JSON values, one a line.
pub(super) struct JsonLines(BufWriter<StdoutLock<'static>>);

impl JsonLines {
    pub(super) fn begin() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub(super) fn push(&mut self, value: &impl Serialize) -> Result<()> {
        writeln!(self.0, "{}", escaped_json(&serde_json::to_string(value)?))?;
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<()> {
        self.0.flush()?;
        Ok(())
    }
}

/// A line for people on standard error, beside the JSON on standard output.
pub(super) fn print_note(line: &str) {
    // If nobody reads it, the command does not fail.
    let _written = writeln!(
        io::stderr().lock(),
        "{}",
        escape_lines(&format!("hallpass: {line}"))
    );
}

/// The line that is printed when a command fails.
pub fn failure(error: &anyhow::Error) -> String {
    escape_lines(&format!("hallpass: {}", error_words(error)))
}

/// What failed, why, and what to do about it.
pub(super) fn error_words(error: &anyhow::Error) -> String {
    let remedy = error.chain().filter_map(remedy_of).last();
    format!(
        "{error:#}{}",
        remedy.as_ref().map(remedy::words).unwrap_or_default()
    )
}

/// The remedy of an error of ours.
fn remedy_of(cause: &(dyn std::error::Error + 'static)) -> Option<Remedy> {
    fn of<E: Remediable + std::error::Error + 'static>(
        cause: &(dyn std::error::Error + 'static),
    ) -> Option<Remedy> {
        cause.downcast_ref::<E>().and_then(Remediable::remedy)
    }
    of::<provider::error::Error>(cause)
        .or_else(|| of::<BadApplication>(cause))
        .or_else(|| of::<BadAssignment>(cause))
        .or_else(|| of::<BadUserEdit>(cause))
        .or_else(|| of::<SourceError>(cause))
        .or_else(|| of::<StepRefused>(cause))
}

/// Keeps line breaks, which are our own: one inside a value cannot be distinguished, so values are checked when they
/// are entered. Everything else is escaped.
fn escape_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(escaped).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            application::{EntityId, Slug},
            remedy::UserValue,
            text::is_safe_to_display,
            user::Email,
        },
        provider::{
            applications::required_attributes::{MissingAttribute, UnmetRequirement},
            saml::response_options::BadResponseOptions,
        },
    };

    const EVIL: &str = "a\u{1b}[2J\u{9b}31m\u{202e}\u{200b}\u{e0041}\u{7f}\r";

    #[test]
    fn nothing_that_is_printed_controls_the_terminal() {
        for text in [escape_lines(EVIL), failure(&anyhow::anyhow!(EVIL).context(EVIL))] {
            assert!(text.chars().all(is_safe_to_display), "{text:?}");
        }
        assert_eq!(escape_lines("one\ntwo\n"), "one\ntwo\n");
    }

    #[test]
    fn what_failed_is_followed_by_what_to_do_about_it() {
        for (error, text) in of_applications().into_iter().chain(of_the_rest()) {
            assert_eq!(failure(&error), format!("hallpass: {text}"));
        }
    }

    fn of_applications() -> Vec<(anyhow::Error, &'static str)> {
        let slug = || Slug::parse("wiki").unwrap();
        let missing = |value| {
            let users = vec![Email::parse("ada@fernweh.example").unwrap()];
            BadApplication::MissingAttribute(MissingAttribute {
                attribute: "team".to_owned(),
                value,
                count: 1,
                users,
            })
        };
        vec![
            (
                BadApplication::NoCertificate.into(),
                "signed requests cannot be required without the application's certificate: add --certificate FILE or --metadata FILE",
            ),
            (
                BadApplication::SignsWithoutKey("it is DSA".to_owned()).into(),
                "its metadata says that it signs its requests, and no key of it can be used (it is DSA). Give its certificate with --certificate FILE, or take its requests unsigned with --require-signed-requests false",
            ),
            (
                BadApplication::SameEntityIdAndAcs {
                    entity_id: EntityId::parse("urn:x").unwrap(),
                    slug: slug(),
                }
                .into(),
                "the entity ID urn:x is that of wiki, and no ACS URL tells the two apart: nobody could sign in to either. Change that one with `hallpass app edit wiki`, or remove it first",
            ),
            (
                BadApplication::UnsolicitedChatGpt.into(),
                "ChatGPT takes no response that it did not ask for: give its tile the address from its SSO page with --tile-url",
            ),
            (
                missing(UserValue::Own("team".to_owned())).into(),
                "nothing was changed: team is required, and these people cannot sign in, for they have no value: ada@fernweh.example. Give them one first: `hallpass user edit EMAIL --attribute team=VALUE`; or let the application do without it: `hallpass app attribute`",
            ),
            (
                BadApplication::from(BadResponseOptions::NoEncryptionCertificate).into(),
                "assertions cannot be encrypted without the application's certificate: add --encryption-certificate FILE",
            ),
            (
                BadApplication::from(BadResponseOptions::UnsignedAssertionChatGpt).into(),
                "ChatGPT wants the assertion signed: --sign both, or --sign assertion",
            ),
            (
                anyhow::Error::new(SourceError::from(BadApplication::NoCertificate))
                    .context("cannot use x.xml"),
                "cannot use x.xml: signed requests cannot be required without the application's certificate: add --certificate FILE or --metadata FILE",
            ),
        ]
    }

    fn of_the_rest() -> Vec<(anyhow::Error, &'static str)> {
        let older = |is_fetched| SourceError::OlderCopy {
            why: "it is of yesterday".to_owned(),
            name: "fed".to_owned(),
            is_fetched,
        };
        let requirement = UnmetRequirement {
            application: "Wiki".to_owned(),
            attribute: "team".to_owned(),
        };
        vec![
            (
                SourceError::TooManyDelisted {
                    delisted: 3,
                    listed: 4,
                    name: "fed".to_owned(),
                }
                .into(),
                "3 of 4 entities are missing in it; nothing was taken away. If that is meant: `hallpass app source fed --refresh --force`",
            ),
            (
                older(true).into(),
                "this copy is older than the one in force: it is of yesterday; nothing was taken. Ask its publisher; if it is meant: `hallpass app source fed --refresh --force`",
            ),
            (
                older(false).into(),
                "this copy is older than the one in force: it is of yesterday; nothing was taken. Ask its publisher; if it is meant: `hallpass app import … --name fed --force`",
            ),
            (
                StepRefused::AlreadyPrepared.into(),
                "a key is prepared already: let it sign with `hallpass key roll activate`, or take it back with `hallpass key roll cancel`",
            ),
            (
                StepRefused::PreviousNotRetired.into(),
                "the rollover before this one is not finished: end it with `hallpass key roll retire`, or undo it with `hallpass key roll back`",
            ),
            (
                StepRefused::NothingPrepared.into(),
                "no key is prepared: `hallpass key roll prepare` makes one and publishes it",
            ),
            (
                StepRefused::TooSoon {
                    why: "x",
                    at: chrono::DateTime::UNIX_EPOCH,
                }
                .into(),
                "it is too soon: x. Try again at 00:00:00 UTC, or give --force",
            ),
            (
                StepRefused::Changed.into(),
                "somebody else changed the keys at the same moment; look again with `hallpass key roll status`",
            ),
            (
                BadUserEdit::StillRequired(requirement).into(),
                "Wiki requires team: give them another value, or let the application do without it first (`hallpass app attribute`)",
            ),
            (
                provider::error::Error::NotInitialized("signing key").into(),
                "this database has no signing key yet: start the daemon once",
            ),
        ]
    }

    #[test]
    fn json_says_the_same_to_a_program() {
        let text = escaped_json(&serde_json::to_string_pretty(&[EVIL, "\u{200c}"]).unwrap());
        assert!(
            text.chars().all(|c| c == '\n' || is_safe_to_display(c)),
            "{text:?}"
        );
        let read: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, [EVIL, "\u{200c}"]);
    }
}
