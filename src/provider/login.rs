//! A person signs in with e-mail and password.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::{
    credential::password::{Password, Verdict},
    model::{
        id::SessionId,
        policy::Policy,
        reference::Reference,
        secret::{Secret, Token},
        session::Session,
        text::hex,
        throttle::{Admission, HISTORY, Limit, address_key, network_key, networks},
        user::{Email, User, canonical_account},
    },
    provider::{Provider, codes, error::Error, visitor::Visitor},
    store::Tx,
};

/// What was typed.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// As it was typed; any spelling of the address.
    pub email: String,
    /// As it was typed.
    pub password: Secret<String>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum LoggedIn {
    /// Give the browser these cookies.
    Yes {
        /// The session's new token.
        session: Token,
        /// The device is known from now on.
        device: Token,
    },
    /// Unknown, wrong or disabled: nobody outside learns which.
    Wrong,
    /// Too many tries; not before then.
    Wait {
        /// When the next try is looked at.
        until: DateTime<Utc>,
        /// Leads to the row in the audit trail.
        reference: Reference,
    },
}

/// What a try is before it waits for its turn.
#[derive(Clone, Debug)]
pub enum Looked {
    /// Its password may be checked.
    Go {
        /// On a device on which this person has signed in before: a place is kept for these.
        is_known: bool,
    },
    /// Too many tries; not before then.
    Wait {
        /// When the next try is looked at.
        until: DateTime<Utc>,
        /// Leads to the row in the audit trail.
        reference: Reference,
    },
}

/// The buckets that one try is counted in, in the order in which every try takes them.
struct Buckets {
    pair: String,
    /// The address and the networks around it, each with what it lets through. None for a known device: whatever
    /// others do from there, its owner is not held up.
    networks: Vec<Network>,
    account: String,
    /// The account, from the neighbourhood of this address.
    network: String,
    /// The one try that a pause of the account lets pass is named after the account.
    spare: String,
    device: Option<String>,
    /// The device let the try pass: nothing else has counted it.
    by_device: bool,
    /// It is the one try that a pause of the account lets pass: the account has not counted it.
    by_spare: bool,
    /// When the try is counted.
    at: DateTime<Utc>,
}

/// A network that tries are counted for.
struct Network {
    key: String,
    limit: Limit,
}

impl Network {
    fn bucket(&self) -> String {
        format!("address:{}", self.key)
    }
}

/// A person whose password was right when it was checked.
struct Verified<'u> {
    user: &'u User,
    /// The hash that it was checked against.
    phc: Secret<String>,
    /// A stronger hash of the same password, where that one costs too little.
    better: Option<Secret<String>>,
}

/// One try, and no other for longer than any pause.
const ONCE: Limit = Limit {
    free: 1,
    first_pause: TimeDelta::hours(48),
    longest_pause: TimeDelta::hours(48),
    forget_after: TimeDelta::hours(48),
};

/// Counts failures of a neighbourhood, and never pauses: for a day after the last it has failed.
const FAILED: Limit = Limit {
    free: u32::MAX - 64,
    first_pause: TimeDelta::hours(24),
    longest_pause: TimeDelta::hours(24),
    forget_after: TimeDelta::hours(24),
};

impl Provider {
    /// Looks at a try without counting it: what a pause holds back need not wait to hear so.
    pub fn look_at_login(&self, typed: &Credentials, visitor: &Visitor) -> Result<Looked, Error> {
        let user = self.user_typed(typed)?;
        let buckets = self.buckets(typed, user.as_ref(), visitor)?;
        let (now, policy) = (buckets.at, self.policy());
        let (is_known, until) = self.store().read(|tx| {
            let own = match &buckets.device {
                Some(device) => tx.blocked_until(device, &policy.throttle_device, now)?.is_none(),
                None => false,
            };
            let until = if own { None } else { held(tx, &buckets, policy)? };
            Ok((own, until))
        })?;
        match until {
            None => Ok(Looked::Go { is_known }),
            Some(until) => Ok(Looked::Wait {
                until,
                reference: self.refuse_throttled(visitor)?,
            }),
        }
    }

