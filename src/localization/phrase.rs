//! A text with what is put into it.

use std::fmt;

use askama::filters::{Html, HtmlSafe, escape};
use chrono::{DateTime, Datelike, Utc};
use fluent_bundle::{FluentArgs, FluentValue};

use crate::{localization::catalog, model::language::Language};

/// Where a phrase stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Between tags or in an attribute; values are escaped.
    Html,
    /// In a mail without markup, or a file.
    Plain,
    /// In the subject of a mail: nothing but what is seen.
    Subject,
}

/// A text in a language, with what is put into it.
#[derive(Debug)]
pub struct Phrase<'a> {
    language: Language,
    id: &'a str,
    form: Form,
    arguments: FluentArgs<'a>,
}

/// The text `id` in `language`, and nothing put into it yet.
pub fn phrase(language: Language, id: &str, form: Form) -> Phrase<'_> {
    Phrase {
        language,
        id,
        form,
        arguments: FluentArgs::new(),
    }
}

impl Phrase<'_> {
    /// What somebody or something is called, in whatever direction it is written. Not for attributes and titles, where
    /// no element can stand: [`Self::plain`].
    #[must_use]
    pub fn name(self, key: &'static str, value: impl fmt::Display) -> Self {
        match self.form {
            Form::Html => self.marked_up(key, "bdi", value),
            Form::Plain | Form::Subject => self.plain(key, value),
        }
    }

    /// A value that is typed or read out as it stands.
    #[must_use]
    pub fn code(self, key: &'static str, value: impl fmt::Display) -> Self {
        match self.form {
            Form::Html => self.marked_up(key, "code", value),
            Form::Plain | Form::Subject => self.plain(key, value),
        }
    }

    /// The same as [`Self::name`], with emphasis.
    #[must_use]
    pub fn strong(self, key: &'static str, value: impl fmt::Display) -> Self {
        match self.form {
            Form::Html => {
                let value = format!("<strong><bdi>{}</bdi></strong>", escaped(value));
                self.set(key, value)
            }
            Form::Plain | Form::Subject => self.plain(key, value),
        }
    }

    /// A value without markup: in right-to-left text it is isolated by characters (UAX #9, 2.4.2).
    #[must_use]
    pub fn plain(self, key: &'static str, value: impl fmt::Display) -> Self {
        let value = match self.form {
            Form::Html => escaped(value),
            Form::Plain | Form::Subject => value.to_string(),
        };
        let value = if self.language.is_right_to_left() && self.form != Form::Subject {
            format!("\u{2068}{value}\u{2069}")
        } else {
            value
        };
        self.set(key, value)
    }

    /// A number, by which a text may choose its words.
    #[must_use]
    pub fn number(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        let value = FluentValue::try_number(&value.to_string()).into_owned();
        self.arguments.set(key, value);
        self
    }

    /// Such as `21 November 2026`, in UTC.
    #[must_use]
    pub fn day(self, key: &'static str, at: impl Given<DateTime<Utc>>) -> Self {
        let at = at.given();
        let day = phrase(self.language, "day", self.form)
            .number("day", at.day())
            .number("month", at.month())
            .number("year", at.year());
        self.set(key, day.to_string())
    }

    /// Such as `21 November 2026, 14:30 UTC`.
    #[must_use]
    pub fn moment(self, key: &'static str, at: impl Given<DateTime<Utc>>) -> Self {
        let at = at.given();
        let moment = phrase(self.language, "moment", self.form)
            .day("day", at)
            .plain("time", at.format("%H:%M"));
        self.set(key, moment.to_string())
    }

    /// How long somebody has to wait, in seconds or minutes; never shown too short.
    #[must_use]
    pub fn wait(self, key: &'static str, seconds: impl Given<u64>) -> Self {
        let seconds = seconds.given();
        let wait = match seconds {
            ..60 => phrase(self.language, "seconds", self.form).number("count", seconds),
            60.. => phrase(self.language, "minutes", self.form).number("count", seconds.div_ceil(60)),
        };
        self.set(key, wait.to_string())
    }

    /// A link to `address` with the words of the text `id`.
    #[must_use]
    pub fn link(self, key: &'static str, address: impl fmt::Display, id: &str) -> Self {
        let words = phrase(self.language, id, self.form);
        let link = match self.form {
            Form::Html => format!("<a href=\"{}\">{words}</a>", escaped(address)),
            Form::Plain | Form::Subject => format!("{words} ({address})"),
        };
        self.set(key, link)
    }

    /// Another phrase, or what one became.
    #[must_use]
    pub fn phrase(self, key: &'static str, inner: impl fmt::Display) -> Self {
        let inner = inner.to_string();
        self.set(key, inner)
    }

    fn marked_up(self, key: &'static str, element: &str, value: impl fmt::Display) -> Self {
        let value = format!("<{element}>{}</{element}>", escaped(value));
        self.set(key, value)
    }

    fn set(mut self, key: &'static str, value: String) -> Self {
        self.arguments.set(key, value);
        self
    }
}

/// A value as templates hand it over: behind as many references as it happens to have.
pub trait Given<T> {
    fn given(self) -> T;
}

macro_rules! given {
    ($($value:ty),*) => {$(
        impl Given<$value> for $value {
            fn given(self) -> $value {
                self
            }
        }
        impl Given<$value> for &$value {
            fn given(self) -> $value {
                *self
            }
        }
        impl Given<$value> for &&$value {
            fn given(self) -> $value {
                **self
            }
        }
    )*};
}

given!(u64, DateTime<Utc>);

fn escaped(value: impl fmt::Display) -> String {
    escape(value, Html).map_or_else(|never| match never {}, |safe| safe.to_string())
}

impl fmt::Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        catalog::write(f, self.language, self.id, &self.arguments)
    }
}

/// In [`Form::Html`], values are escaped as they are put in, and the texts hold nothing to escape (a test).
impl HtmlSafe for Phrase<'_> {}
