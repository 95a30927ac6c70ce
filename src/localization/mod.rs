//! The texts that people see, on pages and in mails, in every language. They are written in Fluent, in `texts`; the
//! English ones are the source of all others.
//!
//! A text holds no markup, and what a page puts into one is escaped (or isolated, in a mail's plain text) by
//! [`Phrase`]: so neither a translator nor a value from outside can write HTML.

mod catalog;
mod factor;
mod negotiate;
mod phrase;
#[cfg(test)]
mod tests;

pub use self::{
    factor::factor_name,
    negotiate::{RequestedLanguages, named, negotiate},
    phrase::{Form, Given, Phrase, phrase},
};
