DROP TABLE application_key_follow;
DROP TABLE application_drafts;
CREATE TABLE signing_keys_before (
    id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    sealed BLOB NOT NULL,
    certificate BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO signing_keys_before (id, state, sealed, certificate, created_at)
    SELECT id, CASE state WHEN 'active' THEN 'active' ELSE 'retired' END, coalesce(sealed, x''), certificate, created_at
    FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_before RENAME TO signing_keys;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (state) WHERE state = 'active';
