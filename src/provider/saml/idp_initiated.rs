//! IdP-initiated SSO: an unsolicited Response, if the application accepts one (saml-profiles, 4.1.5).

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, EntityId, Protocol, Slug, SpUrl},
        request_details::RequestDetails,
        sign_in::{OidcPayload, Payload, PendingSignIn, SamlPayload, SignInRequirements},
    },
    provider::{
        entry::{Entrance, Entry, Party},
        error::Error,
        handle::Saml,
        refusal::RefusalContext,
        saml::request_details,
        snapshot::Snapshot,
        sso::{Passage, Refused, SignInOutcome, Step},
        visitor::Visitor,
    },
    saml::refusal::Refusal,
};

/// The application to start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StartTarget {
    /// At its start URL.
    Slug(Slug),
    /// At its start URL by entity ID, if only one application has it.
    EntityId(EntityId),
    /// From its tile in the portal.
    Tile(Slug),
}

/// How an application is started.
enum Start<'a> {
    /// By an unsolicited Response.
    Unsolicited,
    /// By itself, at this URL.
    Redirect(&'a SpUrl),
    NotAllowed,
}

impl Saml<'_> {
    /// Starts SSO at an application. `None` stands for a name that no application can have.
    pub fn start_sign_in(
        &self,
        target: Option<&StartTarget>,
        visitor: &Visitor,
    ) -> Result<SignInOutcome, Error> {
        if !self.is_signed_in(visitor)? {
            return Ok(SignInOutcome::Step(Step::SignInFirst));
        }
        let Some(target) = target else {
            return Ok(SignInOutcome::Refused(Refused::Unknown));
        };
        let snapshot = self.fresh_snapshot()?;
        let found = match find_target(&snapshot, target) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(SignInOutcome::Refused(Refused::Unknown)),
            Err(refusal) => {
                return self
                    .sign_in()
                    .refused(&refusal, &RefusalContext::sso(None, details_of(target), visitor));
            }
        };
        let payload = match &found.protocol {
            Protocol::Saml(sp) => {
                let Some(acs) = sp.default_acs() else {
                    return Ok(SignInOutcome::Refused(Refused::Unknown));
                };
                Payload::Saml(SamlPayload {
                    request_id: None,
                    acs_digest: acs.digest(),
                    relay_state: sp.default_relay_state.clone(),
                    name_id_format: sp.name_id_format,
                    unchecked_signature: false,
                })
            }
            // It begins the sign-in itself, when its tile is opened.
            Protocol::Oidc(client) => match client.redirect_uris.first() {
                Some(uri) if found.tile_url.is_some() => Payload::Oidc(OidcPayload::begun_here(uri)),
                Some(_) | None => return Ok(SignInOutcome::Refused(Refused::Unknown)),
            },
        };
        let Some(party) = Party::of(&found, &payload) else {
            return Ok(SignInOutcome::Refused(Refused::Unknown));
        };
        let entry = Entry {
            snapshot: &snapshot,
            party,
            pending: PendingSignIn {
                application: found.id,
                payload,
                requirements: SignInRequirements::default(),
                created_at: self.now(),
            },
            entrance: match target {
                StartTarget::Slug(_) | StartTarget::EntityId(_) => Entrance::StartUrl,
                StartTarget::Tile(_) => Entrance::Tile,
            },
            context: RefusalContext::sso(Some(&found), details_of(target), visitor),
        };
        let active_session = self.active_session_at(visitor.session.as_ref(), found.id)?;
        match start_of(&found, entry.entrance) {
            Start::Unsolicited => self.sign_in().enter(&entry, active_session),
            Start::Redirect(url) => Ok(match self.sign_in().pass_gate(&entry, active_session)? {
                Passage::Passed(..) => SignInOutcome::Step(Step::Redirect(url.as_str().to_owned())),
                Passage::Stopped(outcome) => outcome,
            }),
            Start::NotAllowed => match self.sign_in().pass_gate(&entry, active_session)? {
                Passage::Passed(..) if entry.entrance == Entrance::Tile => {
                    Ok(SignInOutcome::Refused(Refused::Unknown))
                }
                Passage::Passed(..) => self
                    .sign_in()
                    .refused(&Refusal::IdpInitiatedNotAllowed, &entry.context),
                Passage::Stopped(outcome) => Ok(outcome),
            },
        }
    }
}

/// A tile opens the tile URL, if there is one; a start URL sends a Response, if one is accepted.
fn start_of(application: &Application, entrance: Entrance) -> Start<'_> {
    let unsolicited = application.saml().is_some_and(|sp| sp.allow_idp_initiated);
    match &application.tile_url {
        Some(url) if entrance == Entrance::Tile || !unsolicited => Start::Redirect(url),
        Some(_) | None if unsolicited => Start::Unsolicited,
        Some(_) | None => Start::NotAllowed,
    }
}

/// What the URL named.
fn details_of(target: &StartTarget) -> RequestDetails {
    match target {
        StartTarget::Slug(_) | StartTarget::Tile(_) => RequestDetails::default(),
        StartTarget::EntityId(entity_id) => {
            RequestDetails::default().with(request_details::name::ISSUER, Some(entity_id.as_str()))
        }
    }
}

fn find_target(snapshot: &Snapshot, target: &StartTarget) -> Result<Option<Arc<Application>>, Refusal> {
    match target {
        StartTarget::Slug(slug) | StartTarget::Tile(slug) => Ok(snapshot.by_slug(slug).map(Arc::clone)),
        StartTarget::EntityId(entity_id) => match snapshot.by_entity_id(entity_id).as_slice() {
            [] => Err(Refusal::UnknownIssuer),
            [only] => Ok(Some(Arc::clone(only))),
            [_, _, ..] => Err(Refusal::AmbiguousIssuer),
        },
    }
}
