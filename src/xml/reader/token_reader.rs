//! The tokens of a document, one after the other. quick-xml is a tokenizer and no judge: what it lets
//! through (a second root, markup behind the end, a DTD, names that are none) is refused here, so that
//! whatever is read to the end is well-formed.

use std::io::Read;

use quick_xml::{
    Reader,
    events::{BytesDecl, Event},
};

use crate::xml::{
    characters::{are_chars, resolve_reference, trim},
    error::{Error, StreamError},
    reader::{
        chunked_reader::ChunkedReader,
        namespace_scope::NamespaceScope,
        start_tag::{StartTag, UnresolvedTag, parse_attributes, undeclared_entity},
    },
};

/// How deeply elements may be nested.
pub(crate) const MAX_DEPTH: usize = 40;
/// Encodings whose first half is ASCII: a document that holds nothing else reads the same in each.
const ASCII_COMPATIBLE: [&str; 6] = [
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "latin1",
];

/// A piece of a document. Comments are none: no meaning hangs on them, and canonical form leaves them out.
#[derive(Debug)]
pub(crate) enum XmlToken<'t> {
    /// A start tag, or the first half of an empty element.
    Start(StartTag<'t>, &'t NamespaceScope),
    /// The end of the element that was opened last, whose name this is.
    End(&'t str),
    /// Character data; neighbours may belong together.
    Text(&'t str),
    /// Nothing that matters: a comment, the declaration, white space around the root.
    Ignored,
    /// The document is over, and was well-formed.
    Eof,
}

/// How character data is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TextForm {
    /// As it is.
    Literal,
    /// By a reference, or in a CDATA section.
    Escaped,
}

/// Reads a document.
#[derive(Debug)]
pub(crate) struct TokenReader<R> {
    reader: Reader<ChunkedReader<R>>,
    buffer: Vec<u8>,
    /// The present token, copied out of quick-xml's hands.
    text: String,
    scope: NamespaceScope,
    leaves_scope: bool,
    stage: Stage,
    only_ascii: bool,
}

/// How far a document has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing was read yet: an XML declaration is allowed only here.
    Begin,
    /// The root is still to come.
    Prolog,
    /// The root has begun.
    Root,
}

