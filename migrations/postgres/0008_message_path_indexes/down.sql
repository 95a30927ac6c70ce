DROP INDEX app_identities_last_name_id;
DROP INDEX app_identities_first_name_id;
CREATE INDEX session_participants_index ON session_participants (application_id, session_index);
DROP INDEX session_participants_name_id;
