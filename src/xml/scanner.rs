//! What a message must be before the parser sees it: bounded in depth and number, without anything that
//! only trouble comes from, and without those spellings that XML readers are known to read in two ways.

use crate::xml::{characters::WHITESPACE, error::Error};

const MAX_DEPTH: usize = 40;
const MAX_ELEMENTS: usize = 2000;
const MAX_ATTRIBUTES: usize = 64;
/// Namespace declarations in the whole message: the parser copies them from element to element.
const MAX_DECLARATIONS: usize = 256;

const NOT_WELL_FORMED: Error = Error::Malformed("not well-formed XML");

/// Bounds depth, elements and attributes before the parser runs, and refuses what it need never see:
/// a DTD, entities, processing instructions.
pub(super) fn scan(text: &str) -> Result<(), Error> {
    let mut rest = skip_declaration(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let mut seen = Scanner::default();
    while let Some((before, markup)) = rest.split_once('<') {
        check_references(before)?;
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            comment.split_once("-->").ok_or(NOT_WELL_FORMED)?.1
        } else if let Some(section) = markup.strip_prefix("![CDATA[") {
            section.split_once("]]>").ok_or(NOT_WELL_FORMED)?.1
        } else if markup.starts_with('!') {
            return Err(Error::Malformed("a document type declaration"));
        } else if markup.starts_with('?') {
            return Err(Error::Malformed("a processing instruction"));
        } else if let Some(end) = markup.strip_prefix('/') {
            seen.depth = seen.depth.saturating_sub(1);
            split_name(end)?.1
        } else {
            seen.start_tag(markup)?
        };
    }
    Ok(())
}

/// What was met so far.
#[derive(Default)]
struct Scanner {
    depth: usize,
    elements: usize,
    declarations: usize,
}

impl Scanner {
    /// Reads a start tag from behind `<` to behind the `>` that ends it.
    fn start_tag<'t>(&mut self, markup: &'t str) -> Result<&'t str, Error> {
        let (_, mut rest) = split_name(markup)?;
        let (mut attributes, mut has_default) = (0, false);
        self.elements += 1;
        loop {
            let next = rest.trim_start_matches(WHITESPACE);
            if let Some(after) = next.strip_prefix("/>") {
                rest = after;
                break;
            }
            if let Some(after) = next.strip_prefix('>') {
                self.depth += 1;
                rest = after;
                break;
            }
            if next.len() == rest.len() {
                return Err(NOT_WELL_FORMED);
            }
            let (attribute, value, after) = split_attribute(next)?;
            rest = after;
            attributes += 1;
            match attribute.rsplit_once(':') {
                Some(("xmlns", _)) if value.is_empty() => {
                    return Err(Error::Malformed("a namespace prefix that stands for nothing"));
                }
                Some(("xmlns", _)) => self.declarations += 1,
                // The parser takes `p:xmlns` for a declaration, and the first of two declarations.
                Some((_, "xmlns")) => return Err(Error::Malformed("an attribute p:xmlns")),
                None if attribute == "xmlns" && has_default => {
                    return Err(Error::Malformed("a default namespace twice"));
                }
                None if attribute == "xmlns" => {
                    has_default = true;
                    self.declarations += 1;
                }
                Some(_) | None => {}
            }
        }
        let bounded = self.depth <= MAX_DEPTH
            && self.elements <= MAX_ELEMENTS
            && self.declarations <= MAX_DECLARATIONS
            && attributes <= MAX_ATTRIBUTES;
        if bounded {
            Ok(rest)
        } else {
            Err(Error::TooLarge("too deep, or too many elements or attributes"))
        }
    }
}

/// `name = "value"`, and what is behind it.
fn split_attribute(text: &str) -> Result<(&str, &str, &str), Error> {
    let (name, rest) = split_name(text)?;
    let rest = rest
        .trim_start_matches(WHITESPACE)
        .strip_prefix('=')
        .ok_or(NOT_WELL_FORMED)?;
    let rest = rest.trim_start_matches(WHITESPACE);
    let quoted = rest.strip_prefix('"').map(|rest| ('"', rest));
    let quoted = quoted.or_else(|| rest.strip_prefix('\'').map(|rest| ('\'', rest)));
    let (quote, rest) = quoted.ok_or(NOT_WELL_FORMED)?;
    let (value, rest) = rest.split_once(quote).ok_or(NOT_WELL_FORMED)?;
    if value.contains('<') {
        return Err(NOT_WELL_FORMED);
    }
    check_references(value)?;
    Ok((name, value, rest))
}

/// A name with at most one prefix. That its characters belong into one is the parser's business.
fn split_name(text: &str) -> Result<(&str, &str), Error> {
    let ends = |c: char| WHITESPACE.contains(&c) || matches!(c, '=' | '/' | '>' | '<' | '"' | '\'');
    let end = text.find(ends).ok_or(NOT_WELL_FORMED)?;
    let (name, rest) = text.split_at_checked(end).ok_or(NOT_WELL_FORMED)?;
    // The parser takes `:a` for `a`.
    if name.is_empty() || name.starts_with(':') {
        return Err(NOT_WELL_FORMED);
    }
    Ok((name, rest))
}

