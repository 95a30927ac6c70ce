//! `LogoutResponse` (saml-core, 3.7.2): those that service providers send, and ours.

use chrono::{DateTime, Utc};

use crate::{
    model::application::{EntityId, SpUrl},
    saml::{
        binding::inbound::InboundMessage,
        logout::unsigned_message::UnsignedMessage,
        message,
        refusal::{Refusal, StatusCodes},
        response::{Error, write_status},
        signature::Unverified,
        urn::{ASSERTION, DSIG, PROTOCOL, status},
    },
    xml::{
        time::format_date_time,
        tree::{Element, XmlDocument},
        writer::XmlWriter,
    },
};

/// A response to a `LogoutRequest` of ours, as it was parsed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutResponse {
    /// As it was written.
    pub version: String,
    pub issuer: EntityId,
    /// Byte for byte.
    pub destination: Option<String>,
    /// For `InResponseTo`.
    pub in_response_to: String,
    /// The status codes, the top-level one first.
    pub status: Vec<String>,
}

/// Parses a response from an inbound message.
pub fn read(inbound: &InboundMessage) -> Result<Unverified<LogoutResponse>, Refusal> {
    let document = XmlDocument::parse(&inbound.xml)?;
    let root = document.root(PROTOCOL, "LogoutResponse")?;
    for child in root.children()? {
        let allowed = child.is(ASSERTION, "Issuer")
            || child.is(DSIG, "Signature")
            || child.is(PROTOCOL, "Extensions")
            || child.is(PROTOCOL, "Status");
        if !allowed {
            return Err(Refusal::Malformed("an element that no LogoutResponse has"));
        }
    }
    root.id()?;
    let response = LogoutResponse {
        version: message::version(root),
        issuer: message::issuer(root)?,
        destination: message::destination(root),
        in_response_to: root
            .attribute("InResponseTo")
            .ok_or(Refusal::UnexpectedResponse)?
            .to_owned(),
        status: status_codes(root)?,
    };
    Ok(Unverified::new(response, inbound.signature_of(root)?))
}

fn status_codes(root: Element<'_, '_>) -> Result<Vec<String>, Refusal> {
    let no_status = Refusal::Malformed("a response without a status");
    let mut codes = Vec::new();
    let mut parent = root.child(PROTOCOL, "Status")?.ok_or(no_status.clone())?;
    while let Some(code) = parent.child(PROTOCOL, "StatusCode")? {
        codes.push(code.attribute("Value").ok_or(no_status.clone())?.to_owned());
        parent = code;
    }
    if codes.is_empty() {
        Err(no_status)
    } else {
        Ok(codes)
    }
}

impl LogoutResponse {
    /// Why this response, whose signature was verified, is refused, if it is (saml-profiles, 4.4.4.2).
    pub fn refusal(&self, slo: &str, recipient: &EntityId) -> Option<Refusal> {
        if self.issuer != *recipient {
            Some(Refusal::WrongIssuer)
        } else if self.destination.as_deref() != Some(slo) {
            Some(Refusal::WrongDestination)
        } else if self.version != "2.0" {
            Some(Refusal::Version)
        } else {
            None
        }
    }

    /// Whether the session there has ended, and every session that depends on it (saml-core, 3.7.3.2).
    pub fn confirms(&self) -> bool {
        let mut codes = self.status.iter();
        codes.next().is_some_and(|top| top == status::SUCCESS)
            && codes.all(|code| code != status::PARTIAL_LOGOUT)
    }
}

/// The content of a `LogoutResponse` of ours.
#[derive(Clone, Copy, Debug)]
pub struct LogoutResponseContent<'a> {
    pub issuer: &'a EntityId,
    pub id: &'a str,
    pub destination: &'a SpUrl,
    pub in_response_to: &'a str,
    pub status: StatusCodes,
    /// The reason for a failure, in one sentence.
    pub status_message: Option<&'a str>,
}

