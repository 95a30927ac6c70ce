//! A service provider while it is read: what was said of it so far.

mod found;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    crypto::strength::MOST_SIGNING_KEYS,
    model::{
        application::{AcsUrl, Binding, Consumer, EntityId, LogoutEndpoint},
        text::is_in_names,
    },
    saml::{
        metadata::{
            bad::BadMetadata,
            sp::{
                entity::RequestedAttribute,
                finding::{Finding, Purpose, shown},
                keys::{Usage, end_certificates, worth},
                reading::{Naming, Validity, validity},
            },
            xml::{characters::WHITE, tag::Tag},
        },
        urn::{HTTP_POST, HTTP_REDIRECT},
    },
};

/// The most of one kind that is kept; no service provider comes near.
const MOST: usize = 1000;
/// The most certificates to encrypt for that are kept.
const MOST_CERTIFICATES: usize = 32;
const MOST_FINDINGS: usize = 64;
/// The longest name, format or attribute name that is kept, in characters.
const MAX_NAME: usize = 256;
const XML_LANG: &str = "xml:lang";

/// What was said of an entity so far.
#[derive(Debug)]
pub(super) struct Draft {
    entity_id: String,
    broken: Option<BadMetadata>,
    is_service_provider: bool,
    size: usize,
    until: Option<DateTime<Utc>>,
    cache_for: Option<TimeDelta>,
    signs_requests: bool,
    wants_assertions_signed: bool,
    consumers: Vec<(Option<bool>, Consumer)>,
    logout: Vec<LogoutEndpoint>,
    name_id_formats: Vec<String>,
    certificates: Vec<Vec<u8>>,
    encryption_certificates: Vec<Vec<u8>>,
    encryption_methods: Vec<String>,
    services: usize,
    requested_attributes: Vec<RequestedAttribute>,
    /// The best name so far, and how good it is.
    name: Option<((Naming, u8), String)>,
    language: u8,
    registration_authority: Option<String>,
    /// The certificates of the `X509Data` that is being read.
    key_data: Vec<(Vec<u8>, Usage)>,
    findings: Vec<Finding>,
}

impl Draft {
    /// Begins an entity that stands in `above`.
    pub(super) fn new(tag: &Tag<'_>, above: &[Validity]) -> Self {
        let mut draft = Self {
            entity_id: tag.attribute("entityID").unwrap_or_default().to_owned(),
            broken: None,
            is_service_provider: false,
            size: tag.raw.len(),
            until: above.iter().filter_map(|one| one.until).min(),
            cache_for: above.iter().filter_map(|one| one.cache_for).min(),
            signs_requests: false,
            wants_assertions_signed: false,
            consumers: Vec::new(),
            logout: Vec::new(),
            name_id_formats: Vec::new(),
            certificates: Vec::new(),
            encryption_certificates: Vec::new(),
            encryption_methods: Vec::new(),
            services: 0,
            requested_attributes: Vec::new(),
            name: None,
            language: 0,
            registration_authority: None,
            key_data: Vec::new(),
            findings: Vec::new(),
        };
        draft.holds(tag);
        draft
    }

    /// Something is wrong with the entity as a whole.
    pub(super) fn breaks(&mut self, why: &str) {
        self.broken.get_or_insert_with(|| BadMetadata::malformed(why));
    }

    pub(super) const fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// `bytes` more belong to it.
    pub(super) fn grows(&mut self, bytes: usize, most: usize) {
        self.size = self.size.saturating_add(bytes);
        if self.size > most {
            self.broken.get_or_insert(BadMetadata::TooLarge(2));
        }
    }

    fn finds(&mut self, finding: Finding) {
        if self.findings.contains(&finding) {
            return;
        }
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else if !self.findings.contains(&Finding::More) {
            self.findings.push(Finding::More);
        }
    }

