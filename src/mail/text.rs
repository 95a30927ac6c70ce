//! The words of each mail. They stand in `localization`; all mails have the same two templates, text and HTML.
//!
//! A new kind is a variant of [`Mail`], its texts, and what [`Letter::new`] makes of them.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{
    localization::{Form, Phrase, phrase},
    model::{device, language::Language},
};

/// What is written, with the values that stand in it.
#[derive(Debug, Eq, PartialEq)]
pub enum Mail {
    /// Shows an administrator that mail arrives.
    Test,
    /// Somebody new chooses a password by a link.
    Invitation {
        /// The name to greet them by.
        greeting: String,
        link: String,
        until: DateTime<Utc>,
    },
    /// Somebody has forgotten the password.
    Recovery { greeting: String, link: String },
    /// The password was changed, by whomever.
    PasswordChanged { greeting: String, at: DateTime<Utc> },
    /// Names or preferences were changed by the person.
    ProfileChanged { greeting: String, at: DateTime<Utc> },
    /// Somebody signed in from a device that is not known.
    NewDevice {
        greeting: String,
        at: DateTime<Utc>,
        /// The browser in words, if it is known.
        device: Option<String>,
        address: String,
    },
    /// Second factors or recovery codes were changed, by whomever.
    FactorsChanged {
        greeting: String,
        at: DateTime<Utc>,
        change: FactorsChange,
    },
}

/// What was changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FactorsChange {
    /// One was set up, with this name.
    Added(String),
    Removed(String),
    AllRemoved,
    NewRecoveryCodes,
}

impl Mail {
    /// Its name in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Invitation { .. } => "invitation",
            Self::Recovery { .. } => "recovery",
            Self::PasswordChanged { .. } => "password-changed",
            Self::ProfileChanged { .. } => "profile-changed",
            Self::NewDevice { .. } => "new-device",
            Self::FactorsChanged { .. } => "second-factors-changed",
        }
    }
}

/// A mail in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailText {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A part of a mail, below its heading.
enum Part {
    Text(String),
    Link { words: String, address: String },
}

/// A mail in one form, with whatever that form has escaped.
struct Letter {
    heading: String,
    parts: Vec<Part>,
}

/// What all texts of a mail have in common.
#[derive(Clone, Copy)]
struct Words<'a> {
    language: Language,
    form: Form,
    organisation: &'a str,
    address: &'a str,
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
    fn new(mail: &Mail, words: Words<'_>) -> Self {
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
            Mail::FactorsChanged { greeting, at, change } => {
                let text = match change {
                    FactorsChange::Added(factor) => words.say("mail-factor-added").name("factor", factor),
                    FactorsChange::Removed(factor) => words.say("mail-factor-removed").name("factor", factor),
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

impl Mail {
    const fn subject(&self) -> &'static str {
        match self {
            Self::Test => "mail-test-subject",
            Self::Invitation { .. } => "mail-invitation-subject",
            Self::Recovery { .. } => "mail-recovery-subject",
            Self::PasswordChanged { .. } => "mail-password-changed-subject",
            Self::ProfileChanged { .. } => "mail-profile-changed-subject",
            Self::NewDevice { .. } => "mail-new-device-subject",
            Self::FactorsChanged { .. } => "mail-factors-changed-subject",
        }
    }

    const fn heading(&self) -> &'static str {
        match self {
            Self::Test => "mail-test-heading",
            Self::Invitation { .. } => "mail-invitation-heading",
            Self::Recovery { .. } => "mail-recovery-heading",
            Self::PasswordChanged { .. } => "mail-password-changed-heading",
            Self::ProfileChanged { .. } => "mail-profile-changed-heading",
            Self::NewDevice { .. } => "mail-new-device-heading",
            Self::FactorsChanged { .. } => "mail-factors-changed-heading",
        }
    }
}

#[derive(Template)]
#[template(path = "mail.txt", config = "src/mail/askama.toml")]
struct TextTemplate<'a> {
    organisation: &'a str,
    letter: Letter,
}

#[derive(Template)]
#[template(path = "mail.html", config = "src/mail/askama.toml")]
struct HtmlTemplate<'a> {
    language: Language,
    subject: &'a str,
    organisation: &'a str,
    letter: Letter,
}

