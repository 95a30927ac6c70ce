//! The conversation with a mail server (RFC 5321), step by step, so that an error says which step was refused.

use std::{error::Error as StdError, net::IpAddr, time::Duration};

use lettre::{
    Address, Message,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{Certificate, SmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};

use crate::{
    mail::error::{SendError, ServerReply},
    model::mail::{MailEncryption, MailServer, MailSettings},
};

/// How long to wait for a connection, and for each answer of the server. RFC 5321 (4.5.3.2) would have us wait for
/// minutes; nobody who can be relied on takes them.
const STEP_TIMEOUT: Duration = Duration::from_mins(1);

/// Mail that a server has taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivered {
    /// Host and port.
    pub server: String,
    pub encryption: MailEncryption,
    /// What the server said in the end; as a rule with the name that its log has for the message.
    pub reply: ServerReply,
}

/// Hands `message` to the server. `our_host` is how we introduce ourselves.
pub(super) fn deliver(
    settings: &MailSettings,
    our_host: &str,
    message: &Message,
) -> Result<Delivered, SendError> {
    let mut connection = connect(settings, our_host)?;
    let delivered = hand_over(&mut connection, settings, message);
    match &delivered {
        // It has said that it is responsible for the message now: whatever happens to the rest changes nothing.
        Ok(_) => drop(connection.quit()),
        Err(_) => connection.abort(),
    }
    delivered
}

fn connect(settings: &MailSettings, our_host: &str) -> Result<SmtpConnection, SendError> {
    let server = &settings.server;
    let address = server.address();
    let tls = match server.encryption {
        MailEncryption::None => None,
        MailEncryption::Tls | MailEncryption::StartTls => Some(tls_parameters(settings)?),
    };
    let from_start = tls.as_ref().filter(|_| server.encryption == MailEncryption::Tls);
    let hello = client_id(our_host);
    let mut connection = SmtpConnection::connect(
        (server.host.as_str(), server.port),
        Some(STEP_TIMEOUT),
        &hello,
        from_start,
        None,
    )
    .map_err(|error| match reply(&error) {
        Some(reply) => SendError::NotWelcome {
            server: address.clone(),
            reply,
        },
        // The handshake fails with an error of OpenSSL, or because the server ends the connection.
        None if from_start.is_some() && !is_unreachable(&error) => tls_error(server, &error),
        None => SendError::Connect {
            server: address.clone(),
            why: cause(&error),
        },
    })?;
    if let Some(tls) = tls.filter(|_| server.encryption == MailEncryption::StartTls) {
        if !connection.can_starttls() {
            connection.abort();
            return Err(SendError::NoStartTls(address));
        }
        connection
            .starttls(&tls, &hello)
            .map_err(|error| tls_error(server, &error))?;
    }
    Ok(connection)
}

fn hand_over(
    connection: &mut SmtpConnection,
    settings: &MailSettings,
    message: &Message,
) -> Result<Delivered, SendError> {
    let server = settings.server.address();
    if let Some(login) = &settings.server.login {
        let credentials = Credentials::new(login.user.expose().clone(), login.password.expose().clone());
        if connection.server_info().get_auth_mechanism(MECHANISMS).is_none() {
            return Err(SendError::NoAuth(server));
        }
        let answer = connection.auth(MECHANISMS, &credentials);
        step(answer, &[235], &server, |server, reply| SendError::AuthRefused {
            server,
            reply,
        })?;
    }
    let (envelope, bytes) = (message.envelope(), message.formatted());
    let mut parameters = Vec::new();
    let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
    if !envelope.from().into_iter().chain(envelope.to()).all(is_ascii) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::NoInternationalAddress { server });
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !bytes.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let answer = connection.command(Mail::new(envelope.from().cloned(), parameters));
    step(answer, &[250], &server, |server, reply| {
        SendError::SenderRefused {
            server,
            from: settings.from.email.to_string(),
            reply,
        }
    })?;
    for to in envelope.to() {
        let answer = connection.command(Rcpt::new(to.clone(), Vec::new()));
        step(answer, &[250, 251, 252], &server, |server, reply| {
            SendError::RecipientRefused {
                server,
                to: to.to_string(),
                reply,
            }
        })?;
    }
    let refused = |server, reply| SendError::MessageRefused { server, reply };
    step(connection.command(Data), &[354], &server, refused)?;
    let reply = step(connection.message(&bytes), &[250], &server, refused)?;
    Ok(Delivered {
        server,
        encryption: settings.server.encryption,
        reply,
    })
}

