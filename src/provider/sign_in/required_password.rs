//! A new password that a user has to choose in the middle of a sign-in, because an administrator knows the old one.
//! No session exists before: the browser carries, sealed, that the old password was correct.

use crate::{
    credential::password::{Password, PasswordCheck},
    model::{secret::Secret, user::UserSummary},
    provider::{
        error::Error,
        handle::SignIn,
        new_password::BadPassword,
        sign_in::{
            begin_session::{Occasion, Replacement, SessionCookies, VerifiedPassword},
            throttle::ThrottleBuckets,
            ticket::TicketStep,
        },
        visitor::Visitor,
    },
    store::StoredPassword,
};

/// Asks the user for a new password.
#[derive(Clone, Debug)]
pub struct RequiredPassword {
    pub user: UserSummary,
    /// Proves that the old password was correct; only this browser can use it, and only until the password changes.
    pub ticket: String,
}

/// The outcome of choosing the password.
#[derive(Debug)]
pub enum RequiredPasswordOutcome {
    SignedIn(SessionCookies),
    /// It is not accepted: the user has to choose another.
    Refused(RequiredPassword, RefusedPassword),
    /// The user took too long, the password was changed meanwhile, or the user was disabled: the sign-in starts anew.
    Expired,
}

/// Why a new password is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedPassword {
    Bad(BadPassword),
    /// It is the one that is to be replaced.
    SameAsBefore,
}

impl SignIn<'_> {
    /// Asks for a new password after the old one was correct. The attempt stays counted until there is one.
    pub(in crate::provider) fn require_new_password(
        &self,
        verified: &VerifiedPassword<'_>,
        counted: (&ThrottleBuckets, bool),
        visitor: &Visitor,
    ) -> Result<RequiredPassword, Error> {
        let ticket = self.seal_ticket(TicketStep::NewPassword, verified, counted, visitor)?;
        Ok(RequiredPassword {
            user: verified.user.into(),
            ticket,
        })
    }

    /// Sets the password that the user chose, and begins the session.
    pub fn choose_required_password(
        &self,
        ticket: &str,
        chosen: &Secret<String>,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<RequiredPasswordOutcome, Error> {
        let open = self.open_ticket(TicketStep::NewPassword, ticket, visitor)?;
        let Some(open) = open.filter(|open| open.stored.must_change) else {
            return Ok(RequiredPasswordOutcome::Expired);
        };
        let user = &open.user;
        let refused = |why| {
            let required = RequiredPassword {
                user: user.into(),
                ticket: ticket.to_owned(),
            };
            Ok(RequiredPasswordOutcome::Refused(required, why))
        };
        let chosen = match self.parse_new_password(chosen.expose(), user.into(), organisation) {
            Ok(chosen) => chosen,
            Err(bad) => return refused(RefusedPassword::Bad(bad)),
        };
        if self.is_same_password(&chosen, &open.stored)? {
            return refused(RefusedPassword::SameAsBefore);
        }
        let (buckets, is_counted) = self.buckets_of(&open, visitor)?;
        let hash = self.dependencies().hasher.hash(&chosen, self.random())?;
        let verified = open.verified(Replacement::NewPassword(hash));
        let occasion = Occasion::SignInWithNewPassword;
        Ok(
            match self.begin_session(&verified, (&buckets, is_counted), occasion, visitor)? {
                Some(cookies) => RequiredPasswordOutcome::SignedIn(cookies),
                None => RequiredPasswordOutcome::Expired,
            },
        )
    }

    fn is_same_password(&self, chosen: &Password, stored: &StoredPassword) -> Result<bool, Error> {
        Ok(match self.dependencies().hasher.verify(chosen, &stored.phc)? {
            PasswordCheck::Correct | PasswordCheck::CorrectNeedsRehash => true,
            PasswordCheck::Incorrect => false,
        })
    }
}
