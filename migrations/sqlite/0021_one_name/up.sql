-- A person may have one name only: the other is absent then, and never an empty text. The columns are made anew,
-- for SQLite takes NOT NULL from none. The program before this one works on as long as everybody has both names.
ALTER TABLE users RENAME COLUMN given_name TO given_name_before;
ALTER TABLE users RENAME COLUMN family_name TO family_name_before;
ALTER TABLE users ADD COLUMN given_name TEXT;
ALTER TABLE users ADD COLUMN family_name TEXT;
UPDATE users SET given_name = given_name_before, family_name = family_name_before;
ALTER TABLE users DROP COLUMN given_name_before;
ALTER TABLE users DROP COLUMN family_name_before;
