//! A session and a question → a signed `Response`, and the rows that remember it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        application::{AcsUrl, Application},
        id::{ApplicationId, UserId},
        name_id::{NameId, NameIdFormat},
        participant::{Identity, Participant},
        user::User,
    },
    provider::{
        Provider,
        error::Error,
        saml::refuse::{Instead, Told},
        session::Live,
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        attribute::Attribute,
        refusal::Status,
        response::{self, Frame, Seal, Statement},
    },
};

/// A message for the browser to post.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Who gets it.
    pub application: ApplicationId,
    /// Its name for people.
    pub application_name: String,
    /// Where: an address that it registered.
    pub consumer: AcsUrl,
    /// The `Response`: XML, signed.
    pub message: String,
    /// `RelayState`, as it came.
    pub relay_state: Option<String>,
    /// Whom it speaks of; none where it says why not.
    pub person: Option<Person>,
}

/// What the page says of the person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Given and family name.
    pub full_name: String,
    /// What the application learns.
    pub email: String,
}

impl Person {
    pub(in crate::provider) fn of(live: &Live) -> Self {
        Self::of_user(&live.user)
    }

    pub(in crate::provider) fn of_user(user: &User) -> Self {
        Self {
            id: user.id,
            full_name: user.full_name(),
            email: user.email.as_str().to_owned(),
        }
    }
}

/// What is asked for, once nothing stands in the way.
pub(in crate::provider) struct Question<'a> {
    pub(in crate::provider) application: &'a Application,
    /// None: nobody asked, the person opened a tile.
    pub(in crate::provider) request_id: Option<&'a str>,
    pub(in crate::provider) consumer: &'a AcsUrl,
    pub(in crate::provider) relay_state: Option<String>,
    pub(in crate::provider) name_id_format: NameIdFormat,
    pub(in crate::provider) context_class: &'a str,
    pub(in crate::provider) unchecked_signature: bool,
}

/// What a response says of the person.
#[derive(Clone, Copy)]
pub(in crate::provider) struct Content<'a> {
    pub(in crate::provider) name_id: &'a NameId,
    pub(in crate::provider) session_index: &'a str,
    pub(in crate::provider) attributes: &'a [Attribute<'a>],
}

/// What became of it.
pub(in crate::provider) enum Answered {
    Answer(Box<Answer>),
    /// The request was answered for another browser or person.
    Replayed,
    /// The session ended since it was read.
    Ended,
    /// It cannot be done for this person; noted already.
    Instead(Instead),
}

/// What the one write of a sign-on found.
enum Written {
    Done,
    AnsweredBefore,
    SessionEnded,
}

impl Provider {
    /// Signs first, with no transaction open; then one write says that it is so. Where that write finds
    /// the request answered for another session, what was signed is thrown away.
    pub(in crate::provider) fn answer(
        &self,
        snapshot: &Snapshot,
        question: Question<'_>,
        live: &Live,
        visitor: &Visitor,
    ) -> Result<Answered, Error> {
        let application = question.application;
        let now = self.now();
        let name_id = self.name_id(snapshot, application, live, question.name_id_format)?;
        let session_index = live.session.index_for(application.id);
        let attributes = match self.attributes(application, live)? {
            Ok(attributes) => attributes,
            Err(missing) => return self.lacking(snapshot, question, &missing, live, visitor),
        };
        let content = Content {
            name_id: &name_id,
            session_index: &session_index,
            attributes: &attributes,
        };
        let seal = self.seal(snapshot, application)?;
        let xml = self.write_success(snapshot, &question, live, content, seal, now)?;

        let participant = Participant {
            session: live.session.id,
            application: application.id,
            session_index,
            name_id,
            first_at: live.joined_at.unwrap_or(now),
            last_at: now,
        };
        let mut event = self.event("sign_on", "ok", Some(visitor));
        event.user = Some(live.user.id);
        event.application = Some(application.id);
        event.session = Some(live.session.id);
        event.detail = question.unchecked_signature.then(|| UNCHECKED.to_owned());
        let identity = changed_identity(live, &participant);
        let touch = now - live.session.last_seen_at >= TOUCH_AFTER;
        let written = self.store().write_sign_on(|tx| {
            // Before the row is held: two sign-ons of one session that both held it would wait for each other.
            if touch {
                tx.touch_session(live.session.id, now, self.idle_end(now))?;
            }
            if !tx.is_open(live.session.id)? {
                return Ok(Written::SessionEnded);
            }
            if let Some(request_id) = question.request_id
                && !tx.answer_once(
                    application.id,
                    request_id,
                    live.session.id,
                    self.remember_until(now),
                )?
            {
                return Ok(Written::AnsweredBefore);
            }
            tx.join_session(&participant)?;
            if let Some(identity) = &identity {
                tx.keep_identity(identity)?;
            }
            tx.add_audit(&event)?;
            Ok(Written::Done)
        })?;
        Ok(match written {
            Written::SessionEnded => Answered::Ended,
            Written::AnsweredBefore => Answered::Replayed,
            Written::Done => Answered::Answer(Box::new(Answer {
                application: application.id,
                application_name: application.name.clone(),
                consumer: question.consumer.clone(),
                message: xml,
                relay_state: question.relay_state,
                person: Some(Person::of(live)),
            })),
        })
    }

