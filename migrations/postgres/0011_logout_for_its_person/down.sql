DROP TABLE posted_logouts;
DROP INDEX logouts_session_token;
DELETE FROM logouts WHERE session_token IS NOT NULL;
ALTER TABLE logouts DROP COLUMN session_token;
