//! A sign-in at the gate, whatever its protocol and wherever the browser came in.

use crate::{
    model::{
        application::{Application, OidcApplication, Protocol, SamlApplication},
        sign_in::{OidcPayload, Payload, PendingSignIn, SamlPayload},
    },
    provider::{refusal::RefusalContext, sign_in::pending::CookieBinding, snapshot::Snapshot},
};

/// Where the browser came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum Entrance {
    /// With a request of the application.
    Request,
    /// At a start URL.
    StartUrl,
    /// From a tile of the portal.
    Tile,
    /// With a sealed sign-in.
    Continue(CookieBinding),
}

/// The application at the gate, by its protocol.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) enum Party<'a> {
    Saml(SamlApplication<'a>),
    Oidc(OidcApplication<'a>),
}

impl<'a> Party<'a> {
    /// The application, and what its protocol needs of a request; `None` if the request is of another protocol.
    pub(in crate::provider) fn of(application: &'a Application, payload: &Payload) -> Option<Self> {
        match (payload, &application.protocol) {
            (Payload::Saml(_), Protocol::Saml(_)) => application.as_saml().map(Self::Saml),
            (Payload::Oidc(_), Protocol::Oidc(_)) => application.as_oidc().map(Self::Oidc),
            (Payload::Saml(_), Protocol::Oidc(_)) | (Payload::Oidc(_), Protocol::Saml(_)) => None,
        }
    }

    pub(in crate::provider) const fn application(self) -> &'a Application {
        match self {
            Self::Saml(saml) => saml.application,
            Self::Oidc(oidc) => oidc.application,
        }
    }
}

/// A sign-in at the gate.
pub(in crate::provider) struct Entry<'a> {
    pub(in crate::provider) snapshot: &'a Snapshot,
    pub(in crate::provider) party: Party<'a>,
    pub(in crate::provider) pending: PendingSignIn,
    pub(in crate::provider) entrance: Entrance,
    pub(in crate::provider) context: RefusalContext<'a>,
}

/// A sign-in at the gate, with what its responder takes.
#[derive(Clone, Copy)]
pub(in crate::provider) enum Responder<'e> {
    Saml(SamlApplication<'e>, &'e SamlPayload),
    Oidc(OidcApplication<'e>, &'e OidcPayload),
}

impl<'a> Entry<'a> {
    pub(in crate::provider) const fn application(&self) -> &'a Application {
        self.party.application()
    }

    /// `None` if the request is of another protocol than the application, which [`Party::of`] rules out.
    pub(in crate::provider) fn responder(&self) -> Option<Responder<'_>> {
        match (self.party, &self.pending.payload) {
            (Party::Saml(saml), Payload::Saml(payload)) => Some(Responder::Saml(saml, payload)),
            (Party::Oidc(oidc), Payload::Oidc(payload)) => Some(Responder::Oidc(oidc, payload)),
            (Party::Saml(_), Payload::Oidc(_)) | (Party::Oidc(_), Payload::Saml(_)) => None,
        }
    }

    /// Whether the address for the answer is registered still.
    pub(in crate::provider) fn has_destination(&self) -> bool {
        match self.responder() {
            Some(Responder::Saml(saml, payload)) => saml.sp.acs_by_digest(&payload.acs_digest).is_some(),
            Some(Responder::Oidc(oidc, payload)) => oidc.client.permits_redirect_to(&payload.redirect_uri),
            None => false,
        }
    }
}