    /// The response itself, signed: nothing is written down of it here.
    pub(in crate::provider) fn write_success(
        &self,
        snapshot: &Snapshot,
        question: &Question<'_>,
        live: &Live,
        content: Content<'_>,
        seal: Seal<'_>,
        now: DateTime<Utc>,
    ) -> Result<String, Error> {
        let frame = Frame {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            consumer: question.consumer,
            in_response_to: question.request_id,
            now,
        };
        let statement = Statement {
            id: &self.message_id(),
            audience: &question.application.saml.audience,
            name_id: content.name_id,
            authenticated_at: live.session.authenticated_at,
            context_class: question.context_class,
            session_index: content.session_index,
            attributes: content.attributes,
        };
        Ok(response::success(&frame, &statement, self.policy(), seal)?)
    }

    /// How long an answered request is remembered: for as long as it is fresh, and as long again as a copy
    /// of it could wait for its person.
    fn remember_until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.policy().replay_memory + self.policy().sign_on_lifetime
    }

    /// A signed response that only says why not.
    pub(in crate::provider) fn status_answer(
        &self,
        snapshot: &Snapshot,
        application: &Application,
        told: Told<'_>,
        status: Status,
        words: &str,
    ) -> Result<Answer, Error> {
        let frame = Frame {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            consumer: told.consumer,
            in_response_to: Some(told.request_id),
            now: self.now(),
        };
        let xml = response::failure(
            &frame,
            status,
            words,
            &snapshot.signer,
            application.saml.making.algorithm,
        )?;
        Ok(Answer {
            application: application.id,
            application_name: application.name.clone(),
            consumer: told.consumer.clone(),
            message: xml,
            relay_state: told.relay_state,
            person: None,
        })
    }
}

/// How old `last_seen_at` may grow before a sign-on writes it again.
const TOUCH_AFTER: TimeDelta = TimeDelta::minutes(1);

/// What the audit row of a sign-on says whose request was signed by a key that nobody registered.
pub const UNCHECKED: &str = "the request was signed, but no certificate is registered to check it";

/// The identity row as it must be after this sign-on; none where nothing changes.
fn changed_identity(live: &Live, participant: &Participant) -> Option<Identity> {
    let (name_id, email) = (&participant.name_id.value, live.user.email.as_str());
    match &live.identity {
        Some(known) if known.last_name_id == *name_id && known.last_email == email => None,
        known => Some(Identity {
            application: participant.application,
            user: live.user.id,
            first_name_id: known
                .as_ref()
                .map_or(name_id, |known| &known.first_name_id)
                .clone(),
            first_email: known
                .as_ref()
                .map_or(email, |known| &known.first_email)
                .to_owned(),
            last_name_id: name_id.clone(),
            last_email: email.to_owned(),
            first_at: known.as_ref().map_or(participant.last_at, |known| known.first_at),
            changed_at: participant.last_at,
        }),
    }
}
