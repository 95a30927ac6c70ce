//! A service provider's metadata, streamed: one entity, or an aggregate out of which one is taken.
//!
//! quick-xml is a tokenizer and no judge: what it lets through (a second root, markup behind the end,
//! a DTD, a foreign namespace) is refused here.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDateTime, Utc};
use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};

use crate::saml::urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA};

/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 2 * 1024 * 1024;
const MAX_DEPTH: usize = 40;

/// An address of the service provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// How messages reach it.
    pub binding: String,
    /// Where.
    pub location: String,
    /// Where responses go, if elsewhere.
    pub response_location: Option<String>,
    /// Its number.
    pub index: Option<u16>,
    /// `isDefault`.
    pub is_default: Option<bool>,
}

/// What metadata says of one service provider.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entity {
    /// `entityID`.
    pub entity_id: String,
    /// Until when it counts: its own `validUntil`, its role's, and those of whatever it stands in; all
    /// of them hold (saml-metadata, 2.3.1, 2.3.2, 2.4.1).
    pub valid_until: Vec<String>,
    /// `AuthnRequestsSigned`.
    pub signs_requests: bool,
    /// `AssertionConsumerService` over HTTP-POST, the default first (saml-metadata, 2.4.4; E37).
    pub consumers: Vec<Endpoint>,
    /// `SingleLogoutService`, whatever the binding.
    pub logout: Vec<Endpoint>,
    /// Certificates for signing, DER; a key without `use` counts (E62).
    pub certificates: Vec<Vec<u8>>,
}

/// Why metadata cannot be read, in words for the administrator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadMetadata {
    /// Not well-formed, or with what must not be there.
    #[error("this is no SAML metadata: {0}")]
    Malformed(String),
    /// Too large.
    #[error("the metadata is larger than 2 MB")]
    TooLarge,
    /// Over.
    #[error("the metadata was valid until {0} only; fetch it again")]
    Expired(String),
    /// No such service provider in it.
    #[error("the metadata describes no service provider{0}")]
    NoServiceProvider(String),
}

impl Entity {
    /// The logout address over HTTP-Redirect.
    pub fn logout_by_redirect(&self) -> Option<&Endpoint> {
        self.logout
            .iter()
            .find(|endpoint| endpoint.binding == HTTP_REDIRECT)
    }
}

/// Reads the service provider `wanted`, or the only one, out of `text`.
pub fn read(text: &str, wanted: Option<&str>, now: DateTime<Utc>) -> Result<Entity, BadMetadata> {
    if text.len() > MAX_FILE {
        return Err(BadMetadata::TooLarge);
    }
    let mut entities = entities(text)?;
    if let Some(wanted) = wanted {
        entities.retain(|entity| entity.entity_id == wanted);
    }
    let mut entities = entities.into_iter();
    let named = || wanted.map(|name| format!(" called {name}")).unwrap_or_default();
    let entity = entities
        .next()
        .ok_or_else(|| BadMetadata::NoServiceProvider(named()))?;
    if entities.next().is_some() {
        return Err(BadMetadata::Malformed(
            "it describes several service providers, and which is meant is open".to_owned(),
        ));
    }
    if entity.entity_id.is_empty() {
        return Err(BadMetadata::Malformed("the entity has no entityID".to_owned()));
    }
    check_validity(&entity, now)?;
    Ok(entity)
}

fn check_validity(entity: &Entity, now: DateTime<Utc>) -> Result<(), BadMetadata> {
    for text in &entity.valid_until {
        // Without a zone it is UTC, as in messages.
        let bare = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|end| end.and_utc());
        match DateTime::parse_from_rfc3339(text)
            .map(|end| end.to_utc())
            .or_else(|_zoned| bare())
        {
            Ok(end) if end > now => {}
            Ok(_) => return Err(BadMetadata::Expired(text.clone())),
            Err(_) => return Err(BadMetadata::Malformed("validUntil is no time".to_owned())),
        }
    }
    Ok(())
}

