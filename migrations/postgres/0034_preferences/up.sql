-- What people choose for themselves: the language that they are spoken and written to in, by its tag, and whether a
-- sign-in from a new device is mailed to them.
ALTER TABLE users ADD COLUMN language TEXT;
ALTER TABLE users ADD COLUMN new_device_mail BOOLEAN NOT NULL DEFAULT FALSE;
