//! Which protocol an application speaks, and what is known of it there.

use crate::model::application::{client::Client, service_provider::ServiceProvider};

/// The protocol that an application speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Protocol {
    Saml(Box<ServiceProvider>),
    Oidc(Box<Client>),
}

impl Protocol {
    /// Its name, for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Saml(_) => "SAML",
            Self::Oidc(_) => "OpenID Connect",
        }
    }
}

impl From<ServiceProvider> for Protocol {
    fn from(sp: ServiceProvider) -> Self {
        Self::Saml(Box::new(sp))
    }
}
