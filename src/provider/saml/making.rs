//! How responses to an application are made: what an administrator may choose, and how it is done.

use std::collections::BTreeSet;

use crate::{
    model::{
        application::{Application, Kind, ServiceProvider},
        attribute::{self, AttributeRule},
        key::Certificate,
        making::{ContentCipher, SignatureAlgorithm, Signs},
        name_id::NameIdFormat,
        secret::Secret,
    },
    provider::{Provider, error::Error, snapshot::Snapshot},
    saml::{
        encryption::{self, Envelope, Unfit},
        response::{self, Seal},
    },
};

/// What changes about it; absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct MakingEdit {
    /// What is signed.
    pub signs: Option<Signs>,
    /// With what.
    pub algorithm: Option<SignatureAlgorithm>,
    /// What assertions are encrypted with; `Some(None)` sends them as they are.
    pub encryption: Option<Option<ContentCipher>>,
    /// The certificates that they are encrypted to, all of them.
    pub encryption_certificates: Option<Vec<Certificate>>,
    /// The name that is told where none in particular is asked for.
    pub name_id_format: Option<NameIdFormat>,
    /// What is told of a person, the whole list.
    pub attributes: Option<Vec<AttributeRule>>,
    /// `RelayState` of a response that nobody asked for; `Some(None)` sends none.
    pub default_relay_state: Option<Option<String>>,
}

impl MakingEdit {
    /// Changes `saml`.
    pub fn apply(self, saml: &mut ServiceProvider) {
        let making = &mut saml.making;
        making.signs = self.signs.unwrap_or(making.signs);
        making.algorithm = self.algorithm.unwrap_or(making.algorithm);
        making.encryption = self.encryption.unwrap_or(making.encryption);
        saml.name_id_format = self.name_id_format.unwrap_or(saml.name_id_format);
        if let Some(certificates) = self.encryption_certificates {
            saml.encryption_certificates = certificates;
        }
        if let Some(attributes) = self.attributes {
            saml.attributes = attributes;
        }
        if let Some(relay_state) = self.default_relay_state {
            saml.default_relay_state = relay_state;
        }
    }
}

/// Why responses cannot be made so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadMaking {
    /// Encryption without a key.
    #[error(
        "assertions cannot be encrypted without the application's certificate: add --encryption-certificate FILE"
    )]
    NothingToEncryptTo,
    /// Encryption with keys that are no good for it.
    #[error("assertions cannot be encrypted to the certificate {subject}: {why}")]
    UnfitForEncryption {
        /// Whose certificate.
        subject: String,
        /// Why not.
        why: Unfit,
    },
    /// A name twice: some service providers refuse the message then.
    #[error("the attribute {0} stands in the list twice")]
    AttributeTwice(String),
    /// ChatGPT has no key to open it with.
    #[error("ChatGPT never decrypts: nothing can be encrypted for it")]
    EncryptedChatGpt,
    /// Its connections want the assertion signed.
    #[error("ChatGPT wants the assertion signed: --sign both, or --sign assertion")]
    UnsignedAssertionChatGpt,
    /// One of its two shapes refuses others.
    #[error("ChatGPT is known to take RSA-SHA256 only")]
    AlgorithmChatGpt,
    /// It takes the name for the address.
    #[error("ChatGPT takes the name for the e-mail address: its format stays email")]
    NameChatGpt,
    /// It reads these.
    #[error("ChatGPT needs the attribute {0} as it is; others can be added beside it")]
    AttributeChatGpt(String),
}

/// Whether responses to an application of this kind may be made so.
pub(in crate::provider) fn check(kind: Kind, saml: &ServiceProvider) -> Result<(), BadMaking> {
    let mut names = BTreeSet::new();
    if let Some(twice) = saml.attributes.iter().find(|rule| !names.insert(&rule.name)) {
        return Err(BadMaking::AttributeTwice(twice.name.clone()));
    }
    if kind.is_chatgpt() {
        return check_chatgpt(saml);
    }
    if saml.making.encryption.is_some() {
        recipient(&saml.encryption_certificates)?;
    }
    Ok(())
}

fn check_chatgpt(saml: &ServiceProvider) -> Result<(), BadMaking> {
    let making = saml.making;
    if making.encryption.is_some() {
        return Err(BadMaking::EncryptedChatGpt);
    }
    if making.signs == Signs::Response {
        return Err(BadMaking::UnsignedAssertionChatGpt);
    }
    if making.algorithm != SignatureAlgorithm::RsaSha256 {
        return Err(BadMaking::AlgorithmChatGpt);
    }
    if saml.name_id_format != NameIdFormat::EmailAddress {
        return Err(BadMaking::NameChatGpt);
    }
    let has = |needed: &AttributeRule| {
        let may_lack = needed.source.is_one_name();
        saml.attributes.iter().any(|rule| {
            let required = if may_lack { needed.required } else { rule.required };
            *needed
                == AttributeRule {
                    required,
                    ..rule.clone()
                }
        })
    };
    match attribute::usual().into_iter().find(|needed| !has(needed)) {
        Some(lost) => Err(BadMaking::AttributeChatGpt(lost.name)),
        None => Ok(()),
    }
}

