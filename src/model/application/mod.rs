//! Applications that trust this provider.

pub(in crate::model) mod entity_id;
mod service_provider;
pub(in crate::model) mod slug;
mod sp_url;

use chrono::{DateTime, Utc};

pub use self::{
    entity_id::EntityId,
    service_provider::{AssertionConsumerService, Binding, LogoutEndpoint, ServiceProvider},
    slug::Slug,
    sp_url::SpUrl,
};
use crate::model::{id::ApplicationId, name_id::NameIdFormat};

/// The kind of an application, as far as it changes what the application is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApplicationKind {
    /// ChatGPT, on a connection made with Auth0.
    ChatGptLegacy,
    /// ChatGPT, on a connection made in today's wizard (WorkOS).
    ChatGptCurrent,
    /// Any other service provider.
    Saml,
}

impl ApplicationKind {
    /// Whether it is ChatGPT, with either type of connection.
    pub const fn is_chatgpt(self) -> bool {
        match self {
            Self::ChatGptLegacy | Self::ChatGptCurrent => true,
            Self::Saml => false,
        }
    }
}

/// An application that users sign in to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Application {
    pub id: ApplicationId,
    pub slug: Slug,
    /// The name for display.
    pub name: String,
    pub kind: ApplicationKind,
    pub enabled: bool,
    /// The URL that its tile opens, if it is a bookmark.
    pub tile_url: Option<SpUrl>,
    pub saml: ServiceProvider,
    /// Until when its metadata is valid, if that comes from a metadata source (saml-metadata, 2.3.1).
    pub metadata_valid_until: Option<DateTime<Utc>>,
    /// Raised by every edit, so that two concurrent edits do not undo each other.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Application {
    /// The NameID formats that it may be sent. ChatGPT takes any name for an e-mail address, and would create an
    /// account for it.
    pub const fn name_id_formats(&self) -> &'static [NameIdFormat] {
        if self.kind.is_chatgpt() {
            &[NameIdFormat::EmailAddress]
        } else {
            &NameIdFormat::ALL
        }
    }
}

impl Application {
    /// Where a user opens it, to sign in or out there by hand: its origin. The tile URL itself would start a sign-in,
    /// and the ACS of ChatGPT is on a host where nobody can sign out.
    pub fn site_url(&self) -> String {
        if self.kind.is_chatgpt() {
            return "https://chatgpt.com/".to_owned();
        }
        self.tile_url
            .as_ref()
            .or_else(|| self.saml.default_acs())
            .map(SpUrl::origin)
            .unwrap_or_default()
    }

    /// Whether it can be asked to end a session.
    pub const fn has_logout_endpoint(&self) -> bool {
        self.saml.logout.is_some()
    }

    /// Whether its metadata is no longer valid, because its source has let it expire.
    pub fn is_metadata_expired(&self, now: DateTime<Utc>) -> bool {
        self.metadata_valid_until.is_some_and(|end| end <= now)
    }
}
