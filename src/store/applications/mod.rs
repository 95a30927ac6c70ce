//! `applications` and what they speak: `saml_service_providers` and `saml_consumers` here; the other child tables have
//! their own files.

pub(in crate::store) mod application_drafts;
mod edit;
mod rows;

use std::{collections::BTreeMap, sync::Arc};

use diesel::prelude::*;

use crate::{
    model::{
        application::{Application, AssertionConsumerService, Protocol, Slug},
        id::ApplicationId,
        unreadable::{UnreadableKind, UnreadableRow},
    },
    store::{
        applications::rows::{AcsRow, Children, Row, SamlRow, application, service_provider},
        connection::{Tx, with_backend},
        error::{Error, RowContext},
        oidc::clients::ClientRow,
        saml::saml_attributes::SharedLists,
        schema::{applications, oidc_clients, saml_consumers, saml_service_providers},
        unreadable_values::Reading,
    },
};

/// How many applications are read at a time: the memory for their rows is freed before the next ones are read.
const PAGE: usize = 250;

impl Tx {
    pub fn application(&mut self, id: ApplicationId) -> Result<Option<Application>, Error> {
        let id = id.to_string();
        let found = self.applications_between(&id, &id, &mut Reading::Strict)?;
        Ok(found.into_iter().next())
    }

    /// The application `id`; `None` also if it cannot be read.
    pub fn readable_application(&mut self, id: ApplicationId) -> Result<Option<Application>, Error> {
        match self.application(id) {
            Err(error) if error.is_unreadable() => Ok(None),
            found => found,
        }
    }

    pub fn application_by_slug(&mut self, slug: &Slug) -> Result<Option<Application>, Error> {
        self.repeatable_read(|tx| {
            let Some(id) = tx.application_named(slug.as_str())? else {
                return Ok(None);
            };
            let found = tx.applications_between(&id, &id, &mut Reading::Strict)?;
            // Without a row for a protocol it uses one that this version does not know.
            let found = RowContext::new("applications", &id).required(found.into_iter().next())?;
            Ok(Some(found))
        })
    }

    /// Other applications with the same entity ID, by name.
    pub fn applications_with_same_entity_id(
        &mut self,
        application: &Application,
    ) -> Result<Vec<Application>, Error> {
        let Some(entity_id) = application.entity_id() else {
            return Ok(Vec::new());
        };
        self.repeatable_read(|tx| {
            let ids = saml_service_providers::table
                .filter(saml_service_providers::entity_id.eq(entity_id.as_str()))
                .filter(saml_service_providers::application_id.ne(application.id.to_string()))
                .order(saml_service_providers::application_id)
                .select(saml_service_providers::application_id)
                .load::<String>(&mut tx.0)?;
            let mut found = Vec::new();
            tx.each_application(&ids, &mut |application| found.push(application))?;
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(found)
        })
    }

    /// Every application that can be read, ordered by name.
    pub fn applications(&mut self) -> Result<Vec<Application>, Error> {
        self.repeatable_read(|tx| {
            let ids = tx.application_ids()?;
            let mut found = Vec::new();
            tx.each_application(&ids, &mut |application| found.push(application))?;
            found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
            Ok(found)
        })
    }

    /// The row ID of the application with the slug or ID `handle`, whether or not it can be read.
    pub fn application_named(&mut self, handle: &str) -> Result<Option<String>, Error> {
        Ok(applications::table
            .filter(applications::slug.eq(handle).or(applications::id.eq(handle)))
            .select(applications::id)
            .first(&mut self.0)
            .optional()?)
    }

    /// The application with this row ID, with defaults in place of what cannot be read, and the columns that cannot.
    /// `None` if there is none, or if it uses a protocol that this version does not know; an error if its ID, slug or
    /// entity ID cannot be read.
    pub fn salvage_application(&mut self, id: &str) -> Result<Option<(Application, Vec<String>)>, Error> {
        self.repeatable_read(|tx| {
            let mut reading = Reading::Lenient(Vec::new());
            let found = tx.applications_between(id, id, &mut reading)?;
            let lost = match reading {
                Reading::Strict => Vec::new(),
                Reading::Lenient(lost) => lost,
            };
            Ok(found.into_iter().next().map(|application| (application, lost)))
        })
    }

    pub fn has_applications(&mut self) -> Result<bool, Error> {
        Ok(
            diesel::select(diesel::dsl::exists(applications::table.select(applications::id)))
                .get_result(&mut self.0)?,
        )
    }

    pub(in crate::store) fn application_ids(&mut self) -> Result<Vec<String>, Error> {
        Ok(applications::table
            .order(applications::id)
            .select(applications::id)
            .load(&mut self.0)?)
    }

