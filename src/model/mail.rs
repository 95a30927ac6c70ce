//! Mail: which server sends it, from whom, and to whom.

use std::{fmt, net::IpAddr, path::PathBuf};

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use crate::model::{
    id::UserId,
    language::Language,
    secret::Secret,
    text::{is_safe_to_display, single_line},
    user::Email,
};

/// The longest display name, in characters.
const MAX_NAME_LEN: usize = 100;

/// How mail is sent.
#[derive(Debug, Eq, PartialEq)]
pub struct MailSettings {
    pub server: MailServer,
    /// Certificates in PEM that the server's certificate may come from, besides those that the system trusts.
    pub ca_file: Option<PathBuf>,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    /// Who writes.
    pub organisation: String,
    /// Of mails to people who chose none.
    pub language: Language,
}

/// An SMTP server.
#[derive(Debug, Eq, PartialEq)]
pub struct MailServer {
    /// A name, or an address without brackets.
    pub host: String,
    pub port: u16,
    pub encryption: MailEncryption,
    pub login: Option<MailLogin>,
}

/// How the connection to a server is protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailEncryption {
    /// From the first byte (RFC 8314, 3.3).
    Tls,
    /// Begun with STARTTLS (RFC 3207); without it nothing is sent.
    StartTls,
    /// None: only to this machine.
    None,
}

/// What a server is told to let us send.
#[derive(Debug, Eq, PartialEq)]
pub struct MailLogin {
    pub user: Secret<String>,
    pub password: Secret<String>,
}

impl MailServer {
    /// Parses `smtps://USER:PASSWORD@HOST:PORT` or `smtp://…`. The text may contain a password: no message shows it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_unsaid| NOT_A_URL)?;
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => MailEncryption::Tls,
            ("smtp", None) => MailEncryption::StartTls,
            ("smtp", Some("tls=none")) => MailEncryption::None,
            (_, _) => return Err(NOT_A_URL),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(NOT_A_URL);
        }
        let (host, is_here) = match url.host().ok_or(NOT_A_URL)? {
            Host::Ipv4(address) => (address.to_string(), address.is_loopback()),
            Host::Ipv6(address) => (address.to_string(), address.is_loopback()),
            Host::Domain(name) => parse_host(name).ok_or(NOT_A_URL)?,
        };
        if encryption == MailEncryption::None && !is_here {
            return Err(
                "?tls=none is for a relay on this machine only (127.0.0.1, [::1] or localhost): mail and passwords would travel unencrypted. Leave it out",
            );
        }
        let user = decoded(url.username())?;
        let password = decoded(url.password().unwrap_or_default())?;
        let login = match (user.expose().is_empty(), password.expose().is_empty()) {
            (true, true) => None,
            (false, false) => Some(MailLogin { user, password }),
            (_, _) => return Err("a user needs a password: write smtps://USER:PASSWORD@HOST"),
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(match encryption {
                MailEncryption::Tls => 465,
                MailEncryption::StartTls => 587,
                MailEncryption::None => 25,
            }),
            encryption,
            login,
        })
    }

    /// Host and port, as a URL has them.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

const NOT_A_URL: &str = "this is not the URL of a mail server; write smtps://USER:PASSWORD@HOST (TLS, port 465) or smtp://USER:PASSWORD@HOST (STARTTLS, port 587). In user and password, write % and two hex digits for each of : / ? # [ ] @ %, such as %40 for @";

/// The URL without what is secret: some providers give a user name that is as secret as the password.
impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, query) = match self.encryption {
            MailEncryption::Tls => ("smtps", ""),
            MailEncryption::StartTls => ("smtp", ""),
            MailEncryption::None => ("smtp", "?tls=none"),
        };
        let login = if self.login.is_some() { "***@" } else { "" };
        write!(f, "{scheme}://{login}{}{query}", self.address())
    }
}

/// A host in lower case, and whether it is this machine.
fn parse_host(name: &str) -> Option<(String, bool)> {
    let name = name.to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return None;
    }
    let is_here = match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name == "localhost",
    };
    Some((name, is_here))
}

fn decoded(text: &str) -> Result<Secret<String>, &'static str> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_unsaid| "user or password is not UTF-8")?
        .into_owned();
    let decoded = Secret::new(decoded);
    if decoded.expose().contains(char::is_control) {
        return Err("user or password holds a control character");
    }
    Ok(decoded)
}

/// An address with the name that mail programs show for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub email: Email,
}

impl Mailbox {
    /// Parses `ADDRESS` or `NAME <ADDRESS>`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        if name.contains(['<', '>']) {
            return Err("one address is expected: ADDRESS, or NAME <ADDRESS>".to_owned());
        }
        let email = Email::parse(address).map_err(|bad| bad.to_string())?;
        if !is_plain(email.as_str()) {
            return Err(format!(
                "{email} is not an address that every server takes: write it in ASCII, without quotation marks"
            ));
        }
        let name = match name {
            "" => None,
            name => Some(single_line("the name", name, MAX_NAME_LEN).map_err(|bad| bad.to_string())?),
        };
        Ok(Self { name, email })
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.email),
            None => self.email.fmt(f),
        }
    }
}

/// Whether an address has only what needs no quotation marks (RFC 5322, 3.2.3).
fn is_plain(address: &str) -> bool {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
    address.split('@').all(|part| {
        !part.is_empty()
            && part.chars().all(is_atom)
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
    })
}

