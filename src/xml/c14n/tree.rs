//! Exclusive canonical XML 1.0 without comments (xml-exc-c14n), of an element of a parsed message.
//!
//! What the tree does not tell (prefixes) is read from the text that it was made from, and held against the
//! tree. What neither tells exactly is refused.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use roxmltree::{Node, NodeId, NodeType};

use crate::xml::{
    characters::WHITESPACE,
    error::Error,
    tree::{Element, MAX_DOCUMENT},
    uri,
    writer::XmlWriter,
};

/// The longest canonical form that is written, in bytes: namespaces that stand once in a message may be
/// written often.
const MAX_CANONICAL: usize = 4 * MAX_DOCUMENT;
/// Elements times prefixes: a real message has some hundred elements with two or three each, and an enveloped one that
/// lists prefixes some thousand in all.
const MAX_PREFIX_LOOKUPS: usize = 20_000;

/// Writes `apex` and what is in it, but not `without`. `inclusive` are the prefixes of `PrefixList`, which are
/// treated as by inclusive canonical XML; the default namespace is `#default` there.
pub fn exclusive<'d>(
    apex: Element<'d, '_>,
    excluded: Option<Element<'d, '_>>,
    inclusive: &'d [&'d str],
) -> Result<String, Error> {
    let apex = apex.node();
    if apex.document().input_text().contains('\r') {
        return Err(NO_CANONICAL_FORM);
    }
    let mut canonical = TreeCanonicalizer {
        out: XmlWriter::new(4096),
        rendered: BTreeMap::new(),
        scope: Rc::default(),
        prefix_lookups: 0,
        excluded: excluded.map(|element| element.node().id()),
        inclusive_prefixes: inclusive,
    };
    canonical.scope = canonical.scope_of(apex)?;
    canonical.element(apex)?;
    canonical.out.finish().map_err(|_bad| NO_CANONICAL_FORM)
}

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const NO_CANONICAL_FORM: Error = Error::Malformed("XML that has no exact canonical form");

struct TreeCanonicalizer<'d> {
    out: XmlWriter,
    /// What each prefix stands for where the writer is, by what it has written: the innermost last.
    rendered: BTreeMap<&'d str, Vec<&'d str>>,
    /// What each prefix stands for where the writer is, by the text; shared by the elements that declare nothing.
    scope: Rc<BTreeMap<&'d str, &'d str>>,
    /// How many prefixes were looked up or copied.
    prefix_lookups: usize,
    excluded: Option<NodeId>,
    inclusive_prefixes: &'d [&'d str],
}

impl<'d> TreeCanonicalizer<'d> {
    fn element(&mut self, node: Node<'d, '_>) -> Result<(), Error> {
        let outer_scope = Rc::clone(&self.scope);
        if may_declare_namespace(node)? {
            self.scope = self.scope_of(node)?;
        }
        let tag = node.tag_name();
        let name = self.qname_at(node, node.range().start + 1, tag.namespace(), tag.name())?;
        let mut attributes = Vec::new();
        for attribute in node.attributes() {
            let start = attribute.range().start;
            let name = self.qname_at(node, start, attribute.namespace(), attribute.name())?;
            attributes.push((attribute.namespace(), attribute.name(), name, attribute.value()));
        }
        // By namespace, none first, then by name (xml-c14n, 2.2).
        attributes.sort_unstable_by_key(|(namespace, local, ..)| (*namespace, *local));
        let with_prefix = attributes.iter().filter(|(namespace, ..)| namespace.is_some());
        let mut prefixes: BTreeSet<_> = with_prefix.map(|(_, _, name, _)| prefix_of(name)).collect();
        prefixes.insert(prefix_of(name));
        let listed = self.inclusive_prefixes.iter();
        prefixes.extend(listed.map(|prefix| if *prefix == "#default" { "" } else { *prefix }));

        self.out.raw("<").raw(name);
        self.count_lookups(prefixes.len())?;
        let mut declared = Vec::new();
        for prefix in prefixes {
            if self.render_namespace(prefix)? {
                declared.push(prefix);
            }
        }
        for (_, _, name, value) in attributes {
            self.out.raw(" ").raw(name).raw("=\"");
            self.out.attribute_value(value);
            self.out.raw("\"");
        }
        self.out.raw(">");
        for child in node.children() {
            match child.node_type() {
                NodeType::Element if Some(child.id()) == self.excluded => {}
                NodeType::Element => self.element(child)?,
                NodeType::Text => self.out.text(child.text().unwrap_or_default()),
                NodeType::Comment => {}
                NodeType::PI | NodeType::Root => return Err(NO_CANONICAL_FORM),
            }
        }
        self.out.close(name);
        for prefix in declared {
            if let Some(names) = self.rendered.get_mut(prefix) {
                names.pop();
            }
        }
        self.scope = outer_scope;
        if self.out.len() > MAX_CANONICAL {
            return Err(Error::TooLarge("more than 256 kB in canonical form"));
        }
        Ok(())
    }

