//! The audit trail: one row a decision, and refusals that anybody can cause folded into rows that count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::{
    model::{audit::AuditEvent, reference::Reference, throttle::address_key},
    provider::{Provider, error::Error, visitor::Visitor},
    store::Tx,
};

/// How many refusals a minute of one kind get a row of their own.
const ROWS_OF_A_KIND: i64 = 5;
/// How many refusals a minute of senders who proved nothing do, all of them together.
const ROWS_OF_THE_UNPROVEN: i64 = 20;
/// How many kinds are told apart in a minute; the rest share one row a code.
const MOST_KINDS: usize = 4096;
/// How many addresses are told apart in a minute and code.
const MOST_ADDRESSES: usize = 4096;

/// Refusals of this minute: those of proven senders by code and address, those of all others by code alone.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    minute: Option<DateTime<Utc>>,
    unproven_rows: i64,
    kinds: BTreeMap<String, Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    seen: i64,
    /// Counted since the folded row was last written.
    unwritten: i64,
    /// Counted since the folded row was begun.
    folded: i64,
    addresses: BTreeSet<String>,
    /// The event that the folded row shows, with its key: the first that got no row of its own.
    row: Option<(String, AuditEvent)>,
}

/// How one refusal is written down.
#[derive(Debug)]
enum Written {
    /// In a row of its own.
    OwnRow,
    /// In a new row, in which those that follow are counted.
    Folded(String),
    /// It is counted in the row of the request with this id, if that one had an id.
    Counted(Option<String>),
}

/// What a minute swallowed of one code.
#[derive(Debug, Eq, PartialEq)]
struct Swallowed {
    code: String,
    count: i64,
    addresses: usize,
}

/// What is written and said when a minute is over.
#[derive(Debug, Default)]
struct Due {
    rows: Vec<(String, AuditEvent)>,
    lines: Vec<Swallowed>,
}

impl Refusals {
    /// Counts one refusal; says how it is written down. What was counted in an earlier minute comes back to be
    /// written.
    fn count(&mut self, event: &AuditEvent) -> (Written, Due) {
        let due = self.turn(event.at);
        let address = event.address.map(address_key).unwrap_or_default();
        let mut name = if event.unproven {
            event.outcome.clone()
        } else {
            format!("{}|{address}", event.outcome)
        };
        if self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&name) {
            name = format!("{}|many", event.outcome);
        }
        let kind = self.kinds.entry(name.clone()).or_default();
        kind.seen += 1;
        if kind.addresses.len() < MOST_ADDRESSES {
            kind.addresses.insert(address);
        }
        let has_room = !event.unproven || self.unproven_rows < ROWS_OF_THE_UNPROVEN;
        if kind.row.is_none() && kind.seen <= ROWS_OF_A_KIND && has_room {
            self.unproven_rows += i64::from(event.unproven);
            return (Written::OwnRow, due);
        }
        kind.folded += 1;
        if let Some((_key, shown)) = &kind.row {
            kind.unwritten += 1;
            return (Written::Counted(shown.request_id.clone()), due);
        }
        // With the row's id in the key, what two replicas count at once stays two rows.
        let key = format!("{name}|{}", event.id);
        kind.row = Some((key.clone(), event.clone()));
        (Written::Folded(key), due)
    }

    /// Begins another minute, if `now` is in one: what is left of the last.
    fn turn(&mut self, now: DateTime<Utc>) -> Due {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).ok();
        if self.minute == minute {
            return Due::default();
        }
        let rows = self.unwritten();
        let lines = std::mem::take(&mut self.kinds)
            .into_values()
            .filter_map(|kind| {
                let (_key, shown) = kind.row.filter(|_row| kind.folded > 1)?;
                Some(Swallowed {
                    code: shown.outcome,
                    count: kind.folded - 1,
                    addresses: kind.addresses.len(),
                })
            })
            .collect();
        self.unproven_rows = 0;
        self.minute = minute;
        Due { rows, lines }
    }

    /// Everything that is counted and not written, one row a kind.
    fn unwritten(&mut self) -> Vec<(String, AuditEvent)> {
        let mut rows = Vec::new();
        for kind in self.kinds.values_mut() {
            if let (Some((key, shown)), 1..) = (&kind.row, kind.unwritten) {
                let words = shown.detail.as_deref().unwrap_or_default();
                let row = AuditEvent {
                    occurrences: kind.unwritten,
                    detail: Some(format!(
                        "{words}\naddresses in this minute: {}",
                        kind.addresses.len()
                    )),
                    ..shown.clone()
                };
                rows.push((key.clone(), row));
                kind.unwritten = 0;
            }
        }
        rows
    }
}

/// A refusal that was written down.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Leads to its row.
    pub(super) reference: Reference,
    /// Whether it has a row to itself, and so a line in the log.
    pub(super) is_shown: bool,
}

impl Provider {
    /// Writes a refusal down, or counts it where they come in floods.
    pub(super) fn record_refusal(&self, event: &AuditEvent) -> Result<Recorded, Error> {
        let (written, due) = self
            .0
            .refusals
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        let is_shown = matches!(written, Written::OwnRow | Written::Folded(_));
        if is_shown || !due.rows.is_empty() {
            self.store().write(|tx| put(tx, event, &written, &due))?;
        }
        Ok(recorded(event, written, &due))
    }