/// To whom mail goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// Whom it is about in the audit log.
    pub user: Option<UserId>,
    /// What they are called; none for somebody who is not known yet.
    pub name: Option<String>,
    pub email: Email,
    /// What they chose, if they did.
    pub language: Option<Language>,
}

impl Recipient {
    /// The name without what could change how a mail program shows the line.
    pub fn display_name(&self) -> Option<String> {
        let name: String = self
            .name
            .as_deref()
            .unwrap_or_default()
            .chars()
            .filter(|c| is_safe_to_display(*c))
            .take(MAX_NAME_LEN)
            .collect();
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(server: &MailServer) -> Option<(&str, &str)> {
        let login = server.login.as_ref()?;
        Some((login.user.expose(), login.password.expose()))
    }

    #[test]
    fn a_url_names_server_encryption_and_login() {
        for (text, shown, encryption) in [
            (
                "smtps://smtp.fernweh.example",
                "smtps://smtp.fernweh.example:465",
                MailEncryption::Tls,
            ),
            (
                "smtp://SMTP.fernweh.example/",
                "smtp://smtp.fernweh.example:587",
                MailEncryption::StartTls,
            ),
            (
                "smtp://[2001:db8::1]:2525",
                "smtp://[2001:db8::1]:2525",
                MailEncryption::StartTls,
            ),
            (
                "smtp://127.0.0.1?tls=none",
                "smtp://127.0.0.1:25?tls=none",
                MailEncryption::None,
            ),
            (
                "smtp://[::1]:26?tls=none",
                "smtp://[::1]:26?tls=none",
                MailEncryption::None,
            ),
            (
                "smtp://localhost/?tls=none",
                "smtp://localhost:25?tls=none",
                MailEncryption::None,
            ),
        ] {
            let server = MailServer::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(server.to_string(), shown);
            assert_eq!((server.encryption, login(&server)), (encryption, None), "{text}");
        }
        let server = MailServer::parse("smtps://hall%40pass:p%3A%2F%40%25%C3%A4@mail:465").unwrap();
        assert_eq!(login(&server), Some(("hall@pass", "p:/@%ä")));
        assert_eq!(server.to_string(), "smtps://***@mail:465");
        let shown = format!("{server:?}");
        assert!(!shown.contains("hall@pass") && !shown.contains("p:/"), "{shown}");
    }

    #[test]
    fn what_is_no_server_is_refused_without_showing_it() {
        for (bad, part) in [
            ("", "write smtps://"),
            ("smtp.fernweh.example", "write smtps://"),
            ("https://u:hunter2@mail", "write smtps://"),
            ("smtps://", "write smtps://"),
            ("smtps://u:hunter2@mail/inbox", "write smtps://"),
            ("smtps://u:hunter2#x@mail", "%40 for @"),
            ("smtps://u:hunter2/x@mail", "%40 for @"),
            ("smtps://u:hunter2@mail?tls=none", "write smtps://"),
            ("smtp://u:hunter2@mail?tls=no", "write smtps://"),
            ("smtp://u:hunter2@mail?tls=none", "on this machine only"),
            ("smtp://u:hunter2@128.0.0.1?tls=none", "on this machine only"),
            (
                "smtp://u:hunter2@localhost.example?tls=none",
                "on this machine only",
            ),
            ("smtps://u@mail", "needs a password"),
            ("smtps://:hunter2@mail", "needs a password"),
            ("smtps://u:hunter2%0D%0AQUIT@mail", "control character"),
            ("smtps://u:hunter2%FF@mail", "not UTF-8"),
            ("smtps://u:hunter2@ma%20il", "write smtps://"),
            ("smtps://u:hunter2@mail:99999", "write smtps://"),
        ] {
            let why = MailServer::parse(bad).expect_err(bad);
            assert!(why.contains(part) && !why.contains("hunter2"), "{bad}: {why}");
        }
    }

    #[test]
    fn a_mailbox_is_an_address_and_perhaps_a_name() {
        for (text, name, address) in [
            ("it@fernweh.example", None, "it@fernweh.example"),
            ("<it@fernweh.example>", None, "it@fernweh.example"),
            (
                "Fernweh, IT <IT@fernweh.example>",
                Some("Fernweh, IT"),
                "it@fernweh.example",
            ),
            (
                "\"Fernweh Ä\" <it@fernweh.example>",
                Some("Fernweh Ä"),
                "it@fernweh.example",
            ),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!(
                (mailbox.name.as_deref(), mailbox.email.as_str()),
                (name, address),
                "{text}"
            );
            assert_eq!(Mailbox::parse(&mailbox.to_string()).unwrap(), mailbox);
        }
        for bad in [
            "",
            "it",
            "a@b <it>",
            "it@fernweh.example\r\nBcc: x@y",
            "A\r\nBcc: x@y <it@fernweh.example>",
            "a@b, c@d",
            "<a@b>, <c@d>",
            "\"a b\"@c",
            "jörg@fernweh.example",
            ".a@b",
        ] {
            assert!(Mailbox::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_that_would_disguise_the_line_is_shown_without_it() {
        let recipient = |name: &str| Recipient {
            user: None,
            name: Some(name.to_owned()),
            email: Email::parse("ada@fernweh.example").unwrap(),
            language: None,
        };
        assert_eq!(
            recipient("A\r\nda\u{202e}").display_name().as_deref(),
            Some("Ada")
        );
        assert_eq!(recipient(" \u{200b} ").display_name(), None);
    }
}
