//! `LogoutRequest` (saml-core, 3.7.1): those that service providers send, and ours.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::EntityId,
        name_id::{NameId, UNSPECIFIED},
        policy::Policy,
    },
    saml::{
        binding::inbound::InboundMessage,
        logout::unsigned_message::UnsignedMessage,
        message,
        refusal::Refusal,
        response::{Error, write_name_id},
        signature::Unverified,
        urn::{ASSERTION, ASYNC_SLO, DSIG, LOGOUT_BY_USER, PROTOCOL},
    },
    xml::{
        time::format_date_time,
        tree::{Element, XmlDocument},
        writer::XmlWriter,
    },
};

/// A request to end sessions, as it was parsed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutRequest {
    pub id: String,
    /// As it was written.
    pub version: String,
    pub issued_at: DateTime<Utc>,
    /// From then on the request must be ignored.
    pub not_on_or_after: Option<DateTime<Utc>>,
    pub issuer: EntityId,
    /// Byte for byte.
    pub destination: Option<String>,
    /// The user whose sessions end. An absent `Format` is `unspecified`.
    pub name_id: NameId,
    /// The sessions to end; none: all that the sender takes part in.
    pub session_indexes: Vec<String>,
    /// The sender expects no `LogoutResponse` (the Asynchronous Single Logout extension).
    pub asynchronous: bool,
}

/// Parses a request from an inbound message.
pub fn read(inbound: &InboundMessage) -> Result<Unverified<LogoutRequest>, Refusal> {
    let document = XmlDocument::parse(&inbound.xml)?;
    let root = document.root(PROTOCOL, "LogoutRequest")?;
    let request = LogoutRequest {
        id: root.id()?,
        version: message::version(root),
        issued_at: message::issued_at(root)?,
        not_on_or_after: root.date_time("NotOnOrAfter")?,
        issuer: message::issuer(root)?,
        destination: message::destination(root),
        name_id: message::name_id(
            root.child(ASSERTION, "NameID")?
                .ok_or(Refusal::Unsupported("a LogoutRequest without a plain NameID"))?,
        )?,
        session_indexes: session_indexes(root)?,
        asynchronous: asynchronous(root)?,
    };
    Ok(Unverified::new(request, inbound.signature_of(root)?))
}

fn session_indexes(root: Element<'_, '_>) -> Result<Vec<String>, Refusal> {
    let mut found = Vec::new();
    for child in root.children()? {
        if child.is(PROTOCOL, "SessionIndex") {
            found.push(child.text()?);
        } else if !(child.is(ASSERTION, "Issuer")
            || child.is(ASSERTION, "NameID")
            || child.is(PROTOCOL, "Extensions")
            || child.is(DSIG, "Signature"))
        {
            return Err(Refusal::Malformed("an element that no LogoutRequest has"));
        }
    }
    Ok(found)
}

fn asynchronous(root: Element<'_, '_>) -> Result<bool, Refusal> {
    let Some(extensions) = root.child(PROTOCOL, "Extensions")? else {
        return Ok(false);
    };
    let mut children = extensions.children()?.into_iter();
    Ok(children.any(|child| child.is(ASYNC_SLO, "Asynchronous")))
}

impl LogoutRequest {
    /// Why this request, whose signature was verified, is refused, if it is (saml-profiles, 4.4.4.1).
    pub fn refusal(&self, slo: &str, policy: &Policy, now: DateTime<Utc>) -> Option<Refusal> {
        if self.destination.as_deref() != Some(slo) {
            Some(Refusal::WrongDestination)
        } else if self.version != "2.0" {
            Some(Refusal::Version)
        } else if now - self.issued_at > policy.request_max_age {
            Some(Refusal::Stale(self.issued_at))
        } else if self.issued_at - now > policy.request_max_lead {
            Some(Refusal::IssuedInFuture(self.issued_at))
        } else if self
            .not_on_or_after
            .is_some_and(|end| now - end >= policy.request_max_lead)
        {
            Some(Refusal::Expired)
        } else {
            None
        }
    }
}

/// Whether both identify the same user at the service provider `them` (saml-core, 3.3.4). A qualifier that the sender
/// omits is the one that it was sent; one that we omitted is the one that our message implied (saml-core, 8.3.7).
pub fn is_same_name_id(sent: &NameId, received: &NameId, us: &EntityId, them: &EntityId) -> bool {
    sent.format == received.format && is_same_except_format(sent, received, us, them)
}