    fn user_typed(&self, typed: &Credentials) -> Result<Option<User>, Error> {
        match Email::parse(&canonical_account(&typed.email)) {
            Ok(email) => Ok(self.store().read(|tx| tx.user_by_email(&email))?),
            Err(_no_address) => Ok(None),
        }
    }

    /// Counts the try, checks the password, and begins a session (or renews the one of the same person
    /// in the same browser).
    pub fn log_in(&self, typed: &Credentials, visitor: &Visitor) -> Result<LoggedIn, Error> {
        let user = self.user_typed(typed)?;
        let mut buckets = self.buckets(typed, user.as_ref(), visitor)?;
        if let Admission::Wait(until) = self.admit(&mut buckets)? {
            let reference = self.refuse_throttled(visitor)?;
            return Ok(LoggedIn::Wait { until, reference });
        }
        if let Some(verified) = self.check_password(typed, user.as_ref())?
            && let Some(done) = self.begin_session(&verified, &buckets, visitor)?
        {
            return Ok(done);
        }
        self.refuse_wrong(user.as_ref(), &buckets, visitor)?;
        Ok(LoggedIn::Wrong)
    }

    fn buckets(&self, typed: &Credentials, user: Option<&User>, visitor: &Visitor) -> Result<Buckets, Error> {
        let account = hex(&Sha256::digest(canonical_account(&typed.email)));
        let address = address_key(visitor.address);
        let limit = self.policy().throttle_address;
        // Asked whether or not the account exists: the same work for both.
        let owner = match &visitor.device {
            Some(device) => self
                .store()
                .read(|tx| tx.device_owner(device.hash(), self.now()))?,
            None => None,
        };
        let device = match (&visitor.device, user, owner) {
            (Some(device), Some(user), Some(owner)) if owner == user.id => {
                Some(format!("device:{}", hex(device.hash().as_bytes())))
            }
            (_, _, _) => None,
        };
        let networks = if device.is_some() {
            Vec::new()
        } else {
            self.store().read(|tx| {
                let known = |(key, clients): (String, u32)| {
                    let people = tx.people_of_network(&key, self.now())?;
                    let limit = limit.times(clients).with_people(people);
                    Ok(Network { key, limit })
                };
                networks(visitor.address).into_iter().map(known).collect()
            })?
        };
        Ok(Buckets {
            pair: format!("pair:{account}:{address}"),
            networks,
            network: format!("network:{account}:{}", network_key(visitor.address)),
            spare: format!("spare:{account}"),
            account: format!("account:{account}"),
            device,
            by_device: false,
            by_spare: false,
            at: self.now(),
        })
    }

    /// Counts the try before anything is hashed. A device on which this person has signed in before has
    /// a bucket of its own and passes the others: nobody can lock its owner out.
    fn admit(&self, buckets: &mut Buckets) -> Result<Admission, Error> {
        let (now, policy) = (buckets.at, self.policy());
        if let Some(device) = &buckets.device
            && self
                .store()
                .write(|tx| tx.count_attempt(device, &policy.throttle_device, now))?
                == Admission::Pass
        {
            buckets.by_device = true;
            return Ok(Admission::Pass);
        }
        // What pauses is sent away before anything is written for the names that it tries.
        if let Some(until) = self.store().read(|tx| held(tx, buckets, policy))? {
            return Ok(Admission::Wait(until));
        }
        let (admission, by_spare) = self.store().write(|tx| {
            if let Admission::Wait(until) = tx.count_attempt(&buckets.pair, &policy.throttle_pair, now)? {
                return Ok((Admission::Wait(until), false));
            }
            for network in &buckets.networks {
                if let Admission::Wait(until) = tx.count_attempt(&network.bucket(), &network.limit, now)? {
                    return Ok((Admission::Wait(until), false));
                }
            }
            let Admission::Wait(until) = tx.count_attempt(&buckets.account, &policy.throttle_account, now)?
            else {
                return Ok((Admission::Pass, false));
            };
            // Anybody can keep a named person out by wrong tries, so that a pause lets one try pass from where
            // nobody has failed for this account. The pause goes into the name: the next one lets another pass.
            if until <= now || tx.has_attempts(&buckets.network, now)? {
                return Ok((Admission::Wait(until), false));
            }
            let spare = format!("{}:{}", buckets.spare, until.timestamp_micros());
            let taken = tx.count_attempt(&spare, &ONCE, now)? != Admission::Pass;
            let admission = if taken {
                Admission::Wait(until)
            } else {
                Admission::Pass
            };
            Ok((admission, !taken))
        })?;
        buckets.by_spare = by_spare;
        Ok(admission)
    }

