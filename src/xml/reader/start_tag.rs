//! A start tag: its name, its attributes with their values as XML has them, each once.

use std::borrow::Cow;

use crate::xml::{
    characters::{WHITESPACE, are_chars, is_nc_name, resolve_reference},
    error::Error,
    reader::namespace_scope::NamespaceScope,
};

const MAX_ATTRIBUTES: usize = 256;
const MAX_NAME: usize = 1024;

/// A start tag whose prefixes are open.
#[derive(Debug)]
pub(crate) struct UnresolvedTag<'t> {
    /// Its name, with its prefix.
    pub(crate) name: &'t str,
    /// Its attributes, declarations of namespaces among them, with their values.
    pub(crate) attributes: Vec<(&'t str, Cow<'t, str>)>,
    raw: &'t str,
}

/// A start tag.
#[derive(Debug)]
pub(crate) struct StartTag<'t> {
    /// What stands between `<` and `>` or `/>`.
    pub(crate) raw: &'t str,
    /// The name as it is written.
    pub(crate) name: &'t str,
    /// The part of the name before the colon.
    pub(crate) prefix: &'t str,
    /// The part behind it.
    pub(crate) local_name: &'t str,
    /// Empty: none.
    pub(crate) namespace: &'t str,
    /// Its attributes, without the declarations of namespaces.
    pub(crate) attributes: Vec<TagAttribute<'t>>,
    /// The namespaces that it declares.
    pub(crate) declared_namespaces: Vec<Cow<'t, str>>,
}

/// An attribute.
#[derive(Debug)]
pub(crate) struct TagAttribute<'t> {
    /// The name as it is written.
    pub(crate) name: &'t str,
    /// The part of the name before the colon.
    pub(crate) prefix: &'t str,
    /// The part behind it.
    pub(crate) local_name: &'t str,
    /// Empty: none.
    pub(crate) namespace: &'t str,
    /// Normalised, references replaced (xml, 3.3.3).
    pub(crate) value: Cow<'t, str>,
}

impl<'t> UnresolvedTag<'t> {
    /// Reads what stands between `<` and `>`.
    pub(crate) fn parse(raw: &'t str) -> Result<Self, Error> {
        let (name, rest) = raw.split_at(raw.find(WHITESPACE).unwrap_or(raw.len()));
        Ok(Self {
            name,
            attributes: parse_attributes(rest)?,
            raw,
        })
    }

    /// Looks up its prefixes in `scope`, which has entered it.
    pub(crate) fn resolve<'s>(self, scope: &'s NamespaceScope) -> Result<StartTag<'s>, Error>
    where
        't: 's,
    {
        let (prefix, local) = split_qname(self.name)?;
        let namespace = scope.namespace(prefix).ok_or_else(undeclared_prefix)?;
        let (mut attributes, mut declared) = (Vec::new(), Vec::new());
        for (name, value) in self.attributes {
            if name == "xmlns" || name.starts_with("xmlns:") {
                declared.push(value);
                continue;
            }
            let (prefix, local) = split_qname(name)?;
            // An attribute without a prefix is in no namespace, whatever the default (xml-names, 6.2).
            let namespace = match prefix {
                "" => "",
                prefix => scope.namespace(prefix).ok_or_else(undeclared_prefix)?,
            };
            attributes.push(TagAttribute {
                name,
                prefix,
                local_name: local,
                namespace,
                value,
            });
        }
        let mut names: Vec<_> = attributes
            .iter()
            .map(|attribute| (attribute.namespace, attribute.local_name))
            .collect();
        names.sort_unstable();
        if !names.is_sorted_by(|a, b| a < b) {
            return Err(Error::Malformed("the same attribute twice"));
        }
        Ok(StartTag {
            raw: self.raw,
            name: self.name,
            prefix,
            local_name: local,
            namespace,
            attributes,
            declared_namespaces: declared,
        })
    }
}

impl StartTag<'_> {
    /// Whether it is `{namespace}local`.
    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.local_name == local && self.namespace == namespace
    }

    /// The value of the attribute `name`, without a prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(|attribute| &*attribute.value)
    }
}

fn undeclared_prefix() -> Error {
    Error::Malformed("a prefix that nothing declares")
}

/// Prefix and local part of a name.
fn split_qname(name: &str) -> Result<(&str, &str), Error> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let has_prefix = local.len() < name.len();
    if name.len() <= MAX_NAME
        && is_nc_name(local)
        && (!has_prefix || is_nc_name(prefix))
        && name != "xmlns"
        && prefix != "xmlns"
    {
        Ok((prefix, local))
    } else {
        Err(Error::Malformed("an element or attribute whose name is none"))
    }
}

/// The attributes of a tag, from behind its name: white space, name, `=`, value in quotes, again and again.
pub(crate) fn parse_attributes(raw: &str) -> Result<Vec<(&str, Cow<'_, str>)>, Error> {
    let malformed = || Error::Malformed("an attribute that is not written as attributes are");
    let mut found: Vec<(&str, Cow<'_, str>)> = Vec::new();
    let mut rest = raw;
    loop {
        let begun = rest.trim_start_matches(WHITESPACE);
        if begun.is_empty() {
            break;
        }
        if begun.len() == rest.len() || found.len() >= MAX_ATTRIBUTES {
            return Err(malformed());
        }
        let (name, after) = begun.split_once('=').ok_or_else(malformed)?;
        let name = name.trim_end_matches(WHITESPACE);
        let after = after.trim_start_matches(WHITESPACE);
        let (value, after) = after
            .strip_prefix('"')
            .and_then(|quoted| quoted.split_once('"'))
            .or_else(|| {
                after
                    .strip_prefix('\'')
                    .and_then(|quoted| quoted.split_once('\''))
            })
            .ok_or_else(malformed)?;
        found.push((name, normalize_attribute_value(value)?));
        rest = after;
    }
    let mut names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    if names.is_sorted_by(|a, b| a < b) {
        Ok(found)
    } else {
        Err(Error::Malformed("the same attribute twice"))
    }
}

/// The value of an attribute: white space is blanks, references are what they stand for (xml, 3.3.3).
fn normalize_attribute_value(written: &str) -> Result<Cow<'_, str>, Error> {
    if written.contains('<') {
        return Err(Error::Malformed("a < in an attribute"));
    }
    if !are_chars(written) {
        return Err(Error::Malformed("a control character"));
    }
    if !written.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(written));
    }
    let mut value = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (before, special) = rest.split_at(at);
        value.push_str(before);
        if let Some(reference) = special.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or_else(undeclared_entity)?;
            value.push(resolve_reference(name).ok_or_else(undeclared_entity)?);
            rest = after;
        } else {
            value.push(' ');
            let after_line_break = special.strip_prefix("\r\n");
            rest = after_line_break.unwrap_or_else(|| special.get(1..).unwrap_or_default());
        }
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

/// What stands behind `&` is neither a character nor one of the five known entities.
pub(crate) fn undeclared_entity() -> Error {
    Error::Malformed("an entity that nothing declares")
}
