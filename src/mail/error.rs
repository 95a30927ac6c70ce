//! Why mail was not sent: in words for the administrator, and in short for the audit log.

use std::{fmt, io, path::PathBuf};

/// What the server said: a code of three digits and words of its own, which may contain addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerReply {
    pub code: u16,
    pub text: String,
}

impl ServerReply {
    const fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The code, and the one of RFC 3463 (`5.1.1`), if the server sent it: what may be kept.
    fn codes(&self) -> String {
        let is_number =
            |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        let enhanced = self.text.split_whitespace().next().filter(|word| {
            let parts: Vec<&str> = word.split('.').collect();
            parts.len() == 3 && parts.into_iter().all(is_number)
        });
        match enhanced {
            Some(enhanced) => format!("{} {enhanced}", self.code),
            None => self.code.to_string(),
        }
    }
}

impl fmt::Display for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// Why mail was not sent. The messages are for the administrator, and may contain addresses; [`SendError::short`] does
/// not.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("no mail server is set: set mail.url and mail.from (docs/configuration.md, Mail)")]
    NotSetUp,
    /// The form of the address is not one that mail can be sent to.
    #[error("{address} cannot be written in a mail: {why}")]
    BadAddress { address: String, why: String },
    #[error("the message could not be written: {0}")]
    Unwritable(String),
    #[error("mail.ca_file: cannot read {}: {why}", path.display())]
    CaFile { path: PathBuf, why: io::Error },
    #[error("mail.ca_file: {} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", .0.display())]
    NotACertificate(PathBuf),
    #[error(
        "cannot connect to {server}: {why}. Check host and port in mail.url, and whether a firewall lets this machine out"
    )]
    Connect { server: String, why: String },
    #[error(
        "no encrypted connection to {server}: {why}. smtps:// is for a port that begins with TLS (465), smtp:// for one with STARTTLS (587, 25); the certificate must be for this host and come from an authority that the system trusts, or from one in mail.ca_file"
    )]
    Tls { server: String, why: String },
    #[error(
        "{0} offers no STARTTLS, so nothing was sent. Use smtps:// if it has a port that begins with TLS; for a relay on this machine that has no TLS, add ?tls=none to mail.url"
    )]
    NoStartTls(String),
    #[error(
        "{server} does not take our connection: {reply}. Ask who runs it whether this machine may use it"
    )]
    NotWelcome { server: String, reply: ServerReply },
    #[error(
        "{0} offers no way to sign in that we know (PLAIN, LOGIN). Take user and password out of mail.url if it needs none, or use the port for submission (465, 587)"
    )]
    NoAuth(String),
    #[error(
        "{server} refused user and password: {reply}. Check both in mail.url; special characters are written as % and two hex digits, and some providers want a password made for programs"
    )]
    AuthRefused { server: String, reply: ServerReply },
    #[error(
        "{server} refused the sender {from}: {reply}. Set mail.from to an address that it lets this user send from; if it asks for authentication, put user and password into mail.url"
    )]
    SenderRefused {
        server: String,
        from: String,
        reply: ServerReply,
    },
    #[error(
        "{server} refused the recipient {to}: {reply}. Check the address; a server that refuses to relay wants user and password in mail.url"
    )]
    RecipientRefused {
        server: String,
        to: String,
        reply: ServerReply,
    },
    #[error("{server} refused the message: {reply}")]
    MessageRefused { server: String, reply: ServerReply },
    /// Nothing that is said here has this code at this place; maybe somebody meddles with the connection.
    #[error("{server} answered out of turn: {reply}. Whether the message was taken is not known")]
    OutOfTurn { server: String, reply: ServerReply },
    #[error("{server} takes no address with other letters than ASCII (SMTPUTF8)")]
    NoInternationalAddress { server: String },
    #[error("the connection to {server} was lost: {why}. Whether the message was taken is not known")]
    Lost { server: String, why: String },
    #[error("{0} took too long. Whether the message was taken is not known")]
    TooSlow(String),
    #[error("{0} has not answered several conversations yet")]
    Hanging(String),
    #[error("a thread could not be started: {0}")]
    NoThread(io::Error),
}