    /// The person, if the password is theirs and they may sign in. The same work is done for nobody.
    fn check_password<'u>(
        &self,
        typed: &Credentials,
        user: Option<&'u User>,
    ) -> Result<Option<Verified<'u>>, Error> {
        let hasher = &self.parts().hasher;
        // A password that could not have been set is hashed all the same, as another one.
        let password = Password::parse(typed.password.expose());
        let stored = match user {
            Some(user) if user.enabled => self.store().read(|tx| tx.password(user.id))?,
            Some(_) | None => self.store().read(|tx| tx.generation().map(|_same_work| None))?,
        };
        match (password, stored, user) {
            (Ok(password), Some(phc), Some(user)) => {
                let better = match hasher.verify(&password, &phc)? {
                    Verdict::Right => None,
                    Verdict::RightButOld => Some(hasher.hash(&password, self.chance())?),
                    Verdict::Wrong => return Ok(None),
                };
                Ok(Some(Verified { user, phc, better }))
            }
            (Ok(password), _, _) => {
                hasher.verify_nobody(&password)?;
                Ok(None)
            }
            (Err(_bad), _, _) => Ok(None),
        }
    }

    /// Begins a session; none if the password was changed or the person switched off while it was checked.
    fn begin_session(
        &self,
        verified: &Verified<'_>,
        buckets: &Buckets,
        visitor: &Visitor,
    ) -> Result<Option<LoggedIn>, Error> {
        let (now, user) = (self.now(), verified.user);
        // A device cookie that is not known as this person's was somebody else's, or planted.
        let known = buckets.device.as_ref().and(visitor.device.clone());
        let (session, device) = (self.token(), known.unwrap_or_else(|| self.token()));
        let before = self.live(visitor.session.as_ref())?;
        let fresh = Session {
            id: SessionId::new(now, self.chance()),
            user: user.id,
            seed: Secret::new(self.chance()),
            authenticated_at: now,
            last_seen_at: now,
            idle_expires_at: self.idle_end(now),
            expires_at: now + self.policy().session_absolute,
        };
        let mut event = self.event("login", "ok", Some(visitor));
        event.user = Some(user.id);
        let mut other = self.event("logout", "ok", Some(visitor));
        other.detail = Some("another person signed in".to_owned());
        let begun = self.store().write(|tx| {
            if !tx.still_may_sign_in(user.id, &verified.phc)? {
                return Ok(false);
            }
            if let Some(better) = &verified.better {
                tx.set_password(user.id, better, now)?;
            }
            forgive(tx, buckets, self.policy())?;
            let mut kept = None;
            if let (Some(before), Some(old)) = (&before, &visitor.session) {
                if before.user.id == user.id {
                    // The same session and participants, under a new token and with its time begun anew.
                    let renewed = Session {
                        id: before.session.id,
                        seed: before.session.seed.clone(),
                        ..fresh.clone()
                    };
                    let taken = tx.renew_session(&renewed, old.hash(), session.hash())?;
                    kept = taken.then_some(renewed.id);
                } else {
                    tx.end_session(before.session.id, now, "another person signed in")?;
                    let left = tx.participants(before.session.id)?.len();
                    if left > 0 {
                        other.detail = Some(format!(
                            "another person signed in; {left} of the applications of the one before were not told"
                        ));
                    }
                    other.user = Some(before.user.id);
                    other.session = Some(before.session.id);
                    tx.add_audit(&other)?;
                }
            }
            if kept.is_none() {
                tx.add_session(&fresh, session.hash())?;
            }
            event.session = Some(kept.unwrap_or(fresh.id));
            tx.add_device(device.hash(), user.id, now, now + self.policy().device_lifetime)?;
            for (network, _clients) in networks(visitor.address) {
                tx.add_person_of_network(&network, user.id, now + HISTORY)?;
            }
            tx.add_audit(&event)?;
            Ok(true)
        })?;
        Ok(begun.then_some(LoggedIn::Yes { session, device }))
    }

    /// One write for everybody: how long it takes tells nobody whether the account exists.
    fn refuse_wrong(&self, user: Option<&User>, buckets: &Buckets, visitor: &Visitor) -> Result<(), Error> {
        let failed = |tx: &mut Tx| tx.count_attempt(&buckets.network, &FAILED, buckets.at).map(drop);
        let mut event = self.event("login", codes::LOGIN_WRONG, Some(visitor));
        event.user = user.map(|user| user.id);
        let reference = if user.is_some() {
            // The throttle bounds these: each has its row and its line.
            self.store().write(|tx| {
                failed(tx)?;
                tx.add_audit(&event)
            })?;
            Reference::of(event.request_id.as_deref().unwrap_or_default())
        } else {
            event.unproven = true;
            let recorded = self.record_refusal_beside(&event, failed)?;
            if !recorded.is_shown {
                return Ok(());
            }
            recorded.reference
        };
        tracing::info!(action = "login", code = codes::LOGIN_WRONG, %reference, "refused");
        Ok(())
    }

    fn refuse_throttled(&self, visitor: &Visitor) -> Result<Reference, Error> {
        self.refuse_unproven("login", codes::LOGIN_THROTTLED, visitor)
    }
}

