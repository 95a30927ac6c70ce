DROP TABLE application_groups;
DROP TABLE application_users;
ALTER TABLE applications DROP COLUMN access;
DROP TABLE group_members;
DROP TABLE groups;
UPDATE schema_epoch SET oldest_epoch = 2;
