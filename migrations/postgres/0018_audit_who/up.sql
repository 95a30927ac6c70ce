-- Which user of the operating system gave a command, and the values that it changed.
ALTER TABLE audit_events ADD COLUMN actor TEXT;
ALTER TABLE audit_events ADD COLUMN changes TEXT;
