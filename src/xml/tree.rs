//! The hardened reader: one strict pure-Rust parser, small limits, no DTD, no surprises in text.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use roxmltree::{Document, Node, NodeType, ParsingOptions};

use crate::xml::{
    characters::{are_chars, is_nc_name, trim},
    error::Error,
    scanner::scan,
    time::parse_date_time,
};

/// The longest message, in bytes, after inflating.
pub const MAX_DOCUMENT: usize = 64 * 1024;
const MAX_NODES: u32 = 6000;
const MAX_ID: usize = 256;

/// A message, parsed.
#[derive(Debug)]
pub struct XmlDocument<'t>(Document<'t>);

impl<'t> XmlDocument<'t> {
    /// Parses `text` after a scan that bounds what the parser can be made to do.
    pub fn parse(text: &'t str) -> Result<Self, Error> {
        if text.len() > MAX_DOCUMENT {
            return Err(Error::TooLarge("more than 64 kB of XML"));
        }
        scan(text)?;
        let options = ParsingOptions {
            allow_dtd: false,
            nodes_limit: MAX_NODES,
            ..ParsingOptions::default()
        };
        let document = Document::parse_with_options(text, options)
            .map_err(|_why| Error::Malformed("not well-formed XML"))?;
        check_characters_and_ids(&document)?;
        Ok(Self(document))
    }

    /// The root element, if it is `{namespace}name`.
    pub fn root(&self, namespace: &str, name: &str) -> Result<Element<'_, 't>, Error> {
        let root = Element(self.0.root_element());
        if root.is(namespace, name) {
            Ok(root)
        } else {
            Err(Error::Malformed("another kind of message"))
        }
    }

    /// The root element, whatever it is.
    pub(crate) fn root_element(&self) -> Element<'_, 't> {
        Element(self.0.root_element())
    }

    /// Whether the root element is `{namespace}name`.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        Element(self.0.root_element()).is(namespace, name)
    }
}

/// An element of a message.
#[derive(Clone, Copy, Debug)]
pub struct Element<'d, 't>(Node<'d, 't>);

impl<'d, 't> Element<'d, 't> {
    /// The node of the tree.
    pub(super) const fn node(&self) -> Node<'d, 't> {
        self.0
    }

    /// An element of a tree that was not parsed here.
    #[cfg(test)]
    pub(super) const fn from_node(node: Node<'d, 't>) -> Self {
        Self(node)
    }

