//! Arguments for what a user has besides names and address.

use anyhow::{Result, bail};
use clap::Args;

use crate::model::{
    attribute::AttributeRule,
    language::Language,
    text::single_line,
    user::{ExternalId, OwnAttributes, UserName},
};

/// What a name is called in an error.
pub(super) const FIRST_NAME: &str = "the first name";
pub(super) const LAST_NAME: &str = "the last name";

/// What applications may ask for besides names and address.
#[derive(Args, Debug, Default)]
pub(in crate::cli) struct ProfileArguments {
    /// Their user name, which nobody else has; an empty text removes it
    #[arg(long, value_name = "NAME", aliases = ["user-name", "user_name"])]
    pub(super) username: Option<String>,
    /// What another directory calls them, such as an objectGUID; nobody else has it; an empty text removes it
    #[arg(long, value_name = "ID")]
    pub(super) external_id: Option<String>,
    /// Of mails to them, and of pages where they sign in: en, de, fr, es, ja or ar; an empty text leaves it to their
    /// browser
    #[arg(long, value_name = "LANGUAGE")]
    pub(super) language: Option<String>,
    /// An attribute of their own; repeat it for several values; an empty VALUE removes it
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
}

impl ProfileArguments {
    /// None where the text is empty.
    pub(super) fn user_name(&self) -> Result<Option<UserName>> {
        let text = self.username.as_deref().filter(|text| !text.is_empty());
        Ok(text.map(UserName::parse).transpose()?)
    }

    /// None where the text is empty.
    pub(super) fn external_id(&self) -> Result<Option<ExternalId>> {
        let text = self.external_id.as_deref().filter(|text| !text.is_empty());
        Ok(text.map(ExternalId::parse).transpose()?)
    }

    /// None where the text is empty.
    pub(super) fn language(&self) -> Result<Option<Language>> {
        let text = self.language.as_deref().filter(|text| !text.is_empty());
        Ok(text.map(Language::parse).transpose()?)
    }

    /// Names with their values; an attribute without values is removed.
    pub(super) fn attributes(&self) -> Result<OwnAttributes> {
        let mut found = OwnAttributes::new();
        for argument in &self.attributes {
            let Some((name, value)) = argument.split_once('=') else {
                bail!("`{argument}` is not an attribute: write NAME=VALUE");
            };
            let name = single_line("the attribute's name", name, AttributeRule::MAX_NAME)?;
            let values = found.entry(name.clone()).or_default();
            if !value.is_empty() {
                let value = single_line("the attribute's value", value, AttributeRule::MAX_VALUE)?;
                if values.contains(&value) {
                    bail!("{name} has the value {value} twice");
                }
                values.push(value);
            }
        }
        Ok(found)
    }
}
