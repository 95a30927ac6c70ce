DROP INDEX audit_events_refused;
