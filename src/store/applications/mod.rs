//! `applications` and their SAML settings: `saml_service_providers` and `saml_consumers`. The other child tables have
//! their own files.

pub(in crate::store) mod application_drafts;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        application::{
            Application, ApplicationKind, AssertionConsumerService, Binding, EntityId, LogoutEndpoint,
            Protocol, ServiceProvider, Slug, SpUrl,
        },
        attribute::AttributeRule,
        id::ApplicationId,
        name_id::NameIdFormat,
        response_options::{ContentCipher, ResponseOptions, SignatureAlgorithm, SignedParts},
        unreadable::{UnreadableKind, UnreadableRow},
    },
    store::{
        configuration_changes::ConfigTx,
        connection::{EditOutcome, Tx, with_backend},
        error::{Error, RowContext},
        reading::Reading,
        saml::{
            saml_attributes::SharedLists,
            saml_certificates::{Certificates, Purpose},
        },
        schema::{applications, saml_consumers, saml_service_providers},
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
            // Without a row in `saml_service_providers` it uses a protocol that this version does not know.
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
            if let Some(sp) = application.saml_mut() {
                sp.attributes = lists.share(Arc::clone(&sp.attributes));
            }
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
    /// database: five queries for any number of applications.
    fn applications_between(
        &mut self,
        first: &str,
        last: &str,
        reading: &mut Reading,
    ) -> Result<Vec<Application>, Error> {
        self.repeatable_read(|tx| {
            // Each of these on the backend's own connection: through diesel's `MultiConnection` each value would be read
            // twice.
            let rows: Vec<(Row, SamlRow)> = with_backend!(&mut tx.0, |c| with_service_provider()
                .filter(applications::id.between(first, last))
                .select((Row::as_select(), SamlRow::as_select()))
                .load(c))?;
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            let mut acs_endpoints = tx.acs_endpoints_between(first, last, reading)?;
            let mut certificates = tx.certificates_between(first, last, reading)?;
            let mut attributes = tx.attributes_between(first, last, reading)?;
            let ends = tx.metadata_expiries(first, last)?;
            rows.into_iter()
                .map(|(row, saml)| {
                    let own = Children {
                        acs_endpoints: acs_endpoints.remove(&row.id).unwrap_or_default(),
                        certificates: certificates.remove(&row.id).unwrap_or_default(),
                        attributes: attributes.remove(&row.id).unwrap_or_default(),
                        metadata_valid_until: ends.get(&row.id).copied(),
                    };
                    application(row, saml, own, reading)
                })
                .collect()
        })
    }

    fn add_children(&mut self, id: ApplicationId, saml: &ServiceProvider) -> Result<(), Error> {
        for (position, endpoint) in (0..).zip(&saml.acs_endpoints) {
            let row = AcsRow {
                application_id: id.to_string(),
                position,
                location: endpoint.location.as_str().to_owned(),
                idx: endpoint.index.map(i64::from),
            };
            diesel::insert_into(saml_consumers::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        let signing = saml
            .signing_certificates
            .iter()
            .map(|certificate| (Purpose::Signing, certificate));
        let encryption = saml
            .encryption_certificates
            .iter()
            .map(|certificate| (Purpose::Encryption, certificate));
        self.add_certificates(id, signing.chain(encryption))?;
        self.add_attributes(id, &saml.attributes)
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

impl ConfigTx<'_> {
    /// Registers an application; returns `false` if its slug is taken. A draft with this slug is removed; its metadata
    /// address and key adoptions carry over to the application.
    pub fn add_application(&mut self, application: &Application) -> Result<bool, Error> {
        let saml = storable(application)?;
        let row = Row::from(application);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(applications::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 0 {
            return Ok(false);
        }
        diesel::insert_into(saml_service_providers::table)
            .values(SamlRow::new(application.id, saml))
            .execute(&mut self.0)?;
        self.changed_application(application.id);
        self.add_children(application.id, saml)?;
        self.remove_application_draft(&application.slug)?;
        self.add_metadata_address(&application.slug)?;
        Ok(true)
    }

    /// Writes `application` if its stored version is still the one that was read, and increments the version. The slug
    /// and the creation time do not change.
    pub fn edit_application(&mut self, application: &Application) -> Result<EditOutcome, Error> {
        let saml = storable(application)?;
        let id = application.id.to_string();
        let unchanged = applications::table
            .find(&id)
            .filter(applications::version.eq(application.version));
        let row = Row::from(application);
        let rows = diesel::update(unchanged)
            .set((
                applications::name.eq(row.name),
                applications::kind.eq(row.kind),
                applications::enabled.eq(row.enabled),
                applications::tile_url.eq(row.tile_url),
                applications::updated_at.eq(row.updated_at),
                applications::version.eq(applications::version + 1),
            ))
            .execute(&mut self.0)?;
        if rows == 0 {
            return Ok(EditOutcome::Stale);
        }
        self.changed_application(application.id);
        diesel::update(saml_service_providers::table.find(&id))
            .set(SamlRow::new(application.id, saml))
            .execute(&mut self.0)?;
        diesel::delete(saml_consumers::table.filter(saml_consumers::application_id.eq(&id)))
            .execute(&mut self.0)?;
        self.remove_certificates(application.id)?;
        self.remove_attributes(application.id)?;
        self.add_children(application.id, saml)?;
        Ok(EditOutcome::Done)
    }

    /// Removes an application and all records of sign-ins to it; returns `false` if there is none.
    pub fn remove_application(&mut self, id: ApplicationId) -> Result<bool, Error> {
        self.remove_application_row(&id.to_string())
    }

    /// Like [`remove_application`](Self::remove_application), for an application that cannot be read.
    pub fn remove_application_row(&mut self, id: &str) -> Result<bool, Error> {
        let slug = applications::table
            .find(id)
            .select(applications::slug)
            .first::<String>(&mut self.0)
            .optional()?;
        let Some(slug) = slug else { return Ok(false) };
        self.remove_metadata_address(&slug)?;
        self.changed_applications([id.to_owned()]);
        Ok(diesel::delete(applications::table.find(id)).execute(&mut self.0)? == 1)
    }
}

#[diesel::dsl::auto_type]
fn with_service_provider() -> _ {
    applications::table.inner_join(saml_service_providers::table)
}

/// What is shown of an application that cannot be read.
#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
struct NameRow {
    slug: String,
    name: String,
}

/// What the tables have room for: only SAML yet.
fn storable(application: &Application) -> Result<&ServiceProvider, Error> {
    match &application.protocol {
        Protocol::Saml(sp) => Ok(sp),
        Protocol::Oidc(_) => Err(Error::UnstorableProtocol(application.protocol.name())),
    }
}

const fn kind_name(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::ChatGptLegacy => "chatgpt_legacy",
        ApplicationKind::ChatGptCurrent => "chatgpt_current",
        ApplicationKind::Other => "saml",
    }
}

fn kind_from_name(text: &str) -> Option<ApplicationKind> {
    [
        ApplicationKind::ChatGptLegacy,
        ApplicationKind::ChatGptCurrent,
        ApplicationKind::Other,
    ]
    .into_iter()
    .find(|kind| kind_name(*kind) == text)
}

fn application(
    row: Row,
    saml: SamlRow,
    children: Children,
    reading: &mut Reading,
) -> Result<Application, Error> {
    let name = RowContext::new("applications", &row.id);
    let saml_name = RowContext::new("saml_service_providers", &row.id);
    let mut url = |name: &RowContext, column, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => {
            let url = SpUrl::parse(&text).ok().map(Some);
            reading.value(&name.column(column), url, || None)
        }
    };
    let tile_url = url(&name, "tile_url", row.tile_url)?;
    let location = url(&saml_name, "slo_location", saml.slo_location)?;
    let response_location = url(&saml_name, "slo_response_location", saml.slo_response_location)?;
    let logout = match location {
        None => None,
        Some(location) => {
            let binding = saml.slo_binding.as_deref().and_then(Binding::from_name);
            let endpoint = binding.map(|binding| LogoutEndpoint {
                binding,
                location,
                response_location,
            });
            reading.value(&saml_name.column("slo_binding"), endpoint.map(Some), || None)?
        }
    };
    let response_options = ResponseOptions {
        signed_parts: reading.value(
            &saml_name.column("signs"),
            SignedParts::from_name(&saml.signs),
            || ResponseOptions::default().signed_parts,
        )?,
        signature_algorithm: reading.value(
            &saml_name.column("signature_algorithm"),
            SignatureAlgorithm::from_name(&saml.signature_algorithm),
            || ResponseOptions::default().signature_algorithm,
        )?,
        encryption: match saml.encryption.as_deref() {
            None => None,
            Some(name) => reading.value(
                &saml_name.column("encryption"),
                ContentCipher::from_name(name).map(Some),
                || None,
            )?,
        },
    };
    let entity_id = saml_name
        .column("entity_id")
        .valid(EntityId::parse(&saml.entity_id))?;
    let audience = EntityId::parse(&saml.audience).ok();
    let audience = reading.value(&saml_name.column("audience"), audience, || entity_id.clone())?;
    let name_id_format = reading.value(
        &saml_name.column("name_id_format"),
        NameIdFormat::from_name(&saml.name_id_format),
        || NameIdFormat::EmailAddress,
    )?;
    Ok(Application {
        id: name.column("id").valid(row.id.parse())?,
        slug: name.column("slug").valid(Slug::parse(&row.slug))?,
        kind: reading.value(&name.column("kind"), kind_from_name(&row.kind), || {
            ApplicationKind::Other
        })?,
        tile_url,
        protocol: Protocol::from(ServiceProvider {
            entity_id,
            audience,
            acs_endpoints: children.acs_endpoints,
            logout,
            signing_certificates: children.certificates.signing,
            require_signed_requests: saml.require_signed_requests,
            allow_idp_initiated: saml.allow_idp_initiated,
            default_relay_state: saml.default_relay_state,
            name_id_format,
            response_options,
            encryption_certificates: children.certificates.encryption,
            attributes: children.attributes,
            metadata_valid_until: children.metadata_valid_until,
        }),
        name: row.name,
        enabled: row.enabled,
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
    })
}

struct Children {
    acs_endpoints: Vec<AssertionConsumerService>,
    certificates: Certificates,
    attributes: Arc<[AttributeRule]>,
    metadata_valid_until: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = applications)]
struct Row {
    id: String,
    slug: String,
    name: String,
    kind: String,
    enabled: bool,
    tile_url: Option<String>,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
}

impl From<&Application> for Row {
    fn from(application: &Application) -> Self {
        Self {
            id: application.id.to_string(),
            slug: application.slug.as_str().to_owned(),
            name: application.name.clone(),
            kind: kind_name(application.kind).to_owned(),
            enabled: application.enabled,
            tile_url: application.tile_url.as_ref().map(|url| url.as_str().to_owned()),
            version: application.version,
            created_at: application.created_at.naive_utc(),
            updated_at: application.updated_at.naive_utc(),
        }
    }
}

#[derive(AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_service_providers, primary_key(application_id), treat_none_as_null = true)]
struct SamlRow {
    application_id: String,
    entity_id: String,
    audience: String,
    slo_location: Option<String>,
    slo_response_location: Option<String>,
    require_signed_requests: bool,
    allow_idp_initiated: bool,
    slo_binding: Option<String>,
    name_id_format: String,
    default_relay_state: Option<String>,
    signs: String,
    signature_algorithm: String,
    encryption: Option<String>,
}

impl SamlRow {
    fn new(id: ApplicationId, saml: &ServiceProvider) -> Self {
        let logout = saml.logout.as_ref();
        let response_location = logout.and_then(|logout| logout.response_location.as_ref());
        Self {
            application_id: id.to_string(),
            entity_id: saml.entity_id.as_str().to_owned(),
            audience: saml.audience.as_str().to_owned(),
            slo_location: logout.map(|logout| logout.location.as_str().to_owned()),
            slo_response_location: response_location.map(|location| location.as_str().to_owned()),
            require_signed_requests: saml.require_signed_requests,
            allow_idp_initiated: saml.allow_idp_initiated,
            slo_binding: logout.map(|logout| logout.binding.name().to_owned()),
            name_id_format: saml.name_id_format.name().to_owned(),
            default_relay_state: saml.default_relay_state.clone(),
            signs: saml.response_options.signed_parts.name().to_owned(),
            signature_algorithm: saml.response_options.signature_algorithm.name().to_owned(),
            encryption: saml
                .response_options
                .encryption
                .map(|cipher| cipher.name().to_owned()),
        }
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_consumers)]
struct AcsRow {
    application_id: String,
    position: i64,
    location: String,
    idx: Option<i64>,
}

impl TryFrom<AcsRow> for AssertionConsumerService {
    type Error = Error;

    fn try_from(row: AcsRow) -> Result<Self, Error> {
        let name = RowContext::new("saml_consumers", &row.application_id);
        Ok(Self {
            location: name.column("location").valid(SpUrl::parse(&row.location))?,
            index: match row.idx {
                None => None,
                Some(index) => Some(name.column("idx").valid(u16::try_from(index))?),
            },
        })
    }
}
