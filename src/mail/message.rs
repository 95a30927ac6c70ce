//! A mail as it is sent (RFC 5322), and as it waits.

use std::fmt;

use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox as LettreMailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    mail::{error::SendError, mail_text::MailText},
    model::mail::{MailSettings, Mailbox, Recipient},
};

/// A mail in words, and to whom it goes. Nothing of it may reach a log.
#[derive(Deserialize, Serialize)]
pub struct OutgoingMail {
    /// What kind of mail it is, for the audit log.
    pub kind: String,
    to_name: Option<String>,
    to: String,
    subject: String,
    text: String,
    html: String,
}

impl fmt::Debug for OutgoingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingMail")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl OutgoingMail {
    pub fn new(kind: &str, to: &Recipient, words: MailText) -> Self {
        Self {
            kind: kind.to_owned(),
            to_name: to.display_name(),
            to: to.email.as_str().to_owned(),
            subject: words.subject,
            text: words.text,
            html: words.html,
        }
    }

    /// As it waits, before it is sealed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SendError> {
        serde_json::to_vec(self).map_err(|why| SendError::Unwritable(why.to_string()))
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The message. `id` is its Message-ID without the brackets: it stays the same if the mail is sent again.
    pub(super) fn message(
        &self,
        settings: &MailSettings,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Message, SendError> {
        let to = LettreMailbox::new(self.to_name.clone(), parse_address(&self.to)?);
        let mut builder = Message::builder()
            .from(lettre_mailbox(&settings.from)?)
            .to(to)
            .subject(&self.subject)
            .date(now.into())
            .message_id(Some(format!("<{id}>")))
            .header(AutoSubmitted);
        if let Some(reply_to) = &settings.reply_to {
            builder = builder.reply_to(lettre_mailbox(reply_to)?);
        }
        builder
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))
            .map_err(|why| SendError::Unwritable(why.to_string()))
    }
}

pub(super) fn parse_address(address: &str) -> Result<Address, SendError> {
    address
        .parse()
        .map_err(|why: lettre::address::AddressError| SendError::BadAddress {
            address: address.to_owned(),
            why: why.to_string(),
        })
}

fn lettre_mailbox(mailbox: &Mailbox) -> Result<LettreMailbox, SendError> {
    Ok(LettreMailbox::new(
        mailbox.name.clone(),
        parse_address(mailbox.email.as_str())?,
    ))
}

/// Keeps programs that answer while somebody is away from answering (RFC 3834, 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{language::Language, mail::MailServer, user::Email};

    fn settings() -> MailSettings {
        MailSettings {
            server: MailServer::parse("smtps://mail").unwrap(),
            ca_file: None,
            from: Mailbox::parse("Fernweh, Ä <it@fernweh.example>").unwrap(),
            reply_to: Some(Mailbox::parse("help@fernweh.example").unwrap()),
            organisation: "Fernweh".to_owned(),
            language: Language::English,
        }
    }

    fn mail(name: &str, address: &str, subject: &str, text: &str) -> OutgoingMail {
        let to = Recipient {
            user: None,
            name: Some(name.to_owned()),
            email: Email::parse(address).unwrap(),
            language: Some(Language::English),
        };
        let words = MailText {
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: format!("<p>{text}</p>"),
        };
        OutgoingMail::new("test", &to, words)
    }

    fn formatted(mail: &OutgoingMail) -> String {
        let message = mail
            .message(&settings(), "1@login.fernweh.example", DateTime::UNIX_EPOCH)
            .unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn headers(message: &str) -> Vec<String> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        unfolded.split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_message_has_text_and_html_and_says_that_a_program_wrote_it() {
        let message = formatted(&mail("Ada Ö", "ada@fernweh.example", "Grüße", "Grüße\n.\nEnde"));
        assert!(message.is_ascii(), "every server takes it: {message}");
        let headers = headers(&message);
        let has = |start: &str| headers.iter().any(|line| line.starts_with(start));
        for start in [
            "From: =?utf-8?",
            "To: =?utf-8?",
            "Reply-To: help@fernweh.example",
            "Subject: =?utf-8?",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000",
            "Message-ID: <1@login.fernweh.example>",
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative;",
        ] {
            assert!(has(start), "{start}: {headers:#?}");
        }
        let (text, html) = (message.find("text/plain"), message.find("text/html"));
        assert!(
            text.is_some() && text < html,
            "the last is preferred (RFC 2046, 5.1.4)"
        );
    }

    #[test]
    fn no_value_adds_a_header() {
        for evil in [
            "A\r\nBcc: x@evil.example",
            "A\nBcc: x@evil.example",
            "A\rBcc: x@evil.example",
            "\"<x@evil.example>,",
        ] {
            let message = formatted(&mail(evil, "ada@fernweh.example", evil, evil));
            let headers = headers(&message);
            assert!(
                !headers.iter().any(|line| line.starts_with("Bcc")),
                "{evil:?}: {headers:#?}"
            );
            let parsed = mail(evil, "ada@fernweh.example", evil, evil)
                .message(&settings(), "1@x", DateTime::UNIX_EPOCH)
                .unwrap();
            let to: Vec<String> = parsed.envelope().to().iter().map(ToString::to_string).collect();
            assert_eq!(to, ["ada@fernweh.example"]);
        }
    }

    #[test]
    fn an_address_that_would_change_the_conversation_is_refused() {
        for address in [
            "a>\u{a0}b@fernweh.example",
            "<ada@fernweh.example",
            "ada,b@fernweh.example",
        ] {
            let Ok(_) = Email::parse(address) else { continue };
            let message = mail("", address, "", "").message(&settings(), "1@x", DateTime::UNIX_EPOCH);
            assert!(matches!(message, Err(SendError::BadAddress { .. })), "{address}");
        }
    }

    #[test]
    fn what_waits_is_read_back_and_shows_nothing() {
        let mail = mail("Ada", "ada@fernweh.example", "Subject", "https://secret.example");
        let read = OutgoingMail::from_bytes(&mail.to_bytes().unwrap()).unwrap();
        let (again, before) = (
            read.message(&settings(), "1@x", DateTime::UNIX_EPOCH).unwrap(),
            formatted(&mail),
        );
        assert_eq!(again.headers().get_raw("Subject"), Some("Subject"));
        assert!(before.contains("secret.example"));
        assert_eq!(format!("{read:?}"), "OutgoingMail { kind: \"test\", .. }");
        assert!(OutgoingMail::from_bytes(b"{}").is_none());
    }
}
