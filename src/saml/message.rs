//! The head that all messages share (saml-core, 3.2.1, 3.2.2), and the `NameID` that several of them carry.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::EntityId,
        name_id::{NameId, UNSPECIFIED},
    },
    saml::{
        refusal::Refusal,
        urn::{self, ASSERTION},
    },
    xml::tree::Element,
};

/// The `Version` of a message, as it was written.
pub(super) fn version(root: Element<'_, '_>) -> String {
    root.attribute("Version").unwrap_or_default().to_owned()
}

/// The `IssueInstant` of a request.
pub(super) fn issued_at(root: Element<'_, '_>) -> Result<DateTime<Utc>, Refusal> {
    root.date_time("IssueInstant")?
        .ok_or(Refusal::Malformed("no IssueInstant"))
}

/// The `Destination` of a message, byte for byte.
pub(super) fn destination(root: Element<'_, '_>) -> Option<String> {
    root.attribute("Destination").map(str::to_owned)
}

/// The `Issuer` of a message: present, in one piece, an entity ID (saml-profiles, 4.1.4.1).
pub(super) fn issuer(root: Element<'_, '_>) -> Result<EntityId, Refusal> {
    let element = root
        .child(ASSERTION, "Issuer")?
        .ok_or(Refusal::Malformed("no Issuer"))?;
    if element
        .attribute("Format")
        .is_some_and(|format| format != urn::NAME_ID_FORMAT_ENTITY)
    {
        return Err(Refusal::Malformed("an Issuer that is no entity ID"));
    }
    EntityId::parse(&element.text()?).map_err(|_bad| Refusal::Malformed("an Issuer that is no entity ID"))
}

/// Parses a `NameID`. An absent `Format` is `unspecified`.
pub(super) fn name_id(element: Element<'_, '_>) -> Result<NameId, Refusal> {
    Ok(NameId {
        format: element.attribute("Format").unwrap_or(UNSPECIFIED).to_owned(),
        value: element.text()?,
        name_qualifier: element.attribute("NameQualifier").map(str::to_owned),
        sp_name_qualifier: element.attribute("SPNameQualifier").map(str::to_owned),
    })
}
