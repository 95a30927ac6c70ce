-- A LogoutRequest names somebody: by the application alone, everybody who takes part in it was looked through.
-- Who is looked for by SessionIndex is looked for by name too, so that one index serves both, and a sign-on still
-- pays for one.
CREATE INDEX session_participants_name_id ON session_participants (application_id, name_id);
DROP INDEX session_participants_index;
CREATE INDEX app_identities_first_name_id ON app_identities (application_id, first_name_id);
CREATE INDEX app_identities_last_name_id ON app_identities (application_id, last_name_id);
