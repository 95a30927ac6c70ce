CREATE TABLE known_entities_anew (
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    authority TEXT,
    metadata TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    gone_at TIMESTAMP,
    declined_at TIMESTAMP,
    PRIMARY KEY (source_id, entity_id)
);
INSERT INTO known_entities_anew (source_id, entity_id, display_name, authority, metadata, sha256, gone_at, declined_at) SELECT source_id, entity_id, display_name, authority, metadata, sha256, gone_at, declined_at FROM known_entities;
DROP TABLE known_entities;
ALTER TABLE known_entities_anew RENAME TO known_entities;
CREATE INDEX known_entities_entity_id ON known_entities (entity_id);
CREATE INDEX known_entities_declined ON known_entities (entity_id) WHERE declined_at IS NOT NULL;
