//! Reads `RequestedAuthnContext` (saml-core, 3.3.2.2.1).

use crate::{
    model::authn_context::{AuthnContextClass, Comparison, RequestedAuthnContext},
    saml::{refusal::Refusal, urn::ASSERTION},
    xml::{characters::trim, tree::Element},
};

/// Declarations are not known here, and satisfied by nothing.
pub(super) fn read(element: Element<'_, '_>) -> Result<RequestedAuthnContext, Refusal> {
    let mut classes = Vec::new();
    for child in element.children()? {
        if child.is(ASSERTION, "AuthnContextClassRef") {
            classes.push(AuthnContextClass::from_uri(trim(&child.text()?)));
        }
    }
    let comparison = match element.attribute("Comparison") {
        None | Some("exact") => Comparison::Exact,
        Some("minimum") => Comparison::Minimum,
        Some("maximum") => Comparison::Maximum,
        Some("better") => Comparison::Better,
        Some(_) => return Err(Refusal::Malformed("a Comparison that is none")),
    };
    Ok(RequestedAuthnContext::new(comparison, classes))
}
