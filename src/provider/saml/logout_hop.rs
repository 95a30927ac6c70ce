//! The steps of a logout: whom to ask next, with what message, and the answer to whoever began it.

use std::sync::Arc;

use crate::{
    model::{
        application::{AcsUrl, Application, Binding, LogoutEndpoint},
        id::{ApplicationId, LogoutId},
        logout::{Hop, HopState, Initiator, Logout},
        secret::Token,
    },
    provider::{
        Provider,
        error::Error,
        sign_off::{Stop, numbered, stops},
        snapshot::Snapshot,
        visitor::Visitor,
    },
    saml::{
        binding::{inbound::Carried, redirect},
        logout::{
            Outgoing,
            request::{self, Ask},
            response::{self, Answer},
        },
        refusal::Status,
        urn::status,
    },
};

/// Where a logout stands: what its page shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Everybody who is told.
    pub stops: Vec<Stop>,
    /// What comes next.
    pub next: Next,
}

/// What comes next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// This application is asked; the browser goes there by itself.
    Ask(Turn),
    /// This one was asked, and the browser is back without its answer: the person goes on.
    Stuck(Turn),
    /// Whoever began it is told; the browser goes there by itself.
    Return {
        /// Id and name.
        to: (ApplicationId, String),
    },
    /// Nothing: the person reads what became of it, and may go back to whoever began it.
    Over(Option<(ApplicationId, String)>),
}

/// Whose turn it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// Which hop.
    pub position: i64,
    /// Its application, by id and name.
    pub application: (ApplicationId, String),
}

/// A logout message of ours on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outbound {
    /// To whom: id and name.
    pub application: (ApplicationId, String),
    /// How.
    pub carrier: Carrier,
}

/// How a message goes, by the binding that the application registered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// Send the browser to this address: the message and its signature are in it.
    Redirect(String),
    /// Let the browser post this; the signature is inside.
    Post {
        /// To this address.
        location: AcsUrl,
        /// The XML.
        message: String,
        /// As it came.
        relay_state: Option<String>,
    },
}

/// What becomes of a browser that goes on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Departure {
    /// It asks the next application; the page for the way is shown where it posts.
    Ask(Box<(Outbound, Progress)>),
    /// It goes back to whoever began the logout.
    Answer(Box<Outbound>),
    /// It goes nowhere: the page says what is next.
    Stay,
}

/// A logout as its own browser sees it.
struct Seen {
    snapshot: Arc<Snapshot>,
    logout: Logout,
    hops: Vec<Hop>,
}

impl Provider {
    /// Where a logout stands; none if this browser has no such logout. Looking at it asks nobody.
    pub fn logout_progress(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        visitor: &Visitor,
    ) -> Result<Option<Progress>, Error> {
        let Some(mut seen) = self.seen(id, browser)? else {
            return Ok(None);
        };
        let next = self.next(&seen);
        if matches!(next, Next::Over(_)) {
            self.finish_logout(&seen.snapshot, &seen.logout, &seen.hops, visitor)?;
            for hop in seen.hops.iter_mut().filter(|hop| !hop.state.is_settled()) {
                // Its time is over: nobody will ask it any more.
                hop.state = HopState::Unconfirmed;
            }
        }
        Ok(Some(seen.progress(next)))
    }

    /// Goes on: asks the application whose turn it is, once, or answers whoever began the logout.
    pub fn depart(
        &self,
        id: LogoutId,
        browser: Option<&Token>,
        visitor: &Visitor,
    ) -> Result<Option<Departure>, Error> {
        let Some(seen) = self.seen(id, browser)? else {
            return Ok(None);
        };
        Ok(Some(match self.next(&seen) {
            Next::Ask(turn) => self.ask(seen, &turn)?,
            Next::Return { .. } | Next::Over(Some(_)) => self.go_back(&seen, visitor)?,
            Next::Stuck(_) | Next::Over(None) => Departure::Stay,
        }))
    }

    /// Goes on without an application that was not asked, or has not answered.
    pub fn give_up(&self, id: LogoutId, browser: Option<&Token>, position: i64) -> Result<(), Error> {
        if self.seen(id, browser)?.is_some() {
            self.store().write(|tx| tx.give_up_hop(id, position))?;
        }
        Ok(())
    }

    /// The logout, if it is this browser's. Who has lost their address since is passed by.
    fn seen(&self, id: LogoutId, browser: Option<&Token>) -> Result<Option<Seen>, Error> {
        let Some(browser) = browser else { return Ok(None) };
        let found = self.store().read(|tx| tx.logout(id))?;
        let Some((logout, mut hops)) = found.filter(|(logout, _)| logout.browser == browser.hash()) else {
            return Ok(None);
        };
        let snapshot = self.current()?;
        for hop in &mut hops {
            if hop.state == HopState::Waiting && endpoint(&snapshot, hop.application).is_none() {
                self.store().write(|tx| tx.hop_has_no_address(id, hop.position))?;
                hop.state = HopState::NoAddress;
            }
        }
        Ok(Some(Seen {
            snapshot,
            logout,
            hops,
        }))
    }

    fn next(&self, seen: &Seen) -> Next {
        let now = self.now();
        let back = seen.logout.initiator.as_ref().and_then(|by| seen.way_back(by));
        if now >= seen.logout.expires_at {
            // By now whoever began it has given up.
            return Next::Over(None);
        }
        let turn = |state| seen.hops.iter().find(|hop| hop.state == state);
        if seen.logout.finished_at.is_some() {
            return Next::Over(back);
        }
        if let Some(hop) = turn(HopState::Asked) {
            return Next::Stuck(seen.turn(hop));
        }
        if let Some(hop) = turn(HopState::Waiting) {
            return Next::Ask(seen.turn(hop));
        }
        match back {
            Some(to) => Next::Return { to },
            None => Next::Over(None),
        }
    }

