//! What an administrator should know about an application.

use chrono::{DateTime, Utc};

use crate::{
    model::{
        application::{Application, ApplicationAccess, ApplicationKind, SamlApplication, Slug},
        key::Certificate,
        metadata_source::{MetadataSource, MetadataUrl, PendingChange},
        name_id::NameIdFormat,
        response_options::SignedParts,
        use_case::UseCase,
    },
    provider::{
        applications::{assignments::Assignments, required_attributes::MissingAttribute},
        error::Error,
        handle::Applications,
        saml::{import::ImportedMetadata, serve_metadata::CertificateSlot},
    },
};

/// How many people a finding names.
const MAX_NAMED_USERS: u32 = 5;

/// A finding about an application.
#[derive(Clone, Debug)]
pub enum ApplicationFinding {
    /// Nobody signs in to it.
    Disabled,
    /// It signs its logout requests, and no certificate is registered.
    UnverifiableLogout,
    /// It signs its requests, and no certificate is registered: they count as unsigned.
    UncheckedSignatures {
        /// When the last such request came.
        last: DateTime<Utc>,
    },
    ExpiredSigningCertificate(Certificate),
    ExpiredEncryptionCertificate(Certificate),
    /// The Assertion carries no signature once it is decrypted.
    EncryptedWithoutSignature,
    MissingAttribute(MissingAttribute),
    /// The tile of a ChatGPT workspace has no URL.
    TileWithoutUrl,
    /// Its metadata comes from there.
    MetadataSource(Box<MetadataSource>),
    /// Its source no longer lists it.
    Delisted {
        since: DateTime<Utc>,
    },
    /// A change of its metadata waits for a review.
    ChangeWaits(PendingChange),
    /// A next signing key is published.
    NextKeyPrepared(Certificate),
    /// All active users may use it.
    OpenToEveryone,
    /// Those whom it is assigned to may use it.
    OpenToAssigned(Assignments),
    /// Something was skipped in its metadata, or looks weak.
    WeakMetadata(String),
    /// Its metadata asks for another format than it is sent.
    OtherNameIdFormat {
        requested: NameIdFormat,
        sent: NameIdFormat,
    },
    /// It is sent names other than the e-mail address, since its metadata asks for them.
    NameIdIsNotEmail(NameIdFormat),
    /// Its metadata requires an attribute that it is not sent.
    AttributeNotSent(String),
    /// Other applications have the same entity ID.
    SharedEntityId(Vec<Slug>),
    /// Its metadata is fetched again from this URL.
    FollowsUrl(MetadataUrl),
    /// Its metadata is no longer fetched.
    FollowsNothing,
}

impl ApplicationFinding {
    /// What was skipped in the metadata, or looks weak.
    pub(super) fn of_weak_metadata(metadata: &ImportedMetadata) -> Vec<Self> {
        metadata
            .warnings
            .iter()
            .cloned()
            .map(Self::WeakMetadata)
            .collect()
    }

    /// [`Self::of_weak_metadata`], and what the metadata asks for and the application, as it is registered, is not sent.
    pub(super) fn of_metadata(application: &Application, metadata: &ImportedMetadata) -> Vec<Self> {
        let mut findings = Self::of_weak_metadata(metadata);
        let Some(saml) = application.saml() else {
            return findings;
        };
        if let Some(requested) = metadata.name_id_format {
            let sent = saml.name_id_format;
            if requested != sent {
                findings.push(Self::OtherNameIdFormat { requested, sent });
            } else if sent != NameIdFormat::EmailAddress {
                findings.push(Self::NameIdIsNotEmail(sent));
            }
        }
        let missing = metadata
            .required_attributes
            .iter()
            .filter(|attribute| saml.attributes.iter().all(|rule| rule.name != attribute.name));
        findings.extend(missing.map(|attribute| Self::AttributeNotSent(attribute.name.clone())));
        findings
    }
}

impl Applications<'_> {
    /// What an administrator should know about an application, most urgent first.
    pub fn application_findings(&self, application: &Application) -> Result<Vec<ApplicationFinding>, Error> {
        use ApplicationFinding as Finding;
        self.may(UseCase::ReadApplications)?;
        let mut found = Vec::new();
        if !application.enabled {
            found.push(Finding::Disabled);
        }
        if let Some(saml) = application.as_saml() {
            found.extend(self.service_provider_findings(saml)?);
        }
        let missing = self.missing_attribute_of(application)?;
        found.extend(missing.map(Finding::MissingAttribute));
        if application.kind.is_chatgpt() && application.tile_url.is_none() {
            found.push(Finding::TileWithoutUrl);
        }
        if let Some((source, from)) = self.metadata_sources(self.actor).source_of(application.id)? {
            found.push(Finding::MetadataSource(Box::new(source)));
            found.extend(from.delisted_at.map(|since| Finding::Delisted { since }));
            found.extend(from.pending_change.map(Finding::ChangeWaits));
        }
        let next = self.saml().published_certificate(CertificateSlot::Next)?;
        found.extend(next.map(Finding::NextKeyPrepared));
        found.push(match application.access {
            ApplicationAccess::Everyone => Finding::OpenToEveryone,
            ApplicationAccess::Assigned => {
                Finding::OpenToAssigned(self.assignments(application, MAX_NAMED_USERS)?)
            }
        });
        Ok(found)
    }

    /// What of it concerns SAML.
    fn service_provider_findings(
        &self,
        SamlApplication {
            application,
            sp: saml,
        }: SamlApplication<'_>,
    ) -> Result<Vec<ApplicationFinding>, Error> {
        use ApplicationFinding as Finding;
        let (mut found, now) = (Vec::new(), self.now());
        if saml.signing_certificates.is_empty() {
            if application.kind == ApplicationKind::ChatGptLegacy {
                found.push(Finding::UnverifiableLogout);
            }
            let last = self.last_unchecked_signature(application.id)?;
            found.extend(last.map(|last| Finding::UncheckedSignatures { last }));
        }
        let expired = |certificates: &[Certificate]| -> Vec<Certificate> {
            let ended = certificates
                .iter()
                .filter(|certificate| certificate.not_after <= now);
            ended.cloned().collect()
        };
        let signing = expired(&saml.signing_certificates).into_iter();
        found.extend(signing.map(Finding::ExpiredSigningCertificate));
        let encryption = expired(&saml.encryption_certificates).into_iter();
        found.extend(encryption.map(Finding::ExpiredEncryptionCertificate));
        let options = &saml.response_options;
        if options.encryption.is_some() && options.signed_parts == SignedParts::Response {
            found.push(Finding::EncryptedWithoutSignature);
        }
        Ok(found)
    }

    /// The finding that other applications have the same entity ID.
    pub(super) fn shared_entity_id(
        &self,
        application: &Application,
    ) -> Result<Option<ApplicationFinding>, Error> {
        let others = self.applications_with_same_entity_id(application)?;
        let slugs: Vec<_> = others.into_iter().map(|other| other.slug).collect();
        Ok((!slugs.is_empty()).then_some(ApplicationFinding::SharedEntityId(slugs)))
    }
}
