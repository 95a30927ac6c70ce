//! Attributes of an assertion (saml-core, 2.7.3).

use crate::{model::attribute::NameFormat, saml::urn, xml::writer::XmlWriter};

/// An attribute: a name that is sent once, and its values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute<'a> {
    /// A URI, or a plain word.
    pub name: &'a str,
    /// What kind of name it is.
    pub name_format: NameFormat,
    /// The same for people to read.
    pub friendly_name: Option<&'a str>,
    /// One or more.
    pub values: Vec<String>,
}

impl<'a> Attribute<'a> {
    /// An attribute with one value, whose name says its format.
    pub fn new(name: &'a str, value: impl Into<String>) -> Self {
        Self {
            name,
            name_format: NameFormat::default_for(name),
            friendly_name: None,
            values: vec![value.into()],
        }
    }
}

/// Writes the `AttributeStatement`; nothing at all where there is no attribute, since an empty
/// statement is not valid.
pub(super) fn write(attributes: &[Attribute<'_>], to: &mut XmlWriter) {
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
        let (name, format) = (("Name", attribute.name), ("NameFormat", format));
        match attribute.friendly_name {
            Some(friendly) => to.open("saml:Attribute", &[], &[("FriendlyName", friendly), name, format]),
            None => to.open("saml:Attribute", &[], &[name, format]),
        }
        for value in &attribute.values {
            to.leaf("saml:AttributeValue", &[], &[], value);
        }
        to.close("saml:Attribute");
    }
    to.close("saml:AttributeStatement");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_formats_and_values_are_written_in_their_order() {
        let attributes = [
            Attribute {
                name: "urn:oid:2.5.4.42",
                name_format: NameFormat::Uri,
                friendly_name: Some("given\"Name"),
                values: vec!["Ada".to_owned(), "A & B".to_owned()],
            },
            Attribute {
                name: "mail",
                name_format: NameFormat::Unspecified,
                friendly_name: None,
                values: vec!["ada@x.example".to_owned()],
            },
        ];
        let mut writer = XmlWriter::new(512);
        write(&attributes, &mut writer);
        assert_eq!(
            writer.finish().unwrap(),
            "<saml:AttributeStatement>\
             <saml:Attribute FriendlyName=\"given&quot;Name\" Name=\"urn:oid:2.5.4.42\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
             <saml:AttributeValue>Ada</saml:AttributeValue><saml:AttributeValue>A &amp; B</saml:AttributeValue></saml:Attribute>\
             <saml:Attribute Name=\"mail\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified\">\
             <saml:AttributeValue>ada@x.example</saml:AttributeValue></saml:Attribute>\
             </saml:AttributeStatement>"
        );
        let mut writer = XmlWriter::new(8);
        write(&[], &mut writer);
        assert_eq!(writer.finish().unwrap(), "");
    }
}
