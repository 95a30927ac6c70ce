//! Counts sign-in attempts before anything is hashed: by account and address, network, account, and device.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{
        hash::sha256_hex,
        id::UserId,
        policy::Policy,
        text::hex,
        throttle::{RateLimit, ThrottlePolicy, address_key, network_key, networks},
        user::{Email, User, canonical_account},
    },
    provider::{error::Error, handle::SignIn, visitor::Visitor},
    store::Tx,
};

/// The buckets that an attempt is counted in, in the order in which every attempt uses them.
pub(in crate::provider) struct ThrottleBuckets {
    pub(in crate::provider) account_and_address: String,
    /// The address and the networks around it, each with its limit. Empty for a known device: attempts of others from
    /// there do not block its owner.
    pub(in crate::provider) networks: Vec<NetworkBucket>,
    pub(in crate::provider) account: String,
    /// The account, for attempts from the network of this address.
    pub(in crate::provider) account_and_network: String,
    /// The one attempt that is let through while the account is paused; the key is derived from the account.
    pub(in crate::provider) extra_attempt: String,
    pub(in crate::provider) device: Option<String>,
    /// The device's own bucket admitted the attempt: no other bucket has counted it.
    pub(in crate::provider) admitted_by_device: bool,
    /// It is the one attempt that was let through during a pause: the account's bucket has not counted it.
    pub(in crate::provider) used_extra_attempt: bool,
    /// When the attempt is counted.
    pub(in crate::provider) at: DateTime<Utc>,
}

/// A network that attempts are counted for.
pub(in crate::provider) struct NetworkBucket {
    pub(in crate::provider) key: String,
    pub(in crate::provider) limit: ThrottlePolicy,
}

impl NetworkBucket {
    pub(in crate::provider) fn bucket_key(&self) -> String {
        format!("address:{}", self.key)
    }

    /// Attempts with a passkey are counted apart: nobody can pause them by typing passwords.
    fn passkey_bucket_key(&self) -> String {
        format!("passkey:{}", self.key)
    }
}

/// One attempt, and no other for longer than any pause lasts.
const ONE_ATTEMPT: ThrottlePolicy = ThrottlePolicy {
    free: 1,
    first_pause: TimeDelta::hours(48),
    longest_pause: TimeDelta::hours(48),
    forget_after: TimeDelta::hours(48),
};

/// Counts the failures for an account from a network without ever pausing it: they are remembered until a day after the
/// last one.
pub(in crate::provider) const FAILURE_COUNTER: ThrottlePolicy = ThrottlePolicy {
    free: u32::MAX - 64,
    first_pause: TimeDelta::hours(24),
    longest_pause: TimeDelta::hours(24),
    forget_after: TimeDelta::hours(24),
};

impl SignIn<'_> {
    pub(in crate::provider) fn throttle_buckets(
        &self,
        typed_email: &str,
        user: Option<&User>,
        visitor: &Visitor,
    ) -> Result<ThrottleBuckets, Error> {
        let account = sha256_hex(canonical_account(typed_email));
        let address = address_key(visitor.address);
        let limit = self.policy().throttle_address;
        // Queried whether or not the account exists: the same work in both cases.
        let owner = match &visitor.device {
            Some(device) => self
                .store()
                .read(|tx| tx.known_device_owner(device.hash(), self.now()))?,
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
                    let people = tx.count_network_users(&key, self.now())?;
                    let limit = limit.for_clients(clients).with_users(people);
                    Ok(NetworkBucket { key, limit })
                };
                networks(visitor.address).into_iter().map(known).collect()
            })?
        };
        Ok(ThrottleBuckets {
            account_and_address: format!("pair:{account}:{address}"),
            networks,
            account_and_network: format!("network:{account}:{}", network_key(visitor.address)),
            extra_attempt: format!("spare:{account}"),
            account: format!("account:{account}"),
            device,
            admitted_by_device: false,
            used_extra_attempt: false,
            at: self.now(),
        })
    }

    /// Counts the attempt before anything is hashed. A device on which this user has signed in before has a bucket of
    /// its own and bypasses the others: nobody can lock its owner out.
    pub(in crate::provider) fn count_sign_in_attempt(
        &self,
        buckets: &mut ThrottleBuckets,
    ) -> Result<RateLimit, Error> {
        let (now, policy) = (buckets.at, self.policy());
        if let Some(device) = &buckets.device
            && self
                .store()
                .write(|tx| tx.count_attempt(device, &policy.throttle_device, now))?
                == RateLimit::Allowed
        {
            buckets.admitted_by_device = true;
            return Ok(RateLimit::Allowed);
        }
        // A throttled attempt is refused before anything is written for the account that it names.
        if let Some(until) = self.store().read(|tx| blocked_until(tx, buckets, &policy))? {
            return Ok(RateLimit::RetryAfter(until));
        }
        let (admission, by_spare) = self.store().write(|tx| {
            if let RateLimit::RetryAfter(until) =
                tx.count_attempt(&buckets.account_and_address, &policy.throttle_pair, now)?
            {
                return Ok((RateLimit::RetryAfter(until), false));
            }
            for network in &buckets.networks {
                if let RateLimit::RetryAfter(until) =
                    tx.count_attempt(&network.bucket_key(), &network.limit, now)?
                {
                    return Ok((RateLimit::RetryAfter(until), false));
                }
            }
            let RateLimit::RetryAfter(until) =
                tx.count_attempt(&buckets.account, &policy.throttle_account, now)?
            else {
                return Ok((RateLimit::Allowed, false));
            };
            // Anybody can lock a user out by failed attempts, so a pause lets one attempt through from a network where
            // no attempt for this account has failed. The end of the pause is part of the key: the next pause lets
            // another one through.
            if until <= now || tx.has_attempts(&buckets.account_and_network, now)? {
                return Ok((RateLimit::RetryAfter(until), false));
            }
            let extra_attempt = format!("{}:{}", buckets.extra_attempt, until.timestamp_micros());
            let taken = tx.count_attempt(&extra_attempt, &ONE_ATTEMPT, now)? != RateLimit::Allowed;
            let admission = if taken {
                RateLimit::RetryAfter(until)
            } else {
                RateLimit::Allowed
            };
            Ok((admission, !taken))
        })?;
        buckets.used_extra_attempt = by_spare;
        Ok(admission)
    }
}

