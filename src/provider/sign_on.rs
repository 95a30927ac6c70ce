//! A sign-on that waited goes on: what is the next step?

use crate::{
    model::{
        application::{AcsUrl, Application},
        fact::Facts,
        id::ApplicationId,
        name_id::NameIdFormat,
        sign_on::PendingSignIn,
    },
    provider::{
        Provider,
        error::Error,
        pending::{Binding, Waiting},
        saml::{
            answer::{Answer, Answered, Question},
            facts,
            refuse::{About, Instead, RefusedPage, Told},
        },
        session::Live,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::refusal::Refusal,
};

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Show the login form.
    LogIn {
        /// For which application, where one has asked.
        application: Option<(ApplicationId, String)>,
        /// The person is signed in, and must sign in anew.
        again: bool,
        /// What to fill in as e-mail address.
        email: Option<String>,
    },
    /// Send the browser to this address in place of the one that came after a form of another site.
    Bind(Waiting),
    /// Somebody is signed in: send the browser to this address of ours.
    Open(String),
    /// Post this to the application.
    Answer(Box<Answer>),
    /// Our own page says why not.
    Refused(Box<RefusedPage>),
    /// It cannot be opened: it is too late, or another browser began it.
    Gone,
}

impl From<Instead> for Step {
    fn from(instead: Instead) -> Self {
        match instead {
            Instead::Status(answer) => Self::Answer(answer),
            Instead::Page(page) => Self::Refused(page),
        }
    }
}

impl Provider {
    /// Goes on with the sign-in that this browser carries.
    pub fn go_on(&self, sealed: &str, visitor: &Visitor) -> Result<Step, Error> {
        let Some((waiting, binding)) = self.open_sealed(sealed, visitor)? else {
            return self.go_to_target(sealed, visitor);
        };
        let snapshot = self.current()?;
        let Some(application) = snapshot.by_id(waiting.application).map(|found| &**found) else {
            return Ok(Step::Gone);
        };
        let acs = application.saml.consumer_by_digest(&waiting.acs);
        let facts = Facts::default()
            .with(facts::name::REQUEST, Some(&waiting.request_id))
            .with(facts::name::CONSUMER, acs.map(AcsUrl::as_str));
        let about = About::sign_on(Some(application), facts, visitor).valid();
        if !application.enabled {
            return self.step_refused(Refusal::ApplicationDisabled, &about);
        }
        if application.is_expired(self.now()) {
            return self.step_refused(Refusal::MetadataExpired, &about);
        }
        let Some(acs) = acs else {
            // The registration changed while the person was typing.
            return self.step_refused(Refusal::UnknownConsumer, &about);
        };
        let live = self.live_at(visitor.session.as_ref(), application.id)?;
        match live {
            Some(live) if !waiting.force_authn || live.session.authenticated_at >= waiting.created_at => {
                self.finish(&snapshot, (application, acs), waiting, &live, &about.by(&live))
            }
            Some(_) | None if waiting.is_passive => {
                self.tell_waiting(&snapshot, (application, acs), waiting, Refusal::Passive, &about)
            }
            // From here on it is bound to the cookie that the form is bound to as well.
            _ if binding == Binding::Posted => Ok(Step::Bind(self.bind(&waiting, visitor)?)),
            live => Ok(Step::LogIn {
                application: Some((application.id, application.name.clone())),
                again: live.is_some(),
                email: hint(&waiting).or_else(|| live.map(|live| live.user.email.as_str().to_owned())),
            }),
        }
    }

    /// An address of ours that waited until somebody is signed in.
    fn go_to_target(&self, sealed: &str, visitor: &Visitor) -> Result<Step, Error> {
        let Some(target) = self.open_target(sealed, visitor)? else {
            return Ok(Step::Gone);
        };
        if self.is_signed_in(visitor)? {
            return Ok(Step::Open(target));
        }
        Ok(Step::LogIn {
            application: None,
            again: false,
            email: None,
        })
    }

    /// The application that a sign-in is for, to name it on the form.
    pub fn waiting_for(
        &self,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<(ApplicationId, String)>, Error> {
        let Some((waiting, _)) = self.open_sealed(sealed, visitor)? else {
            return Ok(None);
        };
        let snapshot = self.at_hand()?;
        Ok(snapshot
            .by_id(waiting.application)
            .map(|application| (application.id, application.name.clone())))
    }

    fn finish(
        &self,
        snapshot: &Snapshot,
        (application, acs): (&Application, &AcsUrl),
        waiting: PendingSignIn,
        live: &Live,
        about: &About<'_>,
    ) -> Result<Step, Error> {
        if !self.is_subject(application, live, waiting.subject.as_ref())? {
            return self.tell_waiting(snapshot, (application, acs), waiting, Refusal::Subject, about);
        }
        let email = hint(&waiting);
        let question = Question {
            application,
            request_id: Some(&waiting.request_id),
            consumer: acs,
            relay_state: waiting.relay_state.clone(),
            name_id_format: waiting.name_id_format,
            context_class: &waiting.context_class,
            unchecked_signature: false,
        };
        match self.answer(snapshot, question, live, about.visitor)? {
            Answered::Answer(answer) => Ok(Step::Answer(answer)),
            Answered::Replayed => self.step_refused(Refusal::Replayed, about),
            Answered::Instead(instead) => Ok(instead.into()),
            Answered::Ended if waiting.is_passive => {
                self.tell_waiting(snapshot, (application, acs), waiting, Refusal::Passive, about)
            }
            Answered::Ended => Ok(Step::LogIn {
                application: Some((application.id, application.name.clone())),
                again: false,
                email,
            }),
        }
    }

    /// Refuses a request that waited where its sender hears it.
    fn tell_waiting(
        &self,
        snapshot: &Snapshot,
        (application, acs): (&Application, &AcsUrl),
        waiting: PendingSignIn,
        refusal: Refusal,
        about: &About<'_>,
    ) -> Result<Step, Error> {
        let told = Told {
            request_id: &waiting.request_id,
            consumer: acs,
            relay_state: waiting.relay_state,
        };
        Ok(self.tell(snapshot, application, told, refusal, about)?.into())
    }

    fn step_refused(&self, refusal: Refusal, about: &About<'_>) -> Result<Step, Error> {
        Ok(Step::Refused(self.refused_page(refusal, about)?))
    }
}

/// What to fill in as e-mail address: the person that it must be, or whom the sender expects.
fn hint(waiting: &PendingSignIn) -> Option<String> {
    let subject = waiting.subject.as_ref().filter(|subject| match subject.format {
        NameIdFormat::EmailAddress | NameIdFormat::Unspecified => true,
        NameIdFormat::Persistent | NameIdFormat::Transient => false,
    });
    subject
        .map(|subject| subject.value.clone())
        .or_else(|| waiting.login_hint.clone())
}
