//! Mail: its words, its form, and the conversation with the mail server. Knows no database.

mod conversation;
mod email_mail;
mod error;
mod kind;
mod letter;
mod mail_text;
mod mailer;
mod message;
mod text;

pub use self::{
    conversation::Delivered,
    email_mail::EmailMail,
    error::{SendError, ServerReply},
    kind::{FactorsChange, Mail},
    mail_text::MailText,
    mailer::Mailer,
    message::OutgoingMail,
    text::compose,
};
