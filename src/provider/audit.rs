//! The audit trail: one row a decision, and floods of unproven senders folded into rows that count.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::{
    model::{audit::AuditEvent, reference::Reference, throttle::address_key},
    provider::{Provider, error::Error},
};

/// How many refusals a minute of one code and address get a row of their own.
const ROWS_A_MINUTE: i64 = 5;
/// How many codes and addresses are told apart between two flushes; the rest share one row a code.
const MOST_KINDS: usize = 4096;

/// Refusals of senders that are not proven, since they were last written.
#[derive(Debug, Default)]
pub(super) struct Floods {
    minute: Option<DateTime<Utc>>,
    kinds: BTreeMap<(String, String), Flood>,
}

#[derive(Debug)]
struct Flood {
    seen: i64,
    /// Counted since the folded row was last written.
    unwritten: i64,
    /// The event that the folded row shows, with its key: the first that got no row of its own.
    folded: Option<(String, AuditEvent)>,
}

/// How one refusal is written down.
#[derive(Debug)]
enum Noted {
    /// In a row of its own.
    OwnRow,
    /// In a new row, in which those that follow are counted.
    Folded(String),
    /// It is counted in the row of the request with this id, if that one had an id.
    Counted(Option<String>),
}

impl Floods {
    /// Counts one refusal; says how it is written down. What was counted in an earlier minute comes back to
    /// be written.
    fn count(&mut self, event: &AuditEvent) -> (Noted, Vec<(String, AuditEvent)>) {
        let minute = event.at.duration_trunc(TimeDelta::minutes(1)).ok();
        let mut due = Vec::new();
        if self.minute != minute {
            due = self.drain();
            self.kinds.clear();
            self.minute = minute;
        }
        let address = event.address.map(address_key).unwrap_or_default();
        let mut key = (event.outcome.clone(), address);
        if self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&key) {
            "many".clone_into(&mut key.1);
        }
        let kind = format!("{}|{}", key.0, key.1);
        let flood = self.kinds.entry(key).or_insert(Flood {
            seen: 0,
            unwritten: 0,
            folded: None,
        });
        flood.seen += 1;
        if flood.seen <= ROWS_A_MINUTE {
            return (Noted::OwnRow, due);
        }
        if let Some((_key, shown)) = &flood.folded {
            flood.unwritten += 1;
            return (Noted::Counted(shown.request_id.clone()), due);
        }
        // With the row's id in the key, what two replicas count at once stays two rows.
        let key = format!("{kind}|{}", event.id);
        flood.folded = Some((key.clone(), event.clone()));
        (Noted::Folded(key), due)
    }

    /// Everything that is counted and not written, one row a kind.
    fn drain(&mut self) -> Vec<(String, AuditEvent)> {
        let mut rows = Vec::new();
        for flood in self.kinds.values_mut() {
            if let (Some((key, shown)), 1..) = (&flood.folded, flood.unwritten) {
                let row = AuditEvent {
                    occurrences: flood.unwritten,
                    ..shown.clone()
                };
                rows.push((key.clone(), row));
                flood.unwritten = 0;
            }
        }
        rows
    }
}

impl Provider {
    /// Writes a refusal of somebody unproven, or counts it where they come in floods. Returns the reference
    /// that leads to its row.
    pub(super) fn note_unproven(&self, event: &AuditEvent) -> Result<Reference, Error> {
        let (noted, due) = self
            .0
            .floods
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        let is_new = matches!(noted, Noted::OwnRow | Noted::Folded(_));
        if is_new || !due.is_empty() {
            self.store().write(|tx| {
                for (key, row) in &due {
                    tx.fold_audit(row, key)?;
                }
                match &noted {
                    Noted::OwnRow => tx.add_audit(event),
                    Noted::Folded(key) => tx.fold_audit(event, key),
                    Noted::Counted(_) => Ok(()),
                }
            })?;
        }
        let request_id = match noted {
            Noted::OwnRow | Noted::Folded(_) => event.request_id.clone(),
            Noted::Counted(request_id) => request_id,
        };
        Ok(Reference::of(&request_id.unwrap_or_default()))
    }

    /// Writes what is counted but not written; called by the housekeeping timer and at the end.
    pub fn flush_audit(&self) -> Result<(), Error> {
        let due = self.0.floods.lock().map_err(|_poisoned| Error::Poisoned)?.drain();
        if due.is_empty() {
            return Ok(());
        }
        Ok(self
            .store()
            .write(|tx| due.iter().try_for_each(|(key, row)| tx.fold_audit(row, key)))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    use crate::model::id::AuditId;
    use chrono::TimeZone;

    fn event(second: u32, address: &str) -> AuditEvent {
        let at = Utc
            .with_ymd_and_hms(2026, 11, 21, 12, second / 60, second % 60)
            .unwrap();
        AuditEvent {
            id: AuditId::new(at, [0; 10]),
            at,
            action: "sign_on",
            outcome: "ISSUER-UNKNOWN".to_owned(),
            detail: None,
            user: None,
            application: None,
            session: None,
            address: Some(address.parse::<IpAddr>().unwrap()),
            request_id: None,
            occurrences: 1,
        }
    }

    #[test]
    fn a_flood_becomes_one_row_that_counts() {
        let mut floods = Floods::default();
        let own = (0..1000)
            .filter(|n| {
                let mut event = event(1, "192.0.2.1");
                event.request_id = Some(n.to_string());
                match floods.count(&event).0 {
                    Noted::OwnRow => true,
                    Noted::Folded(_) => {
                        assert_eq!(*n, 5);
                        false
                    }
                    Noted::Counted(shown) => {
                        assert_eq!(
                            shown.as_deref(),
                            Some("5"),
                            "its reference leads to the folded row"
                        );
                        false
                    }
                }
            })
            .count();
        assert_eq!(own, 5);
        assert!(
            matches!(floods.count(&event(2, "192.0.2.2")).0, Noted::OwnRow),
            "another address has rows of its own"
        );
        let due = floods.count(&event(61, "192.0.2.3")).1;
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].1.occurrences, 994, "the first is written already");
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let mut floods = Floods::default();
        for n in 0..20_000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            floods.count(&event(1, &address.to_string()));
        }
        assert!(floods.kinds.len() <= MOST_KINDS + 1);
    }
}
