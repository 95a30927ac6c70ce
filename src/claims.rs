//! What an application learns about a user from the user's account, whatever the protocol.

use crate::model::{
    attribute::{AttributeRule, AttributeSource},
    group::GroupName,
    user::{NameComponent, OwnAttributes, User},
};

/// The values of one rule for a user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim<'r> {
    pub rule: &'r AttributeRule,
    /// At least one.
    pub values: Vec<String>,
}

/// The user has no value for these attributes, which are required.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingClaims(pub Vec<String>);

/// What is known about a user beside the user's own row.
#[derive(Clone, Copy, Debug)]
pub struct FurtherValues<'a> {
    pub own_attributes: &'a OwnAttributes,
    /// The names of the user's groups, sorted.
    pub groups: &'a [GroupName],
}

/// Whether `rules` need the user's own attributes.
pub fn needs_own_attributes(rules: &[AttributeRule]) -> bool {
    rules
        .iter()
        .any(|rule| matches!(rule.source, AttributeSource::Own(_)))
}

/// Whether `rules` need the user's groups.
pub fn needs_groups(rules: &[AttributeRule]) -> bool {
    rules
        .iter()
        .any(|rule| matches!(rule.source, AttributeSource::Groups(_)))
}

/// The claims of `rules` for a user, in their order; a rule without a value is omitted, unless it is required.
pub fn from_user<'r>(
    rules: &'r [AttributeRule],
    user: &User,
    further: FurtherValues<'_>,
) -> Result<Vec<Claim<'r>>, MissingClaims> {
    let (mut claims, mut missing) = (Vec::with_capacity(rules.len()), Vec::new());
    for rule in rules {
        let values = values(rule, user, further);
        if !values.is_empty() {
            claims.push(Claim { rule, values });
        } else if rule.required {
            missing.push(rule.name.clone());
        }
    }
    if missing.is_empty() {
        Ok(claims)
    } else {
        Err(MissingClaims(missing))
    }
}

/// A name that a user lacks has no value: an empty one would say that the user has it.
fn name_values(name: Option<&NameComponent>) -> Vec<String> {
    name.iter().map(|name| name.as_str().to_owned()).collect()
}

