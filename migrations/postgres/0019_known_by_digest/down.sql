DROP INDEX known_entities_declined;
DROP INDEX known_entities_entity_sha256;
ALTER TABLE known_entities DROP CONSTRAINT known_entities_pkey;
ALTER TABLE known_entities DROP COLUMN entity_sha256;
ALTER TABLE known_entities ADD PRIMARY KEY (source_id, entity_id);
CREATE INDEX known_entities_entity_id ON known_entities (entity_id);
CREATE INDEX known_entities_declined ON known_entities (entity_id) WHERE declined_at IS NOT NULL;