/// What was answered to one step, with a code that belongs there. Words that somebody had put before the beginning of
/// TLS (STARTTLS, CVE-2011-0411) would move all answers by one.
fn step(
    answer: Result<Response, SmtpError>,
    expected: &[u16],
    server: &str,
    refused: impl FnOnce(String, ServerReply) -> SendError,
) -> Result<ServerReply, SendError> {
    let server = server.to_owned();
    match answer {
        Ok(response) => {
            let reply = accepted(&response);
            if expected.contains(&reply.code) {
                Ok(reply)
            } else {
                Err(SendError::OutOfTurn { server, reply })
            }
        }
        Err(error) => Err(match reply(&error) {
            Some(reply) => refused(server, reply),
            None => SendError::Lost {
                server,
                why: cause(&error),
            },
        }),
    }
}

const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

fn tls_parameters(settings: &MailSettings) -> Result<TlsParameters, SendError> {
    let mut builder = TlsParameters::builder(settings.server.host.clone());
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|why| SendError::CaFile {
            path: path.clone(),
            why,
        })?;
        let certificates = split_pem(&pem);
        if certificates.is_empty() {
            return Err(SendError::NotACertificate(path.clone()));
        }
        for pem in certificates {
            let certificate = Certificate::from_pem(pem.as_bytes())
                .map_err(|_unsaid| SendError::NotACertificate(path.clone()))?;
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder
        .build_native()
        .map_err(|error| tls_error(&settings.server, &error))
}

/// Each certificate of a file.
fn split_pem(pem: &[u8]) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    text.split_inclusive(END)
        .filter_map(|part| {
            let begin = part.find("-----BEGIN CERTIFICATE-----")?;
            let certificate = part.get(begin..)?;
            certificate.ends_with(END).then(|| format!("{certificate}\n"))
        })
        .collect()
}

/// A name, or an address in brackets (RFC 5321, 4.1.3).
fn client_id(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

fn tls_error(server: &MailServer, error: &SmtpError) -> SendError {
    SendError::Tls {
        server: server.address(),
        why: cause(error),
    }
}

/// What the server said, if that is what failed.
fn reply(error: &SmtpError) -> Option<ServerReply> {
    let code = error.status()?;
    Some(ServerReply {
        code: u16::from(code),
        text: cause(error),
    })
}

/// Whether there was no connection at all: neither an address nor somebody who listens there.
fn is_unreachable(error: &SmtpError) -> bool {
    use std::io::ErrorKind;
    let innermost = innermost(error);
    match innermost.downcast_ref::<std::io::Error>() {
        Some(error) => !matches!(
            error.kind(),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
        ),
        None => false,
    }
}

fn accepted(response: &Response) -> ServerReply {
    let lines: Vec<&str> = response.message().collect();
    ServerReply {
        code: u16::from(response.code()),
        text: lines.join(" "),
    }
}

/// The innermost cause, on one line.
fn cause(error: &SmtpError) -> String {
    let text = innermost(error).to_string();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn innermost(error: &SmtpError) -> &(dyn StdError + 'static) {
    let mut cause: &(dyn StdError + 'static) = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_introduce_ourselves_by_name_or_address() {
        for (host, hello) in [
            ("login.fernweh.example", "login.fernweh.example"),
            ("127.0.0.1", "[127.0.0.1]"),
            ("[::1]", "[IPv6:::1]"),
        ] {
            assert_eq!(client_id(host).to_string(), hello);
        }
    }

    #[test]
    fn every_certificate_of_a_file_is_taken() {
        let one = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
        assert_eq!(split_pem(format!("# a\n{one}\n\n{one}\n").as_bytes()).len(), 2);
        for none in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA"] {
            assert!(split_pem(none.as_bytes()).is_empty(), "{none}");
        }
    }
}
