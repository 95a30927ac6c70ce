//! Applications, drafts, and rows that cannot be read.

use serde::Serialize;

use crate::{
    api_model::{attribute::AttributeOutput, remedy, time::format_rfc3339},
    model::{
        application::{Application, ApplicationKind, Client, Protocol, ServiceProvider, SpUrl},
        key::Certificate,
        keys_on::KeysOn,
        remedy::Remediable,
        response_options::ContentCipher,
        rollover::ApplicationDraft,
        unreadable::UnreadableRow,
    },
};

/// An application, as `app list` prints it.
/// What concerns SAML is empty for an application that does not speak it.
#[derive(Debug, Default, Serialize)]
pub struct ApplicationOutput {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub kind: &'static str,
    pub enabled: bool,
    /// `everyone` or `assigned`.
    pub access: &'static str,
    /// `never`, `offered`, `required` or `required from DAY`; none: what holds for the user everywhere.
    pub second_factor: Option<String>,
    pub entity_id: String,
    pub audience: String,
    pub acs: Vec<String>,
    pub slo: Option<String>,
    pub tile_url: Option<String>,
    pub certificates: Vec<CertificateOutput>,
    pub require_signed_requests: bool,
    pub allow_idp_initiated: bool,
    pub relay_state: Option<String>,
    pub name_id: &'static str,
    /// By what it knows people: `nameid`, `email` or `id`, where that is known.
    pub keys_on: Option<&'static str>,
    /// `proven` or `password`: the class of an answer whose request asks for none.
    pub authn_context: &'static str,
    pub sign: &'static str,
    pub algorithm: &'static str,
    pub encrypt: &'static str,
    pub encryption_certificates: Vec<CertificateOutput>,
    pub attributes: Vec<AttributeOutput>,
    /// What concerns OpenID Connect, for an application that speaks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientOutput>,
}

/// A client of OpenID Connect.
#[derive(Debug, Serialize)]
pub struct ClientOutput {
    pub client_id: String,
    /// `confidential` or `public`.
    pub client_type: &'static str,
    pub redirect_uris: Vec<String>,
    /// What its `sub` is: `id`, `pairwise` or `email`.
    pub subject_type: &'static str,
    /// `RS256` or `ES256`.
    pub id_token_algorithm: &'static str,
    pub claims_in_id_token: bool,
    /// `opaque` or `jwt`.
    pub access_token_format: &'static str,
    /// `never`, `offline_access` or `always`.
    pub refresh: &'static str,
}

/// The values to paste at a client of OpenID Connect.
#[derive(Debug, Serialize)]
pub struct ProviderValuesOutput {
    pub issuer: String,
    pub configuration_url: String,
    pub authorization_url: String,
    pub token_url: String,
    pub userinfo_url: String,
    pub jwks_url: String,
    pub revocation_url: String,
    pub introspection_url: String,
    pub client_id: String,
    /// Only where the client was just added: it is stored as a hash.
    pub client_secret: Option<String>,
}

/// A client of OpenID Connect, as `app show` and `app add` print it.
#[derive(Debug, Serialize)]
pub struct ClientDetailsOutput {
    #[serde(flatten)]
    pub application: ApplicationOutput,
    pub paste: ProviderValuesOutput,
    /// Sentences for people; their wording may change.
    pub findings: Vec<String>,
}

/// A secret of a client, as `app secret` prints it.
#[derive(Debug, Serialize)]
pub struct ClientSecretOutput {
    pub id: String,
    pub created_at: String,
    pub expires_at: Option<String>,
    /// Only where it was just added.
    pub secret: Option<String>,
}

/// A certificate of an application.
#[derive(Debug, Serialize)]
pub struct CertificateOutput {
    pub sha256: String,
    pub subject: String,
    pub not_after: String,
}

/// The values to paste at the application.
#[derive(Debug, Serialize)]
pub struct IdpValuesOutput {
    pub metadata_url: String,
    pub entity_id: String,
    pub sign_in_url: String,
    pub sign_out_url: String,
    pub certificate_url: String,
    pub certificate_sha256: String,
    pub certificate_pem: String,
    /// The certificate that will be needed too, while a next key is prepared.
    pub next_certificate_url: Option<String>,
    pub next_certificate_sha256: Option<String>,
}

/// An application, as `app show` prints it, and every command that changes one.
#[derive(Debug, Serialize)]
pub struct ApplicationDetailsOutput {
    #[serde(flatten)]
    pub application: ApplicationOutput,
    pub paste: IdpValuesOutput,
    /// Sentences for people; their wording may change.
    pub findings: Vec<String>,
}

/// A draft, as `app draft` and `app show` print it.
#[derive(Debug, Serialize)]
pub struct DraftOutput {
    pub slug: String,
    pub name: String,
    pub kind: &'static str,
    pub paste: IdpValuesOutput,
}

/// An entry of `app list`: a draft, or a row that cannot be read, has fewer values than an application.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ListEntryOutput {
    Application(Box<ApplicationOutput>),
    Draft(ListedDraftOutput),
    Unreadable(UnreadableOutput),
}

#[derive(Debug, Serialize)]
pub struct ListedDraftOutput {
    pub slug: String,
    pub name: String,
    pub kind: &'static str,
    pub enabled: bool,
    pub created_at: String,
}

