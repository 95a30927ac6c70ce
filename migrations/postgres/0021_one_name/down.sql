-- Whoever has one name only has it twice then: the program before knows nobody without.
UPDATE users SET given_name = coalesce(given_name, family_name), family_name = coalesce(family_name, given_name);
ALTER TABLE users ALTER COLUMN given_name SET NOT NULL;
ALTER TABLE users ALTER COLUMN family_name SET NOT NULL;
