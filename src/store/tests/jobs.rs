//! Work that waits: done by one, again if it fails, and no more once it is done.

use diesel::RunQueryDsl;

use super::*;
use crate::model::{
    id::JobId,
    job::{Job, JobKind},
};

fn job(number: u8, user: Option<UserId>) -> Job {
    Job {
        id: JobId::new(now(), [number; 10]),
        kind: JobKind::Mail,
        user,
        sealed: vec![number; 40],
        run_at: now() + TimeDelta::seconds(i64::from(number)),
        attempts: 0,
        created_at: now(),
        expires_at: now() + TimeDelta::days(1),
    }
}

fn claim(store: &Store, at: DateTime<Utc>, lease: u8) -> Option<JobId> {
    let until = at + TimeDelta::minutes(10);
    write(store, |tx| tx.claim_due_job(at, &[lease; 16], until)).map(|job| job.id)
}

#[test]
fn a_job_is_added_with_its_change_or_not_at_all() {
    on_each_database(|store| {
        let failed: Result<(), Error> = store.write(|tx| {
            tx.add_job(&job(1, None))?;
            Err(Error::Unresponsive)
        });
        assert!(failed.is_err());
        let later = now() + TimeDelta::hours(1);
        assert!(!read(store, |tx| tx.has_due_job(later)));
        assert_eq!(claim(store, later, 1), None);
    });
}

#[test]
fn of_several_workers_one_gets_a_job_until_its_lease_has_ended() {
    on_each_database(|store| {
        write(store, |tx| tx.add_job(&job(2, None)));
        write(store, |tx| tx.add_job(&job(1, None)));
        assert!(!read(store, |tx| tx.has_due_job(now())));
        assert_eq!(claim(store, now(), 1), None, "nothing is due");
        let at = now() + TimeDelta::seconds(5);
        assert!(read(store, |tx| tx.has_due_job(at)));
        let mut claimed: Vec<_> = at_once(8, |number| {
            store
                .write(|tx| tx.claim_due_job(at, &[number; 16], at + TimeDelta::minutes(10)))
                .unwrap()
        })
        .into_iter()
        .flatten()
        .collect();
        claimed.sort_by_key(|job| job.run_at);
        assert_eq!(claimed, [job(1, None), job(2, None)]);
        assert!(!read(store, |tx| tx.has_due_job(at)));
        // Whoever had it was killed.
        let later = at + TimeDelta::minutes(10);
        assert_eq!(claim(store, later, 99), Some(job(1, None).id));
    });
}

#[test]
fn only_who_holds_a_job_ends_it_and_its_payload_is_erased() {
    on_each_database(|store| {
        let (id, at) = (job(1, None).id, now() + TimeDelta::seconds(5));
        write(store, |tx| tx.add_job(&job(1, None)));
        claim(store, at, 1);
        assert!(!write(store, |tx| tx.finish_job(id, &[2; 16], at, None)));
        assert!(!write(store, |tx| tx.retry_job(id, &[2; 16], at, "x")));
        assert!(write(store, |tx| tx.retry_job(
            id,
            &[1; 16],
            at + TimeDelta::seconds(30),
            "refused"
        )));
        assert!(!write(store, |tx| tx.retry_job(id, &[1; 16], at, "x")), "once");
        assert_eq!(claim(store, at, 2), None, "not before its time");
        let at = at + TimeDelta::seconds(30);
        let again = write(store, |tx| {
            tx.claim_due_job(at, &[2; 16], at + TimeDelta::minutes(1))
        })
        .unwrap();
        assert_eq!((again.attempts, again.sealed), (1, job(1, None).sealed));
        assert_eq!(read(store, Tx::sealed_jobs).len(), 1);
        assert!(write(store, |tx| tx.finish_job(
            id,
            &[2; 16],
            at,
            Some("given up")
        )));
        assert!(read(store, Tx::sealed_jobs).is_empty());
        assert_eq!(claim(store, at + TimeDelta::days(1), 3), None);
    });
}

#[test]
fn a_kind_of_another_version_is_left_to_it_and_goes_in_the_end() {
    on_each_database(|store| {
        write(store, |tx| tx.add_job(&job(1, None)));
        write(store, |tx| {
            Ok(diesel::sql_query("UPDATE jobs SET kind = 'telegram'").execute(&mut tx.0)?)
        });
        let later = now() + TimeDelta::hours(1);
        assert!(!read(store, |tx| tx.has_due_job(later)));
        assert_eq!(claim(store, later, 1), None);
        let clean = |at| write(store, |tx| tx.remove_expired(at, at, 100));
        assert_eq!(clean(now() + TimeDelta::days(7)), 0);
        assert_eq!(clean(now() + TimeDelta::days(8)), 1);
    });
}

#[test]
fn what_waits_for_a_person_goes_with_them_and_is_sealed_anew() {
    on_each_database(|store| {
        write(store, |tx| {
            tx.add_user(&user(1))?;
            tx.add_job(&job(1, Some(user(1).id)))?;
            tx.add_job(&job(2, None))
        });
        let before = read(store, Tx::sealed_jobs);
        write(store, |tx| tx.reseal_job(job(2, None).id, &[2; 40], b"again"));
        write(store, |tx| tx.reseal_job(job(1, None).id, b"other", b"again"));
        let after = read(store, Tx::sealed_jobs);
        assert_eq!(
            (
                before.len(),
                after.iter().filter(|job| job.sealed == b"again").count()
            ),
            (2, 1)
        );
        write(store, |tx| {
            Ok(diesel::sql_query("DELETE FROM users").execute(&mut tx.0)?)
        });
        let left: Vec<JobId> = read(store, Tx::sealed_jobs)
            .into_iter()
            .map(|job| job.id)
            .collect();
        assert_eq!(left, [job(2, None).id]);
    });
}
