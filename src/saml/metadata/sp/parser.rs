//! Parses metadata: recognizes each element by its position and passes it to the entity builder. An element is used
//! only where the schema permits it; elsewhere (in an extension, in a signature) the same element is ignored.

use chrono::{DateTime, Utc};

use crate::{
    saml::{
        metadata::{
            error::BadMetadata,
            sp::{
                builder::{EntityBuilder, NameSource},
                certificates::DeclaredUse,
                entity::ParsedEntity,
                validity::{Validity, parse_validity},
            },
        },
        urn::{DSIG, METADATA, PROTOCOL},
    },
    xml::{characters::WHITESPACE, reader::start_tag::StartTag, time::parse_date_time},
};

/// Namespace of the names that user interfaces show (sstc-saml-metadata-ui, 2.1).
const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// Namespace of registration and publication information (saml-metadata-rpi, 2).
const MDRPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
/// The longest text of an element, in bytes; a certificate has a few thousand.
const MAX_TEXT: usize = 64 * 1024;
/// The largest entity, in bytes.
const MAX_ENTITY: usize = 2 * 1024 * 1024;

/// Builds entities from XML tokens.
#[derive(Debug)]
pub(in crate::saml::metadata) struct MetadataParser {
    now: DateTime<Utc>,
    open_elements: Vec<MetadataElement>,
    /// The validity of the open aggregates, which applies to everything in them.
    enclosing: Vec<Validity>,
    builder: Option<EntityBuilder>,
    published_at: Option<DateTime<Utc>>,
    has_entities: bool,
    /// The text of the open element, if it is needed.
    text: String,
    declared_use: Option<DeclaredUse>,
    has_certificate: bool,
}

/// An element in its position in the schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum MetadataElement {
    EntitiesDescriptor,
    /// Extensions that apply to everything in the `EntitiesDescriptor`.
    EntitiesExtensions,
    PublicationInfo,
    EntityDescriptor,
    SpSsoDescriptor,
    EntityExtensions,
    RegistrationInfo,
    RoleExtensions,
    UiInfo,
    KeyDescriptor,
    KeyInfo,
    X509Data,
    X509Certificate,
    EncryptionMethod,
    AssertionConsumerService,
    SingleLogoutService,
    NameIdFormat,
    AttributeConsumingService,
    RequestedAttribute,
    Organization,
    Name(NameSource),
    Ignored,
}

/// Identifies an element by its parent.
fn element(parent: Option<MetadataElement>, tag: &StartTag<'_>) -> MetadataElement {
    let name = match tag.namespace {
        METADATA => tag.local_name,
        DSIG => return key_info_element(parent, tag.local_name),
        MDUI => {
            return match (parent, tag.local_name) {
                (Some(MetadataElement::RoleExtensions), "UIInfo") => MetadataElement::UiInfo,
                (Some(MetadataElement::UiInfo), "DisplayName") => MetadataElement::Name(NameSource::UiInfo),
                _ => MetadataElement::Ignored,
            };
        }
        MDRPI => {
            return match (parent, tag.local_name) {
                (Some(MetadataElement::EntityExtensions), "RegistrationInfo") => {
                    MetadataElement::RegistrationInfo
                }
                (Some(MetadataElement::EntitiesExtensions), "PublicationInfo") => {
                    MetadataElement::PublicationInfo
                }
                _ => MetadataElement::Ignored,
            };
        }
        _ => return MetadataElement::Ignored,
    };
    match (parent, name) {
        (None | Some(MetadataElement::EntitiesDescriptor), "EntitiesDescriptor") => {
            MetadataElement::EntitiesDescriptor
        }
        (Some(MetadataElement::EntitiesDescriptor), "Extensions") => MetadataElement::EntitiesExtensions,
        (None | Some(MetadataElement::EntitiesDescriptor), "EntityDescriptor") => {
            MetadataElement::EntityDescriptor
        }
        (Some(MetadataElement::EntityDescriptor), "Extensions") => MetadataElement::EntityExtensions,
        (Some(MetadataElement::EntityDescriptor), "SPSSODescriptor") => MetadataElement::SpSsoDescriptor,
        (Some(MetadataElement::EntityDescriptor), "Organization") => MetadataElement::Organization,
        (Some(MetadataElement::Organization), "OrganizationName") => {
            MetadataElement::Name(NameSource::OrganizationName)
        }
        (Some(MetadataElement::Organization), "OrganizationDisplayName") => {
            MetadataElement::Name(NameSource::OrganizationDisplayName)
        }
        (Some(MetadataElement::SpSsoDescriptor), "Extensions") => MetadataElement::RoleExtensions,
        (Some(MetadataElement::SpSsoDescriptor), "KeyDescriptor") => MetadataElement::KeyDescriptor,
        (Some(MetadataElement::KeyDescriptor), "EncryptionMethod") => MetadataElement::EncryptionMethod,
        (Some(MetadataElement::SpSsoDescriptor), "SingleLogoutService") => {
            MetadataElement::SingleLogoutService
        }
        (Some(MetadataElement::SpSsoDescriptor), "NameIDFormat") => MetadataElement::NameIdFormat,
        (Some(MetadataElement::SpSsoDescriptor), "AssertionConsumerService") => {
            MetadataElement::AssertionConsumerService
        }
        (Some(MetadataElement::SpSsoDescriptor), "AttributeConsumingService") => {
            MetadataElement::AttributeConsumingService
        }
        (Some(MetadataElement::AttributeConsumingService), "ServiceName") => {
            MetadataElement::Name(NameSource::ServiceName)
        }
        (Some(MetadataElement::AttributeConsumingService), "RequestedAttribute") => {
            MetadataElement::RequestedAttribute
        }
        _ => MetadataElement::Ignored,
    }
}

