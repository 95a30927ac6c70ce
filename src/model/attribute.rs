//! What a service provider is sent about a user: a list of attributes, each with its source.

use std::fmt;

use crate::model::{
    group::GroupFilter,
    text::{BadText, single_line},
};

/// How an attribute's name is to be read (saml-core, 8.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NameFormat {
    Uri,
    Basic,
    /// The interpretation is left to the service provider.
    Unspecified,
}

impl NameFormat {
    pub const ALL: [Self; 3] = [Self::Basic, Self::Uri, Self::Unspecified];

    /// Its short name, in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uri => "uri",
            Self::Basic => "basic",
            Self::Unspecified => "unspecified",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == word)
    }

    /// The format for a name like this one: a name with a colon is a URI.
    pub fn default_for(name: &str) -> Self {
        if name.contains(':') {
            Self::Uri
        } else {
            Self::Basic
        }
    }
}

/// Where a value comes from: a closed set, no expressions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttributeSource {
    GivenName,
    FamilyName,
    FullName,
    Email,
    /// The [`StableId`](crate::model::user::StableId).
    UserId,
    UserName,
    /// The same for every user.
    Constant(String),
    /// A value that an administrator set for the user under this name.
    Own(String),
    /// The names of the user's groups.
    Groups(GroupFilter),
}

impl AttributeSource {
    /// Whether it is one of the two names, which a user may lack.
    pub const fn is_given_or_family_name(&self) -> bool {
        matches!(self, Self::GivenName | Self::FamilyName)
    }

    /// Parses a source as it is typed and displayed.
    pub fn parse(text: &str) -> Result<Self, BadText> {
        const EXPECTED: &str = "a source is one of given-name, family-name, full-name, email, user-id, user-name, groups, groups:NAME,NAME, groups:PREFIX*, constant:TEXT and own:NAME";
        Ok(match text.split_once(':') {
            None => match text {
                "given-name" => Self::GivenName,
                "family-name" => Self::FamilyName,
                "full-name" => Self::FullName,
                "email" => Self::Email,
                "user-id" => Self::UserId,
                "user-name" => Self::UserName,
                "groups" => Self::Groups(GroupFilter::All),
                _ => {
                    return Err(BadText::Malformed(format!(
                        "`{}`: {EXPECTED}",
                        text.escape_debug()
                    )));
                }
            },
            Some(("constant", value)) => Self::Constant(single_line(
                "TEXT in constant:TEXT",
                value,
                AttributeRule::MAX_VALUE,
            )?),
            Some(("groups", filter)) => Self::Groups(GroupFilter::parse(filter)?),
            Some(("own", name)) => Self::Own(single_line("NAME in own:NAME", name, AttributeRule::MAX_NAME)?),
            Some(_) => {
                return Err(BadText::Malformed(format!(
                    "`{}`: {EXPECTED}",
                    text.escape_debug()
                )));
            }
        })
    }
}

impl fmt::Display for AttributeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GivenName => f.write_str("given-name"),
            Self::FamilyName => f.write_str("family-name"),
            Self::FullName => f.write_str("full-name"),
            Self::Email => f.write_str("email"),
            Self::UserId => f.write_str("user-id"),
            Self::UserName => f.write_str("user-name"),
            Self::Constant(value) => write!(f, "constant:{value}"),
            Self::Own(name) => write!(f, "own:{name}"),
            Self::Groups(GroupFilter::All) => f.write_str("groups"),
            Self::Groups(filter) => write!(f, "groups:{filter}"),
        }
    }
}

/// An attribute that a service provider is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributeRule {
    /// `Name`: a URI or a plain word; unique in a list.
    pub name: String,
    pub name_format: NameFormat,
    pub friendly_name: Option<String>,
    pub source: AttributeSource,
    /// Whether they are sent in lower case.
    pub lower_case: bool,
    /// Whether several values are sent as one, with this between them.
    pub join: Option<String>,
    /// Whether a user who lacks it cannot sign in.
    pub required: bool,
}

impl AttributeRule {
    /// The longest name, in characters: every service provider accepts it.
    pub const MAX_NAME: usize = 256;
    /// The longest value, in characters.
    pub const MAX_VALUE: usize = 1024;

    /// A required attribute, whose name determines its format.
    pub fn required(name: &str, source: AttributeSource) -> Self {
        Self {
            name: name.to_owned(),
            name_format: NameFormat::default_for(name),
            friendly_name: None,
            source,
            lower_case: false,
            join: None,
            required: true,
        }
    }

    /// The same, for users who have it.
    pub fn optional(name: &str, source: AttributeSource) -> Self {
        Self {
            required: false,
            ..Self::required(name, source)
        }
    }
}

/// The list that serves both types of ChatGPT connection and does no harm elsewhere; each name occurs once. `id` is
/// the user's stable id, so that a user whose e-mail address changes is recognised; the e-mail address is the same in
/// every attribute.
pub fn default_rules() -> Vec<AttributeRule> {
    const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
    let claim = |name: &str, source| AttributeRule::required(&format!("{CLAIMS}{name}"), source);
    vec![
        claim("emailaddress", AttributeSource::Email),
        claim("givenname", AttributeSource::GivenName),
        claim("surname", AttributeSource::FamilyName),
        claim("name", AttributeSource::FullName),
        AttributeRule::required("id", AttributeSource::UserId),
        AttributeRule::required("email", AttributeSource::Email),
        AttributeRule::required("firstName", AttributeSource::GivenName),
        AttributeRule::required("lastName", AttributeSource::FamilyName),
    ]
}

/// The same list for a service provider whose requirements are not known: a user who lacks one of the two names can
/// still sign in.
pub fn generic_rules() -> Vec<AttributeRule> {
    let mut rules = default_rules();
    for rule in rules
        .iter_mut()
        .filter(|rule| rule.source.is_given_or_family_name())
    {
        rule.required = false;
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_shown() {
        for source in [
            AttributeSource::GivenName,
            AttributeSource::FamilyName,
            AttributeSource::FullName,
            AttributeSource::Email,
            AttributeSource::UserId,
            AttributeSource::UserName,
            AttributeSource::Constant("a:b c".to_owned()),
            AttributeSource::Own("team".to_owned()),
            AttributeSource::Groups(GroupFilter::All),
            AttributeSource::Groups(GroupFilter::Prefix("wiki-".to_owned())),
            AttributeSource::Groups(GroupFilter::parse("sales,all of us").unwrap()),
        ] {
            assert_eq!(AttributeSource::parse(&source.to_string()), Ok(source));
        }
        for bad in [
            "",
            "mail",
            "own",
            "own:",
            "constant: ",
            "groups:",
            "groups:a,,b",
            "constant:\u{1}",
            "Email",
        ] {
            assert!(AttributeSource::parse(bad).is_err(), "{bad:?}");
        }
    }
}