    /// The `validUntil` and `cacheDuration` of the entity or its role.
    fn holds(&mut self, tag: &Tag<'_>) {
        match validity(tag) {
            Ok(said) => {
                self.until = self.until.into_iter().chain(said.until).min();
                self.cache_for = self.cache_for.into_iter().chain(said.cache_for).min();
                if said.has_bad_duration {
                    let text = shown(tag.attribute("cacheDuration").unwrap_or_default());
                    self.finds(Finding::BadCacheDuration { text });
                }
            }
            Err(why) => {
                self.broken.get_or_insert(why);
            }
        }
    }

    /// Its role as a service provider.
    pub(super) fn role(&mut self, tag: &Tag<'_>) {
        self.is_service_provider = true;
        self.signs_requests |= tag.attribute("AuthnRequestsSigned").is_some_and(is_true);
        self.wants_assertions_signed |= tag.attribute("WantAssertionsSigned").is_some_and(is_true);
        self.holds(tag);
    }

    /// A role for another protocol.
    pub(super) fn speaks_otherwise(&mut self) {
        self.finds(Finding::OtherProtocol);
    }

    pub(super) fn consumer(&mut self, tag: &Tag<'_>) {
        let binding = tag.attribute("Binding").unwrap_or_default().trim();
        if binding != HTTP_POST {
            self.skips(Purpose::Consumer, binding);
            return;
        }
        let Some(location) = self.address(Purpose::Consumer, tag.attribute("Location").unwrap_or_default())
        else {
            return;
        };
        let mut index = tag
            .attribute("index")
            .and_then(|text| text.trim().parse::<u16>().ok());
        if let Some(number) = index
            && self.consumers.iter().any(|(_, known)| known.index == index)
        {
            self.finds(Finding::IndexTwice { index: number });
            index = None;
        }
        if self.consumers.len() < MOST {
            let is_default = tag.attribute("isDefault").map(is_true);
            self.consumers.push((is_default, Consumer { location, index }));
        } else {
            self.finds(Finding::More);
        }
    }

    pub(super) fn logout(&mut self, tag: &Tag<'_>) {
        let binding = match tag.attribute("Binding").unwrap_or_default().trim() {
            HTTP_REDIRECT => Binding::Redirect,
            HTTP_POST => Binding::Post,
            other => return self.skips(Purpose::Logout, other),
        };
        let Some(location) = self.address(Purpose::Logout, tag.attribute("Location").unwrap_or_default())
        else {
            return;
        };
        let response_location = match tag.attribute("ResponseLocation") {
            None => None,
            Some(text) => match self.address(Purpose::Logout, text) {
                Some(address) => Some(address),
                // Half an endpoint would get responses at the wrong place.
                None => return,
            },
        };
        if self.logout.len() < MOST {
            self.logout.push(LogoutEndpoint {
                binding,
                location,
                response_location,
            });
        }
    }

    fn skips(&mut self, what: Purpose, binding: &str) {
        let binding = match binding.rsplit(':').next().unwrap_or_default() {
            "" => "no named binding".to_owned(),
            short => shown(short),
        };
        self.finds(Finding::BindingSkipped { what, binding });
    }

    fn address(&mut self, what: Purpose, text: &str) -> Option<AcsUrl> {
        match AcsUrl::parse(text.trim_matches(WHITE)) {
            Ok(address) => {
                if address.is_plain_http() {
                    let location = shown(address.as_str());
                    self.finds(Finding::PlainHttp { location });
                }
                Some(address)
            }
            Err(why) => {
                let why = shown(&why.to_string());
                self.finds(Finding::AddressSkipped { what, why });
                None
            }
        }
    }

    pub(super) fn certificate(&mut self, text: &str, usage: Option<Usage>) {
        let Some(usage) = usage else {
            return;
        };
        let packed: String = text.split(WHITE).collect();
        let Ok(der) = STANDARD.decode(packed) else {
            return self.breaks("a certificate that is no base64");
        };
        self.key_data.push((der, usage));
    }

