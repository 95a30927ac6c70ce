ALTER TABLE user_passwords DROP COLUMN must_change;
