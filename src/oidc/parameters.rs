//! The parameters of a request: a query, or a form (rfc6749, appendix B).

use percent_encoding::percent_decode;

/// Why parameters are not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BadParameters {
    TooLarge,
    /// Percent-encoded octets that are no UTF-8.
    NotText,
}

/// The longest query or form, in bytes.
pub const MAX_PARAMETERS: usize = 16 * 1024;

/// The parameters of a request, decoded. One without a value counts as absent (rfc6749, 3.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parameters(Vec<(String, String)>);

/// A parameter that a request has twice, and so means nothing (rfc6749, 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Repeated(pub &'static str);

impl Parameters {
    /// Decodes `application/x-www-form-urlencoded`.
    pub fn parse(raw: &[u8]) -> Result<Self, BadParameters> {
        if raw.len() > MAX_PARAMETERS {
            return Err(BadParameters::TooLarge);
        }
        let pairs = raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(at.unwrap_or(pair.len()));
            Ok((decode(name)?, decode(value.get(1..).unwrap_or_default())?))
        });
        let mut pairs = decoded.collect::<Result<Vec<_>, _>>()?;
        pairs.retain(|(_name, value)| !value.is_empty());
        Ok(Self(pairs))
    }

    /// The value of `name`, which a request has once at most.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated(name)),
        }
    }

    /// Every value of `name`, which a request may have several times.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _value)| known == name)
            .map(|(_name, value)| value.as_str())
    }
}

/// Decodes one name or value.
pub(super) fn decode(raw: &[u8]) -> Result<String, BadParameters> {
    let spaced: Vec<u8> = raw
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let decoded: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(decoded).map_err(|_not_text| BadParameters::NotText)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_parameter_stands_once_and_one_without_a_value_is_absent() {
        let read =
            Parameters::parse(b"scope=openid+email&state=a%2Bb%26c&scope=&x&=y&twice=1&twice=2").unwrap();
        assert_eq!(read.get("scope"), Ok(Some("openid email")));
        assert_eq!(read.get("state"), Ok(Some("a+b&c")));
        assert_eq!(read.get("x"), Ok(None));
        assert_eq!(read.get("twice"), Err(Repeated("twice")));
        assert_eq!(read.all("twice").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(Parameters::parse(b"a=%ff"), Err(BadParameters::NotText));
        assert_eq!(
            Parameters::parse(&vec![b'a'; MAX_PARAMETERS + 1]),
            Err(BadParameters::TooLarge)
        );
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(raw: Vec<u8>) {
            drop(Parameters::parse(&raw));
        }
    }
}
