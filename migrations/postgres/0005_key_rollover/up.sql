ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_state_check;
ALTER TABLE signing_keys ALTER COLUMN sealed DROP NOT NULL;
ALTER TABLE signing_keys ADD COLUMN since TIMESTAMP;
UPDATE signing_keys SET since = created_at, sealed = CASE state WHEN 'retired' THEN NULL ELSE sealed END;
ALTER TABLE signing_keys ALTER COLUMN since SET NOT NULL;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_state_check
    CHECK (state IN ('next', 'active', 'previous', 'retired'));
-- Whoever retires a key destroys its private half.
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_sealed_check CHECK ((state = 'retired') = (sealed IS NULL));
DROP INDEX signing_keys_active;
-- One key each that is yet to sign, that signs, and that signed last.
CREATE UNIQUE INDEX signing_keys_state ON signing_keys (state) WHERE state <> 'retired';

-- Names kept for applications whose own values are not known yet; both have metadata addresses of their own.
CREATE TABLE application_drafts (
    slug TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Who is known to trust a key: an application or a draft, by its slug, so that a draft's row is its application's.
CREATE TABLE application_key_follow (
    slug TEXT NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL REFERENCES signing_keys (id) ON DELETE CASCADE,
    how TEXT NOT NULL CHECK (how IN ('fetched', 'confirmed')),
    at TIMESTAMP NOT NULL,
    address TEXT,
    agent TEXT,
    PRIMARY KEY (slug, key_id)
);
CREATE INDEX application_key_follow_key_id ON application_key_follow (key_id);
