//! Setting up and removing second factors, by the user who is signed in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};

use crate::{
    credential::{
        recovery_code::RecoveryCode,
        totp::{self, TotpSecret},
    },
    mail::FactorsChange,
    model::{
        audit_action::AuditAction,
        authentication::AuthenticationMethod,
        id::SecondFactorId,
        second_factor::{FactorName, SecondFactor, SecondFactorKind},
        secret::{Secret, Token},
        user::{User, UserSummary},
    },
    provider::{
        error::Error,
        handle::SignIn,
        session::ActiveSession,
        sign_in::{
            challenge::SecondFactorChallenge,
            new_factor::{FactorEnrolment, NewRecoveryCodes, free_name, hashes},
        },
        visitor::Visitor,
    },
    store::{Error as StoreError, StoredFactor},
};

/// How recently a user must have signed in before a page is shown on which second factors, address or names are changed.
pub(in crate::provider) const FRESH: TimeDelta = TimeDelta::minutes(5);
/// How recently when the form of that page is sent: it takes a while to fill in.
pub(in crate::provider) const STILL_FRESH: TimeDelta = TimeDelta::minutes(15);

/// An authenticator application to be set up: nothing is stored until it has shown a code.
#[derive(Debug)]
pub struct TotpEnrolment {
    pub user: UserSummary,
    /// For somebody who types it.
    pub secret: Secret<String>,
    /// An `svg` element.
    pub qr_code: Secret<String>,
    /// The secret, sealed for this user in this browser.
    pub sealed: String,
    /// Where one is required: a passkey can be set up instead.
    pub can_add_passkey: bool,
}

/// Of setting up an authenticator application: refused is a code that is not that of the secret, which may be tried again.
pub type TotpEnrolmentOutcome = FactorEnrolment<Box<TotpEnrolment>>;

/// What the second-factor step of a session begins with.
#[derive(Debug)]
pub enum StepPage {
    /// Ask for a code.
    Challenge(SecondFactorChallenge),
    /// Set up an authenticator application.
    Enrolment(Box<TotpEnrolment>),
    /// The user has to sign in again first.
    Stale,
    SignedOut,
}

/// What the user's own page shows.
#[derive(Clone, Debug)]
pub struct FactorsPage {
    pub user: UserSummary,
    pub factors: Vec<SecondFactor>,
    pub recovery_codes: usize,
    /// Devices are remembered, at the user's wish.
    pub can_remember: bool,
    /// Browsers have passkeys at our address.
    pub can_add_passkey: bool,
}

/// The outcome of removing a second factor of one's own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorRemoval {
    Removed,
    /// There is none with this ID.
    Unknown,
    /// The user is the last owner who can sign in, and could not with what would be left.
    LastWayIn,
}

/// The outcome of what changes the second factors or the address of the user who is signed in.
#[derive(Debug)]
pub enum FactorChange<T> {
    Done(T),
    /// The user has to sign in again first.
    Stale,
    /// The user has to give a second factor again first.
    SecondFactorStale,
    SignedOut,
}

