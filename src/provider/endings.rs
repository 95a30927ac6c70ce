//! Certificates that end soon, and who has to hear of it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::{
    model::key::{Certificate, Ending},
    provider::{Provider, error::Error, snapshot::Snapshot},
};

/// Whose certificate it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whose {
    /// The one that our signatures verify with.
    Ours {
        /// Whether the key after it is prepared.
        successor: bool,
    },
    /// The one of the key that signs next.
    Next,
    /// An application's own, for what it signs.
    Application {
        /// Its name in addresses.
        slug: String,
        /// Its name for people.
        name: String,
    },
}

/// A certificate near its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EndingSoon {
    /// Whose.
    pub whose: Whose,
    /// Which.
    pub certificate: Certificate,
    /// How near.
    pub ending: Ending,
    /// Whole days that are left; below zero once it has ended.
    pub days: i64,
}

impl EndingSoon {
    fn of(whose: Whose, certificate: &Certificate, now: DateTime<Utc>) -> Option<Self> {
        Some(Self {
            whose,
            certificate: certificate.clone(),
            ending: Ending::of(certificate, now)?,
            days: days_left(certificate.not_after, now),
        })
    }

    /// What to say of it, and what to do.
    pub fn words(&self) -> String {
        if self.ending == Ending::NotBegun {
            return self.words_of_a_begin();
        }
        let day = self.certificate.not_after.format("%Y-%m-%d");
        let when = match (self.ending, self.days) {
            (Ending::Ended | Ending::NotBegun, _) => format!("ended on {day}"),
            (Ending::Within(_), 0) => format!("ends within a day, on {day}"),
            (Ending::Within(_), 1) => format!("ends in 1 day, on {day}"),
            (Ending::Within(_), days) => format!("ends in {days} days, on {day}"),
        };
        match &self.whose {
            Whose::Ours { successor: false } => format!(
                "the signing certificate {when}; applications that look at its end refuse every sign-in from then on. Prepare the next key: hallpass key roll prepare"
            ),
            Whose::Ours { successor: true } => format!(
                "the signing certificate {when}; the next key is prepared. Let it take over before then: hallpass key roll status"
            ),
            Whose::Next => format!(
                "the certificate of the next key {when}; take it back and prepare one that lasts: hallpass key roll cancel"
            ),
            Whose::Application { slug, name } => format!(
                "the certificate that {name} ({slug}) signs with {when}; signatures by it still count here. Ask there for a new one"
            ),
        }
    }
}

impl EndingSoon {
    fn words_of_a_begin(&self) -> String {
        let when = self.certificate.not_before.format("%Y-%m-%d %H:%M UTC");
        let clock = "Check the clock of this machine";
        match &self.whose {
            Whose::Ours { .. } => format!(
                "the signing certificate is not valid before {when}; applications that check this refuse every sign-in until then. {clock}"
            ),
            Whose::Next => format!(
                "the certificate of the next key is not valid before {when}; do not activate it earlier. {clock}"
            ),
            Whose::Application { slug, name } => format!(
                "the certificate that {name} ({slug}) signs with is not valid before {when}; signatures by it are accepted here already. {clock}"
            ),
        }
    }
}

/// Days until `end`; what is left of the last one does not count.
fn days_left(end: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (end - now)
        .num_seconds()
        .div_euclid(TimeDelta::days(1).num_seconds())
}

/// What this process has said, and on which day, so that each certificate is spoken of once a day.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeMap<String, (Ending, NaiveDate)>);

impl Said {
    /// Whether this is to be said now: it was not said today, or it was said of a longer time.
    fn is_new(&mut self, soon: &EndingSoon, now: DateTime<Utc>) -> bool {
        let saying = (soon.ending, now.date_naive());
        self.0.insert(soon.certificate.sha256.clone(), saying) != Some(saying)
    }
}

impl Provider {
    /// Our certificates that end soon; from memory.
    pub fn own_endings(&self) -> Result<Vec<EndingSoon>, Error> {
        Ok(own_endings(&*self.at_hand()?, self.now()))
    }

