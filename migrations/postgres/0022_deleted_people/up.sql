-- When a person was deleted: nobody signs in as them from then on, and a month later they are erased.
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP;
CREATE INDEX users_deleted_at ON users (deleted_at) WHERE deleted_at IS NOT NULL;

-- The stable ids of people who were erased, as SHA-256: none is ever given to anybody else. Rows are only added.
CREATE TABLE spent_stable_ids (
    sha256 TEXT PRIMARY KEY NOT NULL
);