    /// The end of an `X509Data`: the certificates in it that hold its key.
    pub(super) fn key_data_ends(&mut self, now: DateTime<Utc>) {
        let data = std::mem::take(&mut self.key_data);
        let Some(usage) = data.first().map(|(_, usage)| *usage) else {
            return;
        };
        for der in end_certificates(data.into_iter().map(|(der, _)| der).collect()) {
            let worth = worth(&der, usage, now);
            for finding in worth.findings {
                self.finds(finding);
            }
            if worth.signs && !self.certificates.contains(&der) {
                if self.certificates.len() < MOST_SIGNING_KEYS {
                    self.certificates.push(der.clone());
                } else {
                    let used = MOST_SIGNING_KEYS;
                    self.finds(Finding::TooManySigningKeys { used });
                }
            }
            let kept = &mut self.encryption_certificates;
            if worth.encrypts && !kept.contains(&der) && kept.len() < MOST_CERTIFICATES {
                kept.push(der);
            }
        }
    }

    /// A key that is not in a certificate.
    pub(super) fn bare_key(&mut self) {
        self.finds(Finding::KeyWithoutCertificate);
    }

    pub(super) fn encryption_method(&mut self, usage: Option<Usage>, algorithm: Option<&str>) {
        let encrypts = matches!(usage, Some(Usage::Encryption | Usage::Both));
        if let Some(algorithm) = algorithm.filter(|_uri| encrypts) {
            keep(&mut self.encryption_methods, algorithm);
        }
    }

    pub(super) fn name_id_format(&mut self, text: &str) {
        keep(&mut self.name_id_formats, text);
    }

    /// One more list of attributes; the first is the one that counts unless a request says otherwise.
    pub(super) fn service(&mut self) {
        self.services += 1;
    }

    pub(super) fn requested_attribute(&mut self, tag: &Tag<'_>) {
        let Some(name) = tag.attribute("Name").and_then(kept) else {
            return;
        };
        let required = tag.attribute("isRequired").is_some_and(is_true);
        let known = self.requested_attributes.iter().any(|one| one.name == name);
        if self.services > 1 || known || self.requested_attributes.len() >= MOST {
            return;
        }
        self.requested_attributes.push(RequestedAttribute {
            name,
            name_format: tag.attribute("NameFormat").and_then(kept),
            friendly_name: tag.attribute("FriendlyName").and_then(kept),
            required,
        });
    }

    /// The language of the name that follows.
    pub(super) fn language(&mut self, tag: &Tag<'_>) {
        self.language = match tag.attribute(XML_LANG).map(str::to_ascii_lowercase).as_deref() {
            Some("en") => 0,
            Some(text) if text.starts_with("en-") => 1,
            _ => 2,
        };
    }

    pub(super) fn name(&mut self, naming: Naming, text: &str) {
        let rank = (naming, self.language);
        let words: Vec<&str> = text.split_whitespace().collect();
        let plain = words
            .join(" ")
            .chars()
            .filter(|c| is_in_names(*c))
            .take(MAX_NAME)
            .collect::<String>();
        let is_better = self.name.as_ref().is_none_or(|(best, _)| rank < *best);
        if is_better && !plain.is_empty() {
            self.name = Some((rank, plain));
        }
    }

    /// Who registered it; the first who says so.
    pub(super) fn registered(&mut self, authority: Option<&str>) {
        let plain = authority.filter(|name| {
            !name.is_empty() && name.len() <= EntityId::MAX_LEN && !name.contains(char::is_control)
        });
        if self.registration_authority.is_none() {
            self.registration_authority = plain.map(str::to_owned);
        }
    }
}

/// A name of sensible length, without white space around it.
fn kept(text: &str) -> Option<String> {
    let text = text.trim_matches(WHITE);
    (!text.is_empty() && text.chars().count() <= MAX_NAME).then(|| text.to_owned())
}

fn keep(list: &mut Vec<String>, text: &str) {
    if let Some(text) = kept(text)
        && list.len() < MOST
        && !list.contains(&text)
    {
        list.push(text);
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.trim_matches(WHITE), "true" | "1")
}
