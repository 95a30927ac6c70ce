//! The audit trail: one row a decision, and floods of unproven senders folded into rows that count.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::{
    model::{audit::AuditEvent, throttle::address_key},
    provider::{Provider, error::Error, visitor::Visitor},
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
    unwritten: i64,
    last: AuditEvent,
}

impl Floods {
    /// Counts one refusal; says whether it gets a row of its own. What was counted in an earlier minute
    /// comes back to be written.
    fn count(&mut self, event: &AuditEvent) -> (bool, Vec<(String, AuditEvent)>) {
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
        let flood = self.kinds.entry(key).or_insert_with(|| Flood {
            seen: 0,
            unwritten: 0,
            last: event.clone(),
        });
        flood.seen += 1;
        if flood.seen <= ROWS_A_MINUTE {
            return (true, due);
        }
        flood.unwritten += 1;
        flood.last = event.clone();
        (false, due)
    }

    /// Everything that is counted and not written, one row a kind.
    fn drain(&mut self) -> Vec<(String, AuditEvent)> {
        let minute = self.minute.map(|minute| minute.timestamp()).unwrap_or_default();
        let mut rows = Vec::new();
        for ((code, address), flood) in &mut self.kinds {
            if flood.unwritten > 0 {
                let row = AuditEvent {
                    occurrences: flood.unwritten,
                    ..flood.last.clone()
                };
                rows.push((format!("{code}|{address}|{minute}"), row));
                flood.unwritten = 0;
            }
        }
        rows
    }
}

impl Provider {
    /// Writes a refusal of somebody unproven, unless they come in floods.
    pub(super) fn note_unproven(&self, event: &AuditEvent) -> Result<(), Error> {
        let (own_row, due) = self
            .0
            .floods
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        if own_row || !due.is_empty() {
            self.store().write(|tx| {
                for (key, row) in &due {
                    tx.fold_audit(row, key)?;
                }
                if own_row { tx.add_audit(event) } else { Ok(()) }
            })?;
        }
        Ok(())
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

    /// Notes a refused message whose sender is not proven, and logs it.
    pub(super) fn refuse(
        &self,
        action: &'static str,
        code: &str,
        detail: String,
        visitor: &Visitor,
    ) -> Result<(), Error> {
        tracing::info!(action, code, detail, "refused");
        let mut event = self.event(action, code, Some(visitor));
        event.detail = Some(detail);
        self.note_unproven(&event)
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
            .filter(|_n| floods.count(&event(1, "192.0.2.1")).0)
            .count();
        assert_eq!(own, 5);
        assert!(
            floods.count(&event(2, "192.0.2.2")).0,
            "another address has rows of its own"
        );
        let due = floods.count(&event(61, "192.0.2.3")).1;
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].1.occurrences, 995);
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
