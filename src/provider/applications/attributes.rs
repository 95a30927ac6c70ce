//! Which attributes an application receives.

use crate::{
    model::{
        application::{Application, Slug},
        attribute::AttributeRule,
        audit_action::AuditAction,
        preset::Preset,
        use_case::UseCase,
    },
    provider::{
        applications::{bad_application::BadApplication, edit::ApplicationEdit},
        error::Error,
        handle::Applications,
        people::users::ChangeOutcome,
        saml::response_options::ResponseOptionsEdit,
    },
};

/// A change to the attributes that an application receives.
#[derive(Clone, Debug)]
pub enum AttributeEdit {
    /// Adds a rule, or replaces the one of the same name where it stands: service providers see the order.
    Set(AttributeRule),
    /// Removes the rule of this name.
    Remove(String),
    /// Replaces all rules by those of a preset.
    Preset(Preset),
}

impl AttributeEdit {
    /// `rules` after the change, or the name of the rule that is not there to be removed.
    fn apply(self, rules: &[AttributeRule]) -> Result<Vec<AttributeRule>, String> {
        let mut rules = rules.to_vec();
        match self {
            Self::Set(rule) => match rules.iter_mut().find(|known| known.name == rule.name) {
                Some(known) => *known = rule,
                None => rules.push(rule),
            },
            Self::Remove(name) => {
                let Some(position) = rules.iter().position(|rule| rule.name == name) else {
                    return Err(name);
                };
                rules.remove(position);
            }
            Self::Preset(preset) => rules = preset.attributes(),
        }
        Ok(rules)
    }
}

impl Applications<'_> {
    /// Changes what the application `slug` receives from the next sign-in on.
    pub fn edit_attributes(
        &self,
        slug: &Slug,
        edit: AttributeEdit,
    ) -> Result<Result<ChangeOutcome<Application>, BadApplication>, Error> {
        self.may(UseCase::Change(AuditAction::ApplicationEdit))?;
        let Some(found) = self.store().read(|tx| tx.application_by_slug(slug))? else {
            return Ok(Ok(ChangeOutcome::Unknown));
        };
        let rules = match edit.apply(found.attributes()) {
            Ok(rules) => rules,
            Err(attribute) => {
                return Ok(Err(BadApplication::AttributeNotReceived {
                    slug: slug.clone(),
                    attribute,
                }));
            }
        };
        let edit = ApplicationEdit {
            response_options: ResponseOptionsEdit {
                attributes: Some(rules),
                ..ResponseOptionsEdit::default()
            },
            ..ApplicationEdit::default()
        };
        self.edit_following(&found, edit, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::attribute::{AttributeSource, default_rules};

    #[test]
    fn a_rule_keeps_its_place_when_it_is_replaced() {
        let rules = default_rules();
        let mut changed = rules[0].clone();
        changed.source = AttributeSource::UserName;
        let after = AttributeEdit::Set(changed.clone()).apply(&rules).unwrap();
        assert_eq!(after[0], changed);
        assert_eq!(after[1..], rules[1..]);
    }

    #[test]
    fn a_new_rule_comes_last_and_an_unknown_one_is_not_removed() {
        let rules = default_rules();
        let mut new = rules[0].clone();
        new.name = "new".to_owned();
        let after = AttributeEdit::Set(new.clone()).apply(&rules).unwrap();
        assert_eq!(after.split_last(), Some((&new, rules.as_slice())));
        assert_eq!(
            AttributeEdit::Remove(new.name.clone()).apply(&after),
            Ok(rules.clone())
        );
        assert_eq!(
            AttributeEdit::Remove(new.name.clone()).apply(&rules),
            Err(new.name)
        );
    }
}
