//! What comes after a correct password or a passkey: a second factor, another password, or the session.

use crate::{
    model::{
        authentication::{AuthenticationEvent, AuthenticationMethod},
        second_factor::SecondFactorRule,
    },
    provider::{
        error::Error,
        handle::SignIn,
        sign_in::{
            begin_session::{Occasion, Replacement, SessionCookies, VerifiedPassword},
            challenge::SecondFactorChallenge,
            required_password::RequiredPassword,
            throttle::ThrottleBuckets,
            ticket::TicketStep,
        },
        visitor::Visitor,
    },
    store::StoredPassword,
};

/// What comes next in a sign-in.
#[derive(Debug)]
pub(in crate::provider) enum NextStep {
    SecondFactor(SecondFactorChallenge),
    NewPassword(RequiredPassword),
    SignedIn(SessionCookies),
}

impl SignIn<'_> {
    /// A user who has a second factor is asked for it first, so that a stolen password alone replaces no password. Who
    /// has none, and needs one, sets it up in the session. `None` if the password was changed or the user was disabled
    /// since the check.
    pub(in crate::provider) fn next_step(
        &self,
        mut verified: VerifiedPassword<'_>,
        counted: (&ThrottleBuckets, bool),
        visitor: &Visitor,
    ) -> Result<Option<NextStep>, Error> {
        if self.must_ask_second_factor(&mut verified, counted.0, visitor)? {
            // The ticket is bound to what is stored.
            if !self.store_rehash(&mut verified)? {
                return Ok(None);
            }
            let ticket = self.seal_ticket(TicketStep::SecondFactor, &verified, counted, visitor)?;
            let challenge = self.challenge(verified.user, Some(ticket), visitor)?;
            return Ok(Some(NextStep::SecondFactor(challenge)));
        }
        if verified.stored.must_change {
            let required = self.require_new_password(&verified, counted, visitor)?;
            return Ok(Some(NextStep::NewPassword(required)));
        }
        let begun = self.begin_session(&verified, counted, Occasion::SignIn, visitor)?;
        Ok(begun.map(NextStep::SignedIn))
    }

    /// A device on which it is not asked for becomes part of what was proved.
    fn must_ask_second_factor(
        &self,
        verified: &mut VerifiedPassword<'_>,
        buckets: &ThrottleBuckets,
        visitor: &Visitor,
    ) -> Result<bool, Error> {
        let (user, now) = (verified.user.id, self.now());
        if verified.proved.has_second_factor() || !self.store().read(|tx| tx.has_second_factor(user))? {
            return Ok(false);
        }
        if self.second_factor_rule(&*self.fresh_snapshot()?, verified.user)? == SecondFactorRule::Never {
            return Ok(false);
        }
        let may_remember = self.policy().remember_device.is_some();
        let device = visitor
            .device
            .as_ref()
            .filter(|_| may_remember && buckets.device.is_some());
        let Some(device) = device else { return Ok(true) };
        let until = self
            .store()
            .read(|tx| tx.second_factor_remembered_until(device.hash(), user, now))?;
        if until.is_none() {
            return Ok(true);
        }
        verified.proved.record(AuthenticationEvent {
            method: AuthenticationMethod::RememberedDevice,
            at: now,
            credential: None,
        });
        Ok(false)
    }

    fn store_rehash(&self, verified: &mut VerifiedPassword<'_>) -> Result<bool, Error> {
        let Replacement::Rehash(phc) = &verified.replacement else {
            return Ok(true);
        };
        let (user, now) = (verified.user.id, self.now());
        let rehashed = StoredPassword::kept(phc.duplicate());
        let is_current = self.store().write(|tx| {
            let is_current = tx.still_may_sign_in(user, &verified.stored.phc)?;
            if is_current {
                tx.set_password_hash(user, &rehashed, now)?;
            }
            Ok(is_current)
        })?;
        verified.stored = rehashed;
        verified.replacement = Replacement::None;
        Ok(is_current)
    }
}
