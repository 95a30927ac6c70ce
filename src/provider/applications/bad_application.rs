//! Why an application is refused as it is described.

use crate::{
    model::{
        application::{EntityId, Slug},
        remedy::{Remediable, Remedy},
        text::BadText,
    },
    provider::{
        applications::required_attributes::MissingAttribute, saml::response_options::BadResponseOptions,
    },
    saml::metadata::sp::BadMetadata,
};

/// Why an application cannot be registered or edited as described.
#[derive(Debug, thiserror::Error)]
pub enum BadApplication {
    /// Signed requests are required, but there is no certificate to verify them.
    #[error("signed requests cannot be required without the application's certificate")]
    NoCertificate,
    /// Its metadata says that it signs its requests, but none of its keys can be used.
    #[error("its metadata says that it signs its requests, and no key of it can be used ({0})")]
    SignsWithoutKey(String),
    /// Whoever is in no group would be refused by an attribute; access is for that.
    #[error("the attribute {0} sends groups, and cannot be required: whoever is in none is simply sent none")]
    RequiresGroups(String),
    /// The token says it by itself.
    #[error(
        "a client cannot be sent a claim {0}: tokens have it for what they say of themselves, or it cannot be asked for"
    )]
    ReservedClaim(String),
    #[error("the application needs a name")]
    NameMissing,
    #[error("{0} speaks OpenID Connect: this is a setting of SAML")]
    NotSaml(String),
    #[error("{0} speaks SAML: this is a setting of OpenID Connect")]
    NotOidc(String),
    /// Another application has the same entity ID, and no ACS URL distinguishes the two.
    #[error(
        "the entity ID {entity_id} is that of {slug}, and no ACS URL tells the two apart: nobody could sign in to either"
    )]
    SameEntityIdAndAcs {
        entity_id: EntityId,
        /// The application that has the entity ID already.
        slug: Slug,
    },
    #[error(transparent)]
    Text(#[from] BadText),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
    #[error("a certificate cannot be used: {0}")]
    Certificate(String),
    /// The metadata contains a character that XML cannot represent.
    #[error("the metadata holds a character that no message can carry")]
    UnwritableCharacter,
    /// Neither metadata nor values were given.
    #[error("say what the application is")]
    NotDescribed,
    /// The metadata names no ACS that Responses can go to; why not.
    #[error("the metadata names no address for responses that can be used: {0}")]
    NoUsableAcs(String),
    #[error("the metadata names no AssertionConsumerService over HTTP-POST")]
    NoAcs,
    /// The metadata of another application.
    #[error("this metadata is of another connection: it is for {found}, and the Audience is {expected}")]
    OtherMetadata { found: EntityId, expected: EntityId },
    #[error("the tile URL cannot be used")]
    TileUrl(#[source] BadText),
    #[error("a ChatGPT workspace has an Audience")]
    EntityIdOfChatGpt,
    /// One of the two without the other.
    #[error("ACS URL and Audience change together")]
    HalfConnection,
    /// Only ChatGPT has an **Audience** of its own.
    #[error("this application's audience is its entity ID")]
    AudienceIsEntityId,
    /// ChatGPT accepts no unsolicited Response.
    #[error("ChatGPT takes no response that it did not ask for")]
    UnsolicitedChatGpt,
    #[error(transparent)]
    ResponseOptions(#[from] BadResponseOptions),
    /// The attribute that is to be removed is not in the list.
    #[error("{slug} does not receive {attribute}")]
    AttributeNotReceived { slug: Slug, attribute: String },
    /// Active users would no longer be able to sign in.
    #[error("nothing was changed: {0}")]
    MissingAttribute(MissingAttribute),
}

impl Remediable for BadApplication {
    fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NoCertificate => Some(Remedy::AddCertificate),
            Self::SignsWithoutKey(_) => Some(Remedy::AddCertificateOrTakeUnsigned),
            Self::RequiresGroups(_) => Some(Remedy::RestrictAccess),
            Self::SameEntityIdAndAcs { slug, .. } => Some(Remedy::EditOrRemoveApplication(slug.clone())),
            Self::UnsolicitedChatGpt => Some(Remedy::SetTileUrl),
            Self::Metadata(bad) => bad.remedy(),
            Self::ResponseOptions(bad) => bad.remedy(),
            Self::MissingAttribute(missing) => missing.remedy(),
            Self::AttributeNotReceived { slug, .. } => Some(Remedy::ListAttributes(slug.clone())),
            Self::NotDescribed => Some(Remedy::DescribeApplication),
            Self::NoUsableAcs(_) => Some(Remedy::GiveOtherAcs),
            Self::NoAcs => Some(Remedy::GiveAcs),
            Self::EntityIdOfChatGpt => Some(Remedy::PasteConnection),
            Self::HalfConnection => Some(Remedy::PasteBoth),
            Self::AudienceIsEntityId => Some(Remedy::EditEntityId),
            Self::Text(_)
            | Self::ReservedClaim(_)
            | Self::NameMissing
            | Self::NotSaml(_)
            | Self::NotOidc(_)
            | Self::Certificate(_)
            | Self::UnwritableCharacter
            | Self::OtherMetadata { .. }
            | Self::TileUrl(_) => None,
        }
    }
}

impl BadApplication {
    /// Whether the metadata does not contain the requested entity at all.
    pub(in crate::provider) const fn is_entity_absent(&self) -> bool {
        matches!(self, Self::Metadata(BadMetadata::NoServiceProvider(_)))
    }
}
