ALTER TABLE audit_events DROP COLUMN changes;
ALTER TABLE audit_events DROP COLUMN actor;
