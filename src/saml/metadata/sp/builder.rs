//! Builds an entity from the elements that the parser reads.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    crypto::strength::MAX_SIGNING_KEYS,
    model::{
        application::{AssertionConsumerService, Binding, EntityId, LogoutEndpoint, SpUrl},
        text::is_allowed_in_names,
    },
    saml::{
        metadata::{
            error::BadMetadata,
            sp::{
                certificates::{DeclaredUse, assess, end_entity_certificates},
                entity::RequestedAttribute,
                finding::{EndpointKind, MetadataFinding, sanitize},
                validity::{Validity, parse_validity},
            },
        },
        urn::{HTTP_POST, HTTP_REDIRECT},
    },
    xml::{
        characters::{WHITESPACE, trim},
        reader::start_tag::StartTag,
    },
};

/// The maximum number of items of one kind that are stored; no service provider comes near it.
const MAX_ITEMS: usize = 1000;
/// The maximum number of certificates for encryption that are stored.
const MAX_ENCRYPTION_CERTIFICATES: usize = 32;
const MAX_FINDINGS: usize = 64;
/// The longest name, format or attribute name that is stored, in characters.
const MAX_NAME: usize = 256;
const XML_LANG: &str = "xml:lang";

/// The source of a display name, the best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum NameSource {
    UiInfo,
    ServiceName,
    OrganizationDisplayName,
    OrganizationName,
}

/// What was read of an entity so far.
#[derive(Debug)]
pub(super) struct EntityBuilder {
    pub(super) entity_id: String,
    pub(super) rejection: Option<BadMetadata>,
    pub(super) is_service_provider: bool,
    size: usize,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
    pub(super) signs_requests: bool,
    pub(super) wants_assertions_signed: bool,
    pub(super) acs_endpoints: Vec<(Option<bool>, AssertionConsumerService)>,
    pub(super) logout_endpoints: Vec<LogoutEndpoint>,
    pub(super) name_id_formats: Vec<String>,
    pub(super) signing_certificates: Vec<Vec<u8>>,
    pub(super) encryption_certificates: Vec<Vec<u8>>,
    pub(super) encryption_methods: Vec<String>,
    attribute_consuming_services: usize,
    pub(super) requested_attributes: Vec<RequestedAttribute>,
    /// The best name so far, and its rank: lower is better.
    pub(super) name: Option<((NameSource, u8), String)>,
    language: u8,
    pub(super) registration_authority: Option<String>,
    /// The certificates of the `X509Data` that is being read.
    x509_data: Vec<(Vec<u8>, DeclaredUse)>,
    pub(super) findings: Vec<MetadataFinding>,
}

impl EntityBuilder {
    /// Starts an entity that the elements with the validities `enclosing` contain.
    pub(super) fn new(tag: &StartTag<'_>, enclosing: &[Validity]) -> Self {
        let mut builder = Self {
            entity_id: tag.attribute("entityID").unwrap_or_default().to_owned(),
            rejection: None,
            is_service_provider: false,
            size: tag.raw.len(),
            valid_until: enclosing.iter().filter_map(|validity| validity.valid_until).min(),
            cache_duration: enclosing
                .iter()
                .filter_map(|validity| validity.cache_duration)
                .min(),
            signs_requests: false,
            wants_assertions_signed: false,
            acs_endpoints: Vec::new(),
            logout_endpoints: Vec::new(),
            name_id_formats: Vec::new(),
            signing_certificates: Vec::new(),
            encryption_certificates: Vec::new(),
            encryption_methods: Vec::new(),
            attribute_consuming_services: 0,
            requested_attributes: Vec::new(),
            name: None,
            language: 0,
            registration_authority: None,
            x509_data: Vec::new(),
            findings: Vec::new(),
        };
        builder.read_validity(tag);
        builder
    }

    /// The entity as a whole cannot be used.
    pub(super) fn reject(&mut self, why: &str) {
        self.rejection.get_or_insert_with(|| BadMetadata::malformed(why));
    }

    pub(super) const fn is_rejected(&self) -> bool {
        self.rejection.is_some()
    }

    /// Counts `bytes` more of the entity; rejects it if they exceed `max_bytes`.
    pub(super) fn add_size(&mut self, bytes: usize, max_bytes: usize) {
        self.size = self.size.saturating_add(bytes);
        if self.size > max_bytes {
            self.rejection.get_or_insert(BadMetadata::TooLarge(2));
        }
    }

    pub(super) fn note(&mut self, finding: MetadataFinding) {
        if self.findings.contains(&finding) {
            return;
        }
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else if !self.findings.contains(&MetadataFinding::Truncated) {
            self.findings.push(MetadataFinding::Truncated);
        }
    }

