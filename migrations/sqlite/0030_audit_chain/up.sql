-- The audit log in the order in which housekeeping found its rows committed, and a hash chain over closed batches of that
-- order. In tables of its own: a sign-in writes what it wrote before. `personal_hash` is what is left of the personal
-- fields of a row that were erased, together with their salt.
CREATE TABLE audit_numbers (
    number BIGINT PRIMARY KEY NOT NULL,
    event_id TEXT NOT NULL UNIQUE,
    personal_hash BLOB
) WITHOUT ROWID;

-- `row_digests` has 32 bytes for each row, `salts` 16, in the order of their numbers.
CREATE TABLE audit_batches (
    last_number BIGINT PRIMARY KEY NOT NULL,
    first_number BIGINT NOT NULL,
    closed_at TIMESTAMP NOT NULL,
    newest_at TIMESTAMP NOT NULL,
    previous_digest BLOB NOT NULL,
    digest BLOB NOT NULL,
    row_digests BLOB NOT NULL,
    salts BLOB NOT NULL
);

-- One row, written when housekeeping first numbers: who changes the chain locks it. Rows before `numbered_from` have
-- numbers, but for those that committed very late, which a look through all rows finds: it goes on at `sweep_from`, and
-- the last one ended at `swept_at`. The anchor is the last batch that was removed by its age.
CREATE TABLE audit_chain (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    version BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    numbered_from TEXT NOT NULL,
    sweep_from TEXT,
    swept_at TIMESTAMP NOT NULL,
    anchor_number BIGINT NOT NULL,
    anchor_digest BLOB NOT NULL
);

-- What one user of the operating system did: no row of a sign-in has an actor.
CREATE INDEX audit_events_actor ON audit_events (actor, id) WHERE actor IS NOT NULL;

-- What another directory calls a person, so that an import finds them again whatever their address is by then.
ALTER TABLE users ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX users_external_id ON users (external_id) WHERE external_id IS NOT NULL;
