//! `saml_attributes`: which attributes of a user a service provider receives.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::{
    model::{
        attribute::{AttributeRule, AttributeSource, NameFormat},
        id::ApplicationId,
    },
    store::{
        connection::Tx,
        error::{Error, RowContext},
        reading::Reading,
        schema::saml_attributes,
    },
};

impl Tx {
    pub(in crate::store) fn attributes_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<BTreeMap<String, Vec<AttributeRule>>, Error> {
        let rows = saml_attributes::table
            .filter(saml_attributes::application_id.between(first, last))
            .order((saml_attributes::application_id, saml_attributes::position))
            .select(Row::as_select())
            .load(&mut self.0)?;
        let mut found: BTreeMap<String, Vec<AttributeRule>> = BTreeMap::new();
        for row in rows {
            let id = row.application_id.clone();
            if let Some(rule) = reading.row(row.try_into())? {
                found.entry(id).or_default().push(rule);
            }
        }
        Ok(found)
    }

    pub(in crate::store) fn add_attributes(
        &mut self,
        application: ApplicationId,
        rules: &[AttributeRule],
    ) -> Result<(), Error> {
        for (position, rule) in (0..).zip(rules) {
            let (source, source_value) = source_to_columns(&rule.source);
            let row = Row {
                application_id: application.to_string(),
                position,
                name: rule.name.clone(),
                name_format: rule.name_format.name().to_owned(),
                friendly_name: rule.friendly_name.clone(),
                source: source.to_owned(),
                source_value: source_value.map(str::to_owned),
                lower_case: rule.lower_case,
                joined_by: rule.join.clone(),
                required: rule.required,
            };
            diesel::insert_into(saml_attributes::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        Ok(())
    }

    pub(in crate::store) fn remove_attributes(&mut self, application: ApplicationId) -> Result<(), Error> {
        diesel::delete(
            saml_attributes::table.filter(saml_attributes::application_id.eq(application.to_string())),
        )
        .execute(&mut self.0)?;
        Ok(())
    }
}

fn source_to_columns(source: &AttributeSource) -> (&'static str, Option<&str>) {
    match source {
        AttributeSource::GivenName => ("given_name", None),
        AttributeSource::FamilyName => ("family_name", None),
        AttributeSource::FullName => ("full_name", None),
        AttributeSource::Email => ("email", None),
        AttributeSource::UserId => ("user_id", None),
        AttributeSource::UserName => ("user_name", None),
        AttributeSource::Constant(value) => ("constant", Some(value)),
        AttributeSource::Own(name) => ("own", Some(name)),
    }
}

fn source_from_columns(text: &str, value: Option<String>) -> Option<AttributeSource> {
    Some(match (text, value) {
        ("given_name", None) => AttributeSource::GivenName,
        ("family_name", None) => AttributeSource::FamilyName,
        ("full_name", None) => AttributeSource::FullName,
        ("email", None) => AttributeSource::Email,
        ("user_id", None) => AttributeSource::UserId,
        ("user_name", None) => AttributeSource::UserName,
        ("constant", Some(value)) => AttributeSource::Constant(value),
        ("own", Some(name)) => AttributeSource::Own(name),
        (_, _) => return None,
    })
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_attributes)]
struct Row {
    application_id: String,
    position: i64,
    name: String,
    name_format: String,
    friendly_name: Option<String>,
    source: String,
    source_value: Option<String>,
    lower_case: bool,
    joined_by: Option<String>,
    required: bool,
}

impl TryFrom<Row> for AttributeRule {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let name = RowContext::new("saml_attributes", &row.application_id);
        Ok(Self {
            name_format: name
                .column("name_format")
                .required(NameFormat::from_name(&row.name_format))?,
            source: name
                .column("source")
                .required(source_from_columns(&row.source, row.source_value))?,
            name: row.name,
            friendly_name: row.friendly_name,
            lower_case: row.lower_case,
            join: row.joined_by,
            required: row.required,
        })
    }
}
