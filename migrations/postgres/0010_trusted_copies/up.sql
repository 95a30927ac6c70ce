-- The signed copies of a source that were taken, by the digest that was signed: an older one does not come back.
CREATE TABLE metadata_source_copies (
    source_id TEXT NOT NULL REFERENCES metadata_sources (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    published_at TIMESTAMP,
    valid_until TIMESTAMP,
    taken_at TIMESTAMP NOT NULL,
    round BIGINT NOT NULL,
    PRIMARY KEY (source_id, digest)
);

-- Entities that an administrator removed: no rule brings them back.
ALTER TABLE known_entities ADD COLUMN declined_at TIMESTAMP;
CREATE INDEX known_entities_declined ON known_entities (entity_id) WHERE declined_at IS NOT NULL;
