//! Certificates that expire soon, and the warnings about them.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::model::{
    key::{Certificate, CertificateExpiry},
    remedy::{Remediable, Remedy},
};

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CertificateOwner {
    /// The certificate of our active signing key.
    Ours { next_is_prepared: bool },
    /// The certificate of the key that will sign next.
    NextKey,
    /// A signing certificate of an application.
    Application {
        slug: String,
        /// The display name.
        name: String,
    },
}

/// A certificate that expires soon, has expired or is not yet valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpiringCertificate {
    pub owner: CertificateOwner,
    pub certificate: Certificate,
    pub expiry: CertificateExpiry,
    /// Whole days left; negative once it has expired.
    pub days_left: i64,
}

impl ExpiringCertificate {
    pub(super) fn from_certificate(
        owner: CertificateOwner,
        certificate: &Certificate,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        Some(Self {
            owner,
            certificate: certificate.clone(),
            expiry: CertificateExpiry::from_certificate(certificate, now)?,
            days_left: days_left(certificate.not_after, now),
        })
    }

    fn message(&self) -> String {
        if self.expiry == CertificateExpiry::NotYetValid {
            return self.not_yet_valid_message();
        }
        let day = self.certificate.not_after.format("%Y-%m-%d");
        let when = match (self.expiry, self.days_left) {
            (CertificateExpiry::Expired | CertificateExpiry::NotYetValid, _) => format!("ended on {day}"),
            (CertificateExpiry::ExpiresWithin(_), 0) => format!("ends within a day, on {day}"),
            (CertificateExpiry::ExpiresWithin(_), 1) => format!("ends in 1 day, on {day}"),
            (CertificateExpiry::ExpiresWithin(_), days) => format!("ends in {days} days, on {day}"),
        };
        match &self.owner {
            CertificateOwner::Ours {
                next_is_prepared: false,
            } => format!(
                "the signing certificate {when}; applications that look at its end refuse every sign-in from then on"
            ),
            CertificateOwner::Ours {
                next_is_prepared: true,
            } => format!("the signing certificate {when}; the next key is prepared"),
            CertificateOwner::NextKey => format!("the certificate of the next key {when}"),
            CertificateOwner::Application { slug, name } => format!(
                "the certificate that {name} ({slug}) signs with {when}; signatures by it still count here. Ask there for a new one"
            ),
        }
    }
}

impl ExpiringCertificate {
    fn not_yet_valid_message(&self) -> String {
        let when = self.certificate.not_before.format("%Y-%m-%d %H:%M UTC");
        let clock = "Check the clock of this machine";
        match &self.owner {
            CertificateOwner::Ours { .. } => format!(
                "the signing certificate is not valid before {when}; applications that check this refuse every sign-in until then. {clock}"
            ),
            CertificateOwner::NextKey => format!(
                "the certificate of the next key is not valid before {when}; do not activate it earlier. {clock}"
            ),
            CertificateOwner::Application { slug, name } => format!(
                "the certificate that {name} ({slug}) signs with is not valid before {when}; signatures by it are accepted here already. {clock}"
            ),
        }
    }
}

impl fmt::Display for ExpiringCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl Remediable for ExpiringCertificate {
    fn remedy(&self) -> Option<Remedy> {
        if self.expiry == CertificateExpiry::NotYetValid {
            return None;
        }
        match self.owner {
            CertificateOwner::Ours {
                next_is_prepared: false,
            } => Some(Remedy::ReplaceExpiringKey),
            CertificateOwner::Ours {
                next_is_prepared: true,
            } => Some(Remedy::ActivateBeforeExpiry),
            CertificateOwner::NextKey => Some(Remedy::ReplaceNextKey),
            CertificateOwner::Application { .. } => None,
        }
    }
}

/// Whole days until `end`, rounded down.
fn days_left(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (end - now)
        .num_seconds()
        .div_euclid(TimeDelta::days(1).num_seconds())
}

/// The warnings that this process has logged, with their day: one per certificate and day.
#[derive(Debug, Default)]
pub(in crate::provider) struct WarnedToday(BTreeMap<String, (CertificateExpiry, NaiveDate)>);

impl WarnedToday {
    /// Whether to log this warning now: not yet logged today, or only with another expiry limit.
    pub(super) fn is_new(&mut self, expiring: &ExpiringCertificate, now: DateTime<Utc>) -> bool {
        let saying = (expiring.expiry, now.date_naive());
        self.0.insert(expiring.certificate.sha256.clone(), saying) != Some(saying)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(9)
    }

    fn expiring_own_certificate(left: TimeDelta, now: DateTime<Utc>) -> Option<ExpiringCertificate> {
        let end = self::now() + left;
        let certificate = Certificate {
            der: Vec::new(),
            sha256: "00".repeat(32),
            subject: "login.example.com".to_owned(),
            not_before: end - TimeDelta::days(400),
            not_after: end,
        };
        ExpiringCertificate::from_certificate(
            CertificateOwner::Ours {
                next_is_prepared: false,
            },
            &certificate,
            now,
        )
    }

    #[test]
    fn a_certificate_that_is_not_yet_valid_is_warned_of() {
        let early = expiring_own_certificate(TimeDelta::days(399), now() - TimeDelta::days(2)).unwrap();
        let message = early.to_string();
        assert!(
            message.contains("not valid before 2024-10-03 09:00 UTC")
                && message.contains("the clock of this machine"),
            "{message}"
        );
    }

    #[test]
    fn the_message_names_the_day_and_the_remedy_the_next_key() {
        let expiring = |left| expiring_own_certificate(left, now());
        assert_eq!(expiring(TimeDelta::days(61)), None);
        for (left, part) in [
            (TimeDelta::days(60), "ends in 60 days, on 2024-12-03"),
            (TimeDelta::days(7) + TimeDelta::hours(1), "ends in 7 days"),
            (TimeDelta::days(1), "ends in 1 day,"),
            (TimeDelta::hours(5), "ends within a day"),
            (TimeDelta::zero(), "ended on 2024-10-04"),
            (TimeDelta::days(-3), "ended on 2024-10-01"),
        ] {
            let expiring = expiring(left).unwrap();
            let message = expiring.to_string();
            assert!(message.contains(part), "{message}");
            assert_eq!(expiring.remedy(), Some(Remedy::ReplaceExpiringKey));
        }
    }

    #[test]
    fn each_day_is_warned_of_once_and_each_limit_at_once() {
        let mut message = WarnedToday::default();
        let mut times = 0;
        // Every half hour of the last two months and the week after.
        let mut at = now();
        let mut days = std::collections::BTreeSet::new();
        while at < now() + TimeDelta::days(69) {
            let expiring = expiring_own_certificate(TimeDelta::days(62), at);
            if expiring.is_some_and(|expiring| message.is_new(&expiring, at)) {
                times += 1;
                days.insert(at.date_naive());
            }
            at += TimeDelta::minutes(30);
        }
        assert_eq!(days.len(), 68, "every day from the sixtieth before the end on");
        assert_eq!(
            times,
            68 + 5,
            "a limit that falls into a day is said on that day too"
        );
    }
}
