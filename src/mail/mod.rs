//! Mail: its words, its form, and the conversation with the mail server. Knows no database.

mod conversation;
mod error;
mod mailer;
mod message;
mod text;

pub use self::{
    conversation::Delivered,
    error::{SendError, ServerReply},
    mailer::Mailer,
    message::OutgoingMail,
    text::{FactorsChange, Mail, MailText, compose},
};
