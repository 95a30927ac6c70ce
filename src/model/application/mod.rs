//! Applications that trust this provider.

mod client;
pub(in crate::model) mod entity_id;
mod protocol;
mod service_provider;
pub(in crate::model) mod slug;
mod sp_url;

use chrono::{DateTime, Utc};

pub use self::{
    client::{AccessTokenFormat, Client, ClientId, ClientType, RefreshPolicy, SubjectType, default_claims},
    entity_id::EntityId,
    protocol::Protocol,
    service_provider::{AssertionConsumerService, Binding, LogoutEndpoint, ServiceProvider},
    slug::Slug,
    sp_url::SpUrl,
};
use crate::model::{
    attribute::AttributeRule, id::ApplicationId, keys_on::KeysOn, name_id::NameIdFormat,
    response_options::DefaultClass, second_factor::SecondFactorPolicy,
};

/// The kind of an application, as far as it changes what the application is sent; not the protocol that it speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApplicationKind {
    /// ChatGPT, on a connection made with Auth0.
    ChatGptLegacy,
    /// ChatGPT, on a connection made in today's wizard (WorkOS).
    ChatGptCurrent,
    /// Any other application.
    Other,
}

impl ApplicationKind {
    /// Whether it is ChatGPT, with either type of connection.
    pub const fn is_chatgpt(self) -> bool {
        match self {
            Self::ChatGptLegacy | Self::ChatGptCurrent => true,
            Self::Other => false,
        }
    }
}

/// Who may use an application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ApplicationAccess {
    Everyone,
    /// The users and the groups that an administrator chose.
    Assigned,
}

impl ApplicationAccess {
    /// Its name in the database, on the command line and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Assigned => "assigned",
        }
    }

    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Everyone, Self::Assigned]
            .into_iter()
            .find(|access| access.name() == word)
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
    pub access: ApplicationAccess,
    /// Whether its users need a second factor; none: what holds for them everywhere.
    pub second_factor: Option<SecondFactorPolicy>,
    /// The URL that its tile opens, if it is a bookmark.
    pub tile_url: Option<SpUrl>,
    pub protocol: Protocol,
    /// Raised by every edit, so that two concurrent edits do not undo each other.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An application that speaks OpenID Connect, with its client.
#[derive(Clone, Copy, Debug)]
pub struct OidcApplication<'a> {
    pub application: &'a Application,
    pub client: &'a Client,
}

/// An application that speaks SAML, with its service provider.
#[derive(Clone, Copy, Debug)]
pub struct SamlApplication<'a> {
    pub application: &'a Application,
    pub sp: &'a ServiceProvider,
}

impl Application {
    /// Which authentication context class an answer names if the request asks for none.
    pub fn default_class(&self) -> DefaultClass {
        self.saml()
            .map_or(DefaultClass::Proven, |sp| sp.response_options.default_class)
    }

    /// By what it knows people, as far as that is known.
    pub fn keys_on(&self) -> Option<KeysOn> {
        let of_kind = match self.kind {
            ApplicationKind::ChatGptLegacy => Some(KeysOn::NameId),
            ApplicationKind::ChatGptCurrent => Some(KeysOn::Id),
            ApplicationKind::Other => None,
        };
        let chosen = match &self.protocol {
            Protocol::Saml(sp) => sp.keys_on,
            Protocol::Oidc(client) => client.keys_on.or(Some(client.knows_people_by())),
        };
        chosen.or(of_kind)
    }

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
            .or_else(|| self.default_response_url())
            .map(SpUrl::origin)
            .unwrap_or_default()
    }

    /// Whether it can be asked to end a session.
    pub fn has_logout_endpoint(&self) -> bool {
        self.saml().is_some_and(|sp| sp.logout.is_some())
    }

    /// Whether its metadata is no longer valid, because its source has let it expire.
    pub fn is_metadata_expired(&self, now: DateTime<Utc>) -> bool {
        self.saml()
            .and_then(|sp| sp.metadata_valid_until)
            .is_some_and(|end| end <= now)
    }
}

impl Application {
    /// Its service provider, if it speaks SAML.
    pub fn saml(&self) -> Option<&ServiceProvider> {
        match &self.protocol {
            Protocol::Saml(sp) => Some(sp),
            Protocol::Oidc(_) => None,
        }
    }

    pub fn saml_mut(&mut self) -> Option<&mut ServiceProvider> {
        match &mut self.protocol {
            Protocol::Saml(sp) => Some(sp),
            Protocol::Oidc(_) => None,
        }
    }

    /// The application with its service provider, if it speaks SAML.
    pub fn as_saml(&self) -> Option<SamlApplication<'_>> {
        self.saml().map(|sp| SamlApplication {
            application: self,
            sp,
        })
    }

    /// Its client, if it speaks OpenID Connect.
    pub fn oidc(&self) -> Option<&Client> {
        match &self.protocol {
            Protocol::Oidc(client) => Some(client),
            Protocol::Saml(_) => None,
        }
    }

    pub fn oidc_mut(&mut self) -> Option<&mut Client> {
        match &mut self.protocol {
            Protocol::Oidc(client) => Some(client),
            Protocol::Saml(_) => None,
        }
    }

    /// The application with its client, if it speaks OpenID Connect.
    pub fn as_oidc(&self) -> Option<OidcApplication<'_>> {
        self.oidc().map(|client| OidcApplication {
            application: self,
            client,
        })
    }

    /// Its client ID, if it speaks OpenID Connect.
    pub fn client_id(&self) -> Option<&ClientId> {
        self.oidc().map(|client| &client.client_id)
    }

    /// Its entity ID, if it speaks SAML.
    pub fn entity_id(&self) -> Option<&EntityId> {
        self.saml().map(|sp| &sp.entity_id)
    }

    /// The attributes that it is sent.
    pub fn attributes(&self) -> &[AttributeRule] {
        match &self.protocol {
            Protocol::Saml(sp) => &sp.attributes,
            Protocol::Oidc(client) => &client.attributes,
        }
    }

    /// Where answers are sent if a request names no URL.
    pub fn default_response_url(&self) -> Option<&SpUrl> {
        match &self.protocol {
            Protocol::Saml(sp) => sp.default_acs(),
            Protocol::Oidc(client) => client.redirect_uris.first(),
        }
    }
}
