//! What well-known clients of OpenID Connect require, according to their documentation and their code.

use crate::model::{
    application::{AccessTokenFormat, Client, ClientId, RefreshPolicy, SpUrl, default_claims},
    attribute::{AttributeRule, AttributeSource},
    group::GroupFilter,
};

/// A well-known client, or none in particular.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientTemplate {
    /// Any client.
    Generic,
    /// The sign-on of a ChatGPT workspace ("Custom OIDC").
    ChatGpt,
    /// An action of a custom GPT.
    GptAction,
    LibreChat,
}

impl ClientTemplate {
    /// Its name, as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "oidc",
            Self::ChatGpt => "chatgpt-oidc",
            Self::GptAction => "gpt-action",
            Self::LibreChat => "librechat",
        }
    }

    /// The name that users see, unless another is given.
    pub const fn default_name(self) -> Option<&'static str> {
        match self {
            Self::Generic | Self::GptAction => None,
            Self::ChatGpt => Some("ChatGPT"),
            Self::LibreChat => Some("LibreChat"),
        }
    }

    /// A client as it requires it.
    pub fn client(self, client_id: ClientId, redirect_uris: Vec<SpUrl>) -> Client {
        let client = Client::with_defaults(client_id, redirect_uris);
        match self {
            Self::Generic => client,
            // It reads both names from the ID token, and lets nobody in who lacks one.
            Self::ChatGpt => Client {
                refresh: RefreshPolicy::Never,
                attributes: vec![
                    AttributeRule::required("email", AttributeSource::Email),
                    AttributeRule::required("given_name", AttributeSource::GivenName),
                    AttributeRule::required("family_name", AttributeSource::FamilyName),
                    AttributeRule::required("name", AttributeSource::FullName),
                ]
                .into(),
                ..client
            },
            // It asks for no scope that would give it a refresh token, and cannot ask its user every hour.
            Self::GptAction => Client {
                refresh: RefreshPolicy::Always,
                ..client
            },
            // It looks for groups in all three, and decodes the access token.
            Self::LibreChat => {
                let mut attributes = default_claims();
                let groups = AttributeSource::Groups(GroupFilter::All);
                attributes.push(AttributeRule::optional("groups", groups));
                Client {
                    access_token_format: AccessTokenFormat::Jwt,
                    attributes: attributes.into(),
                    ..client
                }
            }
        }
    }
}
