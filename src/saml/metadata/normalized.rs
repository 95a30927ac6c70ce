//! An entity as it is stored: the smallest metadata that parses as the same service provider, so that
//! stored metadata is read by the one strict parser, and two copies can be compared by their hash.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    model::application::Binding,
    saml::{
        metadata::sp::Entity,
        urn::{DSIG, HTTP_POST, HTTP_REDIRECT, METADATA, PROTOCOL},
    },
    xml::writer::{Unwritable, XmlWriter},
};

const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
const MDRPI: &str = "urn:oasis:names:tc:SAML:metadata:rpi";

/// Writes `entity`. What changes with each copy although nothing changed (`validUntil`, signatures,
/// `cacheDuration`) is left out; `valid_until` is written if the entity has an end of its own.
pub fn write(entity: &Entity, valid_until: Option<DateTime<Utc>>) -> Result<String, Unwritable> {
    let mut out = XmlWriter::new(4096);
    let until = valid_until.map(|end| end.to_rfc3339_opts(SecondsFormat::Secs, true));
    let mut attributes = vec![("entityID", entity.entity_id.as_str())];
    attributes.extend(until.as_deref().map(|until| ("validUntil", until)));
    out.open("md:EntityDescriptor", &[("md", METADATA)], &attributes);
    if let Some(authority) = &entity.registration_authority {
        out.open("md:Extensions", &[], &[]);
        out.leaf(
            "mdrpi:RegistrationInfo",
            &[("mdrpi", MDRPI)],
            &[("registrationAuthority", authority)],
            "",
        );
        out.close("md:Extensions");
    }
    let mut role = Vec::new();
    if entity.signs_requests {
        role.push(("AuthnRequestsSigned", "true"));
    }
    if entity.wants_assertions_signed {
        role.push(("WantAssertionsSigned", "true"));
    }
    role.push(("protocolSupportEnumeration", PROTOCOL));
    out.open("md:SPSSODescriptor", &[], &role);
    if let Some(name) = &entity.display_name {
        out.open("md:Extensions", &[], &[]);
        out.open("mdui:UIInfo", &[("mdui", MDUI)], &[]);
        out.leaf("mdui:DisplayName", &[], &[("xml:lang", "en")], name);
        out.close("mdui:UIInfo");
        out.close("md:Extensions");
    }
    write_keys(entity, &mut out);
    write_endpoints(entity, &mut out);
    write_requested_attributes(entity, &mut out);
    out.close("md:SPSSODescriptor");
    out.close("md:EntityDescriptor");
    out.finish()
}

fn write_keys(entity: &Entity, out: &mut XmlWriter) {
    let all = [
        ("signing", &entity.signing_certificates),
        ("encryption", &entity.encryption_certificates),
    ];
    for (usage, certificates) in all {
        for der in certificates {
            out.open("md:KeyDescriptor", &[], &[("use", usage)]);
            out.open("ds:KeyInfo", &[("ds", DSIG)], &[]);
            out.open("ds:X509Data", &[], &[]);
            out.leaf("ds:X509Certificate", &[], &[], &STANDARD.encode(der));
            out.close("ds:X509Data");
            out.close("ds:KeyInfo");
            if usage == "encryption" {
                for method in &entity.encryption_methods {
                    out.leaf("md:EncryptionMethod", &[], &[("Algorithm", method)], "");
                }
            }
            out.close("md:KeyDescriptor");
        }
    }
}

fn write_endpoints(entity: &Entity, out: &mut XmlWriter) {
    for service in &entity.logout_endpoints {
        let binding = match service.binding {
            Binding::Redirect => HTTP_REDIRECT,
            Binding::Post => HTTP_POST,
        };
        let mut attributes = vec![("Binding", binding), ("Location", service.location.as_str())];
        if let Some(location) = &service.response_location {
            attributes.push(("ResponseLocation", location.as_str()));
        }
        out.leaf("md:SingleLogoutService", &[], &attributes, "");
    }
    for format in &entity.name_id_formats {
        out.leaf("md:NameIDFormat", &[], &[], format);
    }
    for (position, acs) in entity.acs_endpoints.iter().enumerate() {
        let index = acs.index.map(|index| index.to_string());
        let mut attributes = vec![("Binding", HTTP_POST), ("Location", acs.location.as_str())];
        attributes.extend(index.as_deref().map(|index| ("index", index)));
        if position == 0 {
            attributes.push(("isDefault", "true"));
        }
        out.leaf("md:AssertionConsumerService", &[], &attributes, "");
    }
}

fn write_requested_attributes(entity: &Entity, out: &mut XmlWriter) {
    if entity.requested_attributes.is_empty() {
        return;
    }
    out.open("md:AttributeConsumingService", &[], &[("index", "0")]);
    for requested in &entity.requested_attributes {
        let mut attributes = Vec::new();
        attributes.extend(
            requested
                .friendly_name
                .as_deref()
                .map(|name| ("FriendlyName", name)),
        );
        attributes.push(("Name", requested.name.as_str()));
        attributes.extend(
            requested
                .name_format
                .as_deref()
                .map(|format| ("NameFormat", format)),
        );
        if requested.required {
            attributes.push(("isRequired", "true"));
        }
        out.leaf("md:RequestedAttribute", &[], &attributes, "");
    }
    out.close("md:AttributeConsumingService");
}