impl SendError {
    /// Whether it would fail in the same way whenever it is tried again, whatever is set here.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::BadAddress { .. } | Self::Unwritable(_) | Self::NoInternationalAddress { .. } => true,
            // 530: the server wants a password first (RFC 4954, 6), which the administrator can give it.
            Self::RecipientRefused { reply, .. } | Self::MessageRefused { reply, .. } => {
                reply.is_permanent() && reply.code != 530
            }
            Self::NotSetUp
            | Self::CaFile { .. }
            | Self::NotACertificate(_)
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::NoStartTls(_)
            | Self::NotWelcome { .. }
            | Self::NoAuth(_)
            | Self::AuthRefused { .. }
            | Self::SenderRefused { .. }
            | Self::OutOfTurn { .. }
            | Self::Lost { .. }
            | Self::TooSlow(_)
            | Self::Hanging(_)
            | Self::NoThread(_) => false,
        }
    }

    /// What failed, without any address and without the words of the server.
    pub fn short(&self) -> String {
        match self {
            Self::NotSetUp => "no mail server is set".to_owned(),
            Self::BadAddress { .. } => "the address cannot be written in a mail".to_owned(),
            Self::Unwritable(_) => "the message could not be written".to_owned(),
            Self::CaFile { .. } | Self::NotACertificate(_) => "mail.ca_file cannot be read".to_owned(),
            Self::Connect { .. } => "cannot connect to the mail server".to_owned(),
            Self::Tls { .. } => "no encrypted connection to the mail server".to_owned(),
            Self::NoStartTls(_) => "the mail server offers no STARTTLS".to_owned(),
            Self::NotWelcome { reply, .. } => {
                format!("the mail server does not take our connection ({})", reply.codes())
            }
            Self::NoAuth(_) => "the mail server offers no way to sign in".to_owned(),
            Self::AuthRefused { reply, .. } => {
                format!("the mail server refused user and password ({})", reply.codes())
            }
            Self::SenderRefused { reply, .. } => {
                format!("the mail server refused the sender ({})", reply.codes())
            }
            Self::RecipientRefused { reply, .. } => {
                format!("the mail server refused the recipient ({})", reply.codes())
            }
            Self::MessageRefused { reply, .. } => {
                format!("the mail server refused the message ({})", reply.codes())
            }
            Self::OutOfTurn { reply, .. } => {
                format!("the mail server answered out of turn ({})", reply.codes())
            }
            Self::NoInternationalAddress { .. } => {
                "the mail server takes no address with other letters than ASCII".to_owned()
            }
            Self::Lost { .. } => "the connection to the mail server was lost".to_owned(),
            Self::TooSlow(_) | Self::Hanging(_) => "the mail server took too long".to_owned(),
            Self::NoThread(_) => "a thread could not be started".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_codes_and_no_address() {
        let refused = |code, text: &str| SendError::RecipientRefused {
            server: "mail:465".to_owned(),
            to: "ada@fernweh.example".to_owned(),
            reply: ServerReply {
                code,
                text: text.to_owned(),
            },
        };
        for (error, short, is_permanent) in [
            (
                refused(550, "5.1.1 <ada@fernweh.example>: no such user"),
                "the mail server refused the recipient (550 5.1.1)",
                true,
            ),
            (
                refused(450, "<ada@fernweh.example>: greylisted"),
                "the mail server refused the recipient (450)",
                false,
            ),
            (
                refused(530, "5.7.0 Authentication required"),
                "the mail server refused the recipient (530 5.7.0)",
                false,
            ),
        ] {
            assert_eq!(
                (error.short().as_str(), error.is_permanent()),
                (short, is_permanent)
            );
            assert!(error.to_string().contains("ada@fernweh.example"), "{error}");
        }
    }
}
