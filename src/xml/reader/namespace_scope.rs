//! Which namespace a prefix stands for where (xml-names, 5, 6).

use std::borrow::Cow;

use crate::xml::{characters::is_nc_name, error::Error};

/// What `xml:` stands for, undeclared.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What `xmlns:` stands for; nothing else may.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// The most declarations in force at one place.
const MAX_DECLARATIONS: usize = 256;

/// The declarations in force.
#[derive(Debug, Default)]
pub(crate) struct NamespaceScope {
    declarations: Vec<NamespaceDeclaration>,
    /// How many were in force before each open element.
    declared_before: Vec<usize>,
}

#[derive(Debug)]
struct NamespaceDeclaration {
    /// Empty: the default namespace.
    prefix: String,
    /// Empty: none.
    namespace: String,
}

impl NamespaceScope {
    /// Enters an element with these attributes.
    pub(crate) fn open(&mut self, attributes: &[(&str, Cow<'_, str>)]) -> Result<(), Error> {
        self.declared_before.push(self.declarations.len());
        for (name, value) in attributes {
            let prefix = match *name {
                "xmlns" => "",
                name => match name.strip_prefix("xmlns:") {
                    Some(prefix) => prefix,
                    None => continue,
                },
            };
            let is_legal = match prefix {
                "" => value != XML && value != XMLNS,
                "xml" => value == XML,
                "xmlns" => false,
                _ => is_nc_name(prefix) && !value.is_empty() && value != XML && value != XMLNS,
            };
            if !is_legal {
                return Err(Error::Malformed("a namespace declared as none may be"));
            }
            if self.declarations.len() >= MAX_DECLARATIONS {
                return Err(Error::Malformed("too many namespaces"));
            }
            self.declarations.push(NamespaceDeclaration {
                prefix: prefix.to_owned(),
                namespace: value.clone().into_owned(),
            });
        }
        Ok(())
    }

    /// Leaves it.
    pub(crate) fn close(&mut self) {
        self.declarations
            .truncate(self.declared_before.pop().unwrap_or_default());
    }

    /// How many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.declared_before.len()
    }

    /// What `prefix` stands for; the empty one stands for no namespace unless it is declared.
    pub(crate) fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        let found = self
            .declarations
            .iter()
            .rev()
            .find(|declaration| declaration.prefix == prefix);
        found
            .map(|declaration| declaration.namespace.as_str())
            .or(if prefix.is_empty() { Some("") } else { None })
    }

    /// Every prefix in force, more than once where it was declared anew.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.declarations
            .iter()
            .map(|declaration| declaration.prefix.as_str())
    }
}
