ALTER TABLE logouts DROP COLUMN nameless;