/// The same for a request that also names a session. Spring Security, saml2-js and ruby-saml send no `Format`, or
/// `unspecified`, whatever they were sent: the meaning of such a name is ours to define (saml-core, 8.3.1), and the
/// SessionIndex determines it.
pub fn is_same_name_id_in_session(sent: &NameId, received: &NameId, us: &EntityId, them: &EntityId) -> bool {
    (sent.format == received.format || received.format == UNSPECIFIED)
        && is_same_except_format(sent, received, us, them)
}

fn is_same_except_format(sent: &NameId, received: &NameId, us: &EntityId, them: &EntityId) -> bool {
    let is_same_qualifier = |sent: &Option<String>, received: &Option<String>, implied: &EntityId| {
        let sent = sent.as_deref().unwrap_or(implied.as_str());
        received.as_deref().is_none_or(|received| received == sent)
    };
    sent.value == received.value
        && is_same_qualifier(&sent.name_qualifier, &received.name_qualifier, us)
        && is_same_qualifier(&sent.sp_name_qualifier, &received.sp_name_qualifier, them)
}

/// The content of a `LogoutRequest` of ours.
#[derive(Clone, Copy, Debug)]
pub struct LogoutRequestContent<'a> {
    pub issuer: &'a EntityId,
    pub id: &'a str,
    pub destination: &'a str,
    /// The NameID that the service provider received.
    pub name_id: &'a NameId,
    pub session_index: &'a str,
}

