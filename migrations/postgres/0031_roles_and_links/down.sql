DROP TABLE one_time_links;
DROP INDEX users_role;
ALTER TABLE users DROP COLUMN role;
