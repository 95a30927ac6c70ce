//! `saml_attributes`: which attributes of a user a service provider receives.

use std::{collections::BTreeMap, sync::Arc};

use diesel::prelude::*;

use crate::{
    model::{
        attribute::{AttributeRule, AttributeSource, NameFormat},
        group::GroupFilter,
        id::ApplicationId,
    },
    store::{
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        schema::saml_attributes,
        unreadable_values::Reading,
    },
};

impl Tx {
    pub(in crate::store) fn attributes_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<BTreeMap<String, Arc<[AttributeRule]>>, Error> {
        // On the backend's own connection: through diesel's `MultiConnection` each value would be read twice, and these
        // are most of the rows that are read at the start.
        let rows: Vec<Row> = with_backend!(&mut self.0, |c| saml_attributes::table
            .filter(saml_attributes::application_id.between(first, last))
            .order((saml_attributes::application_id, saml_attributes::position))
            .select(Row::as_select())
            .load(c))?;
        let mut found = BTreeMap::new();
        let mut lists = SharedLists::default();
        let mut rows = rows.into_iter().peekable();
        while let Some(id) = rows.peek().map(|row| row.application_id.clone()) {
            let mut rules = Vec::new();
            while let Some(row) = rows.next_if(|row| row.application_id == id) {
                rules.extend(reading.row(row.try_into())?);
            }
            found.insert(id, lists.share(rules.into()));
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
                source_value,
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

/// Lists of rules of which equal ones share their memory.
#[derive(Debug, Default)]
pub(in crate::store) struct SharedLists(Vec<Arc<[AttributeRule]>>);

impl SharedLists {
    /// Of so many lists each is compared with the next one.
    const MAX_LISTS: usize = 32;

    /// `list`, or one that equals it.
    pub(in crate::store) fn share(&mut self, list: Arc<[AttributeRule]>) -> Arc<[AttributeRule]> {
        if let Some(known) = self.0.iter().find(|known| **known == list) {
            return Arc::clone(known);
        }
        if self.0.len() < Self::MAX_LISTS {
            self.0.push(Arc::clone(&list));
        }
        list
    }
}

fn source_to_columns(source: &AttributeSource) -> (&'static str, Option<String>) {
    match source {
        AttributeSource::GivenName => ("given_name", None),
        AttributeSource::FamilyName => ("family_name", None),
        AttributeSource::FullName => ("full_name", None),
        AttributeSource::Email => ("email", None),
        AttributeSource::UserId => ("user_id", None),
        AttributeSource::UserName => ("user_name", None),
        AttributeSource::Constant(value) => ("constant", Some(value.clone())),
        AttributeSource::Own(name) => ("own", Some(name.clone())),
        AttributeSource::Groups(GroupFilter::All) => ("groups", None),
        AttributeSource::Groups(filter) => ("groups", Some(filter.to_string())),
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
        ("groups", None) => AttributeSource::Groups(GroupFilter::All),
        ("groups", Some(filter)) => AttributeSource::Groups(GroupFilter::parse(&filter).ok()?),
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