    /// Certificates of enabled applications that end soon.
    pub fn application_endings(&self) -> Result<Vec<EndingSoon>, Error> {
        let (snapshot, now) = (self.current()?, self.now());
        let enabled = snapshot.applications.iter().filter(|one| one.enabled);
        Ok(enabled
            .flat_map(|application| {
                let whose = Whose::Application {
                    slug: application.slug.to_string(),
                    name: application.name.clone(),
                };
                application
                    .saml
                    .certificates
                    .iter()
                    .filter_map(move |certificate| EndingSoon::of(whose.clone(), certificate, now))
            })
            .collect())
    }

    /// Logs which of our certificates end soon, each once a day and whenever a new limit is passed.
    pub(super) fn warn_of_endings(&self) -> Result<(), Error> {
        for soon in self.own_endings()? {
            let is_new = self
                .0
                .said
                .lock()
                .map_err(|_poisoned| Error::Poisoned)?
                .is_new(&soon, self.now());
            if !is_new {
                continue;
            }
            let (sha256, words) = (&soon.certificate.sha256, soon.words());
            if matches!(soon.ending, Ending::Ended | Ending::NotBegun) {
                tracing::error!(sha256, days = soon.days, "{words}");
            } else {
                tracing::warn!(sha256, days = soon.days, "{words}");
            }
        }
        Ok(())
    }
}

fn own_endings(snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<EndingSoon> {
    let publication = &snapshot.publication;
    let ours = Whose::Ours {
        successor: publication.next.is_some(),
    };
    let next = publication.next.iter().map(|next| (Whose::Next, next));
    std::iter::once((ours, &publication.active))
        .chain(next)
        .filter_map(|(whose, certificate)| EndingSoon::of(whose, certificate, now))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(9)
    }

    fn ours(left: TimeDelta, now: DateTime<Utc>) -> Option<EndingSoon> {
        let end = self::now() + left;
        let certificate = Certificate {
            der: Vec::new(),
            sha256: "00".repeat(32),
            subject: "login.example.com".to_owned(),
            not_before: end - TimeDelta::days(400),
            not_after: end,
        };
        EndingSoon::of(Whose::Ours { successor: false }, &certificate, now)
    }

    #[test]
    fn a_certificate_that_does_not_count_yet_is_said() {
        let early = ours(TimeDelta::days(399), now() - TimeDelta::days(2)).unwrap();
        let said = early.words();
        assert!(
            said.contains("not valid before 2024-10-03 09:00 UTC")
                && said.contains("the clock of this machine"),
            "{said}"
        );
    }

    #[test]
    fn the_words_name_the_day_and_the_command() {
        let words = |left| ours(left, now()).map(|soon| soon.words());
        assert_eq!(words(TimeDelta::days(61)), None);
        for (left, part) in [
            (TimeDelta::days(60), "ends in 60 days, on 2024-12-03"),
            (TimeDelta::days(7) + TimeDelta::hours(1), "ends in 7 days"),
            (TimeDelta::days(1), "ends in 1 day,"),
            (TimeDelta::hours(5), "ends within a day"),
            (TimeDelta::zero(), "ended on 2024-10-04"),
            (TimeDelta::days(-3), "ended on 2024-10-01"),
        ] {
            let said = words(left).unwrap();
            assert!(
                said.contains(part) && said.contains("hallpass key roll prepare"),
                "{said}"
            );
        }
    }

    #[test]
    fn each_day_it_is_said_once_and_each_limit_at_once() {
        let mut said = Said::default();
        let mut times = 0;
        // Every half minute of the last two months and the week after.
        let mut at = now();
        let mut days = std::collections::BTreeSet::new();
        while at < now() + TimeDelta::days(69) {
            let soon = ours(TimeDelta::days(62), at);
            if soon.is_some_and(|soon| said.is_new(&soon, at)) {
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
