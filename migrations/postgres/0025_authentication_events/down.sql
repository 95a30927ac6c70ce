ALTER TABLE sessions DROP COLUMN authentications;