impl SignIn<'_> {
    /// What the session has to do to have a second factor.
    pub fn second_factor_step(&self, organisation: &str, visitor: &Visitor) -> Result<StepPage, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(StepPage::SignedOut);
        };
        if self.store().read(|tx| tx.has_second_factor(active.user.id))? {
            return self
                .challenge(&active.user, None, visitor)
                .map(StepPage::Challenge);
        }
        if !self.is_fresh(&active, FRESH)? {
            return Ok(StepPage::Stale);
        }
        let enrolment = self.new_enrolment(&active.user, organisation, visitor)?;
        Ok(StepPage::Enrolment(Box::new(TotpEnrolment {
            can_add_passkey: self.can_add_passkey()?,
            ..enrolment
        })))
    }

    /// An authenticator application for somebody who may have others.
    pub fn begin_enrolment(
        &self,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<FactorChange<Box<TotpEnrolment>>, Error> {
        self.with_fresh_session(FRESH, visitor, |active| {
            self.new_enrolment(&active.user, organisation, visitor)
                .map(Box::new)
        })
    }

    /// Stores the authenticator application if `code` is one of its.
    pub fn confirm_enrolment(
        &self,
        sealed: &str,
        (code, name): (&Secret<String>, Option<FactorName>),
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<FactorChange<TotpEnrolmentOutcome>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            self.confirm(active, sealed, (code, name), organisation, visitor)
        })
    }

    fn confirm(
        &self,
        active: &ActiveSession,
        sealed: &str,
        (code, name): (&Secret<String>, Option<FactorName>),
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<TotpEnrolmentOutcome, Error> {
        let user = &active.user;
        let Some(secret) = self.open_enrolment(user, sealed, visitor)? else {
            return Ok(FactorEnrolment::Expired);
        };
        let attempt = match self.begin_factor_attempt(user, visitor)? {
            Ok(attempt) => attempt,
            Err(hindrance) => return Ok(hindrance.into()),
        };
        let step = secret
            .matching_step(code.expose(), self.now())
            .map_err(Error::Totp)?;
        let Some(step) = step.and_then(|step| i64::try_from(step).ok()) else {
            let again = enrolment_of(user, &secret, sealed.to_owned(), organisation)?;
            return Ok(FactorEnrolment::Refused(Box::new(again)));
        };
        let name = name.unwrap_or_else(|| free_name(SecondFactorKind::Totp, &attempt.known));
        let stored = self.totp_factor(user, &secret, step, name)?;
        let proved = (&stored, AuthenticationMethod::OneTimePassword);
        self.add_own_factor(active, &attempt, proved, visitor)
    }

    /// What the user's own page shows; seeing it changes nothing, so it needs no fresh sign-in.
    pub fn factors_page(&self, visitor: &Visitor) -> Result<Option<FactorsPage>, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(None);
        };
        let user = active.user.id;
        let (factors, recovery_codes) = self
            .store()
            .read(|tx| Ok((tx.second_factors(user)?, tx.count_recovery_codes(user)?)))?;
        Ok(Some(FactorsPage {
            user: (&active.user).into(),
            factors: factors.into_iter().map(|stored| stored.factor).collect(),
            recovery_codes,
            can_remember: self.policy().remember_device.is_some(),
            can_add_passkey: self.can_add_passkey()?,
        }))
    }

    /// Removes a second factor of the user who is signed in; with the last one, the recovery codes.
    pub fn remove_own_factor(
        &self,
        id: SecondFactorId,
        visitor: &Visitor,
    ) -> Result<FactorChange<FactorRemoval>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            let event = self.own_event(AuditAction::SecondFactorRemove, active, visitor);
            match self.remove_factor_of(&active.user, id, Some(active.session.id), event) {
                Ok(true) => Ok(FactorRemoval::Removed),
                Ok(false) => Ok(FactorRemoval::Unknown),
                Err(Error::Store(StoreError::NoOwnerLeft)) => Ok(FactorRemoval::LastWayIn),
                Err(error) => Err(error),
            }
        })
    }

    /// A new set of recovery codes; those before no longer work. None for somebody without a second factor.
    pub fn replace_own_recovery_codes(
        &self,
        visitor: &Visitor,
    ) -> Result<FactorChange<Option<NewRecoveryCodes>>, Error> {
        self.with_fresh_session(STILL_FRESH, visitor, |active| {
            let (codes, now) = (self.new_recovery_codes(), self.now());
            let hashes = hashes(&codes);
            let event = self.own_event(AuditAction::RecoveryCodes, active, visitor);
            let mail = self.factors_changed_mail(&active.user, FactorsChange::NewRecoveryCodes)?;
            let is_made = self.store().write(|tx| {
                // They stand in for a second factor, and are none by themselves.
                if !tx.has_second_factor(active.user.id)? {
                    return Ok(false);
                }
                if let Some(mail) = &mail {
                    tx.add_job(mail)?;
                }
                tx.replace_recovery_codes(active.user.id, &hashes, now)?;
                tx.add_audit_event(&event)?;
                Ok(true)
            })?;
            Ok(is_made.then(|| NewRecoveryCodes {
                user: (&active.user).into(),
                codes: codes.iter().map(RecoveryCode::to_text).collect(),
                made_at: now,
            }))
        })
    }

    /// Asks for a second factor again on every device of the user; on how many it was remembered.
    pub fn forget_own_devices(&self, visitor: &Visitor) -> Result<FactorChange<usize>, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(FactorChange::SignedOut);
        };
        let event = self.own_event(AuditAction::SecondFactorForget, &active, visitor);
        let now = self.now();
        let forgotten = self.store().write(|tx| {
            let forgotten = tx.forget_second_factor_devices(active.user.id)?;
            let (user, own) = (active.user.id, Some(active.session.id));
            tx.end_other_sessions_of(user, own, now, "every device is asked for a second factor again")?;
            tx.add_audit_event(&event)?;
            Ok(forgotten)
        })?;
        Ok(FactorChange::Done(forgotten))
    }

    /// A user who has second factors must have given one as recently as the password.
    fn is_fresh(&self, active: &ActiveSession, within: TimeDelta) -> Result<bool, Error> {
        let since = Some(self.now() - within);
        let proved = &active.session.authentications;
        if proved.first_factor_at() < since {
            return Ok(false);
        }
        Ok(proved.second_factor_at() >= since
            || !self.store().read(|tx| tx.has_second_factor(active.user.id))?)
    }

    pub(in crate::provider) fn with_fresh_session<T>(
        &self,
        within: TimeDelta,
        visitor: &Visitor,
        work: impl FnOnce(&ActiveSession) -> Result<T, Error>,
    ) -> Result<FactorChange<T>, Error> {
        let Some(active) = self.active_session(visitor.session.as_ref())? else {
            return Ok(FactorChange::SignedOut);
        };
        let since = Some(self.now() - within);
        if active.session.authentications.first_factor_at() < since {
            return Ok(FactorChange::Stale);
        }
        if !self.is_fresh(&active, within)? {
            return Ok(FactorChange::SecondFactorStale);
        }
        work(&active).map(FactorChange::Done)
    }

    fn new_enrolment(
        &self,
        user: &User,
        organisation: &str,
        visitor: &Visitor,
    ) -> Result<TotpEnrolment, Error> {
        let secret = TotpSecret::new(self.random());
        let created_at = self.now().timestamp_micros().to_be_bytes();
        let plain = [&created_at[..], secret.expose()].concat();
        let sealed = self
            .state_key()
            .seal(&bound_to(user, visitor), &plain, self.random())?;
        enrolment_of(user, &secret, URL_SAFE_NO_PAD.encode(sealed), organisation)
    }

    fn open_enrolment(
        &self,
        user: &User,
        sealed: &str,
        visitor: &Visitor,
    ) -> Result<Option<TotpSecret>, Error> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(sealed) else {
            return Ok(None);
        };
        let opened = self.state_key().open(&bound_to(user, visitor), &bytes)?;
        let parts = opened.as_ref().and_then(|plain| {
            let (created_at, secret) = plain.expose().split_first_chunk::<8>()?;
            let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*created_at))?;
            Some((created_at, <[u8; TotpSecret::LEN]>::try_from(secret).ok()?))
        });
        Ok(parts
            .filter(|(created_at, _secret)| self.is_unexpired(*created_at))
            .map(|(_created_at, secret)| TotpSecret::new(secret)))
    }

    fn totp_factor(
        &self,
        user: &User,
        secret: &TotpSecret,
        step: i64,
        name: FactorName,
    ) -> Result<StoredFactor, Error> {
        let now = self.now();
        let id = SecondFactorId::new(now, self.random());
        let sealed = self
            .factor_key()
            .seal(id, user.id, secret.expose(), self.random())?;
        Ok(StoredFactor {
            factor: SecondFactor {
                id,
                user: user.id,
                kind: SecondFactorKind::Totp,
                name,
                created_at: now,
                last_used_at: Some(now),
            },
            sealed,
            last_step: step,
            passkey: None,
        })
    }
}

fn enrolment_of(
    user: &User,
    secret: &TotpSecret,
    sealed: String,
    organisation: &str,
) -> Result<TotpEnrolment, Error> {
    let uri = secret
        .uri(organisation, user.email.as_str())
        .map_err(Error::Totp)?;
    Ok(TotpEnrolment {
        user: user.into(),
        secret: secret.to_text().map_err(Error::Totp)?,
        qr_code: totp::qr_svg(&uri).map_err(Error::Totp)?,
        sealed,
        can_add_passkey: false,
    })
}

fn bound_to(user: &User, visitor: &Visitor) -> Vec<u8> {
    let browser = visitor.browser.as_ref().map(Token::hash);
    let browser = browser.as_ref().map_or(&[][..], |hash| hash.as_bytes());
    // The token of the session is another one after the enrolment: the same secret is not enrolled twice.
    let session = visitor.session.as_ref().map(Token::hash);
    let session = session.as_ref().map_or(&[][..], |hash| hash.as_bytes());
    [
        b"totp enrolment ",
        user.id.to_string().as_bytes(),
        browser,
        session,
    ]
    .concat()
}
