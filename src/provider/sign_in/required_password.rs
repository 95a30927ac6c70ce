//! A new password that a user has to choose in the middle of a sign-in, because an administrator knows the old one.
//! No session exists before: the browser carries, sealed, that the old password was correct.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

use crate::{
    credential::password::{Password, PasswordCheck},
    model::{
        hash::sha256,
        id::UserId,
        secret::{Secret, Token},
        user::{User, UserSummary},
    },
    provider::{
        error::Error,
        handle::SignIn,
        new_password::BadPassword,
        sign_in::{
            begin_session::{Occasion, Replacement, SessionCookies, VerifiedPassword},
            throttle::ThrottleBuckets,
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

/// What a ticket contains.
struct Ticket {
    created_at: DateTime<Utc>,
    /// The SHA-256 of the stored hash that the old password was checked against.
    checked: [u8; 32],
    /// Which buckets counted the attempt.
    counted: CountedAttempt,
    user: UserId,
}

/// How the attempt with the old password was counted, so that it can be refunded when the sign-in has succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
struct CountedAttempt {
    admitted_by_device: bool,
    used_extra_attempt: bool,
    /// Where from.
    address: String,
}

impl SignIn<'_> {
    /// Asks for a new password after the old one was correct. The attempt stays counted until there is one.
    pub(in crate::provider) fn require_new_password(
        &self,
        verified: &VerifiedPassword<'_>,
        buckets: &ThrottleBuckets,
        visitor: &Visitor,
    ) -> Result<RequiredPassword, Error> {
        let ticket = Ticket {
            created_at: self.now(),
            checked: sha256(verified.stored.phc.expose()),
            counted: CountedAttempt {
                admitted_by_device: buckets.admitted_by_device,
                used_extra_attempt: buckets.used_extra_attempt,
                address: visitor.address.to_string(),
            },
            user: verified.user.id,
        };
        let sealed = self
            .state_key()
            .seal(&bound_to(visitor), &ticket.to_bytes(), self.random())?;
        Ok(RequiredPassword {
            user: verified.user.into(),
            ticket: URL_SAFE_NO_PAD.encode(sealed),
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
        let Some((ticket_content, user, stored)) = self.open_ticket(ticket, visitor)? else {
            return Ok(RequiredPasswordOutcome::Expired);
        };
        let refused = |why| {
            let required = RequiredPassword {
                user: (&user).into(),
                ticket: ticket.to_owned(),
            };
            Ok(RequiredPasswordOutcome::Refused(required, why))
        };
        let chosen = match self.parse_new_password(chosen.expose(), (&user).into(), organisation) {
            Ok(chosen) => chosen,
            Err(bad) => return refused(RefusedPassword::Bad(bad)),
        };
        if self.is_same_password(&chosen, &stored)? {
            return refused(RefusedPassword::SameAsBefore);
        }
        let mut buckets = self.throttle_buckets(user.email.as_str(), Some(&user), visitor)?;
        buckets.admitted_by_device = ticket_content.counted.admitted_by_device;
        buckets.used_extra_attempt = ticket_content.counted.used_extra_attempt;
        // Elsewhere it was not counted in these buckets.
        let is_counted = ticket_content.counted.address == visitor.address.to_string();
        let verified = VerifiedPassword {
            user: &user,
            stored,
            replacement: Replacement::NewPassword(self.dependencies().hasher.hash(&chosen, self.random())?),
        };
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

    /// What was sealed for this browser, if it is still valid.
    fn open_ticket(
        &self,
        ticket: &str,
        visitor: &Visitor,
    ) -> Result<Option<(Ticket, User, StoredPassword)>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(ticket) else {
            return Ok(None);
        };
        let opened = self.state_key().open(&bound_to(visitor), &bytes)?;
        let Some(ticket) = opened.and_then(|plain| Ticket::from_bytes(plain.expose())) else {
            return Ok(None);
        };
        if !self.is_unexpired(ticket.created_at) {
            return Ok(None);
        }
        let (user, stored) = self
            .store()
            .read(|tx| Ok((tx.user(ticket.user)?, tx.stored_password(ticket.user)?)))?;
        Ok(match (user, stored) {
            (Some(user), Some(stored))
                if user.enabled && stored.must_change && sha256(stored.phc.expose()) == ticket.checked =>
            {
                Some((ticket, user, stored))
            }
            (Some(_) | None, Some(_) | None) => None,
        })
    }
}

/// The purpose and the browser that the seal is bound to. Forms are bound to the same cookie, so a browser without it
/// gets this far with no ticket.
fn bound_to(visitor: &Visitor) -> Vec<u8> {
    let browser = visitor.browser.as_ref().map(Token::hash);
    let browser = browser.as_ref().map_or(&[][..], |hash| hash.as_bytes());
    [b"required password ", browser].concat()
}

impl Ticket {
    fn to_bytes(&self) -> Vec<u8> {
        let counted = &self.counted;
        let flags = u8::from(counted.admitted_by_device) | u8::from(counted.used_extra_attempt) << 1;
        let mut bytes = self.created_at.timestamp_micros().to_be_bytes().to_vec();
        bytes.extend(self.checked);
        bytes.push(flags);
        bytes.extend(format!("{} {}", self.user, counted.address).bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (created_at, rest) = bytes.split_first_chunk::<8>()?;
        let (checked, rest) = rest.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let (user, address) = std::str::from_utf8(rest).ok()?.split_once(' ')?;
        Some(Self {
            created_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*created_at))?,
            checked: *checked,
            counted: CountedAttempt {
                admitted_by_device: flags & 1 != 0,
                used_extra_attempt: flags & 2 != 0,
                address: address.to_owned(),
            },
            user: user.parse().ok()?,
        })
    }
}
