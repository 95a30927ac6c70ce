//! The attributes that an application receives.

use serde::Serialize;

use crate::model::attribute::AttributeRule;

/// An attribute, as `app attribute list` and `app show` print it.
#[derive(Debug, Serialize)]
pub struct AttributeOutput {
    pub name: String,
    pub name_format: &'static str,
    pub friendly_name: Option<String>,
    pub source: String,
    pub lower_case: bool,
    pub join: Option<String>,
    pub required: bool,
}

impl From<&AttributeRule> for AttributeOutput {
    fn from(rule: &AttributeRule) -> Self {
        Self {
            name: rule.name.clone(),
            name_format: rule.name_format.name(),
            friendly_name: rule.friendly_name.clone(),
            source: rule.source.to_string(),
            lower_case: rule.lower_case,
            join: rule.join.clone(),
            required: rule.required,
        }
    }
}
