//! How Responses to an application are built: which options an administrator may choose, and how they are applied.

use std::collections::BTreeSet;

use crate::{
    crypto::encrypt::UnusableRecipient,
    model::{
        application::{ApplicationKind, SamlApplication, ServiceProvider},
        attribute::{self, AttributeRule},
        key::Certificate,
        keys_on::KeysOn,
        name_id::NameIdFormat,
        preset::Preset,
        remedy::{Remediable, Remedy},
        response_options::{ContentCipher, DefaultClass, SignatureAlgorithm, SignedParts},
        secret::Secret,
    },
    provider::{error::Error, handle::Saml, snapshot::Snapshot},
    saml::{
        encryption::{self, AssertionEncryption},
        response::{self, ResponseProtection},
    },
};

/// Changes to the options; a field that is `None` keeps its value.
#[derive(Clone, Debug, Default)]
pub struct ResponseOptionsEdit {
    /// What a well-known service provider wants: a NameID format and attributes. What is given beside it wins.
    pub preset: Option<Preset>,
    pub signed_parts: Option<SignedParts>,
    pub signature_algorithm: Option<SignatureAlgorithm>,
    /// The cipher for Assertions; `Some(None)` sends them unencrypted.
    pub encryption: Option<Option<ContentCipher>>,
    /// The authentication context class if a request asks for none.
    pub default_class: Option<DefaultClass>,
    /// The certificates to encrypt to; replaces all of them.
    pub encryption_certificates: Option<Vec<Certificate>>,
    /// The NameID format if a request asks for none.
    pub name_id_format: Option<NameIdFormat>,
    /// By what the application knows people; `Some(None)` is unknown.
    pub keys_on: Option<Option<KeysOn>>,
    /// The attributes about the user; replaces the whole list.
    pub attributes: Option<Vec<AttributeRule>>,
    /// The `RelayState` of an unsolicited Response; `Some(None)` sends none.
    pub default_relay_state: Option<Option<String>>,
}

impl ResponseOptionsEdit {
    /// Whether it changes what only SAML has.
    pub fn is_of_saml(&self) -> bool {
        self.preset.is_some()
            || self.signed_parts.is_some()
            || self.signature_algorithm.is_some()
            || self.encryption.is_some()
            || self.default_class.is_some()
            || self.encryption_certificates.is_some()
            || self.name_id_format.is_some()
            || self.default_relay_state.is_some()
    }

    pub fn apply(self, saml: &mut ServiceProvider) {
        if let Some(preset) = self.preset {
            saml.name_id_format = preset.name_id_format();
            saml.keys_on = preset.keys_on();
            saml.attributes = preset.attributes().into();
        }
        let options = &mut saml.response_options;
        options.signed_parts = self.signed_parts.unwrap_or(options.signed_parts);
        options.signature_algorithm = self.signature_algorithm.unwrap_or(options.signature_algorithm);
        options.encryption = self.encryption.unwrap_or(options.encryption);
        options.default_class = self.default_class.unwrap_or(options.default_class);
        saml.name_id_format = self.name_id_format.unwrap_or(saml.name_id_format);
        saml.keys_on = self.keys_on.unwrap_or(saml.keys_on);
        if let Some(certificates) = self.encryption_certificates {
            saml.encryption_certificates = certificates;
        }
        if let Some(attributes) = self.attributes {
            saml.attributes = attributes.into();
        }
        if let Some(relay_state) = self.default_relay_state {
            saml.default_relay_state = relay_state;
        }
    }

    /// Whether the list of attributes becomes another one.
    pub(in crate::provider) const fn replaces_attributes(&self) -> bool {
        self.preset.is_some() || self.attributes.is_some()
    }
}

