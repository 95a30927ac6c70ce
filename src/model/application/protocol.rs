//! Which protocol an application speaks, and what is known of it there.

use crate::model::application::{client::Client, service_provider::ServiceProvider};

/// The protocol that an application speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Protocol {
    Saml(Box<ServiceProvider>),
    Oidc(Box<Client>),
}

impl Protocol {
    /// The client, if it is OpenID Connect.
    pub fn client(&self) -> Option<&Client> {
        match self {
            Self::Oidc(client) => Some(client),
            Self::Saml(_) => None,
        }
    }

    /// Its name, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Saml(_) => "SAML",
            Self::Oidc(_) => "OpenID Connect",
        }
    }
}

impl From<Client> for Protocol {
    fn from(client: Client) -> Self {
        Self::Oidc(Box::new(client))
    }
}

impl From<ServiceProvider> for Protocol {
    fn from(sp: ServiceProvider) -> Self {
        Self::Saml(Box::new(sp))
    }
}
