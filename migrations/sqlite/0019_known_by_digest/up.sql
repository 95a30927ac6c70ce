-- Entity IDs are text from outside: what is unique is their SHA-256, which has one length whatever they are.
-- `sha256_hex` is a function of the program that runs this.
CREATE TABLE known_entities_anew (
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    authority TEXT,
    metadata TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    gone_at TIMESTAMP,
    declined_at TIMESTAMP,
    entity_sha256 TEXT NOT NULL,
    PRIMARY KEY (source_id, entity_sha256)
);
INSERT INTO known_entities_anew (source_id, entity_id, display_name, authority, metadata, sha256, gone_at, declined_at, entity_sha256)
    SELECT source_id, entity_id, display_name, authority, metadata, sha256, gone_at, declined_at, sha256_hex(entity_id) FROM known_entities;
DROP TABLE known_entities;
ALTER TABLE known_entities_anew RENAME TO known_entities;
CREATE INDEX known_entities_entity_sha256 ON known_entities (entity_sha256);
CREATE INDEX known_entities_declined ON known_entities (entity_sha256) WHERE declined_at IS NOT NULL;
