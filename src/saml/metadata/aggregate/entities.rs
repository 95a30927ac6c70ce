//! The entities of a file, one after the other.

use std::{fmt, io::Read};

use chrono::{DateTime, Utc};

use crate::saml::metadata::{
    aggregate::{Progress, head::About, head::root},
    bad::Error,
    sp::{Found, Reading},
    xml::{
        source::Source,
        tokens::{Token, Tokens},
    },
};

/// Hands out what is found in a file. An error ends it: nothing more comes then.
pub struct Entities<R> {
    tokens: Tokens<R>,
    reading: Reading,
    about: About,
    seen: u64,
    over: bool,
}

impl<R: Read> Entities<R> {
    pub(super) fn begin(source: Source<R>, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut tokens = Tokens::new(source);
        let mut reading = Reading::new(now);
        let (about, ()) = root(&mut tokens, now, |tag, _| reading.start(tag))?;
        Ok(Self {
            tokens,
            reading,
            about,
            seen: 0,
            over: false,
        })
    }

    /// What the file says of itself.
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// `PublicationInfo/@creationInstant` of the whole (saml-metadata-rpi, 2.2.1), once the first entity was handed out:
    /// it stands before all of them.
    pub const fn published_at(&self) -> Option<DateTime<Utc>> {
        self.reading.published_at()
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        Progress {
            bytes: self.tokens.bytes(),
            entities: self.seen,
        }
    }

    fn advance(&mut self) -> Result<Option<Found>, Error> {
        loop {
            let found = match self.tokens.next()? {
                Token::Start(tag, _) => {
                    self.reading.start(&tag)?;
                    None
                }
                Token::Text(text) => {
                    self.reading.text(text);
                    None
                }
                Token::End(_) => self.reading.end(),
                Token::Nothing => None,
                Token::Eof => return Ok(None),
            };
            if found.is_some() {
                self.seen += 1;
                return Ok(found);
            }
        }
    }
}

impl<R: Read> Iterator for Entities<R> {
    type Item = Result<Found, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let found = self.advance().transpose();
        self.over = !matches!(found, Some(Ok(_)));
        found
    }
}

impl<R> fmt::Debug for Entities<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entities({} so far)", self.seen)
    }
}
