//! Folds refusals that anybody can cause into rows with a count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::model::{audit::AuditEvent, throttle::address_key};

/// How many refusals of one group get a row of their own, per minute.
const ROWS_PER_GROUP: i64 = 5;
/// How many refusals of unauthenticated senders get a row of their own, per minute, all groups together.
const UNPROVEN_ROWS: i64 = 20;
/// The maximum number of groups per minute; the rest share one group per code.
const MAX_GROUPS: usize = 4096;
/// The maximum number of distinct addresses that are counted per group and minute.
const MAX_ADDRESSES: usize = 4096;

/// The refusals of this minute: grouped by code and address for authenticated senders, by code alone for all others.
#[derive(Debug, Default)]
pub(in crate::provider) struct RefusalCounter {
    minute: Option<DateTime<Utc>>,
    unproven_rows: i64,
    groups: BTreeMap<String, RefusalGroup>,
}

#[derive(Debug, Default)]
struct RefusalGroup {
    count: i64,
    /// Counted since the folded row was last written.
    unwritten_count: i64,
    /// Counted since the folded row was created.
    folded_count: i64,
    addresses: BTreeSet<String>,
    /// The event of the folded row, with its key: the first event that got no row of its own.
    row: Option<(String, AuditEvent)>,
}

/// How a refusal is stored.
#[derive(Debug)]
pub(super) enum RefusalStorage {
    OwnRow,
    /// In a new row that also counts the refusals after it.
    Folded(String),
    /// Counted in an existing folded row; the request ID of that row, if it has one.
    Counted(Option<String>),
}

/// The refusals of one group in one minute that got no log line of their own.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct SuppressedRefusals {
    pub(super) code: String,
    pub(super) count: i64,
    pub(super) addresses: usize,
}

/// What is stored and logged when a minute is over.
#[derive(Debug, Default)]
pub(super) struct MinuteFlush {
    pub(super) rows: Vec<(String, AuditEvent)>,
    pub(super) log_lines: Vec<SuppressedRefusals>,
}

impl RefusalCounter {
    /// Counts one refusal, and returns how to store it. Counts of an earlier minute are returned to be written.
    pub(super) fn count(&mut self, event: &AuditEvent) -> (RefusalStorage, MinuteFlush) {
        let flush = self.start_minute(event.at);
        let address = event.address.map(address_key).unwrap_or_default();
        let mut name = if event.unauthenticated {
            event.outcome.clone()
        } else {
            format!("{}|{address}", event.outcome)
        };
        if self.groups.len() >= MAX_GROUPS && !self.groups.contains_key(&name) {
            name = format!("{}|many", event.outcome);
        }
        let group = self.groups.entry(name.clone()).or_default();
        group.count += 1;
        if group.addresses.len() < MAX_ADDRESSES {
            group.addresses.insert(address);
        }
        let has_budget = !event.unauthenticated || self.unproven_rows < UNPROVEN_ROWS;
        if group.row.is_none() && group.count <= ROWS_PER_GROUP && has_budget {
            self.unproven_rows += i64::from(event.unauthenticated);
            return (RefusalStorage::OwnRow, flush);
        }
        group.folded_count += 1;
        if let Some((_key, shown)) = &group.row {
            group.unwritten_count += 1;
            return (RefusalStorage::Counted(shown.request_id.clone()), flush);
        }
        // The key contains the ID of the row: two replicas that count at the same time write two rows.
        let key = format!("{name}|{}", event.id);
        group.row = Some((key.clone(), event.clone()));
        (RefusalStorage::Folded(key), flush)
    }