/// The first certificate that can be encrypted to; why the last one cannot, if none can.
fn recipient(certificates: &[Certificate]) -> Result<&Certificate, BadMaking> {
    let mut bad = BadMaking::NothingToEncryptTo;
    for certificate in certificates {
        match encryption::check(certificate) {
            Ok(()) => return Ok(certificate),
            Err(why) => {
                bad = BadMaking::UnfitForEncryption {
                    subject: certificate.subject.clone(),
                    why,
                }
            }
        }
    }
    Err(bad)
}

impl Provider {
    /// How a response to `application` is made safe.
    pub(in crate::provider) fn seal<'a>(
        &self,
        snapshot: &'a Snapshot,
        application: &'a Application,
    ) -> Result<Seal<'a>, Error> {
        Ok(Seal {
            envelope: self.envelope(application)?,
            ..signed_only(snapshot, application)
        })
    }

    /// What the assertion is encrypted with, if it is. ChatGPT's never is, whatever stands in the database; and what
    /// is to be encrypted is never sent as it is.
    pub(in crate::provider) fn envelope<'a>(
        &self,
        application: &'a Application,
    ) -> Result<Option<Envelope<'a>>, Error> {
        let saml = &application.saml;
        let cipher = if application.kind.is_chatgpt() {
            None
        } else {
            saml.making.encryption
        };
        let Some(cipher) = cipher else {
            return Ok(None);
        };
        let recipient =
            recipient(&saml.encryption_certificates).map_err(|_unfit| response::Error::NoRecipient)?;
        Ok(Some(Envelope::new(cipher, recipient, Secret::new(self.chance()))))
    }
}

/// The same for whoever only looks: what is sent to an application goes through [`Provider::seal`].
pub(in crate::provider) fn signed_only<'a>(snapshot: &'a Snapshot, application: &Application) -> Seal<'a> {
    let making = application.saml.making;
    Seal {
        signer: &snapshot.signer,
        signs: making.signs,
        algorithm: making.algorithm,
        envelope: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::application::EntityId;

    fn saml() -> ServiceProvider {
        ServiceProvider::usual(EntityId::parse("urn:sp").unwrap(), Vec::new())
    }

    #[test]
    fn chatgpt_keeps_what_it_needs() {
        assert_eq!(check(Kind::ChatGptCurrent, &saml()), Ok(()));
        let edits = [
            MakingEdit {
                encryption: Some(Some(ContentCipher::Aes256Gcm)),
                ..MakingEdit::default()
            },
            MakingEdit {
                signs: Some(Signs::Response),
                ..MakingEdit::default()
            },
            MakingEdit {
                algorithm: Some(SignatureAlgorithm::RsaSha512),
                ..MakingEdit::default()
            },
            MakingEdit {
                name_id_format: Some(NameIdFormat::Unspecified),
                ..MakingEdit::default()
            },
            MakingEdit {
                attributes: Some(attribute::usual().split_off(1)),
                ..MakingEdit::default()
            },
        ];
        for kind in [Kind::ChatGptLegacy, Kind::ChatGptCurrent] {
            for edit in edits.clone() {
                let mut saml = saml();
                edit.clone().apply(&mut saml);
                assert!(check(kind, &saml).is_err(), "{edit:?}");
            }
        }
    }

    #[test]
    fn chatgpt_may_be_told_without_a_name_that_a_person_lacks() {
        let mut saml = saml();
        saml.attributes = attribute::usual();
        for rule in &mut saml.attributes {
            rule.required = !rule.source.is_one_name();
        }
        assert_eq!(check(Kind::ChatGptCurrent, &saml), Ok(()));
        for rule in &mut saml.attributes {
            rule.required = false;
        }
        assert!(
            check(Kind::ChatGptCurrent, &saml).is_err(),
            "the address and the id"
        );
    }

    #[test]
    fn encryption_needs_a_certificate_and_a_name_stands_once() {
        let mut encrypted = saml();
        encrypted.making.encryption = Some(ContentCipher::Aes128Gcm);
        assert_eq!(check(Kind::Saml, &encrypted), Err(BadMaking::NothingToEncryptTo));
        let mut twice = saml();
        twice.attributes.extend(attribute::usual().pop());
        assert_eq!(
            check(Kind::Saml, &twice),
            Err(BadMaking::AttributeTwice("lastName".to_owned()))
        );
    }
}
