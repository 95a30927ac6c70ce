//! `AuthnRequest` in: answered in the same exchange where the person is signed in, else kept waiting.

use std::sync::Arc;

use crate::{
    model::{
        application::{Application, EntityId},
        secret::Token,
        user::Email,
    },
    provider::{
        Provider, codes,
        error::Error,
        pending::{Waiting, Wish},
        saml::{
            answer::{Answer, Answered, Question, UNCHECKED},
            facts,
            refuse::{About, Instead, RefusedPage, Told},
        },
        session::Live,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        authn_request::{self, Accepted, Against, AuthnRequest},
        binding::inbound::{Arrived, Carried},
        refusal::Refusal,
        signature::{Judged, Unverified},
    },
};

/// What becomes of a request.
#[derive(Debug)]
pub enum Received {
    /// Post this to the application.
    Answer(Box<Answer>),
    /// Send the browser to `/continue/{sealed}`.
    Wait(Waiting),
    /// Nobody is signed in, and the browser loads this into another page, where nobody can sign in.
    NotAPage,
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
}

impl From<Instead> for Received {
    fn from(instead: Instead) -> Self {
        match instead {
            Instead::Status(answer) => Self::Answer(answer),
            Instead::Page(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Takes what came to the Sign-in URL.
    pub fn receive(&self, arrived: &Arrived, visitor: &Visitor) -> Result<Received, Error> {
        let (request, carried) = match read(arrived) {
            Ok(read) => read,
            Err(refusal) => {
                return self.refused(refusal, &About::sign_on(None, facts::of_unread(arrived), visitor));
            }
        };
        let facts = facts::of_request(&request);
        let Found {
            snapshot,
            application,
            live,
        } = self.look_up(request.peek(), visitor.session.as_ref())?;
        let application = match application {
            Ok(application) => application,
            Err(refusal) => {
                let refusal = self.unless_known(refusal, &request.peek().issuer)?;
                return self.refused(refusal, &About::sign_on(None, facts, visitor));
            }
        };
        let mut about = About::sign_on(Some(&application), facts, visitor);
        if !application.enabled {
            return self.refused(Refusal::ApplicationDisabled, &about);
        }
        if application.is_expired(self.now()) {
            return self.refused(Refusal::MetadataExpired, &about);
        }
        let judged = match request.judge(&application.saml.certificates) {
            Ok(judged) => judged,
            Err(refusal) => return self.refused(refusal.clone(), &about.tried(&refusal).brought_by(arrived)),
        };
        let against = Against {
            sp: &application.saml,
            formats: application.name_id_formats(),
            entity_id: &snapshot.installation.entity_id,
            sso: &self.endpoints().sso,
            policy: self.policy(),
            now: self.now(),
        };
        about.is_signed = matches!(judged, Judged::Signed(_));
        match authn_request::accept(judged, &against) {
            Ok(accepted) => {
                self.answer_or_wait(&snapshot, &application, accepted, carried, live, about.valid())
            }
            Err(refused) => match refused.consumer {
                None => self.refused(refused.refusal, &about),
                Some(consumer) => {
                    let told = Told {
                        request_id: &refused.request_id,
                        consumer: &consumer,
                        relay_state: carried.relay_state,
                    };
                    Ok(self
                        .tell(&snapshot, &application, told, refused.refusal, &about)?
                        .into())
                }
            },
        }
    }

    /// Whoever is not registered may be known from imported metadata, where an administrator has to enable
    /// it: asked only here, so that nobody else pays for it.
    fn unless_known(&self, refusal: Refusal, issuer: &EntityId) -> Result<Refusal, Error> {
        if refusal == Refusal::UnknownIssuer && self.store().read(|tx| tx.is_known(issuer))? {
            return Ok(Refusal::ApplicationKnown);
        }
        Ok(refusal)
    }

    /// Finds the application that asks and the session of the browser, both of one generation.
    fn look_up(&self, request: &AuthnRequest, token: Option<&Token>) -> Result<Found, Error> {
        let mut snapshot = self.at_hand()?;
        loop {
            let application = find(&snapshot, request);
            let (generation, view) = self.store().read(|tx| match (token, &application) {
                (Some(token), Ok(application)) => {
                    let view = tx.sign_on_view(token.hash(), application.id)?;
                    Ok((view.generation, Some(view)))
                }
                (None, _) | (_, Err(_)) => Ok((tx.generation()?, None)),
            })?;
            if generation == snapshot.installation.generation {
                let live =
                    view.and_then(|view| Live::of_view(view, self.now(), self.policy().session_absolute));
                return Ok(Found {
                    snapshot,
                    application,
                    live,
                });
            }
            let newer = self.of_generation(generation)?;
            if newer.installation.generation == snapshot.installation.generation {
                return Err(Error::NotFounded("settled generation"));
            }
            snapshot = newer;
        }
    }

    fn answer_or_wait(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        accepted: Accepted,
        carried: Beside,
        live: Option<Live>,
        about: About<'_>,
    ) -> Result<Received, Error> {
        let visitor = about.visitor;
        let told = || Told {
            request_id: &accepted.request_id,
            consumer: &accepted.consumer,
            relay_state: carried.relay_state.clone(),
        };
        match live {
            Some(live) if !accepted.force_authn => {
                if !self.is_subject(application, &live, accepted.subject.as_ref())? {
                    let about = about.by(&live);
                    return Ok(self
                        .tell(snapshot, application, told(), Refusal::Subject, &about)?
                        .into());
                }
                let question = Question {
                    application,
                    request_id: Some(&accepted.request_id),
                    consumer: &accepted.consumer,
                    relay_state: carried.relay_state.clone(),
                    name_id_format: accepted.name_id_format,
                    context_class: accepted.context_class,
                    unchecked_signature: accepted.unchecked_signature,
                };
                match self.answer(snapshot, question, &live, visitor)? {
                    Answered::Answer(answer) => Ok(Received::Answer(answer)),
                    Answered::Replayed => self.refused(Refusal::Replayed, &about.by(&live)),
                    Answered::Instead(instead) => Ok(instead.into()),
                    // Signed out since the session was read: nobody is signed in.
                    Answered::Ended => {
                        self.answer_or_wait(snapshot, application, accepted, carried, None, about)
                    }
                }
            }
            // Where a session may be hidden, that is decided at `/continue`, where the browser shows it.
            Some(_) | None
                if accepted.is_passive
                    && (accepted.force_authn || !visitor.session_may_be_hidden || !visitor.is_navigation) =>
            {
                Ok(self
                    .tell(snapshot, application, told(), Refusal::Passive, &about)?
                    .into())
            }
            Some(_) | None if !visitor.is_navigation => Ok(Received::NotAPage),
            Some(_) | None => self.wait(application, accepted, carried, visitor),
        }
    }

    fn wait(
        &self,
        application: &Application,
        accepted: Accepted,
        carried: Beside,
        visitor: &Visitor,
    ) -> Result<Received, Error> {
        if accepted.unchecked_signature {
            // Told here: where the sign-on goes on, its request is not at hand any more.
            let mut event = self.event("sign_on", codes::SIGNATURE_UNCHECKED, Some(visitor));
            event.application = Some(application.id);
            event.detail = Some(UNCHECKED.to_owned());
            event.unproven = true;
            self.record_refusal(&event)?;
        }
        let wish = Wish {
            request_id: accepted.request_id,
            consumer: accepted.consumer,
            relay_state: carried.relay_state,
            force_authn: accepted.force_authn,
            is_passive: accepted.is_passive,
            subject: accepted.subject,
            name_id_format: accepted.name_id_format,
            context_class: accepted.context_class,
            login_hint: carried.login_hint,
        };
        Ok(Received::Wait(self.keep_waiting(application, wish, visitor)?))
    }

    /// Our own page: the sender is not proven.
    fn refused(&self, refusal: Refusal, about: &About<'_>) -> Result<Received, Error> {
        Ok(Received::Refused(self.refused_page(refusal, about)?))
    }
}

/// What came beside a request.
#[derive(Clone, Debug)]
struct Beside {
    relay_state: Option<String>,
    login_hint: Option<Email>,
}

/// Who asks, and who is signed in, of one generation.
struct Found {
    snapshot: Arc<Snapshot>,
    application: Result<Arc<Application>, Refusal>,
    live: Option<Live>,
}

fn read(arrived: &Arrived) -> Result<(Unverified<AuthnRequest>, Beside), Refusal> {
    let mut inbound = arrived.decode()?;
    if inbound.carried == Carried::Response {
        return Err(Refusal::Malformed("a response where a request belongs"));
    }
    let beside = Beside {
        relay_state: inbound.relay_state.take(),
        login_hint: inbound.login_hint.take(),
    };
    Ok((authn_request::read(&inbound)?, beside))
}

/// The application that asks: by entity ID, and where several share one, by its consumer.
fn find(snapshot: &Snapshot, request: &AuthnRequest) -> Result<Arc<Application>, Refusal> {
    match snapshot.by_entity_id(&request.issuer) {
        [] => Err(Refusal::UnknownIssuer),
        [only] => Ok(Arc::clone(only)),
        several => {
            let Some(asked) = &request.consumer_url else {
                return Err(Refusal::AmbiguousIssuer);
            };
            let mut fitting = several
                .iter()
                .filter(|application| application.saml.consumer(asked).is_some());
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(Arc::clone(only)),
                (None, _) => Err(Refusal::UnknownConsumer),
                (Some(_), Some(_)) => Err(Refusal::AmbiguousIssuer),
            }
        }
    }
}
