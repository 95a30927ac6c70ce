-- What the user of a session has proved, by which method and when: METHOD:MICROSECONDS[:CREDENTIAL], with spaces between.
-- NULL: written by a version that knows only passwords, at authenticated_at.
ALTER TABLE sessions ADD COLUMN authentications TEXT;
