-- A person may have one name only: the other is absent then, and never an empty text. The program before this one
-- works on as long as everybody has both names.
ALTER TABLE users ALTER COLUMN given_name DROP NOT NULL;
ALTER TABLE users ALTER COLUMN family_name DROP NOT NULL;