    /// Whether it is `{namespace}name`.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.0.tag_name().name() == name && self.0.tag_name().namespace() == Some(namespace)
    }

    /// Its child elements; text between them that is more than white space is refused.
    pub fn children(&self) -> Result<Vec<Self>, Error> {
        let mut found = Vec::new();
        for child in self.0.children() {
            match child.node_type() {
                NodeType::Element => found.push(Self(child)),
                NodeType::Text if !trim(child.text().unwrap_or_default()).is_empty() => {
                    return Err(Error::Malformed("text between elements"));
                }
                NodeType::Text | NodeType::Comment => {}
                NodeType::PI | NodeType::Root => return Err(Error::Malformed("a processing instruction")),
            }
        }
        Ok(found)
    }

    /// The only child `{namespace}name`, if there is one; two are refused.
    pub fn child(&self, namespace: &str, name: &str) -> Result<Option<Self>, Error> {
        let mut found = None;
        for child in self.children()? {
            if child.is(namespace, name) && found.replace(child).is_some() {
                return Err(Error::Malformed("an element twice that may stand once"));
            }
        }
        Ok(found)
    }

    /// How many elements `{namespace}name` there are in it, at any depth, itself among them.
    pub fn count(&self, namespace: &str, name: &str) -> usize {
        self.descendants(namespace, name).count()
    }

    /// The elements `{namespace}name` in it, at any depth, itself among them.
    pub(crate) fn descendants<'n>(
        &self,
        namespace: &'n str,
        name: &'n str,
    ) -> impl Iterator<Item = Self> + use<'d, 't, 'n> {
        self.0
            .descendants()
            .map(Element)
            .filter(move |element| element.0.is_element() && element.is(namespace, name))
    }

    /// Its name, without the namespace.
    pub(crate) fn name(&self) -> &str {
        self.0.tag_name().name()
    }

    /// The whole text; an element or a comment within it is refused, since some reader somewhere
    /// would stop there (CVE-2018-0489 and its kin).
    pub fn text(&self) -> Result<String, Error> {
        let mut text = String::new();
        for child in self.0.children() {
            match child.node_type() {
                NodeType::Text => text.push_str(child.text().unwrap_or_default()),
                NodeType::Comment | NodeType::Element | NodeType::PI | NodeType::Root => {
                    return Err(Error::Malformed("a comment or element inside text"));
                }
            }
        }
        Ok(text)
    }

    /// The attribute `name` without a namespace.
    pub fn attribute(&self, name: &str) -> Option<&'d str> {
        self.0
            .attributes()
            .find(|a| a.namespace().is_none() && a.name() == name)
            .map(|a| a.value())
    }

    /// Whether every attribute on it is one of `known`, without a namespace.
    pub(crate) fn has_only_attributes(&self, known: &[&str]) -> bool {
        let mut attributes = self.0.attributes();
        attributes.all(|attribute| attribute.namespace().is_none() && known.contains(&attribute.name()))
    }

    /// Whether a comment stands in it, at any depth.
    pub(crate) fn has_comment(&self) -> bool {
        self.0.descendants().any(|node| node.is_comment())
    }

    /// An attribute that is true or false (xml-schema 2, 3.2.2).
    pub fn boolean(&self, name: &str) -> Result<bool, Error> {
        match self.attribute(name).map(trim) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Error::Malformed("a boolean that is neither true nor false")),
        }
    }

    /// An attribute that is a time (saml-core, 1.3.3); UTC where it names no zone.
    pub fn date_time(&self, name: &str) -> Result<Option<DateTime<Utc>>, Error> {
        self.attribute(name)
            .map(|text| parse_date_time(text).ok_or(Error::Malformed("a time that is none")))
            .transpose()
    }

    /// The `ID` of a message: an `NCName` of at most 256 bytes (saml-core, 1.3.4).
    pub fn id(&self) -> Result<String, Error> {
        let id = self.attribute("ID").ok_or(Error::Malformed("no ID"))?;
        if is_nc_name(id) && id.len() <= MAX_ID {
            Ok(id.to_owned())
        } else {
            Err(Error::Malformed("an ID that is no name"))
        }
    }
}