/// Writes `mail` in `language`. `address` is where people sign in.
pub fn compose(
    mail: &Mail,
    language: Language,
    organisation: &str,
    address: &str,
) -> Result<MailText, askama::Error> {
    let words = |form| Words {
        language,
        form,
        organisation,
        address,
    };
    // Without the characters that isolate names: subjects are shown in lists, and searched.
    let subject = phrase(language, mail.subject(), Form::Subject)
        .plain("organisation", organisation)
        .to_string();
    let text = TextTemplate {
        organisation,
        letter: Letter::new(mail, words(Form::Plain)),
    };
    let html = HtmlTemplate {
        language,
        subject: &subject,
        organisation,
        letter: Letter::new(mail, words(Form::Html)),
    };
    Ok(MailText {
        text: text.render()?,
        html: html.render()?,
        subject: subject.clone(),
    })
}

/// How long the lines of a text are, in characters (RFC 3676, 4.2).
const LINE_LEN: usize = 72;

/// Breaks lines at spaces. A word that is longer than a line stays whole.
fn wrapped(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / LINE_LEN);
    let mut len = 0;
    for word in text.split(' ') {
        let word_len = word.chars().count();
        if len > 0 && len + 1 + word_len > LINE_LEN {
            lines.push('\n');
            len = 0;
        } else if len > 0 {
            lines.push(' ');
            len += 1;
        }
        lines.push_str(word);
        len += word_len;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_in_html_and_plain_in_text() {
        let mail = compose(
            &Mail::Test,
            Language::English,
            "<b>Fern & Weh",
            "https://login.example",
        )
        .unwrap();
        assert_eq!(mail.subject, "<b>Fern & Weh: mail works");
        assert!(mail.text.ends_with("\n\n<b>Fern & Weh"), "{:?}", mail.text);
        assert!(
            !mail.html.contains("<b>") && mail.html.contains("Fern &#38; Weh"),
            "{}",
            mail.html
        );
        assert!(
            !mail.html.contains("src=") && !mail.html.contains("<style"),
            "nothing is loaded"
        );
        assert!(mail.text.contains("https://login.example") && mail.html.contains("https://login.example"));
    }

    #[test]
    fn every_mail_is_written_in_every_language() {
        let greeting = || "Ada & Co".to_owned();
        let at: DateTime<Utc> = "2026-11-21T14:05:59Z".parse().unwrap();
        let link = || "https://login.example/link/x?a&b".to_owned();
        let factors = |change| Mail::FactorsChanged {
            greeting: greeting(),
            at,
            change,
        };
        let mails = [
            Mail::Test,
            Mail::Invitation {
                greeting: greeting(),
                link: link(),
                until: at,
            },
            Mail::Recovery {
                greeting: greeting(),
                link: link(),
            },
            Mail::PasswordChanged {
                greeting: greeting(),
                at,
            },
            Mail::ProfileChanged {
                greeting: greeting(),
                at,
            },
            Mail::NewDevice {
                greeting: greeting(),
                at,
                device: Some("Firefox on Windows".to_owned()),
                address: "2001:db8::7".to_owned(),
            },
            Mail::NewDevice {
                greeting: greeting(),
                at,
                device: None,
                address: "2001:db8::7".to_owned(),
            },
            factors(FactorsChange::Added("Phone".to_owned())),
            factors(FactorsChange::Removed("Phone".to_owned())),
            factors(FactorsChange::AllRemoved),
            factors(FactorsChange::NewRecoveryCodes),
        ];
        let mut subjects = std::collections::BTreeSet::new();
        for language in Language::ALL {
            for mail in &mails {
                let words = compose(mail, language, "Fernweh", "https://login.example").unwrap();
                let root = format!(
                    "<html lang=\"{}\" dir=\"{}\">",
                    language.tag(),
                    language.direction()
                );
                assert!(words.html.contains(&root), "{}", words.html);
                for text in [&words.subject, &words.text, &words.html] {
                    // What Fluent writes where a value is missing.
                    assert!(!text.contains("{$"), "{mail:?} in {language:?}: {text}");
                }
                if let Mail::Invitation { link, .. } | Mail::Recovery { link, .. } = mail {
                    // On a line of its own, so that nothing around it becomes part of it.
                    assert!(words.text.lines().any(|line| line == link), "{}", words.text);
                    assert!(
                        words
                            .html
                            .contains("href=\"https://login.example/link/x?a&#38;b\"")
                    );
                }
                subjects.insert(words.subject);
            }
        }
        assert!(subjects.len() >= Language::ALL.len() * 4, "{subjects:#?}");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_a_long_word_stays_whole() {
        let long = "x".repeat(100);
        let text = format!("{} {long} {}", "abcd ".repeat(20).trim_end(), "end");
        let lines = wrapped(&text);
        assert_eq!(lines.replace('\n', " "), text);
        for line in lines.lines() {
            assert!(line.len() <= LINE_LEN || line == long, "{line}");
        }
    }
}