    /// Starts a new minute if `now` is in one, and returns what the last one has not written.
    pub(super) fn start_minute(&mut self, now: DateTime<Utc>) -> MinuteFlush {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).ok();
        if self.minute == minute {
            return MinuteFlush::default();
        }
        let rows = self.take_unwritten();
        let lines = std::mem::take(&mut self.groups)
            .into_values()
            .filter_map(|group| {
                let (_key, shown) = group.row.filter(|_row| group.folded_count > 1)?;
                Some(SuppressedRefusals {
                    code: shown.outcome,
                    count: group.folded_count - 1,
                    addresses: group.addresses.len(),
                })
            })
            .collect();
        self.unproven_rows = 0;
        self.minute = minute;
        MinuteFlush {
            rows,
            log_lines: lines,
        }
    }

    /// Takes everything that was counted and not yet written: one row per group.
    pub(super) fn take_unwritten(&mut self) -> Vec<(String, AuditEvent)> {
        let mut rows = Vec::new();
        for group in self.groups.values_mut() {
            if let (Some((key, shown)), 1..) = (&group.row, group.unwritten_count) {
                let detail = shown.detail.as_deref().unwrap_or_default();
                let row = AuditEvent {
                    occurrences: group.unwritten_count,
                    detail: Some(format!(
                        "{detail}\naddresses in this minute: {}",
                        group.addresses.len()
                    )),
                    ..shown.clone()
                };
                rows.push((key.clone(), row));
                group.unwritten_count = 0;
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    use crate::model::{audit_action::AuditAction, id::AuditId};
    use chrono::TimeZone;

    fn event(second: u32, address: &str) -> AuditEvent {
        let at = Utc
            .with_ymd_and_hms(2026, 11, 21, 12, second / 60, second % 60)
            .unwrap();
        AuditEvent {
            id: AuditId::new(at, [0; 10]),
            at,
            action: AuditAction::SingleSignOn,
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
            unauthenticated: false,
        }
    }

    #[test]
    fn many_refusals_are_folded_into_one_counting_row() {
        let mut refusals = RefusalCounter::default();
        let own = (0..1000)
            .filter(|n| {
                let mut event = event(1, "192.0.2.1");
                event.request_id = Some(n.to_string());
                match refusals.count(&event).0 {
                    RefusalStorage::OwnRow => true,
                    RefusalStorage::Folded(_) => {
                        assert_eq!(*n, 5);
                        false
                    }
                    RefusalStorage::Counted(shown) => {
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
            matches!(refusals.count(&event(2, "192.0.2.2")).0, RefusalStorage::OwnRow),
            "another address has rows of its own"
        );
        let flush = refusals.count(&event(61, "192.0.2.3")).1;
        assert_eq!(flush.rows.len(), 1);
        assert_eq!(flush.rows[0].1.occurrences, 994, "the first is written already");
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let mut refusals = RefusalCounter::default();
        for n in 0..20_000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            refusals.count(&event(1, &address.to_string()));
        }
        let groups = refusals.groups.len();
        assert!(groups <= MAX_GROUPS + 1, "{groups}");
    }

    #[test]
    fn unproven_refusals_share_one_budget_a_minute() {
        let mut refusals = RefusalCounter::default();
        let (mut own, mut begun) = (0, 0);
        for n in 0..5000u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from(n));
            let event = AuditEvent {
                outcome: format!("CODE-{}", n % 10),
                unauthenticated: true,
                ..event(1, &address.to_string())
            };
            match refusals.count(&event).0 {
                RefusalStorage::OwnRow => own += 1,
                RefusalStorage::Folded(_) => begun += 1,
                RefusalStorage::Counted(_) => {}
            }
        }
        assert_eq!(
            (own, begun),
            (UNPROVEN_ROWS, 10),
            "whatever address they come from"
        );
        // Refusals of authenticated senders still get rows of their own.
        let stored = refusals.count(&event(2, "192.0.2.1")).0;
        assert!(matches!(stored, RefusalStorage::OwnRow), "{stored:?}");
        let flush = refusals.count(&event(61, "192.0.2.3")).1;
        assert_eq!((flush.rows.len(), flush.log_lines.len()), (10, 10));
        let line = &flush.log_lines[0];
        assert_eq!(
            (line.code.as_str(), line.count, line.addresses),
            ("CODE-0", 497, 500)
        );
        let detail = flush.rows[0].1.detail.as_deref().unwrap();
        assert!(detail.ends_with("addresses in this minute: 500"), "{detail}");
    }
}
