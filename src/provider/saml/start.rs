//! A sign-on that begins here: a response that nobody asked for, where the application takes one
//! (saml-profiles, 4.1.5).

use std::sync::Arc;

use crate::{
    access::{self, Access},
    model::{
        application::{Application, EntityId, Slug},
        fact::Facts,
    },
    provider::{
        Provider,
        error::Error,
        saml::{
            answer::{Answer, Answered, Question},
            facts,
            refuse::{About, Instead, RefusedPage},
        },
        session::Live,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{authn_context, refusal::Refusal},
};

/// Which application is meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Start {
    /// By its name in addresses here.
    Slug(Slug),
    /// By its entity ID, where only one application has it.
    EntityId(EntityId),
}

/// What becomes of it.
#[derive(Debug)]
pub enum Started {
    /// Post this to the application.
    Answer(Box<Answer>),
    /// Send the browser there: the application begins sign-ons itself, at this address.
    Open(String),
    /// Nobody is signed in. What was meant is looked at afterwards: strangers learn nothing of it.
    LogIn,
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
    /// There is no such application, or this person has none of that name.
    Unknown,
}

impl From<Instead> for Started {
    fn from(instead: Instead) -> Self {
        match instead {
            Instead::Status(answer) => Self::Answer(answer),
            Instead::Page(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Begins a sign-on at an application.
    pub fn start(&self, start: &Start, visitor: &Visitor) -> Result<Started, Error> {
        if !self.is_signed_in(visitor)? {
            return Ok(Started::LogIn);
        }
        let snapshot = self.current()?;
        let application = match find(&snapshot, start) {
            Ok(Some(application)) => application,
            Ok(None) => return Ok(Started::Unknown),
            Err(refusal) => return self.not_started(refusal, &About::sign_on(None, meant(start), visitor)),
        };
        let about = About::sign_on(Some(&application), meant(start), visitor);
        if !application.enabled {
            return self.not_started(Refusal::ApplicationDisabled, &about);
        }
        if application.is_expired(self.now()) {
            return self.not_started(Refusal::MetadataExpired, &about);
        }
        let consumer = application.saml.default_consumer();
        match (consumer, &application.tile_url) {
            (Some(_), _) if application.saml.allow_idp_initiated => {
                let live = self.live_at(visitor.session.as_ref(), application.id)?;
                self.answer_unasked(&snapshot, &application, live, visitor)
            }
            (_, Some(address)) => Ok(Started::Open(address.as_str().to_owned())),
            (_, None) => self.not_started(Refusal::Unsolicited, &about),
        }
    }

    fn answer_unasked(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        live: Option<Live>,
        visitor: &Visitor,
    ) -> Result<Started, Error> {
        let saml = &application.saml;
        let Some(consumer) = saml.default_consumer() else {
            return Ok(Started::Unknown);
        };
        let Some(live) = live else {
            return Ok(Started::LogIn);
        };
        if access::decide(&live.user, application) != Access::Allow {
            return Ok(Started::Unknown);
        }
        let question = Question {
            application,
            request_id: None,
            consumer,
            relay_state: saml.default_relay_state.clone(),
            name_id_format: saml.name_id_format,
            context_class: authn_context::OURS,
            unchecked_signature: false,
        };
        match self.answer(snapshot, question, &live, visitor)? {
            Answered::Answer(answer) => Ok(Started::Answer(answer)),
            // No request, so none that was answered before.
            Answered::Replayed => Ok(Started::Unknown),
            Answered::Instead(instead) => Ok(instead.into()),
            Answered::Ended => Ok(Started::LogIn),
        }
    }

    fn not_started(&self, refusal: Refusal, about: &About<'_>) -> Result<Started, Error> {
        Ok(Started::Refused(self.refused_page(refusal, about)?))
    }
}

/// What the address named.
fn meant(start: &Start) -> Facts {
    match start {
        Start::Slug(_) => Facts::default(),
        Start::EntityId(entity_id) => Facts::default().with(facts::name::ISSUER, Some(entity_id.as_str())),
    }
}

fn find(snapshot: &Snapshot, start: &Start) -> Result<Option<Arc<Application>>, Refusal> {
    match start {
        Start::Slug(slug) => Ok(snapshot.by_slug(slug).map(Arc::clone)),
        Start::EntityId(entity_id) => match snapshot.by_entity_id(entity_id) {
            [] => Err(Refusal::UnknownIssuer),
            [only] => Ok(Some(Arc::clone(only))),
            [_, _, ..] => Err(Refusal::AmbiguousIssuer),
        },
    }
}
