//! The way through metadata: which element stands where, and what of it is noted. An element counts only
//! in the place that the schema gives it; the same element elsewhere (in an extension, in a signature) does
//! not.

use chrono::{DateTime, TimeDelta, Utc};

use crate::saml::{
    metadata::{
        bad::BadMetadata,
        sp::{draft::Draft, entity::Found, keys::Usage},
        time::{date_time, duration},
        xml::{characters::WHITE, tag::Tag},
    },
    urn::{DSIG, METADATA, PROTOCOL},
};

/// Namespace of what user interfaces show (sstc-saml-metadata-ui, 2.1).
const UI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// Namespace of who registered an entity (saml-metadata-rpi, 2).
const REGISTRATION: &str = "urn:oasis:names:tc:SAML:metadata:rpi";
/// The longest text that is kept, in bytes; a certificate is a few thousand.
const MAX_TEXT: usize = 64 * 1024;
/// The longest entity, in bytes.
const MAX_ENTITY: usize = 2 * 1024 * 1024;

/// Reads entities out of tokens.
#[derive(Debug)]
pub(in crate::saml::metadata) struct Reading {
    now: DateTime<Utc>,
    places: Vec<Place>,
    /// What the open aggregates say of all that is in them.
    above: Vec<Validity>,
    draft: Option<Draft>,
    published_at: Option<DateTime<Utc>>,
    has_entities: bool,
    /// The text of the open element, where that is wanted.
    text: String,
    usage: Option<Usage>,
    has_certificate: bool,
}

/// Until when something counts, and how long it may be kept.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::saml::metadata) struct Validity {
    pub(in crate::saml::metadata) until: Option<DateTime<Utc>>,
    pub(in crate::saml::metadata) cache_for: Option<TimeDelta>,
    /// Whether `cacheDuration` could not be read.
    pub(in crate::saml::metadata) has_bad_duration: bool,
}

/// Where in metadata an element stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Entities,
    /// What is said of all that is in it.
    AllExtensions,
    Publication,
    Entity,
    Role,
    EntityExtensions,
    Registration,
    Extensions,
    UiInfo,
    Key,
    KeyInfo,
    X509Data,
    Certificate,
    EncryptionMethod,
    Consumer,
    Logout,
    NameIdFormat,
    Service,
    RequestedAttribute,
    Organization,
    Name(Naming),
    Elsewhere,
}

/// Where a name for people comes from, the best first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Naming {
    Ui,
    Service,
    OrganizationDisplay,
    Organization,
}

/// The place of an element inside another.
fn place(parent: Option<Place>, tag: &Tag<'_>) -> Place {
    let name = match tag.namespace {
        METADATA => tag.local,
        DSIG => return key_place(parent, tag.local),
        UI => {
            return match (parent, tag.local) {
                (Some(Place::Extensions), "UIInfo") => Place::UiInfo,
                (Some(Place::UiInfo), "DisplayName") => Place::Name(Naming::Ui),
                _ => Place::Elsewhere,
            };
        }
        REGISTRATION => {
            return match (parent, tag.local) {
                (Some(Place::EntityExtensions), "RegistrationInfo") => Place::Registration,
                (Some(Place::AllExtensions), "PublicationInfo") => Place::Publication,
                _ => Place::Elsewhere,
            };
        }
        _ => return Place::Elsewhere,
    };
    match (parent, name) {
        (None | Some(Place::Entities), "EntitiesDescriptor") => Place::Entities,
        (Some(Place::Entities), "Extensions") => Place::AllExtensions,
        (None | Some(Place::Entities), "EntityDescriptor") => Place::Entity,
        (Some(Place::Entity), "Extensions") => Place::EntityExtensions,
        (Some(Place::Entity), "SPSSODescriptor") => Place::Role,
        (Some(Place::Entity), "Organization") => Place::Organization,
        (Some(Place::Organization), "OrganizationName") => Place::Name(Naming::Organization),
        (Some(Place::Organization), "OrganizationDisplayName") => Place::Name(Naming::OrganizationDisplay),
        (Some(Place::Role), "Extensions") => Place::Extensions,
        (Some(Place::Role), "KeyDescriptor") => Place::Key,
        (Some(Place::Key), "EncryptionMethod") => Place::EncryptionMethod,
        (Some(Place::Role), "SingleLogoutService") => Place::Logout,
        (Some(Place::Role), "NameIDFormat") => Place::NameIdFormat,
        (Some(Place::Role), "AssertionConsumerService") => Place::Consumer,
        (Some(Place::Role), "AttributeConsumingService") => Place::Service,
        (Some(Place::Service), "ServiceName") => Place::Name(Naming::Service),
        (Some(Place::Service), "RequestedAttribute") => Place::RequestedAttribute,
        _ => Place::Elsewhere,
    }
}

fn key_place(parent: Option<Place>, name: &str) -> Place {
    match (parent, name) {
        (Some(Place::Key), "KeyInfo") => Place::KeyInfo,
        (Some(Place::KeyInfo), "X509Data") => Place::X509Data,
        (Some(Place::X509Data), "X509Certificate") => Place::Certificate,
        _ => Place::Elsewhere,
    }
}

impl Reading {
    /// Begins before the root.
    pub(in crate::saml::metadata) fn new(now: DateTime<Utc>) -> Self {
        Self {
            now,
            places: Vec::new(),
            above: Vec::new(),
            draft: None,
            published_at: None,
            has_entities: false,
            text: String::new(),
            usage: None,
            has_certificate: false,
        }
    }

    /// When the file was published, as far as it says so before its first entity.
    pub(in crate::saml::metadata) const fn published_at(&self) -> Option<DateTime<Utc>> {
        self.published_at
    }

