//! Attributes of an assertion (saml-core, 2.7.3).

use crate::saml::{canonical::Writer, urn};

/// An attribute: a name that is sent once, and its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// A URI, or a plain word.
    pub name: &'static str,
    /// One or more.
    pub values: Vec<String>,
}

impl Attribute {
    /// An attribute with one value.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            values: vec![value.into()],
        }
    }
}

/// Writes the `AttributeStatement`; nothing at all where there is no attribute, since an empty
/// statement is not valid.
pub(super) fn write(attributes: &[Attribute], to: &mut Writer) {
    if attributes.is_empty() {
        return;
    }
    to.open("saml:AttributeStatement", &[], &[]);
    for attribute in attributes {
        let format = if attribute.name.contains(':') {
            urn::NAME_FORMAT_URI
        } else {
            urn::NAME_FORMAT_BASIC
        };
        to.open(
            "saml:Attribute",
            &[],
            &[("Name", attribute.name), ("NameFormat", format)],
        );
        for value in &attribute.values {
            to.leaf("saml:AttributeValue", &[], &[], value);
        }
        to.close("saml:Attribute");
    }
    to.close("saml:AttributeStatement");
}
