-- Whoever has one name only has it twice then: the program before knows nobody without.
ALTER TABLE users RENAME COLUMN given_name TO given_name_after;
ALTER TABLE users RENAME COLUMN family_name TO family_name_after;
ALTER TABLE users ADD COLUMN given_name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN family_name TEXT NOT NULL DEFAULT '';
UPDATE users SET given_name = coalesce(given_name_after, family_name_after),
    family_name = coalesce(family_name_after, given_name_after);
ALTER TABLE users DROP COLUMN given_name_after;
ALTER TABLE users DROP COLUMN family_name_after;
