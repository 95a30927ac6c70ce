//! `LogoutResponse` in: what an application says that we asked to end its session.

use crate::{
    model::{application::Application, fact::Facts, logout::HopState},
    provider::{
        Provider,
        error::Error,
        saml::{facts, logout::LogoutReceived, refuse::About},
        visitor::Visitor,
    },
    saml::{
        binding::inbound::Inbound,
        logout::response::{self, LogoutResponse},
        refusal::Refusal,
        signature::{Judged, Unverified},
    },
};

impl Provider {
    /// Notes the answer of an application that was asked. One that proves nothing counts as none, and the logout
    /// goes on; one that nobody waits for changes nothing at all (saml-profiles, 4.4.3.4). Its RelayState leads
    /// nowhere: none was sent.
    pub(super) fn receive_logout_response(
        &self,
        inbound: &Inbound,
        visitor: &Visitor,
    ) -> Result<LogoutReceived, Error> {
        let response = match response::read(inbound) {
            Ok(response) => response,
            Err(refusal) => return self.stray(&refusal, &about(None, Facts::default(), visitor)),
        };
        let facts = facts::of_logout_response(&response);
        let (now, id) = (self.now(), response.peek().in_response_to.clone());
        let Some((logout, hop)) = self.store().read(|tx| tx.hop_asked(&id, now))? else {
            return self.stray(&Refusal::UnexpectedResponse, &about(None, facts, visitor));
        };
        let snapshot = self.current()?;
        let Some(application) = snapshot.by_id(hop.application) else {
            return self.stray(&Refusal::UnknownIssuer, &about(None, facts, visitor));
        };
        let about = about(Some(application), facts, visitor);
        let state = match verdict(response, application, &self.endpoints().slo) {
            Ok(response) if response.confirms() => HopState::Confirmed,
            Ok(_other_status) => HopState::Refused,
            Err(refusal) => {
                self.refuse(&refusal, &about)?;
                HopState::Unconfirmed
            }
        };
        let is_first = self
            .store()
            .write(|tx| tx.settle_hop(logout, hop.position, state))?;
        if is_first {
            Ok(LogoutReceived::Continue(logout))
        } else {
            self.stray(&Refusal::UnexpectedResponse, &about)
        }
    }

    fn stray(&self, refusal: &Refusal, about: &About<'_>) -> Result<LogoutReceived, Error> {
        self.refuse(refusal, about)?;
        Ok(LogoutReceived::Stray)
    }
}

fn about<'a>(application: Option<&'a Application>, facts: Facts, visitor: &'a Visitor) -> About<'a> {
    About {
        action: "single_logout",
        ..About::logout(application, facts, visitor)
    }
}

/// The response, once it is proven to come from `application` and to be for us.
fn verdict(
    response: Unverified<LogoutResponse>,
    application: &Application,
    slo: &str,
) -> Result<LogoutResponse, Refusal> {
    match response.judge(&application.saml.certificates)? {
        Judged::Signed(verified) => {
            let response = verified.into_inner();
            match response.refusal(slo, &application.saml.entity_id) {
                None => Ok(response),
                Some(refusal) => Err(refusal),
            }
        }
        Judged::Unsigned(_) | Judged::Unchecked(_) => Err(Refusal::SignatureMissing),
    }
}