/// A row that is set aside because it cannot be read.
#[derive(Debug, Serialize)]
pub struct UnreadableOutput {
    pub slug: String,
    pub name: Option<String>,
    pub kind: &'static str,
    pub enabled: bool,
    pub id: String,
    /// A sentence for people; its wording may change.
    pub problem: String,
}

/// What was removed: an application or draft by its short name, a key by its ID.
#[derive(Debug, Serialize)]
pub struct RemovedOutput<'a> {
    pub removed: &'a str,
}

/// How JSON and text name a kind of application.
pub const fn kind_name(kind: ApplicationKind) -> &'static str {
    match kind {
        ApplicationKind::ChatGptLegacy => "chatgpt-legacy",
        ApplicationKind::ChatGptCurrent => "chatgpt",
        ApplicationKind::Other => "saml",
    }
}

/// The same for an application, which may speak OpenID Connect.
pub fn kind_of(application: &Application) -> &'static str {
    match application.protocol {
        Protocol::Saml(_) => kind_name(application.kind),
        Protocol::Oidc(_) => "oidc",
    }
}

impl From<&Application> for ApplicationOutput {
    fn from(application: &Application) -> Self {
        let own = Self {
            id: application.id.to_string(),
            slug: application.slug.as_str().to_owned(),
            name: application.name.clone(),
            kind: kind_of(application),
            enabled: application.enabled,
            access: application.access.name(),
            second_factor: application.second_factor.map(|policy| policy.to_string()),
            tile_url: application.tile_url.as_ref().map(address_text),
            keys_on: application.keys_on().map(KeysOn::name),
            ..Self::default()
        };
        match &application.protocol {
            Protocol::Saml(sp) => own.with_service_provider(sp),
            Protocol::Oidc(client) => Self {
                attributes: client.attributes.iter().map(AttributeOutput::from).collect(),
                client: Some(ClientOutput::from(&**client)),
                ..own
            },
        }
    }
}

impl From<&Client> for ClientOutput {
    fn from(client: &Client) -> Self {
        Self {
            client_id: client.client_id.to_string(),
            client_type: client.client_type.name(),
            redirect_uris: client.redirect_uris.iter().map(address_text).collect(),
            subject_type: client.subject_type.name(),
            id_token_algorithm: client.id_token_algorithm.name(),
            claims_in_id_token: client.claims_in_id_token,
            access_token_format: client.access_token_format.name(),
            refresh: client.refresh.name(),
        }
    }
}

fn address_text(address: &SpUrl) -> String {
    address.as_str().to_owned()
}

impl ApplicationOutput {
    fn with_service_provider(self, saml: &ServiceProvider) -> Self {
        Self {
            entity_id: saml.entity_id.as_str().to_owned(),
            audience: saml.audience.as_str().to_owned(),
            acs: saml
                .acs_endpoints
                .iter()
                .map(|acs_endpoint| address_text(&acs_endpoint.location))
                .collect(),
            slo: saml
                .logout
                .as_ref()
                .map(|endpoint| address_text(&endpoint.location)),
            certificates: saml
                .signing_certificates
                .iter()
                .map(CertificateOutput::from)
                .collect(),
            require_signed_requests: saml.require_signed_requests,
            allow_idp_initiated: saml.allow_idp_initiated,
            relay_state: saml.default_relay_state.clone(),
            name_id: saml.name_id_format.name(),
            authn_context: saml.response_options.default_class.name(),
            sign: saml.response_options.signed_parts.name(),
            algorithm: saml.response_options.signature_algorithm.name(),
            encrypt: saml
                .response_options
                .encryption
                .map_or("none", ContentCipher::name),
            encryption_certificates: saml
                .encryption_certificates
                .iter()
                .map(CertificateOutput::from)
                .collect(),
            attributes: saml.attributes.iter().map(AttributeOutput::from).collect(),
            ..self
        }
    }
}

impl From<&Certificate> for CertificateOutput {
    fn from(certificate: &Certificate) -> Self {
        Self {
            sha256: certificate.sha256.clone(),
            subject: certificate.subject.clone(),
            not_after: format_rfc3339(certificate.not_after),
        }
    }
}

impl DraftOutput {
    pub fn new(draft: &ApplicationDraft, idp_values: IdpValuesOutput) -> Self {
        Self {
            slug: draft.slug.to_string(),
            name: draft.name.clone(),
            kind: "draft",
            paste: idp_values,
        }
    }
}

impl From<&ApplicationDraft> for ListedDraftOutput {
    fn from(draft: &ApplicationDraft) -> Self {
        Self {
            slug: draft.slug.to_string(),
            name: draft.name.clone(),
            kind: "draft",
            enabled: false,
            created_at: format_rfc3339(draft.created_at),
        }
    }
}

impl From<&UnreadableRow> for UnreadableOutput {
    fn from(row: &UnreadableRow) -> Self {
        Self {
            slug: row.handle().to_owned(),
            name: row.name.clone(),
            kind: "unreadable",
            enabled: false,
            id: row.id.clone(),
            problem: row.with_words(remedy::words),
        }
    }
}
