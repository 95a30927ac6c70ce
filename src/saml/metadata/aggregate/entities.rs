//! The entities of a file, one after the other.

use std::{fmt, io::Read};

use chrono::{DateTime, Utc};

use crate::{
    saml::metadata::{
        aggregate::{
            progress::ReadProgress,
            root::{RootAttributes, read_root},
        },
        error::Error,
        sp::{MetadataParser, ParsedEntity},
    },
    xml::reader::{
        chunked_reader::ChunkedReader,
        token_reader::{TokenReader, XmlToken},
    },
};

/// Iterates over the entities of a file. An error ends the iteration.
pub struct Entities<R> {
    tokens: TokenReader<R>,
    parser: MetadataParser,
    root_attributes: RootAttributes,
    count: u64,
    finished: bool,
}

impl<R: Read> Entities<R> {
    pub(super) fn new(source: ChunkedReader<R>, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut tokens = TokenReader::new(source);
        let mut parser = MetadataParser::new(now);
        let (root_attributes, ()) = read_root(&mut tokens, now, |tag, _| parser.start(tag))?;
        Ok(Self {
            tokens,
            parser,
            root_attributes,
            count: 0,
            finished: false,
        })
    }

    pub const fn root_attributes(&self) -> &RootAttributes {
        &self.root_attributes
    }

    /// `PublicationInfo/@creationInstant` of the whole file (saml-metadata-rpi, 2.2.1). Available once the first entity
    /// was returned: it precedes all of them.
    pub const fn published_at(&self) -> Option<DateTime<Utc>> {
        self.parser.published_at()
    }

    pub fn progress(&self) -> ReadProgress {
        ReadProgress {
            bytes: self.tokens.bytes_read(),
            entities: self.count,
        }
    }

    fn next_entity(&mut self) -> Result<Option<ParsedEntity>, Error> {
        loop {
            let found = match self.tokens.next()? {
                XmlToken::Start(tag, _) => {
                    self.parser.start(&tag)?;
                    None
                }
                XmlToken::Text(text) => {
                    self.parser.text(text);
                    None
                }
                XmlToken::End(_) => self.parser.end(),
                XmlToken::Ignored => None,
                XmlToken::Eof => return Ok(None),
            };
            if found.is_some() {
                self.count += 1;
                return Ok(found);
            }
        }
    }
}

impl<R: Read> Iterator for Entities<R> {
    type Item = Result<ParsedEntity, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let found = self.next_entity().transpose();
        self.finished = !matches!(found, Some(Ok(_)));
        found
    }
}

impl<R> fmt::Debug for Entities<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entities({} so far)", self.count)
    }
}
