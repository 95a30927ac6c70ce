//! Writes a mail: all mails have the same two templates, text and HTML.
//!
//! A new kind is a variant of [`Mail`], its texts in `localization`, and what [`Letter::new`] makes of them.

use askama::Template;

use crate::{
    localization::{Form, phrase},
    mail::{
        kind::Mail,
        letter::{Letter, Part, Words},
        mail_text::MailText,
    },
    model::language::Language,
};

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
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        mail::{email_mail::EmailMail, kind::FactorsChange},
        model::second_factor::{FactorName, SecondFactorKind},
    };

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
    fn a_second_factor_without_a_name_of_its_own_is_named_in_the_language_of_the_mail() {
        let kind = SecondFactorKind::Totp;
        let mail = Mail::FactorsChanged {
            greeting: "Ada".to_owned(),
            at: DateTime::UNIX_EPOCH,
            change: FactorsChange::Added(kind, FactorName::default_of(kind, 2)),
        };
        let text = |language| {
            compose(&mail, language, "Fern", "https://login.example")
                .unwrap()
                .text
        };
        assert!(
            text(Language::German).contains("Authenticator-App 2"),
            "{}",
            text(Language::German)
        );
        assert!(text(Language::English).contains("Authenticator app 2"));
    }

    #[test]
    fn every_mail_is_written_in_every_language() {
        let greeting = || "Ada & Co".to_owned();
        let at: DateTime<Utc> = "2026-11-21T14:05:59Z".parse().unwrap();
        let link = || "https://login.example/link/x?a&b".to_owned();
        let phone = || FactorName::parse("Phone").unwrap();
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
            factors(FactorsChange::Added(SecondFactorKind::Totp, phone())),
            factors(FactorsChange::Removed(SecondFactorKind::Totp, phone())),
            factors(FactorsChange::AllRemoved),
            factors(FactorsChange::NewRecoveryCodes),
            Mail::Email(EmailMail::Confirm { link: link() }),
            Mail::Email(EmailMail::Taken { greeting: greeting() }),
            Mail::Email(EmailMail::Changed {
                greeting: greeting(),
                new_email: "a@b.example".to_owned(),
                link: link(),
                until: at,
            }),
            Mail::Email(EmailMail::Undone {
                greeting: greeting(),
                email: "a@b.example".to_owned(),
            }),
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
                if let Mail::Invitation { link, .. }
                | Mail::Recovery { link, .. }
                | Mail::Email(EmailMail::Confirm { link, .. } | EmailMail::Changed { link, .. }) = mail
                {
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