impl<R: Read> TokenReader<R> {
    /// Reads `source` from its beginning.
    pub(crate) fn new(source: ChunkedReader<R>) -> Self {
        let mut reader = Reader::from_reader(source);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        config.check_end_names = true;
        config.allow_unmatched_ends = false;
        config.allow_dangling_amp = false;
        Self {
            reader,
            buffer: Vec::new(),
            text: String::new(),
            scope: NamespaceScope::default(),
            leaves_scope: false,
            stage: Stage::Begin,
            only_ascii: false,
        }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<XmlToken<'_>, StreamError> {
        // What an element declares counts until its end has been looked at.
        if std::mem::take(&mut self.leaves_scope) {
            self.scope.close();
        }
        self.buffer.clear();
        self.text.clear();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(why) => {
                let fault = self.reader.get_mut().take_error();
                return Err(fault.unwrap_or_else(|| StreamError::Syntax(why.to_string())));
            }
        };
        self.reader.get_mut().token_ended();
        let is_first = self.stage == Stage::Begin;
        if is_first {
            self.stage = Stage::Prolog;
        }
        let outside = self.scope.depth() == 0;
        let kind = match event {
            Event::Start(tag) | Event::Empty(tag) => {
                self.text.push_str(&tag);
                TokenKind::Start
            }
            Event::End(tag) => {
                self.text.push_str(tag.name().as_ref());
                TokenKind::End
            }
            Event::Text(text) => {
                self.text.push_str(&text.xml10_content());
                TokenKind::Text(TextForm::Literal)
            }
            Event::CData(text) => {
                self.text.push_str(&text.xml10_content());
                TokenKind::Text(TextForm::Escaped)
            }
            Event::GeneralRef(name) => {
                let name = name.into_inner();
                self.text
                    .push(resolve_reference(&name).ok_or_else(undeclared_entity)?);
                TokenKind::Text(TextForm::Escaped)
            }
            Event::Comment(text) => {
                self.text.push_str(&text.xml10_content());
                TokenKind::Comment
            }
            Event::Decl(declaration) if is_first => {
                self.only_ascii = check_declaration(&declaration)?;
                TokenKind::Comment
            }
            Event::Decl(_) => return Err(malformed("a second declaration, or a late one")),
            Event::DocType(_) => return Err(malformed("a document type declaration")),
            Event::PI(_) => return Err(malformed("a processing instruction")),
            Event::Eof => TokenKind::Eof,
        };
        if self.only_ascii && !self.text.is_ascii() {
            return Err(malformed("its declared encoding is not UTF-8; save it as UTF-8"));
        }
        match kind {
            TokenKind::Start => Ok(self.start(outside)?),
            TokenKind::End => {
                self.leaves_scope = true;
                Ok(XmlToken::End(&self.text))
            }
            TokenKind::Text(form) => self.character_data(form, outside),
            TokenKind::Comment if are_chars(&self.text) => Ok(XmlToken::Ignored),
            TokenKind::Comment => Err(malformed("a control character")),
            TokenKind::Eof if outside && self.stage == Stage::Root => Ok(XmlToken::Eof),
            TokenKind::Eof => Err(malformed("it ends too early")),
        }
    }

    fn start(&mut self, outside: bool) -> Result<XmlToken<'_>, Error> {
        if self.scope.depth() >= MAX_DEPTH || (outside && self.stage == Stage::Root) {
            return Err(Error::Malformed("nested too deep, or more than one root"));
        }
        self.stage = Stage::Root;
        let tag = UnresolvedTag::parse(&self.text)?;
        self.scope.open(&tag.attributes)?;
        Ok(XmlToken::Start(tag.resolve(&self.scope)?, &self.scope))
    }

    fn character_data(&self, form: TextForm, outside: bool) -> Result<XmlToken<'_>, StreamError> {
        let text = self.text.as_str();
        if !are_chars(text) {
            return Err(malformed("a control character"));
        }
        if form == TextForm::Literal && text.contains("]]>") {
            return Err(malformed("]]> in a text"));
        }
        if !outside {
            return Ok(XmlToken::Text(text));
        }
        if form == TextForm::Literal && trim(text).is_empty() {
            Ok(XmlToken::Ignored)
        } else {
            Err(malformed("text stands outside the root element; this is no XML"))
        }
    }

    /// What is declared where the next token stands.
    pub(crate) fn scope(&mut self) -> &NamespaceScope {
        if std::mem::take(&mut self.leaves_scope) {
            self.scope.close();
        }
        &self.scope
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.reader.get_ref().bytes_read()
    }

    /// The source, read.
    pub(crate) fn into_inner(self) -> ChunkedReader<R> {
        self.reader.into_inner()
    }
}

enum TokenKind {
    Start,
    End,
    Text(TextForm),
    Comment,
    Eof,
}

const fn malformed(why: &'static str) -> StreamError {
    StreamError::Xml(Error::Malformed(why))
}

/// Checks `<?xml … ?>` (xml, 2.8); whether nothing but ASCII may follow.
fn check_declaration(declaration: &BytesDecl<'_>) -> Result<bool, Error> {
    let malformed = || Error::Malformed("an XML declaration that is none, or not of XML 1.0");
    let content: &str = declaration;
    let attributes = parse_attributes(content.strip_prefix("xml").ok_or_else(malformed)?)?;
    let mut attributes = attributes
        .iter()
        .map(|(name, value)| (*name, &**value))
        .peekable();
    if attributes.next() != Some(("version", "1.0")) {
        return Err(malformed());
    }
    let encoding = attributes
        .next_if(|(name, _)| *name == "encoding")
        .map(|(_, value)| value);
    let _standalone = attributes.next_if(|attribute| matches!(attribute, ("standalone", "yes" | "no")));
    if attributes.next().is_some() {
        return Err(malformed());
    }
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8") => Ok(false),
        Some(other) if ASCII_COMPATIBLE.contains(&other) => Ok(true),
        Some(_) => Err(Error::Malformed("its encoding is not UTF-8; save it as UTF-8")),
    }
}