    /// The `validUntil` and `cacheDuration` of the entity or its role.
    fn read_validity(&mut self, tag: &StartTag<'_>) {
        match parse_validity(tag) {
            Ok(validity) => {
                self.valid_until = self.valid_until.into_iter().chain(validity.valid_until).min();
                self.cache_duration = self
                    .cache_duration
                    .into_iter()
                    .chain(validity.cache_duration)
                    .min();
                if validity.has_bad_duration {
                    let text = sanitize(tag.attribute("cacheDuration").unwrap_or_default());
                    self.note(MetadataFinding::BadCacheDuration { text });
                }
            }
            Err(why) => {
                self.rejection.get_or_insert(why);
            }
        }
    }

    /// Its role as a service provider.
    pub(super) fn role(&mut self, tag: &StartTag<'_>) {
        self.is_service_provider = true;
        self.signs_requests |= tag.attribute("AuthnRequestsSigned").is_some_and(is_true);
        self.wants_assertions_signed |= tag.attribute("WantAssertionsSigned").is_some_and(is_true);
        self.read_validity(tag);
    }

    /// A role for another protocol.
    pub(super) fn note_other_protocol(&mut self) {
        self.note(MetadataFinding::OtherProtocol);
    }

    pub(super) fn acs(&mut self, tag: &StartTag<'_>) {
        let binding = trim(tag.attribute("Binding").unwrap_or_default());
        if binding != HTTP_POST {
            self.note_skipped_binding(EndpointKind::Acs, binding);
            return;
        }
        let Some(location) = self.address(EndpointKind::Acs, tag.attribute("Location").unwrap_or_default())
        else {
            return;
        };
        let mut index = tag
            .attribute("index")
            .and_then(|text| trim(text).parse::<u16>().ok());
        if let Some(number) = index
            && self
                .acs_endpoints
                .iter()
                .any(|(_, existing)| existing.index == index)
        {
            self.note(MetadataFinding::DuplicateIndex { index: number });
            index = None;
        }
        if self.acs_endpoints.len() < MAX_ITEMS {
            let is_default = tag.attribute("isDefault").map(is_true);
            self.acs_endpoints
                .push((is_default, AssertionConsumerService { location, index }));
        } else {
            self.note(MetadataFinding::Truncated);
        }
    }

    pub(super) fn logout(&mut self, tag: &StartTag<'_>) {
        let binding = match trim(tag.attribute("Binding").unwrap_or_default()) {
            HTTP_REDIRECT => Binding::Redirect,
            HTTP_POST => Binding::Post,
            other => return self.note_skipped_binding(EndpointKind::Logout, other),
        };
        let Some(location) = self.address(
            EndpointKind::Logout,
            tag.attribute("Location").unwrap_or_default(),
        ) else {
            return;
        };
        let response_location = match tag.attribute("ResponseLocation") {
            None => None,
            Some(text) => match self.address(EndpointKind::Logout, text) {
                Some(address) => Some(address),
                // Half an endpoint would receive responses at the wrong URL.
                None => return,
            },
        };
        if self.logout_endpoints.len() < MAX_ITEMS {
            self.logout_endpoints.push(LogoutEndpoint {
                binding,
                location,
                response_location,
            });
        }
    }

    fn note_skipped_binding(&mut self, endpoint: EndpointKind, binding: &str) {
        let binding = match binding.rsplit(':').next().unwrap_or_default() {
            "" => "no named binding".to_owned(),
            short => sanitize(short),
        };
        self.note(MetadataFinding::BindingSkipped { endpoint, binding });
    }

    fn address(&mut self, endpoint: EndpointKind, text: &str) -> Option<SpUrl> {
        match SpUrl::parse(trim(text)) {
            Ok(address) => {
                if address.is_plain_http() {
                    let location = sanitize(address.as_str());
                    self.note(MetadataFinding::PlainHttp { location });
                }
                Some(address)
            }
            Err(why) => {
                let why = sanitize(&why.to_string());
                self.note(MetadataFinding::AddressSkipped { endpoint, why });
                None
            }
        }
    }

    pub(super) fn certificate(&mut self, text: &str, declared_use: Option<DeclaredUse>) {
        let Some(declared_use) = declared_use else {
            return;
        };
        let packed: String = text.split(WHITESPACE).collect();
        let Ok(der) = STANDARD.decode(packed) else {
            return self.reject("a certificate that is no base64");
        };
        self.x509_data.push((der, declared_use));
    }