    /// The same, with something else in the same write, which there is in any case.
    pub(super) fn record_refusal_beside(
        &self,
        event: &AuditEvent,
        beside: impl FnOnce(&mut Tx) -> Result<(), crate::store::Error>,
    ) -> Result<Recorded, Error> {
        let (written, due) = self
            .0
            .refusals
            .lock()
            .map_err(|_poisoned| Error::Poisoned)?
            .count(event);
        self.store().write(|tx| {
            beside(tx)?;
            put(tx, event, &written, &due)
        })?;
        Ok(recorded(event, written, &due))
    }

    /// Refuses what neither a signature nor a known person stands behind; its reference.
    pub(super) fn refuse_unproven(
        &self,
        action: &'static str,
        code: &'static str,
        visitor: &Visitor,
    ) -> Result<Reference, Error> {
        let mut event = self.event(action, code, Some(visitor));
        event.unproven = true;
        let recorded = self.record_refusal(&event)?;
        let reference = recorded.reference;
        if recorded.is_shown {
            tracing::info!(action, code, %reference, "refused");
        }
        Ok(reference)
    }

    /// Writes what is counted but not written; called by the housekeeping timer and at the end.
    pub fn flush_audit(&self) -> Result<(), Error> {
        let due = {
            let mut refusals = self.0.refusals.lock().map_err(|_poisoned| Error::Poisoned)?;
            let mut due = refusals.turn(self.now());
            due.rows.extend(refusals.unwritten());
            due
        };
        say(&due.lines);
        if due.rows.is_empty() {
            return Ok(());
        }
        Ok(self
            .store()
            .write(|tx| due.rows.iter().try_for_each(|(key, row)| tx.fold_audit(row, key)))?)
    }
}

fn put(tx: &mut Tx, event: &AuditEvent, written: &Written, due: &Due) -> Result<(), crate::store::Error> {
    for (key, row) in &due.rows {
        tx.fold_audit(row, key)?;
    }
    match written {
        Written::OwnRow => tx.add_audit(event),
        Written::Folded(key) => tx.fold_audit(event, key),
        Written::Counted(_) => Ok(()),
    }
}

fn recorded(event: &AuditEvent, written: Written, due: &Due) -> Recorded {
    say(&due.lines);
    let is_shown = matches!(written, Written::OwnRow | Written::Folded(_));
    let request_id = match written {
        Written::OwnRow | Written::Folded(_) => event.request_id.clone(),
        Written::Counted(request_id) => request_id,
    };
    Recorded {
        reference: Reference::of(&request_id.unwrap_or_default()),
        is_shown,
    }
}

/// One line a minute and code for what got no line of its own.
fn say(swallowed: &[Swallowed]) {
    for one in swallowed {
        tracing::info!(
            code = one.code,
            count = one.count,
            addresses = one.addresses,
            "more refusals of the same kind in one minute"
        );
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
            actor: None,
            changes: Vec::new(),
            unproven: false,
        }
    }

    #[test]
    fn a_flood_becomes_one_row_that_counts() {
        let mut refusals = Refusals::default();
        let own = (0..1000)
            .filter(|n| {
                let mut event = event(1, "192.0.2.1");
                event.request_id = Some(n.to_string());
                match refusals.count(&event).0 {
                    Written::OwnRow => true,
                    Written::Folded(_) => {
                        assert_eq!(*n, 5);
                        false
                    }
                    Written::Counted(shown) => {
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
            matches!(refusals.count(&event(2, "192.0.2.2")).0, Written::OwnRow),
            "another address has rows of its own"
        );
        let due = refusals.count(&event(61, "192.0.2.3")).1;
        assert_eq!(due.rows.len(), 1);
        assert_eq!(due.rows[0].1.occurrences, 994, "the first is written already");
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let mut refusals = Refusals::default();
        for n in 0..20_000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            refusals.count(&event(1, &address.to_string()));
        }
        assert!(refusals.kinds.len() <= MOST_KINDS + 1);
    }

    #[test]
    fn all_that_is_unproven_shares_one_budget_a_minute() {
        let mut refusals = Refusals::default();
        let (mut own, mut begun) = (0, 0);
        for n in 0..5000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            let event = AuditEvent {
                outcome: format!("CODE-{}", n % 10),
                unproven: true,
                ..event(1, &address.to_string())
            };
            match refusals.count(&event).0 {
                Written::OwnRow => own += 1,
                Written::Folded(_) => begun += 1,
                Written::Counted(_) => {}
            }
        }
        assert_eq!(
            (own, begun),
            (ROWS_OF_THE_UNPROVEN, 10),
            "whatever address they come from"
        );
        // Whoever is proven has rows all the same.
        assert!(matches!(
            refusals.count(&event(2, "192.0.2.1")).0,
            Written::OwnRow
        ));
        let due = refusals.count(&event(61, "192.0.2.3")).1;
        assert_eq!((due.rows.len(), due.lines.len()), (10, 10));
        let line = &due.lines[0];
        assert_eq!(
            (line.code.as_str(), line.count, line.addresses),
            ("CODE-0", 497, 500)
        );
        assert!(
            due.rows[0]
                .1
                .detail
                .as_deref()
                .unwrap()
                .ends_with("addresses in this minute: 500")
        );
    }
}
