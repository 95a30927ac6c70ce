//! Attributes of an assertion (saml-core, 2.7.3).

use crate::{
    model::attribute::NameFormat,
    saml::{canonical::Writer, urn},
};

/// An attribute: a name that is sent once, and its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: NameFormat,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// One or more.
    pub values: Vec<String>,
}

impl Attribute {
    /// An attribute with one value, whose name says its format.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            name_format: NameFormat::usual(name),
            friendly_name: None,
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
        let format = match attribute.name_format {
            NameFormat::Uri => urn::NAME_FORMAT_URI,
            NameFormat::Basic => urn::NAME_FORMAT_BASIC,
            NameFormat::Unspecified => urn::NAME_FORMAT_UNSPECIFIED,
        };
        let mut names = Vec::with_capacity(3);
        names.extend(
            attribute
                .friendly_name
                .as_deref()
                .map(|name| ("FriendlyName", name)),
        );
        names.extend([("Name", attribute.name.as_str()), ("NameFormat", format)]);
        to.open("saml:Attribute", &[], &names);
        for value in &attribute.values {
            to.leaf("saml:AttributeValue", &[], &[], value);
        }
        to.close("saml:Attribute");
    }
    to.close("saml:AttributeStatement");
}
