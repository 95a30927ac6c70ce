-- SQLite changes no CHECK, so the table is made anew.
CREATE TABLE signing_keys_anew (
    id TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'previous', 'retired')),
    sealed BLOB,
    certificate BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL,
    since TIMESTAMP NOT NULL,
    -- Whoever retires a key destroys its private half.
    CHECK ((state = 'retired') = (sealed IS NULL))
);
INSERT INTO signing_keys_anew (id, state, sealed, certificate, created_at, since)
    SELECT id, state, CASE state WHEN 'retired' THEN NULL ELSE sealed END, certificate, created_at, created_at
    FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_anew RENAME TO signing_keys;
-- One key each that is yet to sign, that signs, and that signed last.
CREATE UNIQUE INDEX signing_keys_state ON signing_keys (state) WHERE state <> 'retired';

-- Names kept for applications whose own values are not known yet; both have metadata addresses of their own.
CREATE TABLE application_drafts (
    slug TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
) WITHOUT ROWID;

-- Who is known to trust a key: an application or a draft, by its slug, so that a draft's row is its application's.
CREATE TABLE application_key_follow (
    slug TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES signing_keys (id) ON DELETE CASCADE,
    how TEXT NOT NULL CHECK (how IN ('fetched', 'confirmed')),
    at TIMESTAMP NOT NULL,
    address TEXT,
    agent TEXT,
    PRIMARY KEY (slug, key_id)
) WITHOUT ROWID;
CREATE INDEX application_key_follow_key_id ON application_key_follow (key_id);