fn values(rule: &AttributeRule, user: &User, further: FurtherValues<'_>) -> Vec<String> {
    let mut values = match &rule.source {
        AttributeSource::GivenName => name_values(user.names.given()),
        AttributeSource::FamilyName => name_values(user.names.family()),
        AttributeSource::FullName => vec![user.full_name()],
        AttributeSource::Email => vec![user.email.as_str().to_owned()],
        AttributeSource::UserId => vec![user.stable_id.as_str().to_owned()],
        AttributeSource::UserName => user
            .user_name
            .iter()
            .map(|name| name.as_str().to_owned())
            .collect(),
        AttributeSource::Constant(text) => vec![text.clone()],
        AttributeSource::Own(name) => further.own_attributes.get(name).cloned().unwrap_or_default(),
        AttributeSource::Groups(filter) => further
            .groups
            .iter()
            .filter(|name| filter.includes(name))
            .map(|name| name.as_str().to_owned())
            .collect(),
    };
    values.retain(|value| !value.is_empty());
    if rule.lower_case {
        for value in &mut values {
            *value = value.to_lowercase();
        }
    }
    match &rule.join {
        Some(separator) if values.len() > 1 => vec![values.join(separator)],
        Some(_) | None => values,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::{
        attribute::NameFormat,
        id::UserId,
        preset::Preset,
        user::{Email, NameComponents, Preferences, StableId, UserName},
    };

    fn ada() -> User {
        User {
            id: UserId::new(DateTime::UNIX_EPOCH, [1; 10]),
            stable_id: StableId::parse("S-1").unwrap(),
            email: Email::parse("ada@fernweh.example").unwrap(),
            names: names("Ada", "LOVELACE"),
            user_name: None,
            enabled: true,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            external_id: None,
            deleted_at: None,
            role: None,
            preferences: Preferences::default(),
        }
    }

    fn names(given: &str, family: &str) -> NameComponents {
        let name = |text| NameComponent::parse_optional("the name", text).unwrap();
        NameComponents::new(name(given), name(family)).unwrap()
    }

    fn rule(name: &str, source: AttributeSource) -> AttributeRule {
        AttributeRule {
            name: name.to_owned(),
            name_format: NameFormat::Basic,
            friendly_name: None,
            source,
            lower_case: false,
            join: None,
            required: false,
        }
    }

    fn further(own_attributes: &OwnAttributes) -> FurtherValues<'_> {
        FurtherValues {
            own_attributes,
            groups: &[],
        }
    }

    #[test]
    fn groups_are_sent_as_the_filter_says_and_none_is_no_value() {
        let groups = |filter: &str| AttributeSource::parse(filter).unwrap();
        let rules = [
            rule("all", groups("groups")),
            rule("wiki", groups("groups:WIKI-*")),
            rule("chosen", groups("groups:chat,absent")),
            rule("none", groups("groups:absent")),
        ];
        assert!(needs_groups(&rules) && !needs_own_attributes(&rules));
        assert_eq!(
            resolved(&rules, &ada(), &OwnAttributes::new()),
            [
                (
                    "all".to_owned(),
                    vec![
                        "Chat".to_owned(),
                        "wiki-editors".to_owned(),
                        "wiki-readers".to_owned()
                    ]
                ),
                (
                    "wiki".to_owned(),
                    vec!["wiki-editors".to_owned(), "wiki-readers".to_owned()]
                ),
                ("chosen".to_owned(), vec!["Chat".to_owned()]),
            ]
        );
    }

    fn resolved(
        rules: &[AttributeRule],
        user: &User,
        own_attributes: &OwnAttributes,
    ) -> Vec<(String, Vec<String>)> {
        let further = FurtherValues {
            own_attributes,
            groups: &["Chat", "wiki-editors", "wiki-readers"].map(|name| GroupName::parse(name).unwrap()),
        };
        from_user(rules, user, further)
            .unwrap()
            .into_iter()
            .map(|claim| (claim.rule.name.clone(), claim.values))
            .collect()
    }

    #[test]
    fn every_source_is_read() {
        let mut user = ada();
        user.user_name = Some(UserName::parse("ada.l").unwrap());
        let own_attributes =
            OwnAttributes::from([("team".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()])]);
        let mut joined = rule("joined", AttributeSource::Own("team".to_owned()));
        joined.join = Some(";".to_owned());
        let mut low = rule("low", AttributeSource::FamilyName);
        low.lower_case = true;
        let rules = [
            rule("given", AttributeSource::GivenName),
            rule("family", AttributeSource::FamilyName),
            rule("full", AttributeSource::FullName),
            rule("mail", AttributeSource::Email),
            rule("id", AttributeSource::UserId),
            rule("name", AttributeSource::UserName),
            rule("org", AttributeSource::Constant("Fernweh".to_owned())),
            rule("team", AttributeSource::Own("team".to_owned())),
            joined,
            low,
            rule("nothing", AttributeSource::Own("absent".to_owned())),
        ];
        assert!(needs_own_attributes(&rules), "{rules:?}");
        let attribute = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            resolved(&rules, &user, &own_attributes),
            [
                attribute("given", "Ada"),
                attribute("family", "LOVELACE"),
                attribute("full", "Ada LOVELACE"),
                attribute("mail", "ada@fernweh.example"),
                attribute("id", "S-1"),
                attribute("name", "ada.l"),
                attribute("org", "Fernweh"),
                ("team".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()]),
                attribute("joined", "Red;Blue"),
                attribute("low", "lovelace"),
            ]
        );
    }

    #[test]
    fn an_absent_name_is_omitted_and_missing_where_it_is_required() {
        let mut rules = vec![
            rule("given", AttributeSource::GivenName),
            rule("family", AttributeSource::FamilyName),
            rule("full", AttributeSource::FullName),
        ];
        let mut sukarno = ada();
        sukarno.names = names("Sukarno", "");
        let own_attributes = OwnAttributes::new();
        let attribute = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            resolved(&rules, &sukarno, &own_attributes),
            [attribute("given", "Sukarno"), attribute("full", "Sukarno")]
        );
        sukarno.names = names("", "Teller");
        assert_eq!(
            resolved(&rules, &sukarno, &own_attributes),
            [attribute("family", "Teller"), attribute("full", "Teller")]
        );
        for rule in &mut rules {
            rule.required = true;
        }
        assert_eq!(
            from_user(&rules, &sukarno, further(&own_attributes)),
            Err(MissingClaims(vec!["given".to_owned()]))
        );
    }

    #[test]
    fn all_missing_required_claims_are_reported_together() {
        let mut rules = vec![
            rule("a", AttributeSource::UserName),
            rule("b", AttributeSource::Email),
            rule("c", AttributeSource::Own("c".to_owned())),
        ];
        assert_eq!(resolved(&rules, &ada(), &OwnAttributes::new()).len(), 1);
        for rule in &mut rules {
            rule.required = true;
        }
        assert_eq!(
            from_user(&rules, &ada(), further(&OwnAttributes::new())),
            Err(MissingClaims(vec!["a".to_owned(), "c".to_owned()]))
        );
        let empty = OwnAttributes::from([("c".to_owned(), vec![String::new()])]);
        let found = from_user(&rules, &ada(), further(&empty));
        assert!(found.is_err(), "{found:?}");
    }

    #[test]
    fn chatgpt_receives_the_stable_id() {
        let rules = Preset::ChatGpt.attributes();
        assert!(!needs_own_attributes(&rules), "{rules:?}");
        let attributes = resolved(&rules, &ada(), &OwnAttributes::new());
        assert_eq!(attributes.len(), 8);
        assert!(
            attributes.contains(&("id".to_owned(), vec!["S-1".to_owned()])),
            "{attributes:?}"
        );
    }
}