/// What stands open while reading.
#[derive(Default)]
struct Reading {
    done: Vec<Entity>,
    entity: Option<Entity>,
    is_service_provider: bool,
    in_role: bool,
    key_is_for_signing: bool,
    certificate: Option<String>,
    valid_until: Vec<Option<String>>,
    depth: usize,
    roots: usize,
}

fn entities(text: &str) -> Result<Vec<Entity>, BadMetadata> {
    let malformed = |why: &str| BadMetadata::Malformed(why.to_owned());
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut state = Reading::default();
    let mut is_first = true;
    loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|why| BadMetadata::Malformed(format!("not well-formed XML ({why})")))?;
        match event {
            Event::Start(tag) => {
                state.depth += 1;
                if state.depth == 1 {
                    state.roots += 1;
                }
                if state.depth > MAX_DEPTH || state.roots > 1 {
                    return Err(malformed("nested too deep, or more than one root"));
                }
                check_attributes(&tag)?;
                let place = place(&namespace);
                state.open(place, &tag)?;
            }
            Event::End(tag) => {
                state.depth = state.depth.saturating_sub(1);
                let place = place(&namespace);
                state.close(place, tag.local_name().as_ref())?;
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                if text.contains("]]>") {
                    return Err(malformed("]]> in a text"));
                }
                check_characters(&text)?;
                state.text(&text)?;
            }
            Event::GeneralRef(_) | Event::CData(_) if state.certificate.is_some() => {
                return Err(malformed("a certificate that is no base64"));
            }
            Event::GeneralRef(_) | Event::CData(_) if state.depth == 0 => {
                return Err(malformed("something outside the root"));
            }
            Event::DocType(_) => return Err(malformed("a document type declaration")),
            Event::PI(_) => return Err(malformed("a processing instruction")),
            Event::Decl(_) if !is_first => return Err(malformed("a second declaration, or a late one")),
            Event::Eof => break,
            Event::Empty(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::GeneralRef(_) => {
            }
        }
        is_first = false;
    }
    if state.depth == 0 && state.roots == 1 {
        Ok(state.done)
    } else {
        Err(malformed("it ends too early"))
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Metadata,
    Signature,
    Elsewhere,
}

fn place(namespace: &ResolveResult<'_>) -> Place {
    match namespace {
        ResolveResult::Bound(name) if name.as_ref() == METADATA => Place::Metadata,
        ResolveResult::Bound(name) if name.as_ref() == DSIG => Place::Signature,
        ResolveResult::Bound(_) | ResolveResult::Unbound | ResolveResult::Unknown(_) => Place::Elsewhere,
    }
}