/// A reference to a number that is no character would become U+FFFD.
fn check_references(text: &str) -> Result<(), Error> {
    for reference in text.split("&#").skip(1) {
        let (number, _) = reference.split_once(';').ok_or(NOT_WELL_FORMED)?;
        let (digits, radix) = number
            .strip_prefix('x')
            .map_or((number, 10), |digits| (digits, 16));
        let code = u32::from_str_radix(digits, radix).ok();
        if digits.starts_with('+') || code.and_then(char::from_u32).is_none() {
            return Err(NOT_WELL_FORMED);
        }
    }
    Ok(())
}

/// Goes behind an XML declaration. Its version must be 1.0, whose line ends are the ones that we know, and its
/// encoding the one in which the text was read.
fn skip_declaration(text: &str) -> Result<&str, Error> {
    let Some(rest) = text.strip_prefix("<?xml ") else {
        return Ok(text);
    };
    let (inside, rest) = rest.split_once("?>").ok_or(NOT_WELL_FORMED)?;
    let (name, version, mut inside) = split_attribute(inside.trim_start_matches(WHITESPACE))?;
    if name != "version" || version != "1.0" {
        return Err(Error::Malformed("XML of a version other than 1.0"));
    }
    let mut expected = ["encoding", "standalone"].iter();
    while !inside.trim_start_matches(WHITESPACE).is_empty() {
        let (name, value, after) = split_attribute(inside.trim_start_matches(WHITESPACE))?;
        if !expected.any(|next| *next == name) {
            return Err(NOT_WELL_FORMED);
        }
        if name == "encoding" && !is_same_as_utf8(value, text) {
            return Err(Error::Malformed("an encoding other than UTF-8"));
        }
        inside = after;
    }
    Ok(rest)
}

/// Whether `text`, which was read as UTF-8, is the same in the encoding that it says to be in.
fn is_same_as_utf8(encoding: &str, text: &str) -> bool {
    let encoding = encoding.to_ascii_lowercase();
    let holds_ascii = encoding == "us-ascii" || encoding.starts_with("iso-8859-");
    encoding == "utf-8" || (holds_ascii && text.is_ascii())
}

/// Line ends as every XML processor sees them (xml, 2.11), before anything is parsed.
pub(crate) fn normalize_line_ends(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_read_in_two_ways_is_refused() {
        for bad in [
            "<a xmlns='urn:a' xmlns='urn:b'/>",
            "<a p:xmlns='urn:a'/>",
            "<a xmlns:p='urn:p' p:xmlns='urn:a'/>",
            "<a xmlns:p=''/>",
            "<:a/>",
            "<:a></:a>",
            "<a></:a>",
            "<a :b='c'/>",
            "<a>&#xD800;</a>",
            "<a>&#x110000;</a>",
            "<a>&#99999999999;</a>",
            "<a b='&#xDFFF;'/>",
            "<a>&#x;</a>",
            "<a>&#+65;</a>",
            "<a b='c'd='e'/>",
            "<a b='<'/>",
            "<a b=c/>",
            "<a b/>",
            "<?xml version='1.1'?><a/>",
            "<?xml encoding='UTF-8'?><a/>",
            "<?xml version='1.0' encoding='ISO-8859-1'?><a>\u{e9}</a>",
            "<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>",
            "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>",
            "<?xml version='1.0' encoding='UTF-8' encoding='UTF-8'?><a/>",
            "<?xml version='1.0' x='y'?><a/>",
        ] {
            assert!(scan(bad).is_err(), "{bad}");
        }
        for good in [
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone='no' ?>\n<a/>",
            "\u{feff}<?xml version='1.0' encoding='US-ASCII'?><a/>",
            "<a xmlns='urn:a' xmlns:b='urn:b' b:c=\"d'&#65;&#x1F600;\" ><b xmlns=''/></a >",
            "<a><![CDATA[&#xD800;]]><!-- &#xD800; <:a> --></a>",
        ] {
            assert_eq!(scan(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn declarations_are_counted_in_the_whole_message() {
        let many = |n: usize| format!("<a>{}</a>", "<b xmlns:c='urn:c'/>".repeat(n));
        assert_eq!(scan(&many(256)), Ok(()));
        let scanned = scan(&many(257));
        assert!(matches!(scanned, Err(Error::TooLarge(_))), "{scanned:?}");
    }

    #[test]
    fn line_ends_are_one_character() {
        assert_eq!(
            normalize_line_ends("a\r\nb\rc\n\r\r\nd".to_owned()),
            "a\nb\nc\n\n\nd"
        );
    }
}
