//! What a browser carries, sealed, between the steps of a sign-in: no session exists before all of them are done.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

use crate::{
    model::{
        authentication::AuthenticationEvents, hash::sha256_of_parts, id::UserId, secret::Token, user::User,
    },
    provider::{
        error::Error,
        handle::SignIn,
        sign_in::{
            begin_session::{Replacement, VerifiedPassword},
            throttle::ThrottleBuckets,
        },
        visitor::Visitor,
    },
    store::StoredPassword,
};

/// The step that a ticket is for: it is good for no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::provider) enum TicketStep {
    SecondFactor,
    NewPassword,
}

impl TicketStep {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::SecondFactor => b"second factor ",
            Self::NewPassword => b"required password ",
        }
    }
}

/// A sign-in under way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::provider) struct Ticket {
    created_at: DateTime<Utc>,
    /// Of the stored hash that the password was checked against, and of the version of the user.
    checked: [u8; 32],
    /// Which buckets counted the attempt.
    counted: CountedAttempt,
    user: UserId,
    /// What the user has proved so far.
    pub(in crate::provider) proved: AuthenticationEvents,
}

/// How the attempt with the password was counted, so that it can be refunded when the sign-in has succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
struct CountedAttempt {
    admitted_by_device: bool,
    used_extra_attempt: bool,
    /// Where from.
    address: String,
}

/// A ticket that is still good, with its user.
pub(in crate::provider) struct OpenTicket {
    pub(in crate::provider) ticket: Ticket,
    pub(in crate::provider) user: User,
    pub(in crate::provider) stored: StoredPassword,
}

impl OpenTicket {
    /// The user, whose password was correct.
    pub(in crate::provider) fn verified(&self, replacement: Replacement) -> VerifiedPassword<'_> {
        VerifiedPassword {
            user: &self.user,
            stored: self.stored.duplicate(),
            proved: self.ticket.proved.clone(),
            remember_until: None,
            replacement,
        }
    }
}

impl SignIn<'_> {
    /// The attempt stays counted until the whole sign-in has succeeded.
    pub(in crate::provider) fn seal_ticket(
        &self,
        step: TicketStep,
        verified: &VerifiedPassword<'_>,
        (buckets, is_counted): (&ThrottleBuckets, bool),
        visitor: &Visitor,
    ) -> Result<String, Error> {
        let address = visitor.address.to_string();
        let ticket = Ticket {
            created_at: self.now(),
            checked: checked(verified.user, &verified.stored),
            counted: CountedAttempt {
                admitted_by_device: buckets.admitted_by_device,
                used_extra_attempt: buckets.used_extra_attempt,
                address: if is_counted { address } else { String::new() },
            },
            user: verified.user.id,
            proved: verified.proved.clone(),
        };
        let sealed = self
            .state_key()
            .seal(&bound_to(step, visitor), &ticket.to_bytes(), self.random())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What was sealed for this browser and this step; none once it has expired, the password was changed or the user
    /// was disabled.
    pub(in crate::provider) fn open_ticket(
        &self,
        step: TicketStep,
        ticket: &str,
        visitor: &Visitor,
    ) -> Result<Option<OpenTicket>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(ticket) else {
            return Ok(None);
        };
        let opened = self.state_key().open(&bound_to(step, visitor), &bytes)?;
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
            (Some(user), Some(stored)) if user.enabled && checked(&user, &stored) == ticket.checked => {
                Some(OpenTicket { ticket, user, stored })
            }
            (Some(_) | None, Some(_) | None) => None,
        })
    }

    /// The buckets that the attempt with the password was counted in, and whether it was.
    pub(in crate::provider) fn buckets_of(
        &self,
        open: &OpenTicket,
        visitor: &Visitor,
    ) -> Result<(ThrottleBuckets, bool), Error> {
        let counted = &open.ticket.counted;
        let mut buckets = self.throttle_buckets(open.user.email.as_str(), Some(&open.user), visitor)?;
        buckets.admitted_by_device = counted.admitted_by_device;
        buckets.used_extra_attempt = counted.used_extra_attempt;
        // Elsewhere it was not counted in these buckets.
        Ok((buckets, counted.address == visitor.address.to_string()))
    }
}

/// The purpose and the browser that the seal is bound to. Forms are bound to the same cookie, so a browser without it
/// gets this far with no ticket.
fn bound_to(step: TicketStep, visitor: &Visitor) -> Vec<u8> {
    let browser = visitor.browser.as_ref().map(Token::hash);
    let browser = browser.as_ref().map_or(&[][..], |hash| hash.as_bytes());
    [step.label(), browser].concat()
}

/// Another password, or being switched off in between, makes it another value.
fn checked(user: &User, stored: &StoredPassword) -> [u8; 32] {
    let version = user.version.to_be_bytes();
    sha256_of_parts([&version[..], stored.phc.expose().as_bytes()])
}

impl Ticket {
    fn to_bytes(&self) -> Vec<u8> {
        let counted = &self.counted;
        let flags = u8::from(counted.admitted_by_device) | u8::from(counted.used_extra_attempt) << 1;
        let mut bytes = self.created_at.timestamp_micros().to_be_bytes().to_vec();
        bytes.extend(self.checked);
        bytes.push(flags);
        let text = format!("{}\n{}\n{}", self.user, counted.address, self.proved.to_text());
        bytes.extend(text.bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (created_at, rest) = bytes.split_first_chunk::<8>()?;
        let (checked, rest) = rest.split_first_chunk::<32>()?;
        let (flags, rest) = rest.split_first()?;
        let mut lines = std::str::from_utf8(rest).ok()?.split('\n');
        let (user, address, proved) = (lines.next()?, lines.next()?, lines.next()?);
        Some(Self {
            created_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*created_at))?,
            checked: *checked,
            counted: CountedAttempt {
                admitted_by_device: flags & 1 != 0,
                used_extra_attempt: flags & 2 != 0,
                address: address.to_owned(),
            },
            user: user.parse().ok()?,
            proved: AuthenticationEvents::from_text(proved)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::authentication::AuthenticationEvent;

    #[test]
    fn a_ticket_is_read_as_it_was_written() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        for (flags, address) in [(0, ""), (1, "192.0.2.7"), (2, "2001:db8::1"), (3, "192.0.2.7")] {
            let ticket = Ticket {
                created_at: at,
                checked: [7; 32],
                counted: CountedAttempt {
                    admitted_by_device: flags & 1 != 0,
                    used_extra_attempt: flags & 2 != 0,
                    address: address.to_owned(),
                },
                user: UserId::new(at, [3; 10]),
                proved: AuthenticationEvents::new(AuthenticationEvent::password(at)),
            };
            let bytes = ticket.to_bytes();
            assert_eq!(Ticket::from_bytes(&bytes), Some(ticket));
            for end in 0..bytes.len() {
                let cut = Ticket::from_bytes(bytes.get(..end).unwrap());
                assert!(cut.is_none_or(
                    |cut| cut.proved != AuthenticationEvents::new(AuthenticationEvent::password(at))
                ));
            }
        }
    }
}