    /// Passes each application of `ids` that can be read to `each`, and returns the others. `ids` are all applications,
    /// or at most [`PAGE`] of them in any order. Must be called within one transaction with one state of the database.
    pub(in crate::store) fn each_application(
        &mut self,
        ids: &[String],
        each: &mut dyn FnMut(Application),
    ) -> Result<Vec<UnreadableRow>, Error> {
        let mut unreadable = Vec::new();
        let mut lists = SharedLists::default();
        let each = &mut |mut application: Application| {
            let attributes = match &mut application.protocol {
                Protocol::Saml(sp) => &mut sp.attributes,
                Protocol::Oidc(client) => &mut client.attributes,
            };
            *attributes = lists.share(Arc::clone(attributes));
            each(application);
        };
        let is_all = ids.len() > PAGE;
        for page in ids.chunks(if is_all { PAGE } else { 1 }) {
            self.page(page, each, &mut unreadable)?;
        }
        Ok(unreadable)
    }

    /// Reads the applications `ids`, between which the table has no others. If one cannot be read, halves `ids` until
    /// it is found.
    fn page(
        &mut self,
        ids: &[String],
        each: &mut dyn FnMut(Application),
        unreadable: &mut Vec<UnreadableRow>,
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Ok(());
        };
        let cause = match self.applications_between(first, last, &mut Reading::Strict) {
            Ok(found) if found.len() >= ids.len() => {
                found.into_iter().for_each(each);
                return Ok(());
            }
            Ok(_less) => "applications: it speaks no protocol that this version knows".to_owned(),
            Err(error) if error.is_unreadable() => error.to_string(),
            Err(error) => return Err(error),
        };
        if ids.len() > 1 {
            let (left, right) = ids.split_at(ids.len() / 2);
            self.page(left, each, unreadable)?;
            return self.page(right, each, unreadable);
        }
        let names = applications::table
            .find(first)
            .select(NameRow::as_select())
            .first(&mut self.0)
            .optional();
        let (slug, name) = match names {
            // The application was removed.
            Ok(None) => return Ok(()),
            Ok(Some(row)) => (Some(row.slug), Some(row.name)),
            Err(_unreadable) => (None, None),
        };
        unreadable.push(UnreadableRow {
            kind: UnreadableKind::Application,
            id: first.clone(),
            slug,
            name,
            cause,
        });
        Ok(())
    }

    /// The applications from the ID `first` to the ID `last`, with their child rows, read from one state of the
    /// database: six queries at most for any number of applications.
    fn applications_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<Vec<Application>, Error> {
        self.repeatable_read(|tx| {
            // Each of these on the backend's own connection: through diesel's `MultiConnection` each value would be read
            // twice.
            let rows: Vec<(Row, Option<SamlRow>, Option<ClientRow>)> =
                with_backend!(&mut tx.0, |c| applications::table
                    .left_join(saml_service_providers::table)
                    .left_join(oidc_clients::table)
                    .filter(applications::id.between(first, last))
                    .filter(
                        saml_service_providers::application_id
                            .is_not_null()
                            .or(oidc_clients::application_id.is_not_null())
                    )
                    .select((
                        Row::as_select(),
                        Option::<SamlRow>::as_select(),
                        Option::<ClientRow>::as_select()
                    ))
                    .load(c))?;
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            let mut redirect_uris = if rows.iter().any(|(_, _, client)| client.is_some()) {
                tx.redirect_uris_between(first, last, reading)?
            } else {
                BTreeMap::new()
            };
            let mut acs_endpoints = tx.acs_endpoints_between(first, last, reading)?;
            let mut certificates = tx.certificates_between(first, last, reading)?;
            let mut attributes = tx.attributes_between(first, last, reading)?;
            let ends = tx.metadata_expiries(first, last)?;
            rows.into_iter()
                .map(|(row, saml, client)| {
                    let attributes = attributes.remove(&row.id).unwrap_or_default();
                    let protocol = match (saml, client) {
                        (Some(saml), _) => {
                            let own = Children {
                                acs_endpoints: acs_endpoints.remove(&row.id).unwrap_or_default(),
                                certificates: certificates.remove(&row.id).unwrap_or_default(),
                                attributes,
                                metadata_valid_until: ends.get(&row.id).copied(),
                            };
                            service_provider(saml, own, reading)?.into()
                        }
                        (None, Some(client)) => {
                            let uris = redirect_uris.remove(&row.id).unwrap_or_default();
                            client.client(uris, attributes, reading)?.into()
                        }
                        (None, None) => return RowContext::new("applications", &row.id).required(None),
                    };
                    application(row, protocol, reading)
                })
                .collect()
        })
    }

    fn acs_endpoints_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<BTreeMap<String, Vec<AssertionConsumerService>>, Error> {
        let rows: Vec<AcsRow> = with_backend!(&mut self.0, |c| saml_consumers::table
            .filter(saml_consumers::application_id.between(first, last))
            .order((saml_consumers::application_id, saml_consumers::position))
            .select(AcsRow::as_select())
            .load(c))?;
        let mut found: BTreeMap<String, Vec<AssertionConsumerService>> = BTreeMap::new();
        for row in rows {
            let id = row.application_id.clone();
            if let Some(endpoint) = reading.row(row.try_into())? {
                found.entry(id).or_default().push(endpoint);
            }
        }
        Ok(found)
    }
}

/// What is shown of an application that cannot be read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
struct NameRow {
    slug: String,
    name: String,
}
