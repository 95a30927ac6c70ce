-- What cannot be guessed of the metadata address that one application or draft was given: who fetches there was given it.
CREATE TABLE metadata_addresses (
    slug TEXT PRIMARY KEY NOT NULL,
    token TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO metadata_addresses (slug, token) SELECT slug, lower(hex(randomblob(16))) FROM applications;
INSERT INTO metadata_addresses (slug, token) SELECT slug, lower(hex(randomblob(16))) FROM application_drafts;

-- Who has fetched metadata that names a key: at the address that only one was given, or at one that anybody can guess.
CREATE TABLE metadata_fetches (
    key_id TEXT NOT NULL REFERENCES signing_keys (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    own BOOLEAN NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    PRIMARY KEY (key_id, slug, own, address, agent)
) WITHOUT ROWID;
-- What was taken for evidence until now could be anybody's.
INSERT INTO metadata_fetches (key_id, slug, own, address, agent, at)
    SELECT key_id, slug, 0, COALESCE(address, ''), COALESCE(agent, ''), at
    FROM application_key_follow WHERE how = 'fetched';
DELETE FROM application_key_follow WHERE how = 'fetched';
