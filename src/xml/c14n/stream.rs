//! Exclusive canonical form (xml-exc-c14n, without comments), written while a document streams by.

use crate::xml::{
    error::Error,
    reader::{namespace_scope::NamespaceScope, start_tag::StartTag},
    uri,
    writer::{escape_attribute_value, escape_text},
};

/// Writes the canonical form of an element.
#[derive(Debug)]
pub(crate) struct StreamCanonicalizer {
    /// Canonical bytes that nobody took yet.
    pub(crate) out: String,
    namespaces: RenderedNamespaces,
    rendered: Vec<(String, String)>,
    rendered_before: Vec<usize>,
}

/// Which declarations are written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RenderedNamespaces {
    /// Those that an element uses visibly, and those of the listed prefixes as they come
    /// (xml-exc-c14n, 3). The empty prefix is `#default`.
    Exclusive(Vec<String>),
    /// All: what is written stands alone, and nothing that it was written in is missed.
    All,
}

impl RenderedNamespaces {
    /// Those of a `PrefixList`.
    pub(crate) fn exclusive(prefixes: &[&str]) -> Self {
        let written = |prefix: &&str| if *prefix == "#default" { "" } else { *prefix }.to_owned();
        Self::Exclusive(prefixes.iter().map(written).collect())
    }
}

impl StreamCanonicalizer {
    /// Begins with the next element.
    pub(crate) fn new(namespaces: RenderedNamespaces) -> Self {
        Self {
            out: String::new(),
            namespaces,
            rendered: Vec::new(),
            rendered_before: Vec::new(),
        }
    }

    /// Opens an element.
    pub(crate) fn open(&mut self, tag: &StartTag<'_>, scope: &NamespaceScope) -> Result<(), Error> {
        if !tag
            .declared_namespaces
            .iter()
            .all(|name| name.is_empty() || uri::is_absolute(name))
        {
            // Their canonical form is undefined (xml-c14n, 1.3).
            return Err(Error::Malformed("a namespace that is no absolute URI"));
        }
        self.out.push('<');
        self.out.push_str(tag.name);
        self.rendered_before.push(self.rendered.len());
        for prefix in prefixes_to_render(&self.namespaces, tag, scope) {
            let namespace = scope.namespace(prefix).unwrap_or_default();
            if self.rendered_namespace(prefix) == namespace {
                continue;
            }
            self.out.push_str(" xmlns");
            if !prefix.is_empty() {
                self.out.push(':');
                self.out.push_str(prefix);
            }
            write_attribute_value(&mut self.out, namespace);
            self.rendered.push((prefix.to_owned(), namespace.to_owned()));
        }
        let mut attributes: Vec<_> = tag.attributes.iter().collect();
        attributes.sort_unstable_by(|a, b| (a.namespace, a.local_name).cmp(&(b.namespace, b.local_name)));
        for attribute in attributes {
            self.out.push(' ');
            self.out.push_str(attribute.name);
            write_attribute_value(&mut self.out, &attribute.value);
        }
        self.out.push('>');
        Ok(())
    }

    /// Closes it.
    pub(crate) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self.rendered
            .truncate(self.rendered_before.pop().unwrap_or_default());
    }

    /// Character data.
    pub(crate) fn text(&mut self, text: &str) {
        escape_text(&mut self.out, text);
    }

    /// What `prefix` stands for in what was written so far.
    fn rendered_namespace(&self, prefix: &str) -> &str {
        let found = self.rendered.iter().rev().find(|(known, _)| known == prefix);
        found.map_or("", |(_, namespace)| namespace)
    }
}

/// The prefixes whose declaration belongs on `tag`, sorted, each once.
fn prefixes_to_render<'t>(
    namespaces: &'t RenderedNamespaces,
    tag: &StartTag<'t>,
    scope: &'t NamespaceScope,
) -> Vec<&'t str> {
    let mut wanted = vec![tag.prefix];
    wanted.extend(
        tag.attributes
            .iter()
            .map(|attribute| attribute.prefix)
            .filter(|p| !p.is_empty()),
    );
    match namespaces {
        RenderedNamespaces::Exclusive(listed) => {
            let bound = |prefix: &&str| prefix.is_empty() || scope.namespace(prefix).is_some();
            wanted.extend(listed.iter().map(String::as_str).filter(bound));
        }
        RenderedNamespaces::All => wanted.extend(scope.prefixes()),
    }
    wanted.retain(|prefix| *prefix != "xml");
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// The value of an attribute, from the `=` on.
fn write_attribute_value(out: &mut String, text: &str) {
    out.push_str("=\"");
    escape_attribute_value(out, text);
    out.push('"');
}
