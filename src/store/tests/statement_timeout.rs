//! How long a request waits for the database: limited for a statement, unlimited for COMMIT.

use diesel::{Connection, PgConnection, connection::SimpleConnection};

use super::{fresh_postgres, now};
use crate::store::{database::Store, migrate::Backup};

#[test]
fn a_request_statement_times_out_and_its_commit_never_does() {
    let Some(fresh) = fresh_postgres() else { return };
    let store = Store::connect(&fresh.url, 2).unwrap();
    store.migrate(Backup::Skip).unwrap();
    let requests = store.for_requests();
    let mut behind = PgConnection::establish(fresh.url.expose()).unwrap();

    // COMMIT takes longer than a statement may, as when it waits for a standby. If it were
    // cancelled, the server would report it as done although it could still be lost.
    behind
        .batch_execute(
            "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_sleep(6); RETURN NULL; END'; \
             CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON heartbeat DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION slowly()",
        )
        .unwrap();
    requests.write(|tx| tx.write_heartbeat(now())).unwrap();
    behind
        .batch_execute("DROP TRIGGER slow_commit ON heartbeat")
        .unwrap();

    // For a request, a statement that waits for a lock times out.
    behind.batch_execute("BEGIN; LOCK TABLE heartbeat").unwrap();
    let refused = requests.write(|tx| tx.write_heartbeat(now())).unwrap_err();
    assert!(
        format!("{refused:?}").contains("statement timeout"),
        "{refused:?}"
    );
    assert!(refused.is_retryable(), "{refused:?}");
    assert!(!store.accepts_writes());
    behind.batch_execute("COMMIT").unwrap();
    requests.write(|tx| tx.write_heartbeat(now())).unwrap();
}
