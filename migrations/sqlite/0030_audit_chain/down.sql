DROP INDEX users_external_id;
ALTER TABLE users DROP COLUMN external_id;
DROP INDEX audit_events_actor;
DROP TABLE audit_chain;
DROP TABLE audit_batches;
DROP TABLE audit_numbers;
