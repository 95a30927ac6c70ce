DROP INDEX known_entities_declined;
ALTER TABLE known_entities DROP COLUMN declined_at;
DROP TABLE metadata_source_copies;