/// Why Responses cannot be built with these options.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadResponseOptions {
    /// Encryption without a certificate.
    #[error("assertions cannot be encrypted without the application's certificate")]
    NoEncryptionCertificate,
    /// No certificate can be encrypted to.
    #[error("assertions cannot be encrypted to the certificate {subject}: {why}")]
    UnusableForEncryption {
        /// The subject of the certificate.
        subject: String,
        why: UnusableRecipient,
    },
    /// Some service providers refuse a Response with the same attribute name twice.
    #[error("the attribute {0} stands in the list twice")]
    DuplicateAttribute(String),
    /// ChatGPT has no key to decrypt with.
    #[error("ChatGPT never decrypts: nothing can be encrypted for it")]
    EncryptedChatGpt,
    /// ChatGPT requires a signed Assertion.
    #[error("ChatGPT wants the assertion signed")]
    UnsignedAssertionChatGpt,
    /// One of the two kinds of ChatGPT connection refuses other algorithms.
    #[error("ChatGPT is known to take RSA-SHA256 only")]
    AlgorithmChatGpt,
    /// ChatGPT uses the NameID as the e-mail address.
    #[error("ChatGPT takes the name for the e-mail address: its format stays email")]
    NameIdFormatChatGpt,
    /// ChatGPT reads this attribute.
    #[error("ChatGPT needs the attribute {0} as it is; others can be added beside it")]
    AttributeChatGpt(String),
}

impl Remediable for BadResponseOptions {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NoEncryptionCertificate => Some(Remedy::AddEncryptionCertificate),
            Self::UnsignedAssertionChatGpt => Some(Remedy::SignAssertion),
            Self::UnusableForEncryption { .. }
            | Self::DuplicateAttribute(_)
            | Self::EncryptedChatGpt
            | Self::AlgorithmChatGpt
            | Self::NameIdFormatChatGpt
            | Self::AttributeChatGpt(_) => None,
        }
    }
}

/// Checks whether Responses to an application of this kind may be built with these options.
pub(in crate::provider) fn check_response_options(
    kind: ApplicationKind,
    saml: &ServiceProvider,
) -> Result<(), BadResponseOptions> {
    let mut names = BTreeSet::new();
    if let Some(twice) = saml.attributes.iter().find(|rule| !names.insert(&rule.name)) {
        return Err(BadResponseOptions::DuplicateAttribute(twice.name.clone()));
    }
    if kind.is_chatgpt() {
        return check_chatgpt(saml);
    }
    if saml.response_options.encryption.is_some() {
        encryption_certificate(&saml.encryption_certificates)?;
    }
    Ok(())
}

fn check_chatgpt(saml: &ServiceProvider) -> Result<(), BadResponseOptions> {
    let options = saml.response_options;
    if options.encryption.is_some() {
        return Err(BadResponseOptions::EncryptedChatGpt);
    }
    if options.signed_parts == SignedParts::Response {
        return Err(BadResponseOptions::UnsignedAssertionChatGpt);
    }
    if options.signature_algorithm != SignatureAlgorithm::RsaSha256 {
        return Err(BadResponseOptions::AlgorithmChatGpt);
    }
    if saml.name_id_format != NameIdFormat::EmailAddress {
        return Err(BadResponseOptions::NameIdFormatChatGpt);
    }
    let has = |needed: &AttributeRule| {
        let may_lack = needed.source.is_given_or_family_name();
        saml.attributes.iter().any(|rule| {
            let required = if may_lack { needed.required } else { rule.required };
            *needed
                == AttributeRule {
                    required,
                    ..rule.clone()
                }
        })
    };
    match attribute::default_rules().into_iter().find(|needed| !has(needed)) {
        Some(missing) => Err(BadResponseOptions::AttributeChatGpt(missing.name)),
        None => Ok(()),
    }
}

/// The first certificate that can be encrypted to; if there is none, why the last one cannot.
fn encryption_certificate(certificates: &[Certificate]) -> Result<&Certificate, BadResponseOptions> {
    let mut bad = BadResponseOptions::NoEncryptionCertificate;
    for certificate in certificates {
        match encryption::check_recipient(certificate) {
            Ok(()) => return Ok(certificate),
            Err(why) => {
                bad = BadResponseOptions::UnusableForEncryption {
                    subject: certificate.subject.clone(),
                    why,
                }
            }
        }
    }
    Err(bad)
}

