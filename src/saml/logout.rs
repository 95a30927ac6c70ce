//! Single logout (saml-core, 3.7): `LogoutRequest` in, `LogoutResponse` out.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{AcsUrl, EntityId},
        name_id::{NameId, UNSPECIFIED},
        policy::Policy,
    },
    saml::{
        authn_request::issuer,
        binding::inbound::Inbound,
        canonical::{Writer, time},
        refusal::{Refusal, Status},
        response::{Error, write_name_id, write_status},
        signature::Unverified,
        urn::{ASSERTION, DSIG, PROTOCOL},
        xml::{Element, Message},
    },
};

/// A request to end sessions, as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogoutRequest {
    /// `ID`.
    pub id: String,
    /// `Version`, as it was written.
    pub version: String,
    /// `IssueInstant`.
    pub issued_at: DateTime<Utc>,
    /// `NotOnOrAfter`: from then on it is to be ignored.
    pub not_on_or_after: Option<DateTime<Utc>>,
    /// `Issuer`.
    pub issuer: EntityId,
    /// `Destination`, letter for letter.
    pub destination: Option<String>,
    /// Whose sessions. No `Format` is `unspecified`.
    pub name_id: NameId,
    /// Which of them; none: all that the sender takes part in.
    pub session_indexes: Vec<String>,
}

/// Reads a request out of an inbound message.
pub fn read(inbound: &Inbound) -> Result<Unverified<LogoutRequest>, Refusal> {
    let message = Message::parse(&inbound.xml)?;
    let root = message.root(PROTOCOL, "LogoutRequest")?;
    let request = LogoutRequest {
        id: root.id()?,
        version: root.attribute("Version").unwrap_or_default().to_owned(),
        issued_at: root
            .time("IssueInstant")?
            .ok_or(Refusal::Malformed("no IssueInstant"))?,
        not_on_or_after: root.time("NotOnOrAfter")?,
        issuer: issuer(root)?,
        destination: root.attribute("Destination").map(str::to_owned),
        name_id: name_id(
            root.child(ASSERTION, "NameID")?
                .ok_or(Refusal::Unsupported("a LogoutRequest without a plain NameID"))?,
        )?,
        session_indexes: session_indexes(root)?,
    };
    Ok(Unverified::new(request, inbound.signature_of(root)?))
}

/// Reads a `NameID`. No `Format` is `unspecified`.
pub(super) fn name_id(element: Element<'_, '_>) -> Result<NameId, Refusal> {
    Ok(NameId {
        format: element.attribute("Format").unwrap_or(UNSPECIFIED).to_owned(),
        value: element.text()?,
        name_qualifier: element.attribute("NameQualifier").map(str::to_owned),
        sp_name_qualifier: element.attribute("SPNameQualifier").map(str::to_owned),
    })
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

impl LogoutRequest {
    /// Why this request, whose signature was found good, is not done (saml-profiles, 4.4.4.1).
    pub fn refusal(&self, slo: &str, policy: &Policy, now: DateTime<Utc>) -> Option<Refusal> {
        if self.destination.as_deref() != Some(slo) {
            Some(Refusal::WrongDestination)
        } else if self.version != "2.0" {
            Some(Refusal::Version)
        } else if now - self.issued_at > policy.request_max_age {
            Some(Refusal::Stale(self.issued_at))
        } else if self.issued_at - now > policy.request_max_lead {
            Some(Refusal::Early(self.issued_at))
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

/// What a `LogoutRequest` of ours says.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who asks.
    pub issuer: &'a EntityId,
    /// `ID`.
    pub id: &'a str,
    /// Where it goes.
    pub destination: &'a str,
    /// Whose session, by the name that the other side knows.
    pub name_id: &'a NameId,
    /// Which session.
    pub session_index: &'a str,
}

/// Writes a `LogoutRequest`, good for as long as an assertion; it is signed over the query that carries it.
pub fn request(ask: &Ask<'_>, policy: &Policy, now: DateTime<Utc>) -> Result<String, Error> {
    let issued = time(now);
    let until = time(now + policy.assertion_lifetime);
    let mut writer = Writer::new(1024);
    writer.open(
        "samlp:LogoutRequest",
        &[("samlp", PROTOCOL)],
        &[
            ("Destination", ask.destination),
            ("ID", ask.id),
            ("IssueInstant", &issued),
            ("NotOnOrAfter", &until),
            ("Version", "2.0"),
        ],
    );
    writer.leaf("saml:Issuer", &[("saml", ASSERTION)], &[], ask.issuer.as_str());
    write_name_id(ask.name_id, &[("saml", ASSERTION)], &mut writer);
    writer.leaf("samlp:SessionIndex", &[], &[], ask.session_index);
    writer.close("samlp:LogoutRequest");
    Ok(writer.finish()?)
}

/// Writes a `LogoutResponse`; it is signed over the query that carries it.
pub fn response(
    us: &EntityId,
    id: &str,
    destination: &AcsUrl,
    in_response_to: &str,
    status: Status,
    now: DateTime<Utc>,
) -> Result<String, Error> {
    let issue_instant = time(now);
    let mut writer = Writer::new(1024);
    writer.open(
        "samlp:LogoutResponse",
        &[("samlp", PROTOCOL)],
        &[
            ("Destination", destination.as_str()),
            ("ID", id),
            ("InResponseTo", in_response_to),
            ("IssueInstant", &issue_instant),
            ("Version", "2.0"),
        ],
    );
    writer.leaf("saml:Issuer", &[("saml", ASSERTION)], &[], us.as_str());
    write_status(&mut writer, status, None);
    writer.close("samlp:LogoutResponse");
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::application::Binding, saml::binding::inbound::Carried};

    fn read_xml(inside: &str) -> Result<LogoutRequest, Refusal> {
        let xml = format!(
            "<samlp:LogoutRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-11-21T12:00:00Z\"><saml:Issuer>sp</saml:Issuer>{inside}</samlp:LogoutRequest>"
        );
        let inbound = Inbound {
            binding: Binding::Redirect,
            carried: Carried::Request,
            xml,
            relay_state: None,
            login_hint: None,
            signature: None,
        };
        read(&inbound).map(|unverified| unverified.peek().clone())
    }

    #[test]
    fn name_and_sessions_are_read_whole() {
        let request =
            read_xml("<saml:NameID Format=\"f\">a@b</saml:NameID><samlp:SessionIndex>_x</samlp:SessionIndex><samlp:SessionIndex>_y</samlp:SessionIndex>")
                .unwrap();
        assert_eq!(request.name_id, NameId::plain("f", "a@b"));
        assert_eq!(request.session_indexes, ["_x", "_y"]);
    }

    #[test]
    fn a_cut_name_or_a_strange_element_is_refused() {
        for bad in [
            "<saml:NameID>a<!-- -->@b</saml:NameID>",
            "",
            "<saml:NameID>a</saml:NameID><saml:NameID>b</saml:NameID>",
            "<saml:NameID>a</saml:NameID><x/>",
        ] {
            assert!(read_xml(bad).is_err(), "{bad}");
        }
    }
}