impl SignIn<'_> {
    /// Counts an attempt with a passkey before its answer is verified: by address, and for the account whose passkey it
    /// names.
    pub(in crate::provider) fn count_passkey_attempt(
        &self,
        account: Option<&str>,
        buckets: &ThrottleBuckets,
    ) -> Result<RateLimit, Error> {
        let (now, pair) = (buckets.at, self.policy().throttle_pair);
        Ok(self.store().write(|tx| {
            for network in &buckets.networks {
                if let RateLimit::RetryAfter(until) =
                    tx.count_attempt(&network.passkey_bucket_key(), &network.limit, now)?
                {
                    return Ok(RateLimit::RetryAfter(until));
                }
            }
            match account {
                Some(account) => tx.count_attempt(account, &pair, now),
                None => Ok(RateLimit::Allowed),
            }
        })?)
    }

    /// Refunds it after a good answer.
    pub(in crate::provider) fn refund_passkey_attempt(
        &self,
        account: Option<&str>,
        buckets: &ThrottleBuckets,
    ) -> Result<(), Error> {
        Ok(self.store().write(|tx| {
            if let Some(account) = account {
                tx.clear_attempts(account)?;
            }
            for network in &buckets.networks {
                tx.refund_attempt(&network.passkey_bucket_key(), &network.limit, buckets.at)?;
            }
            Ok(())
        })?)
    }
}

/// Until when an attempt that no device admits is blocked by its networks or by account and address, if it is.
pub(in crate::provider) fn blocked_until(
    tx: &mut Tx,
    buckets: &ThrottleBuckets,
    policy: &Policy,
) -> Result<Option<DateTime<Utc>>, crate::store::Error> {
    let now = buckets.at;
    for network in &buckets.networks {
        let until = tx.blocked_until(&network.bucket_key(), &network.limit, now)?;
        if until.is_some() {
            return Ok(until);
        }
    }
    tx.blocked_until(&buckets.account_and_address, &policy.throttle_pair, now)
}

/// Where attempts with a second factor are counted.
pub(in crate::provider) fn second_factor_bucket_of(user: UserId) -> String {
    format!("factor:{user}")
}

/// Clears the buckets of an account, for every address: an administrator lifts its throttling.
pub(in crate::provider) fn clear_throttle(
    tx: &mut Tx,
    user: UserId,
    email: &Email,
) -> Result<(), crate::store::Error> {
    tx.clear_attempts(&second_factor_bucket_of(user))?;
    let account = sha256_hex(canonical_account(email.as_str()));
    tx.clear_attempts(&format!("account:{account}"))?;
    tx.clear_attempts_with_prefix(&format!("pair:{account}:"))?;
    tx.clear_attempts_with_prefix(&format!("network:{account}:"))
}

/// Refunds the attempt after a correct password: an office behind one address is not throttled by its own successes.
/// Only if it was counted: otherwise a user could sign in to make an address free for guesses at other accounts.
pub(in crate::provider) fn refund(
    tx: &mut Tx,
    buckets: &ThrottleBuckets,
    policy: &Policy,
) -> Result<(), crate::store::Error> {
    if let Some(device) = &buckets.device {
        tx.clear_attempts(device)?;
    }
    if buckets.admitted_by_device {
        return Ok(());
    }
    tx.clear_attempts(&buckets.account_and_address)?;
    for network in &buckets.networks {
        tx.refund_attempt(&network.bucket_key(), &network.limit, buckets.at)?;
    }
    if buckets.used_extra_attempt {
        return Ok(());
    }
    tx.refund_attempt(&buckets.account, &policy.throttle_account, buckets.at)
}
