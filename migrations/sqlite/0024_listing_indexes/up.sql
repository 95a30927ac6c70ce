-- Listings are read a page at a time, and whatever filters the audit log finds its rows by an index. An SSO response
-- that succeeds is added to the first two only: the others are partial.
CREATE INDEX audit_events_user_id ON audit_events (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_events_application_id ON audit_events (application_id, id) WHERE application_id IS NOT NULL;
CREATE INDEX audit_events_outcome ON audit_events (outcome, id) WHERE outcome <> 'ok';
CREATE INDEX audit_events_refusals ON audit_events (id) WHERE outcome <> 'ok';
CREATE INDEX audit_events_application_refusals ON audit_events (application_id, id) WHERE outcome <> 'ok';
CREATE INDEX audit_events_action ON audit_events (action, id) WHERE action <> 'sign_on';
CREATE INDEX audit_events_noted_sign_ons ON audit_events (application_id, id)
    WHERE action = 'sign_on' AND outcome = 'ok' AND detail IS NOT NULL;

-- Who lacks a value that an application requires, and who is disabled: few, as a rule. The columns of the condition are
-- in the index, since SQLite would read the row for them otherwise.
CREATE INDEX users_without_given_name ON users (email, enabled, given_name) WHERE enabled AND given_name IS NULL;
CREATE INDEX users_without_family_name ON users (email, enabled, family_name) WHERE enabled AND family_name IS NULL;
CREATE INDEX users_without_user_name ON users (email, enabled, user_name) WHERE enabled AND user_name IS NULL;
CREATE INDEX users_disabled ON users (id, enabled) WHERE NOT enabled;
CREATE INDEX user_attributes_name ON user_attributes (name, user_id) WHERE position = 0;

-- Users by the first letters of their names. Addresses and user names have indexes already.
CREATE INDEX users_given_name ON users (lower(given_name));
CREATE INDEX users_family_name ON users (lower(family_name));