/// What the parser does not look for: characters that XML forbids, even by reference, and an ID twice.
fn check_characters_and_ids(document: &Document<'_>) -> Result<(), Error> {
    let mut ids = BTreeSet::new();
    for node in document.descendants() {
        if node.is_text() && !node.text().is_none_or(are_chars) {
            return Err(Error::Malformed("a control character"));
        }
        for attribute in node.attributes() {
            if !are_chars(attribute.value()) {
                return Err(Error::Malformed("a control character"));
            }
            if matches!(attribute.name(), "ID" | "Id" | "id") && !ids.insert(attribute.value()) {
                return Err(Error::Malformed("the same ID twice"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_document_is_read() {
        let text = "<?xml version=\"1.0\"?>\n<!-- x --><a xmlns='urn:a' ID='_1'\tb=\"x>y\"><c>d &amp; <![CDATA[<e>]]></c><f/></a>";
        let message = XmlDocument::parse(text).unwrap();
        let root = message.root("urn:a", "a").unwrap();
        assert_eq!(root.id().unwrap(), "_1");
        assert_eq!(root.attribute("b"), Some("x>y"));
        assert_eq!(
            root.child("urn:a", "c").unwrap().unwrap().text().unwrap(),
            "d & <e>"
        );
    }

    #[test]
    fn what_could_hurt_is_refused_before_it_is_parsed() {
        let deep = format!("{}{}", "<a>".repeat(41), "</a>".repeat(41));
        let wide = format!("<a>{}</a>", "<b/>".repeat(2001));
        let attributes: Vec<String> = (0..100).map(|n| format!(" a{n}='x'")).collect();
        let attributes = attributes.concat();
        for bad in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a>&x;</a>",
            "<a><?php x?></a>",
            "<a ID='1'><b ID='1'/></a>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<a b='&#0;'/>",
            "<a/><b/>",
            "<a/>x",
            "<a",
            "<a b='",
            "",
            &deep,
            &wide,
            &format!("<a{attributes}/>"),
            &format!("<a>{}</a>", "x".repeat(MAX_DOCUMENT)),
        ] {
            assert!(
                XmlDocument::parse(bad).is_err(),
                "{}",
                bad.chars().take(60).collect::<String>()
            );
        }
    }

    #[test]
    fn text_is_whole_or_refused() {
        let cut = XmlDocument::parse("<a>entity<!-- -->.evil</a>").unwrap();
        let text = Element(cut.0.root_element()).text();
        assert!(text.is_err(), "{text:?}");
    }

    #[test]
    fn an_id_is_an_nc_name_by_the_letter() {
        for (id, is_name) in [
            ("_1", true),
            ("ä-1.2", true),
            ("a\u{b7}b", true),
            ("a\u{301}", true),
            ("a\u{203f}b", true),
            ("李", true),
            ("1a", false),
            ("-a", false),
            ("a:b", false),
            ("a b", false),
            ("", false),
            // Letters and digits elsewhere, but not in a name (xml, 2.3).
            ("\u{aa}", false),
            ("a\u{b2}", false),
            ("a\u{d7}", false),
        ] {
            let text = format!("<a ID='{id}'/>");
            let doc = XmlDocument::parse(&text).unwrap();
            assert_eq!(doc.root_element().id().is_ok(), is_name, "{id:?}");
        }
    }

    #[test]
    fn white_space_is_that_of_xml_and_no_other() {
        let doc = XmlDocument::parse("<a t=' \t1 '>\t\r\n <b/></a>").unwrap();
        let a = doc.root_element();
        assert!(a.boolean("t").unwrap());
        assert_eq!(a.children().unwrap().len(), 1);
        let doc = XmlDocument::parse("<a t='\u{a0}1'>\u{2003}<b/></a>").unwrap();
        let a = doc.root_element();
        let (read, children) = (a.boolean("t"), a.children());
        assert!(read.is_err(), "{read:?}");
        assert!(children.is_err(), "{children:?}");
    }

    #[test]
    fn date_times_are_read_in_every_spelling_that_senders_use() {
        let doc = XmlDocument::parse("<a z='2026-11-21T00:08:35Z' f='2026-11-21T00:08:35.123456789Z' o='2026-11-21T01:08:35+01:00' b='2026-11-21T00:08:35' h='2026-11-20T24:00:00Z' m='2026-11-21T00:00:00.000Z' l='2026-11-20T24:00:01Z' n='yesterday' far='+262142-12-31T23:59:59'/>").unwrap();
        let a = Element(doc.0.root_element());
        let z = a.date_time("z").unwrap().unwrap();
        assert_eq!(a.date_time("o").unwrap(), Some(z));
        assert_eq!(a.date_time("b").unwrap(), Some(z));
        let finer = a.date_time("f").unwrap().unwrap();
        assert!(finer > z, "{finer}");
        assert_eq!(a.date_time("h").unwrap(), a.date_time("m").unwrap());
        for bad in ["l", "n", "far"] {
            let read = a.date_time(bad);
            assert!(read.is_err(), "{bad}: {read:?}");
        }
        assert_eq!(a.date_time("absent").unwrap(), None);
    }
}
