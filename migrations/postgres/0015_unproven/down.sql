DROP INDEX audit_events_unproven;
ALTER TABLE audit_events DROP COLUMN unproven;