    /// Writes what `prefix` stands for, unless that holds here by what was written around it (xml-exc-c14n, 3);
    /// whether it was written.
    fn render_namespace(&mut self, prefix: &'d str) -> Result<bool, Error> {
        if prefix == "xml" {
            return Ok(false);
        }
        let Some(name) = self.in_scope(prefix) else {
            // Only a listed prefix may be undeclared; every prefix that is used is in scope.
            return Ok(false);
        };
        let rendered = self.rendered.get(prefix).and_then(|names| names.last()).copied();
        let rendered = rendered.or(prefix.is_empty().then_some(""));
        if rendered == Some(name) {
            return Ok(false);
        }
        if !name.is_empty() && !uri::is_absolute(name) {
            return Err(NO_CANONICAL_FORM);
        }
        self.rendered.entry(prefix).or_default().push(name);
        if prefix.is_empty() {
            self.out.raw(" xmlns=\"");
        } else {
            self.out.raw(" xmlns:").raw(prefix).raw("=\"");
        }
        self.out.attribute_value(name);
        self.out.raw("\"");
        Ok(true)
    }

    /// The name that stands in the text at `start`, if it is the one that the tree has there.
    fn qname_at(
        &self,
        node: Node<'d, '_>,
        start: usize,
        namespace: Option<&str>,
        local: &str,
    ) -> Result<&'d str, Error> {
        let text = node
            .document()
            .input_text()
            .get(start..)
            .ok_or(NO_CANONICAL_FORM)?;
        let name = text
            .split(|c| WHITESPACE.contains(&c) || matches!(c, '=' | '/' | '>'))
            .next()
            .unwrap_or_default();
        let (prefix, bare) = name.split_once(':').unwrap_or(("", name));
        let is_attribute = start != node.range().start + 1;
        let meant = match prefix {
            "xml" => Some(XML),
            "" if is_attribute => None,
            _ => self.in_scope(prefix).filter(|name| !name.is_empty()),
        };
        if bare == local && !name.starts_with(':') && meant == namespace.filter(|name| !name.is_empty()) {
            Ok(name)
        } else {
            Err(NO_CANONICAL_FORM)
        }
    }

    /// What `prefix` stands for where the writer is; `""` is the default namespace, which may be none.
    fn in_scope(&self, prefix: &str) -> Option<&'d str> {
        let found = self.scope.get(prefix).copied();
        found.or(prefix.is_empty().then_some(""))
    }

    /// All that is declared at `node`.
    fn scope_of(&mut self, node: Node<'d, '_>) -> Result<Rc<BTreeMap<&'d str, &'d str>>, Error> {
        let mut scope = BTreeMap::new();
        for known in node.namespaces() {
            // The tree names what is nearest first where it names one prefix twice.
            scope
                .entry(known.name().unwrap_or_default())
                .or_insert(known.uri());
        }
        self.count_lookups(scope.len())?;
        Ok(Rc::new(scope))
    }

    /// Counts work that a sender chooses; there is an end to it.
    fn count_lookups(&mut self, prefixes: usize) -> Result<(), Error> {
        self.prefix_lookups = self.prefix_lookups.saturating_add(prefixes);
        if self.prefix_lookups > MAX_PREFIX_LOOKUPS {
            return Err(Error::TooLarge(
                "more namespace prefixes, on more elements, than any message needs",
            ));
        }
        Ok(())
    }
}

/// Whether the start tag of `node` may declare a namespace: what it does not hold in its text, it does not declare.
fn may_declare_namespace(node: Node<'_, '_>) -> Result<bool, Error> {
    let text = node
        .document()
        .input_text()
        .get(node.range())
        .ok_or(NO_CANONICAL_FORM)?;
    let mut quote = None;
    let end = text.find(|c| match (quote, c) {
        (None, '>') => true,
        (None, '"' | '\'') => {
            quote = Some(c);
            false
        }
        (Some(open), _) if open == c => {
            quote = None;
            false
        }
        (None | Some(_), _) => false,
    });
    Ok(text
        .get(..end.ok_or(NO_CANONICAL_FORM)?)
        .ok_or(NO_CANONICAL_FORM)?
        .contains("xmlns"))
}