/// Writes a `LogoutRequest`, valid for as long as an assertion.
pub fn write(
    content: &LogoutRequestContent<'_>,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Result<UnsignedMessage, Error> {
    let issued = format_date_time(now);
    let until = format_date_time(now + policy.assertion_lifetime);
    let mut head = XmlWriter::new(512);
    head.open(
        "samlp:LogoutRequest",
        &[("samlp", PROTOCOL)],
        &[
            ("Destination", content.destination),
            ("ID", content.id),
            ("IssueInstant", &issued),
            ("NotOnOrAfter", &until),
            ("Reason", LOGOUT_BY_USER),
            ("Version", "2.0"),
        ],
    );
    head.leaf(
        "saml:Issuer",
        &[("saml", ASSERTION)],
        &[],
        content.issuer.as_str(),
    );
    let mut tail = XmlWriter::new(512);
    write_name_id(content.name_id, &[("saml", ASSERTION)], &mut tail);
    tail.leaf("samlp:SessionIndex", &[], &[], content.session_index);
    tail.close("samlp:LogoutRequest");
    UnsignedMessage::new(head, tail, content.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::application::Binding, saml::binding::inbound::MessageKind};

    fn read_xml(inside: &str) -> Result<LogoutRequest, Refusal> {
        let xml = format!(
            "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-11-21T12:00:00Z\"><saml:Issuer>sp</saml:Issuer>{inside}</samlp:LogoutRequest>"
        );
        let inbound = InboundMessage {
            binding: Binding::Redirect,
            kind: MessageKind::Request,
            xml,
            relay_state: None,
            login_hint: None,
            signature: None,
        };
        read(&inbound).map(|unverified| unverified.unverified().clone())
    }

    fn name(value: &str, qualifiers: [Option<&str>; 2]) -> NameId {
        let [idp, sp] = qualifiers.map(|qualifier| qualifier.map(str::to_owned));
        NameId {
            name_qualifier: idp,
            sp_name_qualifier: sp,
            ..NameId::plain("f", value)
        }
    }

    #[test]
    fn name_id_and_session_indexes_are_read() {
        let request =
            read_xml("<saml:NameID Format=\"f\" NameQualifier=\"idp\" SPNameQualifier=\"sp\">a@b</saml:NameID><samlp:SessionIndex>_x</samlp:SessionIndex><samlp:SessionIndex>_y</samlp:SessionIndex>")
                .unwrap();
        assert_eq!(request.name_id, name("a@b", [Some("idp"), Some("sp")]));
        assert_eq!(request.session_indexes, ["_x", "_y"]);
        assert!(!request.asynchronous, "{request:?}");
        let bare = read_xml("<saml:NameID>a</saml:NameID>").unwrap();
        assert_eq!(bare.name_id, NameId::plain(UNSPECIFIED, "a"));
    }

    #[test]
    fn a_cut_name_id_or_an_unknown_element_is_refused() {
        for bad in [
            "<saml:NameID>a<!-- -->@b</saml:NameID>",
            "",
            "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>",
            "<saml:NameID>a</saml:NameID><x/>",
        ] {
            assert!(read_xml(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_async_slo_extension_asks_for_no_response() {
        let with = |inside: &str| {
            let extensions =
                format!("<samlp:Extensions>{inside}</samlp:Extensions><saml:NameID>a</saml:NameID>");
            read_xml(&extensions).unwrap().asynchronous
        };
        assert!(with(&format!("<a:Asynchronous xmlns:a=\"{ASYNC_SLO}\"/>")));
        assert!(with(&format!(
            "<x xmlns=\"urn:x\"/><a:Asynchronous xmlns:a=\"{ASYNC_SLO}\"/>"
        )));
        assert!(!with("<a:Asynchronous xmlns:a=\"urn:x\"/>"));
        assert!(!with(&format!(
            "<x xmlns=\"urn:x\"><a:Asynchronous xmlns:a=\"{ASYNC_SLO}\"/></x>"
        )));
    }

    #[test]
    fn an_omitted_qualifier_is_the_one_that_was_sent_or_implied() {
        let (us, them) = (EntityId::parse("idp").unwrap(), EntityId::parse("sp").unwrap());
        let same = |known, received| is_same_name_id(&name("a", known), &name("a", received), &us, &them);
        for sent in [[None, None], [Some("idp"), Some("sp")]] {
            for received in [[None, None], [Some("idp"), Some("sp")]] {
                assert!(same(sent, received), "{sent:?} {received:?}");
            }
            for received in [[Some("other"), None], [None, Some("group")]] {
                assert!(!same(sent, received), "{sent:?} {received:?}");
            }
        }
        assert!(same([None, Some("group")], [None, Some("group")]));
        assert!(same([None, Some("group")], [None, None]));
        assert!(!same([None, Some("group")], [None, Some("sp")]));
        assert!(!is_same_name_id(
            &name("a", [None; 2]),
            &name("b", [None; 2]),
            &us,
            &them
        ));
        let other = NameId::plain("g", "a");
        assert!(!is_same_name_id(&name("a", [None; 2]), &other, &us, &them));
    }

    #[test]
    fn with_a_session_index_a_name_id_without_a_format_is_the_one_that_was_sent() {
        let (us, them) = (EntityId::parse("idp").unwrap(), EntityId::parse("sp").unwrap());
        let sent = name("a", [Some("idp"), None]);
        let received = |format: &str, value: &str| NameId::plain(format, value);
        assert!(is_same_name_id_in_session(&sent, &received("f", "a"), &us, &them));
        assert!(is_same_name_id_in_session(
            &sent,
            &received(UNSPECIFIED, "a"),
            &us,
            &them
        ));
        assert!(!is_same_name_id_in_session(
            &sent,
            &received(UNSPECIFIED, "b"),
            &us,
            &them
        ));
        assert!(!is_same_name_id_in_session(
            &sent,
            &received("g", "a"),
            &us,
            &them
        ));
        let of_another = NameId {
            name_qualifier: Some("other".to_owned()),
            ..received(UNSPECIFIED, "a")
        };
        assert!(!is_same_name_id_in_session(&sent, &of_another, &us, &them));
        assert!(!is_same_name_id(&sent, &received(UNSPECIFIED, "a"), &us, &them));
    }

    #[test]
    fn what_we_write_is_read_back_with_its_reason_and_expiry() {
        let content = LogoutRequestContent {
            issuer: &EntityId::parse("idp").unwrap(),
            id: "_1",
            destination: "https://sp.example/slo?a=b&c",
            name_id: &name("a<b", [Some("i&q"), Some("s")]),
            session_index: "_x",
        };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let xml = write(&content, &Policy::default(), now).unwrap().unsigned_xml();
        assert!(
            xml.contains(
                "NotOnOrAfter=\"2026-11-21T12:05:00.000Z\" Reason=\"urn:oasis:names:tc:SAML:2.0:logout:user\""
            ),
            "{xml}"
        );
        let inbound = InboundMessage {
            binding: Binding::Redirect,
            kind: MessageKind::Request,
            xml,
            relay_state: None,
            login_hint: None,
            signature: None,
        };
        let read = read(&inbound).unwrap().unverified().clone();
        assert_eq!(read.name_id, *content.name_id);
        assert_eq!(read.session_indexes, ["_x"]);
        assert_eq!(read.destination.as_deref(), Some(content.destination));
    }
}