fn key_info_element(parent: Option<MetadataElement>, name: &str) -> MetadataElement {
    match (parent, name) {
        (Some(MetadataElement::KeyDescriptor), "KeyInfo") => MetadataElement::KeyInfo,
        (Some(MetadataElement::KeyInfo), "X509Data") => MetadataElement::X509Data,
        (Some(MetadataElement::X509Data), "X509Certificate") => MetadataElement::X509Certificate,
        _ => MetadataElement::Ignored,
    }
}

impl MetadataParser {
    /// Starts before the root element.
    pub(in crate::saml::metadata) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            open_elements: Vec::new(),
            enclosing: Vec::new(),
            builder: None,
            published_at: None,
            has_entities: false,
            text: String::new(),
            declared_use: None,
            has_certificate: false,
        }
    }

    /// When the file was published, if it says so before its first entity.
    pub(in crate::saml::metadata) const fn published_at(&self) -> Option<DateTime<Utc>> {
        self.published_at
    }

    /// Processes a start tag. A fault in one entity is recorded with that entity; an error concerns the whole file.
    pub(in crate::saml::metadata) fn start(&mut self, tag: &StartTag<'_>) -> Result<(), BadMetadata> {
        let parent = self.open_elements.last().copied();
        let mut element = element(parent, tag);
        let is_entity =
            tag.namespace == METADATA && matches!(tag.local_name, "EntityDescriptor" | "EntitiesDescriptor");
        if is_entity && element == MetadataElement::Ignored {
            return Err(BadMetadata::malformed("an entity where none may stand"));
        }
        if element == MetadataElement::EntitiesDescriptor {
            self.enclosing.push(parse_validity(tag)?);
        } else if element == MetadataElement::EntityDescriptor {
            self.builder = Some(EntityBuilder::new(tag, &self.enclosing));
            self.has_entities = true;
        } else if element == MetadataElement::PublicationInfo {
            // That of the whole file, not of a group inside it.
            if self.enclosing.len() == 1 && !self.has_entities && self.published_at.is_none() {
                self.published_at = tag.attribute("creationInstant").and_then(parse_date_time);
            }
        } else if element != MetadataElement::EntitiesExtensions {
            element = self.start_in_entity(parent, element, tag);
        }
        if matches!(
            element,
            MetadataElement::X509Certificate | MetadataElement::NameIdFormat | MetadataElement::Name(_)
        ) {
            self.text.clear();
        }
        self.open_elements.push(element);
        Ok(())
    }

    /// Processes a start tag inside an entity; returns `Ignored` if the element is not used.
    fn start_in_entity(
        &mut self,
        parent: Option<MetadataElement>,
        element: MetadataElement,
        tag: &StartTag<'_>,
    ) -> MetadataElement {
        let Some(builder) = self.builder.as_mut() else {
            return MetadataElement::Ignored;
        };
        // Includes its end tag.
        builder.add_size(tag.raw.len() + tag.name.len() + 5, MAX_ENTITY);
        if builder.is_rejected() {
            return MetadataElement::Ignored;
        }
        if parent == Some(MetadataElement::X509Certificate) {
            builder.reject("an element inside a certificate");
        }
        match element {
            MetadataElement::SpSsoDescriptor if !supports_saml2(tag) => {
                builder.note_other_protocol();
                return MetadataElement::Ignored;
            }
            MetadataElement::SpSsoDescriptor => builder.role(tag),
            MetadataElement::KeyDescriptor => {
                self.declared_use = DeclaredUse::from_attribute(tag.attribute("use"));
                self.has_certificate = false;
            }
            MetadataElement::EncryptionMethod => {
                builder.encryption_method(self.declared_use, tag.attribute("Algorithm"));
            }
            MetadataElement::AssertionConsumerService => builder.acs(tag),
            MetadataElement::SingleLogoutService => builder.logout(tag),
            MetadataElement::AttributeConsumingService => builder.attribute_consuming_service(),
            MetadataElement::RequestedAttribute => builder.requested_attribute(tag),
            MetadataElement::Name(_) => builder.language(tag),
            MetadataElement::RegistrationInfo => {
                builder.registration_authority(tag.attribute("registrationAuthority"));
            }
            MetadataElement::EntitiesDescriptor
            | MetadataElement::EntitiesExtensions
            | MetadataElement::PublicationInfo
            | MetadataElement::EntityDescriptor
            | MetadataElement::EntityExtensions
            | MetadataElement::RoleExtensions
            | MetadataElement::UiInfo
            | MetadataElement::KeyInfo
            | MetadataElement::X509Data
            | MetadataElement::X509Certificate
            | MetadataElement::NameIdFormat
            | MetadataElement::Organization
            | MetadataElement::Ignored => {}
        }
        element
    }

    /// Processes character data.
    pub(in crate::saml::metadata) fn text(&mut self, text: &str) {
        let Some(builder) = self.builder.as_mut() else {
            return;
        };
        builder.add_size(text.len(), MAX_ENTITY);
        match self.open_elements.last() {
            // However it is written: a character reference stands for that character (xml, 4.1).
            Some(
                MetadataElement::X509Certificate | MetadataElement::NameIdFormat | MetadataElement::Name(_),
            ) => {}
            _ => return,
        }
        if self.text.len() + text.len() <= MAX_TEXT {
            self.text.push_str(text);
        } else {
            builder.reject("a text that is longer than any that is needed");
        }
    }

    /// Processes an end tag; returns the entity, if it was the end of one.
    pub(in crate::saml::metadata) fn end(&mut self) -> Option<ParsedEntity> {
        let element = self.open_elements.pop()?;
        if element == MetadataElement::EntitiesDescriptor {
            self.enclosing.pop();
            return None;
        }
        let builder = self.builder.as_mut()?;
        match element {
            MetadataElement::EntityDescriptor => {
                return self.builder.take().map(|builder| builder.finish(self.now));
            }
            MetadataElement::X509Certificate => {
                self.has_certificate = true;
                builder.certificate(&self.text, self.declared_use);
            }
            MetadataElement::X509Data => builder.finish_x509_data(self.now),
            MetadataElement::KeyDescriptor if !self.has_certificate => builder.note_key_without_certificate(),
            MetadataElement::NameIdFormat => builder.name_id_format(&self.text),
            MetadataElement::Name(source) => builder.name(source, &self.text),
            MetadataElement::EntitiesDescriptor
            | MetadataElement::EntitiesExtensions
            | MetadataElement::PublicationInfo
            | MetadataElement::SpSsoDescriptor
            | MetadataElement::EntityExtensions
            | MetadataElement::RegistrationInfo
            | MetadataElement::RoleExtensions
            | MetadataElement::UiInfo
            | MetadataElement::KeyDescriptor
            | MetadataElement::KeyInfo
            | MetadataElement::EncryptionMethod
            | MetadataElement::AssertionConsumerService
            | MetadataElement::SingleLogoutService
            | MetadataElement::AttributeConsumingService
            | MetadataElement::RequestedAttribute
            | MetadataElement::Organization
            | MetadataElement::Ignored => {}
        }
        None
    }
}

/// Whether a role supports SAML 2.0; one that does not say is taken to support it.
fn supports_saml2(role: &StartTag<'_>) -> bool {
    role.attribute("protocolSupportEnumeration")
        .is_none_or(|protocols| protocols.split(WHITESPACE).any(|protocol| protocol == PROTOCOL))
}