pub fn write(content: &LogoutResponseContent<'_>, now: DateTime<Utc>) -> Result<UnsignedMessage, Error> {
    let issue_instant = format_date_time(now);
    let mut head = XmlWriter::new(512);
    head.open(
        "samlp:LogoutResponse",
        &[("samlp", PROTOCOL)],
        &[
            ("Destination", content.destination.as_str()),
            ("ID", content.id),
            ("InResponseTo", content.in_response_to),
            ("IssueInstant", &issue_instant),
            ("Version", "2.0"),
        ],
    );
    head.leaf(
        "saml:Issuer",
        &[("saml", ASSERTION)],
        &[],
        content.issuer.as_str(),
    );
    let mut tail = XmlWriter::new(256);
    write_status(&mut tail, content.status, content.status_message);
    tail.close("samlp:LogoutResponse");
    UnsignedMessage::new(head, tail, content.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::application::Binding, saml::binding::inbound::MessageKind};

    const US: &str = "https://idp.example/saml/slo";

    fn read_xml(attributes: &str, inside: &str) -> Result<LogoutResponse, Refusal> {
        let xml = format!(
            "<samlp:LogoutResponse xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"_1\" {attributes}><saml:Issuer>sp</saml:Issuer>{inside}</samlp:LogoutResponse>"
        );
        let inbound = InboundMessage {
            binding: Binding::Redirect,
            kind: MessageKind::Response,
            xml,
            relay_state: None,
            login_hint: None,
            signature: None,
        };
        read(&inbound).map(|unverified| unverified.unverified().clone())
    }

    fn code(value: &str, inside: &str) -> String {
        format!("<samlp:StatusCode Value=\"{value}\">{inside}</samlp:StatusCode>")
    }

    fn status_of(codes: &str) -> String {
        format!("<samlp:Status>{codes}</samlp:Status>")
    }

    #[test]
    fn success_alone_confirms() {
        let confirms = |codes: &str| {
            read_xml("InResponseTo=\"_2\" Version=\"2.0\"", &status_of(codes))
                .unwrap()
                .confirms()
        };
        assert!(confirms(&code(status::SUCCESS, "")));
        assert!(confirms(&code(status::SUCCESS, &code("urn:x", ""))));
        assert!(!confirms(&code(
            status::SUCCESS,
            &code(status::PARTIAL_LOGOUT, "")
        )));
        assert!(!confirms(&code(status::RESPONDER, &code(status::SUCCESS, ""))));
        assert!(!confirms(&code("urn:oasis:names:tc:saml:2.0:status:success", "")));
        assert!(!confirms(&code("", "")));
    }

    #[test]
    fn an_incomplete_response_is_refused() {
        let good = status_of(&code(status::SUCCESS, ""));
        for (attributes, inside) in [
            ("Version=\"2.0\"", good.as_str()),
            ("InResponseTo=\"_2\"", ""),
            ("InResponseTo=\"_2\"", "<samlp:Status/>"),
            (
                "InResponseTo=\"_2\"",
                "<samlp:Status><samlp:StatusCode/></samlp:Status>",
            ),
            ("InResponseTo=\"_2\"", &format!("{good}{good}")),
            ("InResponseTo=\"_2\"", &format!("{good}<saml:Assertion/>")),
        ] {
            assert!(read_xml(attributes, inside).is_err(), "{attributes} {inside}");
        }
    }

    #[test]
    fn it_must_come_from_the_sp_that_was_asked_and_be_addressed_to_us() {
        let good = status_of(&code(status::SUCCESS, ""));
        let refused = |attributes: &str, recipient: &str| {
            let attributes = format!("InResponseTo=\"_2\" {attributes}");
            let response = read_xml(&attributes, &good).unwrap();
            response.refusal(US, &EntityId::parse(recipient).unwrap())
        };
        let to_us = format!("Version=\"2.0\" Destination=\"{US}\"");
        assert_eq!(refused(&to_us, "sp"), None);
        assert_eq!(refused(&to_us, "other"), Some(Refusal::WrongIssuer));
        assert_eq!(refused("Version=\"2.0\"", "sp"), Some(Refusal::WrongDestination));
        let elsewhere = format!("Version=\"2.0\" Destination=\"{US}/\"");
        assert_eq!(refused(&elsewhere, "sp"), Some(Refusal::WrongDestination));
        let version = format!("Version=\"1.1\" Destination=\"{US}\"");
        assert_eq!(refused(&version, "sp"), Some(Refusal::Version));
    }
}