impl Saml<'_> {
    /// How a Response to `application` is signed and encrypted.
    pub(in crate::provider) fn response_protection<'a>(
        &self,
        snapshot: &'a Snapshot,
        application: SamlApplication<'a>,
    ) -> Result<ResponseProtection<'a>, Error> {
        Ok(ResponseProtection {
            encryption: self.assertion_encryption(application)?,
            ..protection_without_encryption(snapshot, application)
        })
    }

    /// What the Assertion is encrypted with, if it is. An Assertion for ChatGPT never is, whatever the database says;
    /// and an Assertion that must be encrypted is never sent in plain text.
    pub(in crate::provider) fn assertion_encryption<'a>(
        &self,
        application: SamlApplication<'a>,
    ) -> Result<Option<AssertionEncryption<'a>>, Error> {
        let saml = application.sp;
        let cipher = if application.application.kind.is_chatgpt() {
            None
        } else {
            saml.response_options.encryption
        };
        let Some(cipher) = cipher else {
            return Ok(None);
        };
        let recipient = encryption_certificate(&saml.encryption_certificates)
            .map_err(|_unfit| response::Error::NoRecipient)?;
        Ok(Some(AssertionEncryption::new(
            cipher,
            recipient,
            Secret::new(self.random()),
        )))
    }
}

/// The same without encryption, for previews: what is sent to an application uses [`Provider::response_protection`].
pub(in crate::provider) fn protection_without_encryption<'a>(
    snapshot: &'a Snapshot,
    application: SamlApplication<'_>,
) -> ResponseProtection<'a> {
    let options = application.sp.response_options;
    ResponseProtection {
        signer: &snapshot.signer,
        signed_parts: options.signed_parts,
        algorithm: options.signature_algorithm,
        encryption: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::application::EntityId;

    fn service_provider() -> ServiceProvider {
        ServiceProvider::with_defaults(EntityId::parse("urn:sp").unwrap(), Vec::new())
    }

    #[test]
    fn what_chatgpt_needs_cannot_be_changed() {
        assert_eq!(
            check_response_options(ApplicationKind::ChatGptCurrent, &service_provider()),
            Ok(())
        );
        let edits = [
            ResponseOptionsEdit {
                encryption: Some(Some(ContentCipher::Aes256Gcm)),
                ..ResponseOptionsEdit::default()
            },
            ResponseOptionsEdit {
                signed_parts: Some(SignedParts::Response),
                ..ResponseOptionsEdit::default()
            },
            ResponseOptionsEdit {
                signature_algorithm: Some(SignatureAlgorithm::RsaSha512),
                ..ResponseOptionsEdit::default()
            },
            ResponseOptionsEdit {
                name_id_format: Some(NameIdFormat::Unspecified),
                ..ResponseOptionsEdit::default()
            },
            ResponseOptionsEdit {
                attributes: Some(attribute::default_rules().split_off(1)),
                ..ResponseOptionsEdit::default()
            },
        ];
        for kind in [ApplicationKind::ChatGptLegacy, ApplicationKind::ChatGptCurrent] {
            for edit in edits.clone() {
                let mut saml = service_provider();
                edit.clone().apply(&mut saml);
                assert!(check_response_options(kind, &saml).is_err(), "{edit:?}");
            }
        }
    }

    #[test]
    fn chatgpt_names_need_not_be_required() {
        let mut saml = service_provider();
        let mut rules = attribute::default_rules();
        for rule in &mut rules {
            rule.required = !rule.source.is_given_or_family_name();
        }
        saml.attributes = rules.clone().into();
        assert_eq!(
            check_response_options(ApplicationKind::ChatGptCurrent, &saml),
            Ok(())
        );
        for rule in &mut rules {
            rule.required = false;
        }
        saml.attributes = rules.into();
        assert!(
            check_response_options(ApplicationKind::ChatGptCurrent, &saml).is_err(),
            "the address and the id"
        );
    }

    #[test]
    fn encryption_needs_a_certificate_and_attribute_names_are_unique() {
        let mut encrypted = service_provider();
        encrypted.response_options.encryption = Some(ContentCipher::Aes128Gcm);
        assert_eq!(
            check_response_options(ApplicationKind::Other, &encrypted),
            Err(BadResponseOptions::NoEncryptionCertificate)
        );
        let mut twice = service_provider();
        let last = attribute::default_rules().pop();
        twice.attributes = twice.attributes.iter().cloned().chain(last).collect();
        assert_eq!(
            check_response_options(ApplicationKind::Other, &twice),
            Err(BadResponseOptions::DuplicateAttribute("lastName".to_owned()))
        );
    }
}
