ALTER TABLE sessions DROP COLUMN address;
ALTER TABLE sessions DROP COLUMN device;
DROP TABLE one_time_links;
DROP INDEX users_role;
ALTER TABLE users DROP COLUMN role;
