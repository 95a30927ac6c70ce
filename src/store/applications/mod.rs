//! `applications` and their SAML settings: `saml_service_providers` and `saml_consumers`. The other
//! child tables have their own files.

pub(in crate::store) mod application_drafts;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        application::{
            Application, ApplicationKind, AssertionConsumerService, Binding, EntityId, LogoutEndpoint,
            ServiceProvider, Slug, SpUrl,
        },
        attribute::AttributeRule,
        id::ApplicationId,
        name_id::NameIdFormat,
        response_options::{ContentCipher, ResponseOptions, SignatureAlgorithm, SignedParts},
    },
    store::{
        connection::{AnyConnection, EditOutcome, Tx, with_backend},
        error::{Error, RowContext},
        saml::saml_certificates::{Certificates, Purpose},
        schema::{applications, saml_consumers, saml_service_providers},
    },
};

impl Tx {
    /// Registers an application; returns `false` if its slug is taken. A draft with this slug is
    /// removed; its metadata address and key adoptions carry over to the application.
    pub fn add_application(&mut self, application: &Application) -> Result<bool, Error> {
        let row = Row::from(application);
        let rows = with_backend!(&mut self.0, |c| diesel::insert_into(applications::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        if rows == 0 {
            return Ok(false);
        }
        diesel::insert_into(saml_service_providers::table)
            .values(SamlRow::from(application))
            .execute(&mut self.0)?;
        self.add_children(application)?;
        self.remove_application_draft(&application.slug)?;
        self.add_metadata_address(&application.slug)?;
        Ok(true)
    }

    pub fn application(&mut self, id: ApplicationId) -> Result<Option<Application>, Error> {
        let id = id.to_string();
        let found =
            self.applications_of(|c| with_service_provider().filter(applications::id.eq(id)).load(c))?;
        Ok(found.into_iter().next())
    }

    pub fn application_by_slug(&mut self, slug: &Slug) -> Result<Option<Application>, Error> {
        let found = self.applications_of(|c| {
            with_service_provider()
                .filter(applications::slug.eq(slug.as_str()))
                .load(c)
        })?;
        Ok(found.into_iter().next())
    }

    /// Every application, ordered by name.
    pub fn applications(&mut self) -> Result<Vec<Application>, Error> {
        self.applications_of(|c| {
            with_service_provider()
                .order((applications::name, applications::id))
                .load(c)
        })
    }

    /// Writes `application` if its stored version is still the one that was read, and increments
    /// the version. The slug and the creation time do not change.
    pub fn edit_application(&mut self, application: &Application) -> Result<EditOutcome, Error> {
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
        diesel::update(saml_service_providers::table.find(&id))
            .set(SamlRow::from(application))
            .execute(&mut self.0)?;
        diesel::delete(saml_consumers::table.filter(saml_consumers::application_id.eq(&id)))
            .execute(&mut self.0)?;
        self.remove_certificates(application.id)?;
        self.remove_attributes(application.id)?;
        self.add_children(application)?;
        Ok(EditOutcome::Done)
    }

    /// Removes an application and all records of sign-ins to it; returns `false` if there is none.
    pub fn remove_application(&mut self, id: ApplicationId) -> Result<bool, Error> {
        let slug = applications::table
            .find(id.to_string())
            .select(applications::slug)
            .first::<String>(&mut self.0)
            .optional()?;
        let Some(slug) = slug else { return Ok(false) };
        let slug = RowContext::new("applications", &slug).valid(Slug::parse(&slug))?;
        self.remove_metadata_address(&slug)?;
        Ok(diesel::delete(applications::table.find(id.to_string())).execute(&mut self.0)? == 1)
    }

    pub fn has_applications(&mut self) -> Result<bool, Error> {
        Ok(
            diesel::select(diesel::dsl::exists(applications::table.select(applications::id)))
                .get_result(&mut self.0)?,
        )
    }

    /// The applications that `load` returns, with their child rows, read from one snapshot. The
    /// number of queries does not depend on the number of applications.
    fn applications_of(
        &mut self,
        load: impl FnOnce(&mut AnyConnection) -> QueryResult<Vec<(Row, SamlRow)>>,
    ) -> Result<Vec<Application>, Error> {
        self.repeatable_read(|tx| {
            let rows = load(&mut tx.0)?;
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            // A few are selected by id, many by reading the whole table: a statement has a limit on
            // bound parameters.
            let ids: Option<Vec<&str>> =
                (rows.len() <= 100).then(|| rows.iter().map(|(row, _)| row.id.as_str()).collect());
            let ids = ids.as_deref();
            let mut acs_endpoints = tx.acs_endpoints_of(ids)?;
            let mut certificates = tx.certificates_of(ids)?;
            let mut attributes = tx.attributes_of(ids)?;
            let expiries = tx.metadata_expiries(ids)?;
            rows.into_iter()
                .map(|(row, saml)| {
                    let own = Children {
                        acs_endpoints: acs_endpoints.remove(&row.id).unwrap_or_default(),
                        certificates: certificates.remove(&row.id).unwrap_or_default(),
                        attributes: attributes.remove(&row.id).unwrap_or_default(),
                        metadata_valid_until: expiries.get(&row.id).copied(),
                    };
                    application_from_rows(row, saml, own)
                })
                .collect()
        })
    }

    fn add_children(&mut self, application: &Application) -> Result<(), Error> {
        for (position, acs) in (0..).zip(&application.saml.acs_endpoints) {
            let row = AcsRow {
                application_id: application.id.to_string(),
                position,
                location: acs.location.as_str().to_owned(),
                idx: acs.index.map(i64::from),
            };
            diesel::insert_into(saml_consumers::table)
                .values(row)
                .execute(&mut self.0)?;
        }
        let saml = &application.saml;
        let signing = saml
            .signing_certificates
            .iter()
            .map(|one| (Purpose::Signing, one));
        let encryption = saml
            .encryption_certificates
            .iter()
            .map(|one| (Purpose::Encryption, one));
        self.add_certificates(application.id, signing.chain(encryption))?;
        self.add_attributes(application.id, &saml.attributes)
    }

    /// The ACS endpoints of the applications `ids`, or of all applications if `None`.
    fn acs_endpoints_of(
        &mut self,
        ids: Option<&[&str]>,
    ) -> Result<BTreeMap<String, Vec<AssertionConsumerService>>, Error> {
        let mut query = saml_consumers::table
            .order((saml_consumers::application_id, saml_consumers::position))
            .into_boxed();
        if let Some(ids) = ids {
            query = query.filter(saml_consumers::application_id.eq_any(ids));
        }
        let mut found: BTreeMap<String, Vec<AssertionConsumerService>> = BTreeMap::new();
        for row in query.load::<AcsRow>(&mut self.0)? {
            found
                .entry(row.application_id.clone())
                .or_default()
                .push(row.try_into()?);
        }
        Ok(found)
    }
}

#[diesel::dsl::auto_type]
fn with_service_provider() -> _ {
    applications::table.inner_join(saml_service_providers::table)
}

const fn kind_name(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::ChatGptLegacy => "chatgpt_legacy",
        ApplicationKind::ChatGptCurrent => "chatgpt_current",
        ApplicationKind::Saml => "saml",
    }
}

fn kind_from_name(text: &str) -> Option<ApplicationKind> {
    [
        ApplicationKind::ChatGptLegacy,
        ApplicationKind::ChatGptCurrent,
        ApplicationKind::Saml,
    ]
    .into_iter()
    .find(|kind| kind_name(*kind) == text)
}

fn application_from_rows(row: Row, saml: SamlRow, children: Children) -> Result<Application, Error> {
    let name = RowContext::new("applications", &row.id);
    let address = |text: String| SpUrl::parse(&text);
    let response_location = name.optional(saml.slo_response_location, address)?;
    let logout = match name.optional(saml.slo_location, address)? {
        None => None,
        Some(location) => Some(LogoutEndpoint {
            binding: name.required(saml.slo_binding.as_deref().and_then(Binding::from_name))?,
            location,
            response_location,
        }),
    };
    let making = ResponseOptions {
        signed_parts: name.required(SignedParts::from_name(&saml.signs))?,
        signature_algorithm: name.required(SignatureAlgorithm::from_name(&saml.signature_algorithm))?,
        encryption: match saml.encryption.as_deref() {
            None => None,
            Some(word) => Some(name.required(ContentCipher::from_name(word))?),
        },
    };
    Ok(Application {
        id: name.valid(row.id.parse())?,
        slug: name.valid(Slug::parse(&row.slug))?,
        kind: name.required(kind_from_name(&row.kind))?,
        tile_url: name.optional(row.tile_url, address)?,
        saml: ServiceProvider {
            entity_id: name.valid(EntityId::parse(&saml.entity_id))?,
            audience: name.valid(EntityId::parse(&saml.audience))?,
            acs_endpoints: children.acs_endpoints,
            logout,
            signing_certificates: children.certificates.signing,
            require_signed_requests: saml.require_signed_requests,
            allow_idp_initiated: saml.allow_idp_initiated,
            default_relay_state: saml.default_relay_state,
            name_id_format: name.required(NameIdFormat::from_name(&saml.name_id_format))?,
            response_options: making,
            encryption_certificates: children.certificates.encryption,
            attributes: children.attributes,
        },
        metadata_valid_until: children.metadata_valid_until,
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
    attributes: Vec<AttributeRule>,
    metadata_valid_until: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable)]
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

#[derive(AsChangeset, Insertable, Queryable)]
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

impl From<&Application> for SamlRow {
    fn from(application: &Application) -> Self {
        let saml = &application.saml;
        let logout = saml.logout.as_ref();
        let response_location = logout.and_then(|logout| logout.response_location.as_ref());
        Self {
            application_id: application.id.to_string(),
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

#[derive(Insertable, Queryable)]
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
            location: name.valid(SpUrl::parse(&row.location))?,
            index: name.optional(row.idx, u16::try_from)?,
        })
    }
}
