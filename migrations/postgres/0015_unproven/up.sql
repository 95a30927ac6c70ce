-- Refusals of senders who proved nothing: they are kept for a month, whatever the retention of the others.
ALTER TABLE audit_events ADD COLUMN unproven BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX audit_events_unproven ON audit_events (id) WHERE unproven;
