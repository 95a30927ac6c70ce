//! The words of each mail: a function for each kind and language, and two templates, text and HTML.
//!
//! A new kind is a variant of [`Mail`], a function below [`compose`], and its templates.

use askama::Template;

use crate::model::language::Language;

/// What is written, with the values that stand in it.
#[derive(Debug, Eq, PartialEq)]
pub enum Mail {
    /// Shows an administrator that mail arrives.
    Test,
}

impl Mail {
    /// Its name in the audit log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Test => "test",
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
    }
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