    /// Signs first; then one write says that the application is asked. Where another tab was quicker, what was
    /// signed is thrown away.
    fn ask(&self, mut seen: Seen, turn: &Turn) -> Result<Departure, Error> {
        let now = self.now();
        let asked = seen.hops.iter_mut().find(|hop| hop.position == turn.position);
        let (Some(hop), Some((application, endpoint))) =
            (asked, endpoint(&seen.snapshot, turn.application.0))
        else {
            return Ok(Departure::Stay);
        };
        let id = self.message_id();
        let ask = Ask {
            issuer: &seen.snapshot.installation.entity_id,
            id: &id,
            destination: endpoint.location.as_str(),
            name_id: &hop.name_id,
            session_index: &hop.session_index,
        };
        let message = request::write(&ask, self.policy(), now)?;
        let outbound = outbound(
            &seen.snapshot,
            application,
            endpoint,
            &endpoint.location,
            Carried::Request,
            &message,
            None,
        )?;
        let is_first = self
            .store()
            .write(|tx| tx.ask_hop(seen.logout.id, turn.position, &id, now))?;
        if !is_first {
            return Ok(Departure::Stay);
        }
        hop.state = HopState::Asked;
        let progress = seen.progress(Next::Ask(turn.clone()));
        Ok(Departure::Ask(Box::new((outbound, progress))))
    }

    /// The answer to whoever began the logout: done, or done in part (saml-core, 3.7.3.2).
    fn go_back(&self, seen: &Seen, visitor: &Visitor) -> Result<Departure, Error> {
        let Some(by) = &seen.logout.initiator else {
            return Ok(Departure::Stay);
        };
        let second = (!seen.is_everywhere()).then_some(status::PARTIAL_LOGOUT);
        let sent = self.logout_answer(&seen.snapshot, by, (status::SUCCESS, second), None)?;
        self.finish_logout(&seen.snapshot, &seen.logout, &seen.hops, visitor)?;
        Ok(sent.map_or(Departure::Stay, |outbound| Departure::Answer(Box::new(outbound))))
    }

    /// A signed `LogoutResponse` for `by`; none where it wants none, or has no address for it.
    pub(super) fn logout_answer(
        &self,
        snapshot: &Snapshot,
        by: &Initiator,
        status: Status,
        words: Option<&str>,
    ) -> Result<Option<Outbound>, Error> {
        let Some((application, endpoint)) = endpoint(snapshot, by.application) else {
            return Ok(None);
        };
        if !by.wants_answer {
            return Ok(None);
        }
        let answer = Answer {
            issuer: &snapshot.installation.entity_id,
            id: &self.message_id(),
            destination: endpoint.for_responses(),
            in_response_to: &by.request_id,
            status,
            words,
        };
        let message = response::write(&answer, self.now())?;
        outbound(
            snapshot,
            application,
            endpoint,
            answer.destination,
            Carried::Response,
            &message,
            by.relay_state.as_deref(),
        )
        .map(Some)
    }
}

impl Seen {
    fn is_everywhere(&self) -> bool {
        self.hops.iter().all(|hop| hop.state == HopState::Confirmed)
    }

    fn progress(&self, next: Next) -> Progress {
        Progress {
            stops: self.stops(),
            next,
        }
    }

    /// Everybody who is told, as this browser may see them.
    fn stops(&self) -> Vec<Stop> {
        let stops = stops(&self.snapshot, &self.hops);
        if self.logout.nameless {
            numbered(stops)
        } else {
            stops
        }
    }

    fn turn(&self, hop: &Hop) -> Turn {
        let stops = self.stops();
        let named = stops.into_iter().find(|stop| stop.application == hop.application);
        Turn {
            position: hop.position,
            application: (hop.application, named.map(|stop| stop.name).unwrap_or_default()),
        }
    }

    /// Whoever began it, where an answer can be sent.
    fn way_back(&self, by: &Initiator) -> Option<(ApplicationId, String)> {
        let (application, _) = endpoint(&self.snapshot, by.application)?;
        by.wants_answer
            .then(|| (application.id, application.name.clone()))
    }
}

/// An application and its address for logout. One that is switched off is told too: it may hold a session, and
/// learns nothing but that it is over.
fn endpoint(snapshot: &Snapshot, id: ApplicationId) -> Option<(&Application, &LogoutEndpoint)> {
    let application = snapshot.by_id(id)?;
    Some((application, application.saml.logout.as_ref()?))
}

fn outbound(
    snapshot: &Snapshot,
    application: &Application,
    endpoint: &LogoutEndpoint,
    location: &AcsUrl,
    carried: Carried,
    message: &Outgoing,
    relay_state: Option<&str>,
) -> Result<Outbound, Error> {
    let (signer, algorithm) = (&snapshot.signer, application.saml.making.algorithm);
    let way = match endpoint.binding {
        Binding::Redirect => Carrier::Redirect(
            redirect::encode(
                location.as_str(),
                carried,
                &message.plain(),
                relay_state,
                signer,
                algorithm,
            )
            .map_err(|why| Error::Signing(Box::new(why)))?,
        ),
        Binding::Post => Carrier::Post {
            location: location.clone(),
            message: message.enveloped(signer, algorithm)?,
            relay_state: relay_state.map(str::to_owned),
        },
    };
    Ok(Outbound {
        application: (application.id, application.name.clone()),
        carrier: way,
    })
}
