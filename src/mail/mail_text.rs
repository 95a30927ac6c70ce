//! A mail in words.

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailText {
    pub subject: String,
    pub text: String,
    pub html: String,
}
