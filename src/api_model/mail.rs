//! Mail.

use serde::Serialize;

use crate::{
    mail::Delivered,
    model::{mail::MailEncryption, user::Email},
};

/// What `mail test` prints.
#[derive(Debug, Serialize)]
pub struct MailTestOutput<'a> {
    pub to: &'a str,
    pub server: &'a str,
    pub encryption: &'static str,
    pub code: u16,
    /// The words of the server.
    pub reply: &'a str,
}

impl<'a> MailTestOutput<'a> {
    pub fn new(to: &'a Email, delivered: &'a Delivered) -> Self {
        Self {
            to: to.as_str(),
            server: &delivered.server,
            encryption: encryption_name(delivered.encryption),
            code: delivered.reply.code,
            reply: &delivered.reply.text,
        }
    }
}

const fn encryption_name(encryption: MailEncryption) -> &'static str {
    match encryption {
        MailEncryption::Tls => "tls",
        MailEncryption::StartTls => "starttls",
        MailEncryption::None => "none",
    }
}
