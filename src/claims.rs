//! What a person's account says of them to an application, whatever the protocol.

use crate::model::{
    attribute::{AttributeRule, Source},
    user::{OwnAttributes, PersonName, User},
};

/// What one rule says of a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim<'r> {
    /// The rule.
    pub rule: &'r AttributeRule,
    /// One or more.
    pub values: Vec<String>,
}

/// The person has nothing to say under names that must be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Missing(pub Vec<String>);

/// Whether `rules` ask for more than stands in a person's own row.
pub fn need_own_attributes(rules: &[AttributeRule]) -> bool {
    rules.iter().any(|rule| matches!(rule.source, Source::Own(_)))
}

/// What `rules` say of a person, in their order; a rule without a value is left out, unless it is required.
pub fn of<'r>(
    rules: &'r [AttributeRule],
    user: &User,
    own: &OwnAttributes,
) -> Result<Vec<Claim<'r>>, Missing> {
    let (mut claims, mut missing) = (Vec::with_capacity(rules.len()), Vec::new());
    for rule in rules {
        let values = values(rule, user, own);
        if !values.is_empty() {
            claims.push(Claim { rule, values });
        } else if rule.required {
            missing.push(rule.name.clone());
        }
    }
    if missing.is_empty() {
        Ok(claims)
    } else {
        Err(Missing(missing))
    }
}

/// A name that a person lacks has no value: an empty one would say that they have it.
fn name(name: Option<&PersonName>) -> Vec<String> {
    name.iter().map(|name| name.as_str().to_owned()).collect()
}

fn values(rule: &AttributeRule, user: &User, own: &OwnAttributes) -> Vec<String> {
    let mut values = match &rule.source {
        Source::GivenName => name(user.names.given()),
        Source::FamilyName => name(user.names.family()),
        Source::FullName => vec![user.full_name()],
        Source::Email => vec![user.email.as_str().to_owned()],
        Source::UserId => vec![user.stable_id.as_str().to_owned()],
        Source::UserName => user
            .user_name
            .iter()
            .map(|name| name.as_str().to_owned())
            .collect(),
        Source::Constant(text) => vec![text.clone()],
        Source::Own(name) => own.get(name).cloned().unwrap_or_default(),
    };
    values.retain(|value| !value.is_empty());
    if rule.lower_case {
        for value in &mut values {
            *value = value.to_lowercase();
        }
    }
    match &rule.join {
        Some(between) if values.len() > 1 => vec![values.join(between)],
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
        user::{Email, PersonNames, StableId, UserName},
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
            deleted_at: None,
        }
    }

    fn names(given: &str, family: &str) -> PersonNames {
        let name = |text| PersonName::parse_optional("the name", text).unwrap();
        PersonNames::new(name(given), name(family)).unwrap()
    }

    fn rule(name: &str, source: Source) -> AttributeRule {
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

    fn told(rules: &[AttributeRule], user: &User, own: &OwnAttributes) -> Vec<(String, Vec<String>)> {
        of(rules, user, own)
            .unwrap()
            .into_iter()
            .map(|claim| (claim.rule.name.clone(), claim.values))
            .collect()
    }

    #[test]
    fn every_source_is_read() {
        let mut user = ada();
        user.user_name = Some(UserName::parse("ada.l").unwrap());
        let own = OwnAttributes::from([("team".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()])]);
        let mut joined = rule("joined", Source::Own("team".to_owned()));
        joined.join = Some(";".to_owned());
        let mut low = rule("low", Source::FamilyName);
        low.lower_case = true;
        let rules = [
            rule("given", Source::GivenName),
            rule("family", Source::FamilyName),
            rule("full", Source::FullName),
            rule("mail", Source::Email),
            rule("id", Source::UserId),
            rule("name", Source::UserName),
            rule("org", Source::Constant("Fernweh".to_owned())),
            rule("team", Source::Own("team".to_owned())),
            joined,
            low,
            rule("nothing", Source::Own("absent".to_owned())),
        ];
        assert!(need_own_attributes(&rules));
        let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            told(&rules, &user, &own),
            [
                one("given", "Ada"),
                one("family", "LOVELACE"),
                one("full", "Ada LOVELACE"),
                one("mail", "ada@fernweh.example"),
                one("id", "S-1"),
                one("name", "ada.l"),
                one("org", "Fernweh"),
                ("team".to_owned(), vec!["Red".to_owned(), "Blue".to_owned()]),
                one("joined", "Red;Blue"),
                one("low", "lovelace"),
            ]
        );
    }

    #[test]
    fn a_name_that_a_person_lacks_is_left_out_and_missing_where_it_is_required() {
        let mut rules = vec![
            rule("given", Source::GivenName),
            rule("family", Source::FamilyName),
            rule("full", Source::FullName),
        ];
        let mut sukarno = ada();
        sukarno.names = names("Sukarno", "");
        let own = OwnAttributes::new();
        let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            told(&rules, &sukarno, &own),
            [one("given", "Sukarno"), one("full", "Sukarno")]
        );
        sukarno.names = names("", "Teller");
        assert_eq!(
            told(&rules, &sukarno, &own),
            [one("family", "Teller"), one("full", "Teller")]
        );
        for rule in &mut rules {
            rule.required = true;
        }
        assert_eq!(of(&rules, &sukarno, &own), Err(Missing(vec!["given".to_owned()])));
    }

    #[test]
    fn what_is_required_and_missing_is_named_all_at_once() {
        let mut rules = vec![
            rule("a", Source::UserName),
            rule("b", Source::Email),
            rule("c", Source::Own("c".to_owned())),
        ];
        assert_eq!(told(&rules, &ada(), &OwnAttributes::new()).len(), 1);
        for rule in &mut rules {
            rule.required = true;
        }
        assert_eq!(
            of(&rules, &ada(), &OwnAttributes::new()),
            Err(Missing(vec!["a".to_owned(), "c".to_owned()]))
        );
        let empty = OwnAttributes::from([("c".to_owned(), vec![String::new()])]);
        assert!(of(&rules, &ada(), &empty).is_err());
    }

    #[test]
    fn chatgpt_learns_the_id_that_never_changes() {
        let rules = Preset::ChatGpt.attributes();
        assert!(!need_own_attributes(&rules));
        let told = told(&rules, &ada(), &OwnAttributes::new());
        assert_eq!(told.len(), 8);
        assert!(told.contains(&("id".to_owned(), vec!["S-1".to_owned()])));
    }
}