    /// The end of an `X509Data`: uses the certificates in it that contain its key.
    pub(super) fn finish_x509_data(&mut self, now: DateTime<Utc>) {
        let data = std::mem::take(&mut self.x509_data);
        let Some(declared_use) = data.first().map(|(_, declared_use)| *declared_use) else {
            return;
        };
        for der in end_entity_certificates(data.into_iter().map(|(der, _)| der).collect()) {
            let certificate_use = assess(&der, declared_use, now);
            for finding in certificate_use.findings {
                self.note(finding);
            }
            if certificate_use.signs && !self.signing_certificates.contains(&der) {
                if self.signing_certificates.len() < MAX_SIGNING_KEYS {
                    self.signing_certificates.push(der.clone());
                } else {
                    let used = MAX_SIGNING_KEYS;
                    self.note(MetadataFinding::TooManySigningKeys { used });
                }
            }
            let certificates = &mut self.encryption_certificates;
            if certificate_use.encrypts
                && !certificates.contains(&der)
                && certificates.len() < MAX_ENCRYPTION_CERTIFICATES
            {
                certificates.push(der);
            }
        }
    }

    /// A key that is not in a certificate.
    pub(super) fn note_key_without_certificate(&mut self) {
        self.note(MetadataFinding::KeyWithoutCertificate);
    }

    pub(super) fn encryption_method(&mut self, declared_use: Option<DeclaredUse>, algorithm: Option<&str>) {
        let encrypts = matches!(declared_use, Some(DeclaredUse::Encryption | DeclaredUse::Both));
        if let Some(algorithm) = algorithm.filter(|_uri| encrypts) {
            push_unique(&mut self.encryption_methods, algorithm);
        }
    }

    pub(super) fn name_id_format(&mut self, text: &str) {
        push_unique(&mut self.name_id_formats, text);
    }

    /// Starts another list of attributes; the first one is used unless a request says otherwise.
    pub(super) fn attribute_consuming_service(&mut self) {
        self.attribute_consuming_services += 1;
    }

    pub(super) fn requested_attribute(&mut self, tag: &StartTag<'_>) {
        let Some(name) = tag.attribute("Name").and_then(trimmed) else {
            return;
        };
        let required = tag.attribute("isRequired").is_some_and(is_true);
        let existing = self
            .requested_attributes
            .iter()
            .any(|attribute| attribute.name == name);
        if self.attribute_consuming_services > 1 || existing || self.requested_attributes.len() >= MAX_ITEMS {
            return;
        }
        self.requested_attributes.push(RequestedAttribute {
            name,
            name_format: tag.attribute("NameFormat").and_then(trimmed),
            friendly_name: tag.attribute("FriendlyName").and_then(trimmed),
            required,
        });
    }

    /// The language of the name that follows.
    pub(super) fn language(&mut self, tag: &StartTag<'_>) {
        self.language = match tag.attribute(XML_LANG).map(str::to_ascii_lowercase).as_deref() {
            Some("en") => 0,
            Some(text) if text.starts_with("en-") => 1,
            _ => 2,
        };
    }

    pub(super) fn name(&mut self, source: NameSource, text: &str) {
        let rank = (source, self.language);
        let words: Vec<&str> = text.split_whitespace().collect();
        let plain = words
            .join(" ")
            .chars()
            .filter(|c| is_allowed_in_names(*c))
            .take(MAX_NAME)
            .collect::<String>();
        let is_better = self.name.as_ref().is_none_or(|(best, _)| rank < *best);
        if is_better && !plain.is_empty() {
            self.name = Some((rank, plain));
        }
    }

    /// The registration authority; the first one counts.
    pub(super) fn registration_authority(&mut self, authority: Option<&str>) {
        let plain = authority.filter(|name| {
            !name.is_empty() && name.len() <= EntityId::MAX_LEN && !name.contains(char::is_control)
        });
        if self.registration_authority.is_none() {
            self.registration_authority = plain.map(str::to_owned);
        }
    }
}

/// A name of at most `MAX_NAME` characters, without surrounding white space.
fn trimmed(text: &str) -> Option<String> {
    let text = trim(text);
    (!text.is_empty() && text.chars().count() <= MAX_NAME).then(|| text.to_owned())
}

fn push_unique(list: &mut Vec<String>, text: &str) {
    if let Some(text) = trimmed(text)
        && list.len() < MAX_ITEMS
        && !list.contains(&text)
    {
        list.push(text);
    }
}

fn is_true(text: &str) -> bool {
    matches!(trim(text), "true" | "1")
}
