//! The rows of an application, and the application that they make.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::{
    model::{
        application::{
            Application, ApplicationAccess, ApplicationKind, AssertionConsumerService, Binding, EntityId,
            LogoutEndpoint, Protocol, ServiceProvider, Slug, SpUrl,
        },
        attribute::AttributeRule,
        id::ApplicationId,
        keys_on::KeysOn,
        name_id::NameIdFormat,
        response_options::{ContentCipher, DefaultClass, ResponseOptions, SignatureAlgorithm, SignedParts},
        second_factor::{SecondFactorPolicy, SecondFactorRule},
    },
    store::{
        error::{Error, RowContext},
        groups::rows::second_factor_policy,
        saml::saml_certificates::Certificates,
        schema::{applications, saml_consumers, saml_service_providers},
        unreadable_values::Reading,
    },
};

pub(super) const fn kind_name(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::ChatGptLegacy => "chatgpt_legacy",
        ApplicationKind::ChatGptCurrent => "chatgpt_current",
        ApplicationKind::Other => "saml",
    }
}

pub(super) fn kind_from_name(text: &str) -> Option<ApplicationKind> {
    [
        ApplicationKind::ChatGptLegacy,
        ApplicationKind::ChatGptCurrent,
        ApplicationKind::Other,
    ]
    .into_iter()
    .find(|kind| kind_name(*kind) == text)
}

pub(super) fn service_provider(
    saml: SamlRow,
    children: Children,
    reading: &mut Reading,
) -> Result<ServiceProvider, Error> {
    let saml_name = RowContext::new("saml_service_providers", &saml.application_id);
    let mut url = |column, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => {
            let url = SpUrl::parse(&text).ok().map(Some);
            reading.value(&saml_name.column(column), url, || None)
        }
    };
    let location = url("slo_location", saml.slo_location)?;
    let response_location = url("slo_response_location", saml.slo_response_location)?;
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
        default_class: reading.value(
            &saml_name.column("authn_context"),
            DefaultClass::from_name(&saml.authn_context),
            || ResponseOptions::default().default_class,
        )?,
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
    let keys_on = keys_on(saml.keys_on.as_deref(), &saml_name, reading)?;
    Ok(ServiceProvider {
        entity_id,
        audience,
        acs_endpoints: children.acs_endpoints,
        logout,
        signing_certificates: children.certificates.signing,
        require_signed_requests: saml.require_signed_requests,
        allow_idp_initiated: saml.allow_idp_initiated,
        default_relay_state: saml.default_relay_state,
        name_id_format,
        keys_on,
        response_options,
        encryption_certificates: children.certificates.encryption,
        attributes: children.attributes,
        metadata_valid_until: children.metadata_valid_until,
    })
}

pub(super) fn application(row: Row, protocol: Protocol, reading: &mut Reading) -> Result<Application, Error> {
    let name = RowContext::new("applications", &row.id);
    let tile_url = match row.tile_url {
        None => None,
        Some(text) => {
            let url = SpUrl::parse(&text).ok().map(Some);
            reading.value(&name.column("tile_url"), url, || None)?
        }
    };
    Ok(Application {
        id: name.column("id").valid(row.id.parse())?,
        slug: name.column("slug").valid(Slug::parse(&row.slug))?,
        kind: reading.value(&name.column("kind"), kind_from_name(&row.kind), || {
            ApplicationKind::Other
        })?,
        // Of two versions of a rule that nobody can read, the narrower one.
        access: reading.value(
            &name.column("access"),
            ApplicationAccess::from_name(&row.access),
            || ApplicationAccess::Assigned,
        )?,
        // Of a rule that nobody can read, the strictest one.
        second_factor: reading.value(
            &name.column("second_factor"),
            second_factor_policy(&name, row.second_factor.as_deref(), row.second_factor_from).ok(),
            || Some(SecondFactorPolicy::new(SecondFactorRule::Required, None)),
        )?,
        tile_url,
        protocol,
        name: row.name,
        enabled: row.enabled,
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
    })
}

fn keys_on(name: Option<&str>, row: &RowContext, reading: &mut Reading) -> Result<Option<KeysOn>, Error> {
    let Some(name) = name else { return Ok(None) };
    reading.value(&row.column("keys_on"), KeysOn::from_name(name).map(Some), || None)
}

pub(super) struct Children {
    pub(super) acs_endpoints: Vec<AssertionConsumerService>,
    pub(super) certificates: Certificates,
    pub(super) attributes: Arc<[AttributeRule]>,
    pub(super) metadata_valid_until: Option<DateTime<Utc>>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = applications)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) enabled: bool,
    pub(super) tile_url: Option<String>,
    pub(super) version: i64,
    pub(super) created_at: NaiveDateTime,
    pub(super) updated_at: NaiveDateTime,
    pub(super) access: String,
    pub(super) second_factor: Option<String>,
    pub(super) second_factor_from: Option<NaiveDateTime>,
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
            access: application.access.name().to_owned(),
            second_factor: application
                .second_factor
                .map(|policy| policy.rule().name().to_owned()),
            second_factor_from: application
                .second_factor
                .and_then(|policy| policy.from())
                .map(|from| from.naive_utc()),
        }
    }
}

#[derive(AsChangeset, Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_service_providers, primary_key(application_id), treat_none_as_null = true)]
pub(super) struct SamlRow {
    pub(super) application_id: String,
    pub(super) entity_id: String,
    pub(super) audience: String,
    pub(super) slo_location: Option<String>,
    pub(super) slo_response_location: Option<String>,
    pub(super) require_signed_requests: bool,
    pub(super) allow_idp_initiated: bool,
    pub(super) slo_binding: Option<String>,
    pub(super) name_id_format: String,
    pub(super) keys_on: Option<String>,
    pub(super) default_relay_state: Option<String>,
    pub(super) signs: String,
    pub(super) signature_algorithm: String,
    pub(super) authn_context: String,
    pub(super) encryption: Option<String>,
}

impl SamlRow {
    pub(super) fn new(id: ApplicationId, saml: &ServiceProvider) -> Self {
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
            keys_on: saml.keys_on.map(|keys_on| keys_on.name().to_owned()),
            default_relay_state: saml.default_relay_state.clone(),
            signs: saml.response_options.signed_parts.name().to_owned(),
            signature_algorithm: saml.response_options.signature_algorithm.name().to_owned(),
            authn_context: saml.response_options.default_class.name().to_owned(),
            encryption: saml
                .response_options
                .encryption
                .map(|cipher| cipher.name().to_owned()),
        }
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = saml_consumers)]
pub(super) struct AcsRow {
    pub(super) application_id: String,
    pub(super) position: i64,
    pub(super) location: String,
    pub(super) idx: Option<i64>,
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
