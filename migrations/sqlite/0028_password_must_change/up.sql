-- Whether the user has to choose another password at the next sign-in, as after one that an administrator typed.
ALTER TABLE user_passwords ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT FALSE;