/// Until when a try that no device lets pass is held back by its own address, if it is.
fn held(
    tx: &mut Tx,
    buckets: &Buckets,
    policy: &Policy,
) -> Result<Option<DateTime<Utc>>, crate::store::Error> {
    let now = buckets.at;
    for network in &buckets.networks {
        let until = tx.blocked_until(&network.bucket(), &network.limit, now)?;
        if until.is_some() {
            return Ok(until);
        }
    }
    tx.blocked_until(&buckets.pair, &policy.throttle_pair, now)
}

/// The buckets of an account from wherever somebody tries: what an administrator lifts.
pub(super) fn lift(tx: &mut Tx, email: &Email) -> Result<(), crate::store::Error> {
    let account = hex(&Sha256::digest(canonical_account(email.as_str())));
    tx.clear_attempts(&format!("account:{account}"))?;
    tx.clear_all_attempts(&format!("pair:{account}:"))?;
    tx.clear_all_attempts(&format!("network:{account}:"))
}

/// A right password takes its try back: an office behind one address is not throttled by its own success.
/// Only where it was counted: else a person could free their address for guesses at others by signing in.
fn forgive(tx: &mut Tx, buckets: &Buckets, policy: &Policy) -> Result<(), crate::store::Error> {
    if let Some(device) = &buckets.device {
        tx.clear_attempts(device)?;
    }
    if buckets.by_device {
        return Ok(());
    }
    tx.clear_attempts(&buckets.pair)?;
    for network in &buckets.networks {
        tx.forgive_attempt(&network.bucket(), &network.limit, buckets.at)?;
    }
    if buckets.by_spare {
        return Ok(());
    }
    tx.forgive_attempt(&buckets.account, &policy.throttle_account, buckets.at)
}
