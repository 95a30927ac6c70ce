//! The words of each mail: a function for each kind and language, and two templates, text and HTML.
//!
//! A new kind is a variant of [`Mail`], a function below [`compose`], and its templates.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::model::language::Language;

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

/// Writes `mail` in `language`. `address` is where people sign in.
pub fn compose(
    mail: &Mail,
    language: Language,
    organisation: &str,
    address: &str,
) -> Result<MailText, askama::Error> {
    match mail {
        Mail::Test => test(language, organisation, address),
        Mail::Invitation {
            greeting,
            link,
            until,
        } => invitation(language, organisation, address, (greeting, link, *until)),
        Mail::Recovery { greeting, link } => recovery(language, organisation, address, (greeting, link)),
        Mail::PasswordChanged { greeting, at } => {
            password_changed(language, organisation, address, (greeting, *at))
        }
        Mail::FactorsChanged { greeting, at, change } => {
            factors_changed(language, organisation, address, (greeting, *at, change))
        }
    }
}

fn factors_changed(
    language: Language,
    organisation: &str,
    address: &str,
    (greeting, at, change): (&str, DateTime<Utc>, &FactorsChange),
) -> Result<MailText, askama::Error> {
    #[derive(Template)]
    #[template(path = "factors_changed.txt", config = "src/mail/askama.toml")]
    struct Text<'a> {
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        at: &'a str,
        change: &'a str,
    }
    #[derive(Template)]
    #[template(path = "factors_changed.html", config = "src/mail/askama.toml")]
    struct Html<'a> {
        language: &'static str,
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        at: &'a str,
        change: &'a str,
    }
    let (subject, at, change) = match language {
        Language::English => (
            "Your second step was changed".to_owned(),
            at.format("%-d %B %Y, %H:%M UTC").to_string(),
            match change {
                FactorsChange::Added(name) => {
                    format!("“{name}” was added. You are asked for its code when you sign in.")
                }
                FactorsChange::Removed(name) => format!("“{name}” was removed. Its codes no longer work."),
                FactorsChange::AllRemoved => {
                    "all phones and recovery codes were removed, by an administrator.".to_owned()
                }
                FactorsChange::NewRecoveryCodes => {
                    "new recovery codes were made. Those before no longer work.".to_owned()
                }
            },
        ),
    };
    let text = Text {
        subject: &subject,
        organisation,
        address,
        greeting,
        at: &at,
        change: &change,
    };
    let html = Html {
        language: language.tag(),
        subject: &subject,
        organisation,
        address,
        greeting,
        at: &at,
        change: &change,
    };
    Ok(MailText {
        text: text.render()?,
        html: html.render()?,
        subject: subject.clone(),
    })
}

fn test(language: Language, organisation: &str, address: &str) -> Result<MailText, askama::Error> {
    #[derive(Template)]
    #[template(path = "test.txt", config = "src/mail/askama.toml")]
    struct Text<'a> {
        organisation: &'a str,
        address: &'a str,
    }
    #[derive(Template)]
    #[template(path = "test.html", config = "src/mail/askama.toml")]
    struct Html<'a> {
        language: &'static str,
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
    }
    let subject = match language {
        Language::English => format!("{organisation}: mail works"),
    };
    Ok(MailText {
        text: Text {
            organisation,
            address,
        }
        .render()?,
        html: Html {
            language: language.tag(),
            subject: &subject,
            organisation,
            address,
        }
        .render()?,
        subject,
    })
}

fn invitation(
    language: Language,
    organisation: &str,
    address: &str,
    (greeting, link, until): (&str, &str, DateTime<Utc>),
) -> Result<MailText, askama::Error> {
    #[derive(Template)]
    #[template(path = "invitation.txt", config = "src/mail/askama.toml")]
    struct Text<'a> {
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        link: &'a str,
        until: &'a str,
    }
    #[derive(Template)]
    #[template(path = "invitation.html", config = "src/mail/askama.toml")]
    struct Html<'a> {
        language: &'static str,
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        link: &'a str,
        until: &'a str,
    }
    let (subject, until) = match language {
        Language::English => (
            format!("Your account at {organisation}"),
            until.format("%-d %B %Y, %H:%M UTC").to_string(),
        ),
    };
    let text = Text {
        organisation,
        address,
        greeting,
        link,
        until: &until,
    };
    let html = Html {
        language: language.tag(),
        subject: &subject,
        organisation,
        address,
        greeting,
        link,
        until: &until,
    };
    Ok(MailText {
        text: text.render()?,
        html: html.render()?,
        subject,
    })
}

fn recovery(
    language: Language,
    organisation: &str,
    address: &str,
    (greeting, link): (&str, &str),
) -> Result<MailText, askama::Error> {
    #[derive(Template)]
    #[template(path = "recovery.txt", config = "src/mail/askama.toml")]
    struct Text<'a> {
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        link: &'a str,
    }
    #[derive(Template)]
    #[template(path = "recovery.html", config = "src/mail/askama.toml")]
    struct Html<'a> {
        language: &'static str,
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        link: &'a str,
    }
    let subject = match language {
        Language::English => format!("{organisation}: choose a new password"),
    };
    let text = Text {
        organisation,
        address,
        greeting,
        link,
    };
    let html = Html {
        language: language.tag(),
        subject: &subject,
        organisation,
        address,
        greeting,
        link,
    };
    Ok(MailText {
        text: text.render()?,
        html: html.render()?,
        subject,
    })
}

fn password_changed(
    language: Language,
    organisation: &str,
    address: &str,
    (greeting, at): (&str, DateTime<Utc>),
) -> Result<MailText, askama::Error> {
    #[derive(Template)]
    #[template(path = "password_changed.txt", config = "src/mail/askama.toml")]
    struct Text<'a> {
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        at: &'a str,
    }
    #[derive(Template)]
    #[template(path = "password_changed.html", config = "src/mail/askama.toml")]
    struct Html<'a> {
        language: &'static str,
        subject: &'a str,
        organisation: &'a str,
        address: &'a str,
        greeting: &'a str,
        at: &'a str,
    }
    let (subject, at) = match language {
        Language::English => (
            format!("{organisation}: your password was changed"),
            at.format("%-d %B %Y, %H:%M UTC").to_string(),
        ),
    };
    let text = Text {
        organisation,
        address,
        greeting,
        at: &at,
    };
    let html = Html {
        language: language.tag(),
        subject: &subject,
        organisation,
        address,
        greeting,
        at: &at,
    };
    Ok(MailText {
        text: text.render()?,
        html: html.render()?,
        subject,
    })
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
}
