-- Where the metadata of applications comes from.
CREATE TABLE metadata_sources (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('entity', 'aggregate')),
    name TEXT,
    url TEXT,
    rule TEXT NOT NULL CHECK (rule IN ('nothing', 'all', 'host', 'authority')),
    rule_value TEXT,
    longest_validity_seconds BIGINT,
    etag TEXT,
    last_modified TEXT,
    valid_until TIMESTAMP,
    cache_seconds BIGINT,
    fetched_at TIMESTAMP,
    next_at TIMESTAMP,
    failing_since TIMESTAMP,
    failures BIGINT NOT NULL,
    last_error TEXT,
    round BIGINT NOT NULL,
    lease BLOB,
    leased_until TIMESTAMP,
    created_at TIMESTAMP NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX metadata_sources_name ON metadata_sources (name) WHERE name IS NOT NULL;
CREATE INDEX metadata_sources_next_at ON metadata_sources (next_at) WHERE next_at IS NOT NULL;

-- Whose signature an aggregate must bear.
CREATE TABLE metadata_source_certificates (
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (source_id, position)
);

-- Entities of aggregates: known, and no applications until they are enabled.
CREATE TABLE known_entities (
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    authority TEXT,
    metadata TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    gone_at TIMESTAMP,
    PRIMARY KEY (source_id, entity_id)
);
CREATE INDEX known_entities_entity_id ON known_entities (entity_id);

-- Applications whose metadata comes from a source, and changes that wait for an administrator.
CREATE TABLE application_sources (
    application_id TEXT PRIMARY KEY NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    applied TEXT NOT NULL,
    signs_requests BOOLEAN NOT NULL,
    valid_until TIMESTAMP,
    gone_at TIMESTAMP,
    waiting TEXT,
    waiting_sha256 TEXT,
    waiting_why TEXT,
    waiting_since TIMESTAMP,
    rejected TEXT
) WITHOUT ROWID;
CREATE INDEX application_sources_source_id ON application_sources (source_id, entity_id);
