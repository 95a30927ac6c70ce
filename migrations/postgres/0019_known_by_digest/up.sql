-- Entity IDs are text from outside: what is unique is their SHA-256, which has one length whatever they are.
ALTER TABLE known_entities ADD COLUMN entity_sha256 TEXT;
UPDATE known_entities SET entity_sha256 = encode(sha256(convert_to(entity_id, 'UTF8')), 'hex');
ALTER TABLE known_entities ALTER COLUMN entity_sha256 SET NOT NULL;
ALTER TABLE known_entities DROP CONSTRAINT known_entities_pkey;
ALTER TABLE known_entities ADD PRIMARY KEY (source_id, entity_sha256);
DROP INDEX known_entities_entity_id;
DROP INDEX known_entities_declined;
CREATE INDEX known_entities_entity_sha256 ON known_entities (entity_sha256);
CREATE INDEX known_entities_declined ON known_entities (entity_sha256) WHERE declined_at IS NOT NULL;