    /// A start tag. What is wrong with one entity is kept with it; an error is about the whole file.
    pub(in crate::saml::metadata) fn start(&mut self, tag: &Tag<'_>) -> Result<(), BadMetadata> {
        let parent = self.places.last().copied();
        let mut place = place(parent, tag);
        let is_entity =
            tag.namespace == METADATA && matches!(tag.local, "EntityDescriptor" | "EntitiesDescriptor");
        if is_entity && place == Place::Elsewhere {
            return Err(BadMetadata::malformed("an entity where none may stand"));
        }
        if place == Place::Entities {
            self.above.push(validity(tag)?);
        } else if place == Place::Entity {
            self.draft = Some(Draft::new(tag, &self.above));
            self.has_entities = true;
        } else if place == Place::Publication {
            // Of the whole file, and not of a group inside it.
            if self.above.len() == 1 && !self.has_entities && self.published_at.is_none() {
                self.published_at = tag.attribute("creationInstant").and_then(date_time);
            }
        } else if place != Place::AllExtensions {
            place = self.inside(parent, place, tag);
        }
        if matches!(place, Place::Certificate | Place::NameIdFormat | Place::Name(_)) {
            self.text.clear();
        }
        self.places.push(place);
        Ok(())
    }

    /// A start tag inside an entity; what became of its place.
    fn inside(&mut self, parent: Option<Place>, place: Place, tag: &Tag<'_>) -> Place {
        let Some(draft) = self.draft.as_mut() else {
            return Place::Elsewhere;
        };
        // With the end tag that it will have.
        draft.grows(tag.raw.len() + tag.name.len() + 5, MAX_ENTITY);
        if draft.is_broken() {
            return Place::Elsewhere;
        }
        if parent == Some(Place::Certificate) {
            draft.breaks("an element inside a certificate");
        }
        match place {
            Place::Role if !speaks_saml(tag) => {
                draft.speaks_otherwise();
                return Place::Elsewhere;
            }
            Place::Role => draft.role(tag),
            Place::Key => {
                self.usage = Usage::of(tag.attribute("use"));
                self.has_certificate = false;
            }
            Place::EncryptionMethod => {
                draft.encryption_method(self.usage, tag.attribute("Algorithm"));
            }
            Place::Consumer => draft.consumer(tag),
            Place::Logout => draft.logout(tag),
            Place::Service => draft.service(),
            Place::RequestedAttribute => draft.requested_attribute(tag),
            Place::Name(_) => draft.language(tag),
            Place::Registration => draft.registered(tag.attribute("registrationAuthority")),
            Place::Entities
            | Place::AllExtensions
            | Place::Publication
            | Place::Entity
            | Place::EntityExtensions
            | Place::Extensions
            | Place::UiInfo
            | Place::KeyInfo
            | Place::X509Data
            | Place::Certificate
            | Place::NameIdFormat
            | Place::Organization
            | Place::Elsewhere => {}
        }
        place
    }

    /// Character data.
    pub(in crate::saml::metadata) fn text(&mut self, text: &str) {
        let Some(draft) = self.draft.as_mut() else {
            return;
        };
        draft.grows(text.len(), MAX_ENTITY);
        match self.places.last() {
            // However it is written: a reference to a character is that character (xml, 4.1).
            Some(Place::Certificate | Place::NameIdFormat | Place::Name(_)) => {}
            _ => return,
        }
        if self.text.len() + text.len() <= MAX_TEXT {
            self.text.push_str(text);
        } else {
            draft.breaks("a text that is longer than any that is needed");
        }
    }

    /// The end of the element that was opened last; the entity, if that was one.
    pub(in crate::saml::metadata) fn end(&mut self) -> Option<Found> {
        let place = self.places.pop()?;
        if place == Place::Entities {
            self.above.pop();
            return None;
        }
        let draft = self.draft.as_mut()?;
        match place {
            Place::Entity => return self.draft.take().map(|draft| draft.found(self.now)),
            Place::Certificate => {
                self.has_certificate = true;
                draft.certificate(&self.text, self.usage);
            }
            Place::X509Data => draft.key_data_ends(self.now),
            Place::Key if !self.has_certificate => draft.bare_key(),
            Place::NameIdFormat => draft.name_id_format(&self.text),
            Place::Name(naming) => draft.name(naming, &self.text),
            Place::Entities
            | Place::AllExtensions
            | Place::Publication
            | Place::Role
            | Place::EntityExtensions
            | Place::Registration
            | Place::Extensions
            | Place::UiInfo
            | Place::Key
            | Place::KeyInfo
            | Place::EncryptionMethod
            | Place::Consumer
            | Place::Logout
            | Place::Service
            | Place::RequestedAttribute
            | Place::Organization
            | Place::Elsewhere => {}
        }
        None
    }
}

/// Whether a role is for SAML 2.0; one that does not say is taken to be.
fn speaks_saml(role: &Tag<'_>) -> bool {
    role.attribute("protocolSupportEnumeration")
        .is_none_or(|protocols| protocols.split(WHITE).any(|protocol| protocol == PROTOCOL))
}

/// `validUntil` and `cacheDuration` of an element.
pub(in crate::saml::metadata) fn validity(tag: &Tag<'_>) -> Result<Validity, BadMetadata> {
    let until = match tag.attribute("validUntil") {
        None => None,
        Some(text) => Some(date_time(text).ok_or_else(|| BadMetadata::malformed("validUntil is no time"))?),
    };
    let said = tag.attribute("cacheDuration");
    let cache_for = said.and_then(duration);
    Ok(Validity {
        until,
        cache_for,
        has_bad_duration: said.is_some() && cache_for.is_none(),
    })
}
