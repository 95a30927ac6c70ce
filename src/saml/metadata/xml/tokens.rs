//! The tokens of a document, one after the other. quick-xml is a tokenizer and no judge: what it lets
//! through (a second root, markup behind the end, a DTD, names that are none) is refused here, so that
//! whatever is read to the end is well-formed.

use std::io::Read;

use quick_xml::{
    Reader,
    events::{BytesDecl, Event},
};

use crate::saml::metadata::{
    bad::{BadMetadata, Error},
    xml::{
        characters::{WHITE, are_chars, referred},
        scope::Scope,
        source::Source,
        tag::{Tag, Unresolved, attributes, no_reference},
    },
};

/// How deep elements may stand in each other.
pub(in crate::saml::metadata) const MAX_DEPTH: usize = 40;
/// Encodings whose first half is ASCII: a document that holds nothing else reads the same in each.
const LIKE_ASCII: [&str; 6] = [
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1252",
    "latin1",
];

/// A piece of a document. Comments are none: no meaning hangs on them, and canonical form leaves them out.
#[derive(Debug)]
pub(in crate::saml::metadata) enum Token<'t> {
    /// A start tag, or the first half of an empty element.
    Start(Tag<'t>, &'t Scope),
    /// The end of the element that was opened last, whose name this is.
    End(&'t str),
    /// Character data; neighbours may belong together.
    Text(&'t str),
    /// Nothing that matters: a comment, the declaration, white space around the root.
    Nothing,
    /// The document is over, and was well-formed.
    Eof,
}

/// How character data is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Written {
    /// As it is.
    Plainly,
    /// By a reference, or in a CDATA section.
    Otherwise,
}

/// Reads a document.
#[derive(Debug)]
pub(in crate::saml::metadata) struct Tokens<R> {
    reader: Reader<Source<R>>,
    buffer: Vec<u8>,
    /// The present token, copied out of quick-xml's hands.
    text: String,
    scope: Scope,
    leaves: bool,
    stage: Stage,
    only_ascii: bool,
}

/// How far a document has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing was read: here, and only here, a declaration may stand.
    Begin,
    /// The root is still to come.
    Prolog,
    /// The root has begun.
    Root,
}

