-- `hallpass explain REFERENCE` finds a refusal by the head of its request's id. Only rows that are not `ok` are
-- in the index: a sign-on pays nothing for it.
CREATE INDEX audit_events_refused ON audit_events (request_id) WHERE outcome <> 'ok';