fn prefix_of(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roxmltree::Document;

    /// The canonical form of the element with `apex` as its `ID`, of the root where it is empty.
    fn canonicalize(xml: &str, apex: &str, inclusive: &[&str]) -> Result<String, Error> {
        let document = Document::parse(xml).unwrap();
        let wanted = |node: &Node<'_, '_>| node.attribute("ID") == Some(apex);
        let node = document.descendants().find(wanted);
        let apex = node.unwrap_or_else(|| document.root_element());
        exclusive(Element::from_node(apex), None, inclusive)
    }

    #[test]
    fn equivalent_documents_have_one_canonical_form() {
        let mess = "<?xml version='1.0'?>\n<!-- c --><b:a  xmlns:b = 'urn:b'\txmlns:unused='urn:u' xmlns='urn:d' z='1' b:y=\"2\" a='&#9;&#xA;&#13;\t&lt;>\"&apos;&amp;'\n><c/><!-- d --><![CDATA[<&>]]]>&#13;&gt;é</b:a\n>";
        assert_eq!(
            canonicalize(mess, "", &[]).unwrap(),
            "<b:a xmlns:b=\"urn:b\" a=\"&#x9;&#xA;&#xD; &lt;>&quot;'&amp;\" z=\"1\" b:y=\"2\"><c xmlns=\"urn:d\"></c>&lt;&amp;&gt;]&#xD;&gt;é</b:a>"
        );
    }

    #[test]
    fn a_namespace_is_declared_where_it_is_first_used_and_where_it_changes() {
        let xml = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'><a xmlns='' p:x='1'><b xmlns='urn:d'><c xmlns=''/></b><p:d/></a><p:e xmlns:p='urn:p2'><p:f/></p:e><p:g/></r>";
        assert_eq!(
            canonicalize(xml, "", &[]).unwrap(),
            "<r xmlns=\"urn:d\"><a xmlns=\"\" xmlns:p=\"urn:p\" p:x=\"1\"><b xmlns=\"urn:d\"><c xmlns=\"\"></c></b><p:d></p:d></a><p:e xmlns:p=\"urn:p2\"><p:f></p:f></p:e><p:g xmlns:p=\"urn:p\"></p:g></r>"
        );
        // Where no default was written, none is taken back.
        assert_eq!(
            canonicalize("<r><a xmlns=''/></r>", "", &[]).unwrap(),
            "<r><a></a></r>"
        );
    }

    #[test]
    fn a_part_carries_what_it_uses_and_what_is_listed() {
        let xml = "<r xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xml:lang='de'><p:a ID='x'><b xml:space='preserve'/><q:c/></p:a></r>";
        assert_eq!(
            canonicalize(xml, "x", &[]).unwrap(),
            "<p:a xmlns:p=\"urn:p\" ID=\"x\"><b xmlns=\"urn:d\" xml:space=\"preserve\"></b><q:c xmlns:q=\"urn:q\"></q:c></p:a>"
        );
        assert_eq!(
            canonicalize(xml, "x", &["#default", "q", "none", "xml"]).unwrap(),
            "<p:a xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" ID=\"x\"><b xml:space=\"preserve\"></b><q:c></q:c></p:a>"
        );
    }

    #[test]
    fn attributes_stand_by_namespace_and_name() {
        let xml = "<r xmlns:a='urn:z' xmlns:z='urn:a' a:b='1' z:c='2' z:a='3' d='4' B='5'/>";
        assert_eq!(
            canonicalize(xml, "", &[]).unwrap(),
            "<r xmlns:a=\"urn:z\" xmlns:z=\"urn:a\" B=\"5\" d=\"4\" z:a=\"3\" z:c=\"2\" a:b=\"1\"></r>"
        );
    }

    #[test]
    fn every_absolute_uri_may_name_a_namespace() {
        for uri in [
            "http://[2001:db8::1]:8080/x",
            "http://user@host/x",
            "http://host:123456/%41",
        ] {
            let form = format!("<a xmlns=\"{uri}\"></a>");
            assert_eq!(canonicalize(&form, "", &[]).unwrap(), form);
        }
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        for bad in [
            "<a>\r\n</a>",
            "<a xmlns='relative'/>",
            "<a xmlns:p='../x' p:b='c'/>",
            "<a xmlns='urn:a b'/>",
            "<a xmlns='http://a:b/'/>",
            "<a xmlns='urn:%4'/>",
            "<:a xmlns='urn:x'/>",
            "<a><?pi?></a>",
        ] {
            assert!(canonicalize(bad, "", &[]).is_err(), "{bad}");
        }
        let long = format!("urn:{}", "x".repeat(1000));
        let bomb = format!("<r xmlns:p='{long}'>{}</r>", "<p:a/>".repeat(400));
        let written = canonicalize(&bomb, "", &[]);
        assert!(matches!(written, Err(Error::TooLarge(_))), "{written:?}");
    }
}