impl Reading {
    fn open(&mut self, place: Place, tag: &BytesStart<'_>) -> Result<(), BadMetadata> {
        let attribute = |name: &str| attribute(tag, name);
        let name = tag.local_name();
        match (place, name.as_ref()) {
            (Place::Metadata, "EntitiesDescriptor") => self.valid_until.push(attribute("validUntil")?),
            (Place::Metadata, "EntityDescriptor") => {
                if self.entity.is_some() {
                    return Err(BadMetadata::Malformed("an entity inside an entity".to_owned()));
                }
                let above = self.valid_until.iter().flatten().cloned();
                self.entity = Some(Entity {
                    entity_id: attribute("entityID")?.unwrap_or_default(),
                    valid_until: above.chain(attribute("validUntil")?).collect(),
                    ..Entity::default()
                });
                self.is_service_provider = false;
            }
            (Place::Metadata, "SPSSODescriptor") => {
                self.in_role = true;
                self.is_service_provider = true;
                let signs = attribute("AuthnRequestsSigned")?.is_some_and(|value| is_true(&value));
                let until = attribute("validUntil")?;
                if let Some(entity) = &mut self.entity {
                    entity.signs_requests |= signs;
                    entity.valid_until.extend(until);
                }
            }
            (Place::Metadata, "KeyDescriptor") if self.in_role => {
                self.key_is_for_signing = attribute("use")?.is_none_or(|usage| usage == "signing");
            }
            (Place::Signature, "X509Certificate") if self.in_role && self.key_is_for_signing => {
                self.certificate = Some(String::new());
            }
            (Place::Metadata, "AssertionConsumerService") if self.in_role => {
                let endpoint = endpoint(tag)?;
                if let Some(entity) = &mut self.entity
                    && endpoint.binding == HTTP_POST
                {
                    entity.consumers.push(endpoint);
                }
            }
            (Place::Metadata, "SingleLogoutService") if self.in_role => {
                let endpoint = endpoint(tag)?;
                if let Some(entity) = &mut self.entity {
                    entity.logout.push(endpoint);
                }
            }
            (Place::Metadata | Place::Signature | Place::Elsewhere, _) => {
                if self.certificate.is_some() {
                    return Err(BadMetadata::Malformed(
                        "an element inside a certificate".to_owned(),
                    ));
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, place: Place, name: &str) -> Result<(), BadMetadata> {
        match (place, name) {
            (Place::Metadata, "EntitiesDescriptor") => {
                self.valid_until.pop();
            }
            (Place::Metadata, "EntityDescriptor") => {
                let entity = self.entity.take().filter(|_entity| self.is_service_provider);
                self.done.extend(entity.map(in_order));
            }
            (Place::Metadata, "SPSSODescriptor") => self.in_role = false,
            (Place::Metadata, "KeyDescriptor") => self.key_is_for_signing = false,
            (Place::Signature, "X509Certificate") => {
                if let (Some(text), Some(entity)) = (self.certificate.take(), &mut self.entity) {
                    let packed: String = text.split_ascii_whitespace().collect();
                    let der = STANDARD.decode(packed).map_err(|_why| {
                        BadMetadata::Malformed("a certificate that is no base64".to_owned())
                    })?;
                    entity.certificates.push(der);
                }
            }
            (Place::Metadata | Place::Signature | Place::Elsewhere, _) => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), BadMetadata> {
        if let Some(certificate) = &mut self.certificate {
            certificate.push_str(text);
        } else if self.depth == 0 && !text.trim_matches(['\u{feff}', ' ', '\t', '\n', '\r']).is_empty() {
            return Err(BadMetadata::Malformed("text outside the root".to_owned()));
        }
        Ok(())
    }
}

/// The default consumer first: the first that says so, else the first that does not deny it, else the
/// first (saml-metadata, E37).
fn in_order(mut entity: Entity) -> Entity {
    let of = |wanted| {
        entity
            .consumers
            .iter()
            .position(|consumer| consumer.is_default == wanted)
    };
    if let Some(at) = of(Some(true)).or_else(|| of(None)) {
        let default = entity.consumers.remove(at);
        entity.consumers.insert(0, default);
    }
    entity
}

fn endpoint(tag: &BytesStart<'_>) -> Result<Endpoint, BadMetadata> {
    Ok(Endpoint {
        binding: attribute(tag, "Binding")?.unwrap_or_default(),
        location: attribute(tag, "Location")?.unwrap_or_default(),
        response_location: attribute(tag, "ResponseLocation")?,
        index: attribute(tag, "index")?.and_then(|text| text.trim().parse().ok()),
        is_default: attribute(tag, "isDefault")?.map(|text| is_true(&text)),
    })
}

fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}

/// Every attribute of an element, ours or not: quick-xml looks only at those that are asked for.
fn check_attributes(tag: &BytesStart<'_>) -> Result<(), BadMetadata> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|why| BadMetadata::Malformed(format!("an attribute: {why}")))?;
        if attribute.value.contains('<') {
            return Err(BadMetadata::Malformed("a < in an attribute".to_owned()));
        }
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|why| BadMetadata::Malformed(format!("an attribute: {why}")))?;
        check_characters(&value)?;
    }
    Ok(())
}

/// Characters that XML 1.0 cannot hold (xml, 2.2).
fn check_characters(text: &str) -> Result<(), BadMetadata> {
    let forbidden =
        |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) {
        return Err(BadMetadata::Malformed("a control character".to_owned()));
    }
    Ok(())
}

/// The value of an attribute without a prefix.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, BadMetadata> {
    let mut found = None;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|why| BadMetadata::Malformed(format!("an attribute: {why}")))?;
        if attribute.key.as_ref() == name {
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|why| BadMetadata::Malformed(format!("an attribute: {why}")))?;
            found = Some(value.into_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
