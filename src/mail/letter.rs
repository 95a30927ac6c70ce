//! What each mail says, in one language and one form.

use crate::{
    localization::{Form, Phrase, factor_name, phrase},
    mail::{
        email_mail::EmailMail,
        kind::{FactorsChange, Mail},
    },
    model::{device, language::Language},
};

/// A part of a mail, below its heading.
pub(super) enum Part {
    Text(String),
    Link { words: String, address: String },
}

/// A mail in one form, with whatever that form has escaped.
pub(super) struct Letter {
    pub(super) heading: String,
    pub(super) parts: Vec<Part>,
}

/// What all texts of a mail have in common.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) language: Language,
    pub(super) form: Form,
    pub(super) organisation: &'a str,
    pub(super) address: &'a str,
}

impl<'a> Words<'a> {
    fn say(self, id: &'a str) -> Phrase<'a> {
        phrase(self.language, id, self.form)
            .name("organisation", self.organisation)
            .plain("address", self.address)
    }

    fn device(self, description: &str) -> String {
        match device::parts(description) {
            (browser, Some(system)) => self
                .say("browser-on-system")
                .name("browser", browser)
                .name("system", system)
                .to_string(),
            (only, None) => self.say("a-name").name("name", only).to_string(),
        }
    }

    fn text(self, id: &str) -> Part {
        Part::Text(self.say(id).to_string())
    }

    fn link(self, id: &str, address: &str) -> Part {
        Part::Link {
            words: self.say(id).to_string(),
            address: address.to_owned(),
        }
    }
}

impl Letter {
    pub(super) fn new(mail: &Mail, words: Words<'_>) -> Self {
        let heading = words.say(mail.heading());
        match mail {
            Mail::Test => Self {
                heading: heading.to_string(),
                parts: vec![words.text("mail-test-text"), words.text("mail-nothing-to-do")],
            },
            Mail::Invitation {
                greeting,
                link,
                until,
            } => {
                let until = words.say("mail-invitation-until").moment("moment", until);
                Self {
                    heading: heading.name("name", greeting).to_string(),
                    parts: vec![
                        words.text("mail-invitation-text"),
                        words.link("mail-invitation-link", link),
                        Part::Text(until.to_string()),
                        words.text("mail-invitation-then"),
                    ],
                }
            }
            Mail::Recovery { greeting, link } => {
                let text = words.say("mail-recovery-text").name("name", greeting);
                Self {
                    heading: heading.to_string(),
                    parts: vec![
                        Part::Text(text.to_string()),
                        words.link("mail-recovery-link", link),
                        words.text("mail-recovery-until"),
                        words.text("mail-recovery-not-you"),
                    ],
                }
            }
            Mail::PasswordChanged { greeting, at } => {
                let text = words.say("mail-password-changed-text");
                let text = text.name("name", greeting).moment("moment", at);
                Self {
                    heading: heading.to_string(),
                    parts: vec![Part::Text(text.to_string()), words.text("mail-not-you")],
                }
            }
            Mail::ProfileChanged { greeting, at } => {
                let text = words.say("mail-profile-changed-text");
                let text = text.name("name", greeting).moment("moment", at);
                Self {
                    heading: heading.to_string(),
                    parts: vec![Part::Text(text.to_string()), words.text("mail-not-you")],
                }
            }
            Mail::NewDevice {
                greeting,
                at,
                device,
                address,
            } => {
                let text = match device {
                    Some(device) => words
                        .say("mail-new-device-text")
                        .phrase("device", words.device(device)),
                    None => words.say("mail-unknown-device-text"),
                };
                let text = text
                    .name("name", greeting)
                    .moment("moment", at)
                    .name("network", address);
                Self {
                    heading: heading.to_string(),
                    parts: vec![
                        Part::Text(text.to_string()),
                        words.text("mail-new-device-not-you"),
                    ],
                }
            }
            Mail::Email(mail) => Self {
                heading: heading.to_string(),
                parts: about_email(mail, words),
            },
            Mail::FactorsChanged { greeting, at, change } => {
                let text = match change {
                    FactorsChange::Added(kind, name) => {
                        let factor = factor_name(words.language, *kind, name);
                        words.say("mail-factor-added").name("factor", factor)
                    }
                    FactorsChange::Removed(kind, name) => {
                        let factor = factor_name(words.language, *kind, name);
                        words.say("mail-factor-removed").name("factor", factor)
                    }
                    FactorsChange::AllRemoved => words.say("mail-factors-all-removed"),
                    FactorsChange::NewRecoveryCodes => words.say("mail-recovery-codes-made"),
                };
                let text = text.name("name", greeting).moment("moment", at);
                Self {
                    heading: heading.to_string(),
                    parts: vec![Part::Text(text.to_string()), words.text("mail-not-you")],
                }
            }
        }
    }
}

fn about_email(mail: &EmailMail, words: Words<'_>) -> Vec<Part> {
    match mail {
        EmailMail::Confirm { link } => {
            vec![
                words.text("mail-email-confirm-text"),
                words.link("mail-email-confirm-link", link),
                words.text("mail-email-confirm-until"),
            ]
        }
        EmailMail::Taken { greeting } => {
            let text = words.say("mail-email-taken-text").name("name", greeting);
            vec![
                Part::Text(text.to_string()),
                words.text("mail-email-taken-closing"),
            ]
        }
        EmailMail::Changed {
            greeting,
            new_email,
            link,
            until,
        } => {
            let text = words.say("mail-email-changed-text");
            let text = text.name("name", greeting).name("email", new_email);
            let until = words.say("mail-email-changed-until").moment("moment", until);
            vec![
                Part::Text(text.to_string()),
                words.link("mail-email-changed-link", link),
                Part::Text(until.to_string()),
            ]
        }
        EmailMail::Undone { greeting, email } => {
            let text = words.say("mail-email-undone-text");
            let text = text.name("name", greeting).name("email", email);
            vec![
                Part::Text(text.to_string()),
                words.text("mail-email-undone-removed"),
                words.text("mail-email-undone-closing"),
            ]
        }
    }
}
