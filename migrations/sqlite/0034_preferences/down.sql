ALTER TABLE users DROP COLUMN new_device_mail;
ALTER TABLE users DROP COLUMN language;
