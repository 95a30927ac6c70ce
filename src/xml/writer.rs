//! The writer whose bytes are their own exclusive canonical form (xml-exc-c14n): what is digested is
//! what is sent, and nothing is ever parsed and written again.
//!
//! The rules: no XML declaration, comment, CDATA or self-closing tag; a namespace is declared on the
//! first element that uses its prefix visibly, before the attributes; attributes stand sorted;
//! double quotes; text escapes `& < >` and CR, attributes `& < "` and TAB, LF, CR.

use crate::xml::characters::is_char;

/// Writes elements one after the other.
#[derive(Debug)]
pub struct XmlWriter {
    out: String,
    unwritable: Option<char>,
}

/// A character that no XML document can hold (xml, 2.2). The boundary should have refused it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the character U+{code:04X} cannot stand in XML", code = u32::from(*.0))]
pub struct Unwritable(char);

impl XmlWriter {
    /// An empty document that has room for `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self {
            out: String::with_capacity(capacity),
            unwritable: None,
        }
    }

    /// Opens an element. `namespaces` are (prefix, name), `attributes` (name, value) without prefixes;
    /// both must come sorted.
    pub fn open(&mut self, name: &str, namespaces: &[(&str, &str)], attributes: &[(&str, &str)]) {
        debug_assert!(
            namespaces.is_sorted(),
            "namespace declarations stand sorted by prefix"
        );
        debug_assert!(
            attributes.is_sorted_by(|a, b| a.0 < b.0),
            "attributes stand sorted and once"
        );
        self.out.push('<');
        self.out.push_str(name);
        for (prefix, uri) in namespaces {
            self.raw(" xmlns:").raw(prefix).raw("=\"");
            self.attribute_value(uri);
            self.out.push('"');
        }
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"");
            self.attribute_value(value);
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// Closes an element.
    pub fn close(&mut self, name: &str) {
        self.raw("</").raw(name).raw(">");
    }

    /// An element that holds only text.
    pub fn leaf(&mut self, name: &str, namespaces: &[(&str, &str)], attributes: &[(&str, &str)], text: &str) {
        self.open(name, namespaces, attributes);
        self.text(text);
        self.close(name);
    }

    /// Character data.
    pub fn text(&mut self, text: &str) {
        self.escaped(text, escape_text);
    }

    /// What is canonical already: a signed assertion, a constant.
    pub fn raw(&mut self, canonical: &str) -> &mut Self {
        self.out.push_str(canonical);
        self
    }

    /// How many bytes are written.
    pub(super) const fn len(&self) -> usize {
        self.out.len()
    }

    /// The document, unless it holds what XML cannot.
    pub fn finish(self) -> Result<String, Unwritable> {
        match self.unwritable {
            None => Ok(self.out),
            Some(c) => Err(Unwritable(c)),
        }
    }

    /// What stands between the quotes of an attribute.
    pub(super) fn attribute_value(&mut self, text: &str) {
        self.escaped(text, escape_attribute_value);
    }

    fn escaped(&mut self, text: &str, escape: impl Fn(&mut String, &str)) {
        // Nearly every text has nothing to escape: then it is copied whole.
        let plain = |b: u8| (b' '..0x7f).contains(&b) && !matches!(b, b'&' | b'<' | b'>' | b'"');
        // Without a way out before the end, the compiler looks at many bytes at once.
        if text.bytes().fold(true, |all, b| all & plain(b)) {
            self.out.push_str(text);
            return;
        }
        if self.unwritable.is_none() {
            self.unwritable = text.chars().find(|c| !is_char(*c));
        }
        escape(&mut self.out, text);
    }
}

/// Appends character data to what is canonical.
pub(super) fn escape_text(out: &mut String, text: &str) {
    escape(out, text, |b| match b {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Appends what stands between the quotes of an attribute.
pub(super) fn escape_attribute_value(out: &mut String, text: &str) {
    escape(out, text, |b| match b {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

fn escape(out: &mut String, text: &str, reference: impl Fn(u8) -> Option<&'static str>) {
    let mut rest = text;
    while let Some((at, escaped)) = rest
        .bytes()
        .enumerate()
        .find_map(|(at, byte)| reference(byte).map(|escaped| (at, escaped)))
    {
        // What is escaped is ASCII: `at` and the byte behind it begin characters.
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        out.push_str(escaped);
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_stays_data() {
        let mut writer = XmlWriter::new(64);
        writer.leaf("a:b", &[("a", "urn:a")], &[("c", "<\"&'>\n")], "<x> & \"y\" ]]>");
        assert_eq!(
            writer.finish().unwrap(),
            "<a:b xmlns:a=\"urn:a\" c=\"&lt;&quot;&amp;'>&#xA;\">&lt;x&gt; &amp; \"y\" ]]&gt;</a:b>"
        );
    }

    #[test]
    fn what_xml_cannot_hold_is_never_written() {
        for bad in ["\u{1}", "a\u{b}", "\u{ffff}"] {
            let mut writer = XmlWriter::new(8);
            writer.text(bad);
            assert!(writer.finish().is_err(), "{bad:?}");
        }
    }
}