impl<R: Read> Tokens<R> {
    /// Reads `source` from its beginning.
    pub(in crate::saml::metadata) fn new(source: Source<R>) -> Self {
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
            scope: Scope::default(),
            leaves: false,
            stage: Stage::Begin,
            only_ascii: false,
        }
    }

    /// The next token.
    pub(in crate::saml::metadata) fn next(&mut self) -> Result<Token<'_>, Error> {
        // What an element declares counts until its end has been looked at.
        if std::mem::take(&mut self.leaves) {
            self.scope.close();
        }
        self.buffer.clear();
        self.text.clear();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(why) => {
                let fault = self.reader.get_mut().take_fault();
                return Err(fault.unwrap_or_else(|| {
                    Error::Bad(BadMetadata::Malformed(format!("not well-formed XML ({why})")))
                }));
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
                Kind::Start
            }
            Event::End(tag) => {
                self.text.push_str(tag.name().as_ref());
                Kind::End
            }
            Event::Text(text) => {
                self.text.push_str(&text.xml10_content());
                Kind::Text(Written::Plainly)
            }
            Event::CData(text) => {
                self.text.push_str(&text.xml10_content());
                Kind::Text(Written::Otherwise)
            }
            Event::GeneralRef(name) => {
                let name = name.into_inner();
                self.text
                    .push(referred(&name).ok_or_else(|| Error::Bad(no_reference()))?);
                Kind::Text(Written::Otherwise)
            }
            Event::Comment(text) => {
                self.text.push_str(&text.xml10_content());
                Kind::Comment
            }
            Event::Decl(declaration) if is_first => {
                self.only_ascii = declared(&declaration).map_err(Error::Bad)?;
                Kind::Comment
            }
            Event::Decl(_) => return Err(bad("a second declaration, or a late one")),
            Event::DocType(_) => return Err(bad("a document type declaration")),
            Event::PI(_) => return Err(bad("a processing instruction")),
            Event::Eof => Kind::Eof,
        };
        if self.only_ascii && !self.text.is_ascii() {
            return Err(bad("its declared encoding is not UTF-8; save it as UTF-8"));
        }
        match kind {
            Kind::Start => self.start(outside).map_err(Error::Bad),
            Kind::End => {
                self.leaves = true;
                Ok(Token::End(&self.text))
            }
            Kind::Text(written) => self.character_data(written, outside),
            Kind::Comment if are_chars(&self.text) => Ok(Token::Nothing),
            Kind::Comment => Err(bad("a control character")),
            Kind::Eof if outside && self.stage == Stage::Root => Ok(Token::Eof),
            Kind::Eof => Err(bad("it ends too early")),
        }
    }

    fn start(&mut self, outside: bool) -> Result<Token<'_>, BadMetadata> {
        if self.scope.depth() >= MAX_DEPTH || (outside && self.stage == Stage::Root) {
            return Err(BadMetadata::malformed("nested too deep, or more than one root"));
        }
        self.stage = Stage::Root;
        let tag = Unresolved::parse(&self.text)?;
        self.scope.open(&tag)?;
        Ok(Token::Start(tag.resolve(&self.scope)?, &self.scope))
    }

    fn character_data(&self, written: Written, outside: bool) -> Result<Token<'_>, Error> {
        let text = self.text.as_str();
        if !are_chars(text) {
            return Err(bad("a control character"));
        }
        if written == Written::Plainly && text.contains("]]>") {
            return Err(bad("]]> in a text"));
        }
        if !outside {
            return Ok(Token::Text(text));
        }
        if written == Written::Plainly && text.trim_matches(WHITE).is_empty() {
            Ok(Token::Nothing)
        } else {
            Err(bad("text stands outside the root element; this is no XML"))
        }
    }

    /// What is declared where the next token stands.
    pub(in crate::saml::metadata) fn scope(&mut self) -> &Scope {
        if std::mem::take(&mut self.leaves) {
            self.scope.close();
        }
        &self.scope
    }

    /// Bytes read so far.
    pub(in crate::saml::metadata) fn bytes(&self) -> u64 {
        self.reader.get_ref().bytes()
    }

    /// The source, read.
    pub(in crate::saml::metadata) fn into_source(self) -> Source<R> {
        self.reader.into_inner()
    }
}

enum Kind {
    Start,
    End,
    Text(Written),
    Comment,
    Eof,
}

fn bad(why: &str) -> Error {
    Error::Bad(BadMetadata::malformed(why))
}

/// Checks `<?xml … ?>` (xml, 2.8); whether nothing but ASCII may follow.
fn declared(declaration: &BytesDecl<'_>) -> Result<bool, BadMetadata> {
    let malformed = || BadMetadata::malformed("an XML declaration that is none, or not of XML 1.0");
    let content: &str = declaration;
    let given = attributes(content.strip_prefix("xml").ok_or_else(malformed)?)?;
    let mut given = given.iter().map(|(name, value)| (*name, &**value)).peekable();
    if given.next() != Some(("version", "1.0")) {
        return Err(malformed());
    }
    let encoding = given
        .next_if(|(name, _)| *name == "encoding")
        .map(|(_, value)| value);
    let _standalone = given.next_if(|one| matches!(one, ("standalone", "yes" | "no")));
    if given.next().is_some() {
        return Err(malformed());
    }
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("utf-8") => Ok(false),
        Some(other) if LIKE_ASCII.contains(&other) => Ok(true),
        Some(_) => Err(BadMetadata::malformed(
            "its encoding is not UTF-8; save it as UTF-8",
        )),
    }
}
