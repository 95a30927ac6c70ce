//! What `verify` names.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn row(number: i64) -> ChainedRow {
    ChainedRow {
        number: Some(number),
        id: format!("id {number}"),
        personal_hash: None,
        event: Some(ChainedEvent {
            at: at(number),
            action: "login".to_owned(),
            outcome: "ok".to_owned(),
            detail: Some(format!("detail {number}")),
            user: Some("user".to_owned()),
            application: None,
            session: Some("session".to_owned()),
            address: Some("192.0.2.1".to_owned()),
            request_id: Some("request".to_owned()),
            occurrences: 1,
            unproven: false,
            actor: None,
            changes: None,
        }),
    }
}

fn rows() -> Vec<ChainedRow> {
    (1..=9).map(row).collect()
}

fn closed(rows: &[ChainedRow]) -> AuditBatch {
    let salts = (1..).take(rows.len()).map(|byte| [byte; SALT_LEN]).collect();
    AuditBatch::close(&ChainEnd::default(), rows, salts, at(100))
}

fn fault(batch: &AuditBatch, rows: &[ChainedRow]) -> (i64, ChainFaultKind) {
    let fault = batch.verify(&ChainEnd::default(), rows).unwrap_err();
    (fault.number, fault.kind)
}

#[test]
fn a_batch_fits_the_rows_that_it_was_closed_with() {
    let rows = rows();
    let batch = closed(&rows);
    assert_eq!((batch.first_number, batch.last_number), (1, 9));
    assert_eq!(batch.newest_at, at(9));
    batch.verify(&ChainEnd::default(), &rows).unwrap();
    let next_rows: Vec<_> = (10..12).map(row).collect();
    let next = AuditBatch::close(&batch.end(), &next_rows, vec![[1; SALT_LEN]; 2], at(200));
    next.verify(&batch.end(), &next_rows).unwrap();
    assert_eq!(fault(&next, &next_rows), (10, ChainFaultKind::BatchDoesNotFollow));
}

#[test]
fn erased_fields_fit_by_the_hash_that_is_kept_of_them() {
    let mut rows = rows();
    let mut batch = closed(&rows);
    let hash = rows[4].personal_hash(&batch.salts[4]);
    let erase = |row: &mut ChainedRow| {
        row.personal_hash = Some(hash);
        let event = row.event.as_mut().unwrap();
        (event.detail, event.changes, event.address) = (None, None, None);
    };
    erase(&mut rows[4]);
    assert_eq!(batch.salt_index(5), Some(4));
    batch.salts[4] = Salt::default();
    batch.verify(&ChainEnd::default(), &rows).unwrap();
    rows[4].event.as_mut().unwrap().detail = Some("other words".to_owned());
    assert_eq!(fault(&batch, &rows), (5, ChainFaultKind::RowFilledAgain));
    erase(&mut rows[4]);
    rows[4].event.as_mut().unwrap().outcome = "ok!".to_owned();
    assert_eq!(fault(&batch, &rows), (5, ChainFaultKind::RowChanged));
}

#[test]
fn a_row_that_went_before_its_batch_was_closed_is_named() {
    let mut rows = rows();
    rows[2].event = None;
    assert_eq!(fault(&closed(&rows), &rows), (3, ChainFaultKind::RowMissing));
}

/// Changes one field.
fn tamper(row: &mut ChainedRow, field: usize, text: &str) {
    let event = row.event.as_mut().unwrap();
    let text = || format!("{text}!");
    match field {
        0 => event.at += TimeDelta::microseconds(1),
        1 => event.action = text(),
        2 => event.outcome = text(),
        3 => event.detail = Some(text()),
        4 => event.user = None,
        5 => event.application = Some(text()),
        6 => event.session = Some(text()),
        7 => event.address = None,
        8 => event.request_id = Some(text()),
        9 => event.occurrences += 1,
        10 => event.unproven = true,
        11 => event.actor = Some(text()),
        12 => event.changes = Some(text()),
        _ => row.id = text(),
    }
}

proptest! {
    #[test]
    fn every_row_that_is_changed_is_named(index in 0..9_usize, field in 0..14_usize, text in ".{0,8}") {
        let mut rows = rows();
        let batch = closed(&rows);
        tamper(&mut rows[index], field, &text);
        let number = rows[index].number.unwrap();
        prop_assert_eq!(fault(&batch, &rows), (number, ChainFaultKind::RowChanged));
    }

    #[test]
    fn every_row_that_is_removed_or_swapped_is_named(index in 0..9_usize, other in 0..9_usize) {
        let whole = rows();
        let batch = closed(&whole);
        let number = whole[index].number.unwrap();
        let mut rows = whole.clone();
        rows.remove(index);
        prop_assert_eq!(fault(&batch, &rows), (number, ChainFaultKind::NumberMissing));
        let mut rows = whole.clone();
        rows[index].event = None;
        prop_assert_eq!(fault(&batch, &rows), (number, ChainFaultKind::RowMissing));
        prop_assume!(index != other);
        let mut rows = whole;
        let event = rows[index].event.clone();
        rows[index].event = rows[other].event.clone();
        rows[other].event = event;
        let first = rows[index.min(other)].number.unwrap();
        prop_assert_eq!(fault(&batch, &rows), (first, ChainFaultKind::RowChanged));
    }

    #[test]
    fn every_change_of_a_batch_is_noticed(what in 0..7_usize, index in 0..9_usize) {
        let rows = rows();
        let mut batch = closed(&rows);
        match what {
            0 => batch.closed_at += TimeDelta::microseconds(1),
            1 => batch.newest_at += TimeDelta::microseconds(1),
            2 => batch.digest[index] ^= 1,
            3 => batch.previous_digest[index] ^= 1,
            4 => batch.row_digests[index][0] ^= 1,
            5 => batch.salts[index][0] ^= 1,
            _ => batch.last_number -= 1,
        }
        prop_assert!(batch.verify(&ChainEnd::default(), &rows).is_err());
    }
}
